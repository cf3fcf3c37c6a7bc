/** What a file with an AAS environment holds, whatever its form. */
import type { Readable } from 'node:stream'
import type { Violation } from '../errors.ts'
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

export const DEFAULT_READ_LIMITS: ReadLimits = {
  entries: 20_000,
  expandedBytes: 2 ** 30,
  itemBytes: 64 * 2 ** 20,
  depth: 256
}

/** A document as it was met; nobody has validated it yet. */
export interface FoundDocument {
  /** The JSON form. */
  readonly document: unknown
  readonly className: Identifiable['modelType']
  /** Where it stands, to be put before a JSON Pointer, e.g. `plant.json /submodels/3`. */
  readonly origin: string
  /** The part of the package that it stands in. */
  readonly part?: string
}

/** A file beside the documents. */
export interface PartFile {
  /** The part name, e.g. `/aasx/files/%ED%95%9C.pdf`. */
  readonly name: string
  readonly contentType: string
  readonly size: number
  open(): Promise<Readable>
}

export interface EnvironmentSource {
  /** @param tell hears how many bytes of the documents have been read */
  documents(tell?: (bytes: number) => void): AsyncIterable<FoundDocument>
  /** What is wrong around the documents rather than in them, once they are read; no reason to refuse any of them. */
  readonly notes: readonly Violation[]
  /** Bytes of all documents, unpacked. */
  readonly size: number
  readonly files: readonly PartFile[]
  readonly thumbnail?: PartFile
  /** The file, or the thumbnail, that a link of a document leads to. */
  fileOf?(link: string, document: FoundDocument): PartFile | undefined
  close(): Promise<void>
}

/** Passes bytes on and tells how many have passed, those before included. */
export async function* countBytes(
  bytes: AsyncIterable<Uint8Array>,
  tell: (bytes: number) => void,
  before = 0
): AsyncGenerator<Uint8Array, void> {
  let count = before
  for await (const part of bytes) {
    count += part.byteLength
    tell(count)
    yield part
  }
}

export type EnvironmentFormat = 'json' | 'xml' | 'aasx'

/** The schema of an environment has no empty lists, which many programs write. */
export function emptyListNote(origin: string, group: string): Violation {
  const text = `the list ${group} is empty; leave it out where there is nothing to list`
  return { pointer: `${origin} /${group}`, rule: 'minItems', text }
}
