/** What a file with an AAS environment holds, whatever its form. */
import type { Readable } from 'node:stream'
import type { Identifiable } from '../model/types.ts'

/** Bounds of what is taken in. */
export interface ReadLimits {
  /** Parts of a package. */
  readonly entries: number
  /** Bytes of all parts together, unpacked. */
  readonly expandedBytes: number
  /** Bytes of one identifiable. */
  readonly itemBytes: number
  /** Levels of JSON or XML. */
  readonly depth: number
}

export const LIMITS: ReadLimits = { entries: 20_000, expandedBytes: 2 ** 30, itemBytes: 64 * 2 ** 20, depth: 256 }

/** A document as it was met; nobody has validated it yet. */
export interface Found {
  /** The JSON form. */
  readonly document: unknown
  readonly className: Identifiable['modelType']
  /** Where it stands, to be put before a JSON Pointer, e.g. `plant.json /submodels/3`. */
  readonly origin: string
}

/** A file beside the documents. */
export interface PartFile {
  /** By which documents refer to it, e.g. `/aasx/files/manual.pdf`. */
  readonly name: string
  readonly contentType: string
  readonly size: number
  open(): Promise<Readable>
}

export interface Package {
  documents(): AsyncIterable<Found>
  readonly files: readonly PartFile[]
  readonly thumbnail?: PartFile
  close(): Promise<void>
}

export type Form = 'json' | 'xml' | 'aasx'
