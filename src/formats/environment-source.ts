/** A file with an AAS environment in any format: its documents and files. */
import type { Readable } from 'node:stream'
import type { Violation } from '../errors.ts'
import type { Identifiable } from '../model/types.ts'

/** Limits for reading. */
export interface ReadLimits {
  /** Parts of a package. */
  readonly entries: number
  /** Bytes of all parts, unpacked. */
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

/** A document of the file, not yet validated. */
export interface FoundDocument {
  /** The JSON form. */
  readonly document: unknown
  readonly className: Identifiable['modelType']
  /** Its position, as prefix of a JSON Pointer, e.g. `plant.json /submodels/3`. */
  readonly origin: string
  /** The part of the package that contains it. */
  readonly part?: string
  /** Of its XML. */
  readonly namespace?: string
}

/** What a package declares about its parts. */
export interface PackageFacts {
  /** Any spelling of the name. */
  hasPart(name: string): boolean
  /** Where the media type of a part is declared: for the part itself, or for its extension. */
  contentTypeOf(name: string): 'part' | 'extension' | undefined
  /** Targets of the relationship `thumbnail` of the package. */
  readonly thumbnails: readonly string[]
  /** Relationships to parts that are not in the package. */
  readonly dangling: readonly { readonly source: string; readonly target: string }[]
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
  /** @param onProgress called with the number of document bytes read so far */
  documents(onProgress?: (bytes: number) => void): AsyncIterable<FoundDocument>
  /** Findings outside of the documents, complete once these are read; no reason to refuse any document. */
  readonly notes: readonly Violation[]
  /** Bytes of all documents, unpacked. */
  readonly size: number
  readonly files: readonly PartFile[]
  readonly thumbnail?: PartFile
  /** The file or thumbnail that a link of a document refers to. */
  fileOf?(link: string, document: FoundDocument): PartFile | undefined
  /** Of a package. @throws HubError */
  facts?(): Promise<PackageFacts>
  close(): Promise<void>
}

/** Passes bytes on and reports their number. @param before bytes counted before these */
export async function* countBytes(
  bytes: AsyncIterable<Uint8Array>,
  onProgress: (bytes: number) => void,
  before = 0
): AsyncGenerator<Uint8Array, void> {
  let count = before
  for await (const part of bytes) {
    count += part.byteLength
    onProgress(count)
    yield part
  }
}

export type EnvironmentFormat = 'json' | 'xml' | 'aasx'

/** A note on an empty list, which the schema of an environment does not allow but many programs write. */
export function emptyListNote(origin: string, group: string): Violation {
  const text = `the list ${group} is empty; leave it out where there is nothing to list`
  return { pointer: `${origin} /${group}`, rule: 'minItems', text }
}
