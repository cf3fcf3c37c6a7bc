/**
 * Moving everything from one store to another: positions, revisions, the log and the history, which `commit` alone could
 * not carry over. Beside the port, because only migrations and backups across kinds of stores use it.
 */
import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { ChunkKey, DocumentKind, ElementRow, Facet, FileEntry, LogEntry, SeriesName } from './store.ts'

/** What a store says of itself before it is moved. */
export interface Summary {
  readonly epoch: string
  /** The last commit, and the last position given. */
  readonly seq: number
  readonly position: number
  /** Entries up to this one are trimmed. */
  readonly trimmed: number
}

/** What was written to an element; `value` only where the body does not have it. */
export interface WrittenElement extends Pick<ElementRow, 'path' | 'stamp' | 'revision' | 'sourceTime' | 'quality'> {
  readonly value: string | undefined
}

export interface DocumentPiece {
  readonly piece: 'document'
  readonly kind: DocumentKind
  readonly id: string
  readonly position: number
  readonly revision: number
  readonly structure: number
  /** Source time of the values that are as the body has them; absent where there are none, or it is not known. */
  readonly structureTime: bigint | undefined
  readonly hasBlob: boolean
  readonly facets: readonly Facet[]
  /** The JSON as of `structure`. */
  readonly body: Buffer
  /** Elements that are not as the body has them, by path. */
  readonly written: readonly WrittenElement[]
  /** By name; `blob` is the SHA-256 of the bytes. */
  readonly files: readonly FileEntry[]
}

/** In the order in which they are moved: whatever one refers to comes before it. */
export type Piece =
  | { readonly piece: 'file'; readonly hash: string; readonly size: number; bytes(): Readable }
  | DocumentPiece
  | ({ readonly piece: 'chunk'; readonly to: bigint; readonly count: number; readonly bytes: Uint8Array } & ChunkKey)
  | { readonly piece: 'entry'; readonly entry: LogEntry }
  | { readonly piece: 'receipt'; readonly key: string; readonly seq: number }
  | { readonly piece: 'cursor'; readonly follower: string; readonly seq: number }
  /** What changed while it was moved: it is not there any more, or follows anew. */
  | { readonly piece: 'gone'; readonly kind: DocumentKind; readonly id: string }
  | ({ readonly piece: 'series gone' } & SeriesName)

export interface Source {
  /**
   * Everything, each kind of piece from where `after` says that an earlier attempt came to.
   * @returns what the store came to with all of that
   */
  pieces(after?: Progress): AsyncGenerator<Piece, Summary>
  /** Of now; where nobody writes, it is what `pieces` returns. */
  summary(): Promise<Summary>
  close(): Promise<void>
}

/** How far an attempt came. */
export interface Progress {
  readonly epoch: string
  /** Files, documents, chunks, entries: each up to and including this one. */
  readonly file?: string
  readonly position?: number
  readonly series?: SeriesName
  readonly seq?: number
}

export interface Target {
  /** Of an earlier attempt that was not finished. @throws HubError `Conflict` where there is something else */
  progress(): Promise<Progress | undefined>
  /** Takes in some pieces, durably; taking in one again changes nothing. */
  put(pieces: readonly Piece[], progress: Progress): Promise<void>
  /** Makes it a store. */
  finish(summary: Summary): Promise<void>
  /** Leaves nothing of an attempt that is not to be gone on with. */
  abandon(): Promise<void>
  close(): Promise<void>
}

/** Pieces, and bytes, that are put at once. */
const ROWS_PER_BATCH = 500
const BYTES_PER_BATCH = 4 * 1024 * 1024

/**
 * Moves everything; where an earlier attempt was cut, goes on from there.
 * @param tell hears how many pieces were moved, by kind
 */
export async function transfer(
  source: Source,
  target: Target,
  tell: (moved: ReadonlyMap<string, number>) => void = () => {}
): Promise<Summary> {
  const { epoch } = await source.summary()
  let progress = (await target.progress()) ?? { epoch }
  const moved = new Map<string, number>()
  let [pieces, bytes]: [Piece[], number] = [[], 0]
  const put = async () => {
    progress = pieces.reduce(advance, progress)
    await target.put(pieces, progress)
    ;[pieces, bytes] = [[], 0]
    tell(moved)
  }
  const stream = source.pieces(progress)
  for (let next = await stream.next(); ; next = await stream.next()) {
    if (next.done === true) {
      await put()
      await target.finish(next.value)
      return next.value
    }
    const piece = next.value
    pieces.push(piece)
    bytes += weightOf(piece)
    moved.set(piece.piece, (moved.get(piece.piece) ?? 0) + 1)
    if (pieces.length >= ROWS_PER_BATCH || bytes > BYTES_PER_BATCH) await put()
  }
}

function advance(progress: Progress, piece: Piece): Progress {
  switch (piece.piece) {
    case 'file':
      return { ...progress, file: piece.hash }
    case 'document':
      return { ...progress, position: Math.max(piece.position, progress.position ?? 0) }
    case 'chunk':
      return { ...progress, series: { submodel: piece.submodel, path: piece.path } }
    case 'entry':
      return { ...progress, seq: piece.entry.seq }
    default:
      return progress
  }
}

function weightOf(piece: Piece): number {
  switch (piece.piece) {
    case 'file':
      return piece.size
    case 'document':
      return piece.body.length + 100 * piece.written.length
    case 'chunk':
      return piece.bytes.length
    case 'entry':
      return piece.entry.changes.reduce((sum, change) => sum + ('run' in change ? change.run.length : 200), 100)
    default:
      return 100
  }
}

/** A digest of everything in a store, by kind of piece: two stores that hold the same have the same. */
export async function digests(source: Source): Promise<ReadonlyMap<string, string>> {
  const hashes = new Map<string, { hash: ReturnType<typeof createHash>; count: number }>()
  const stream = source.pieces()
  for (let next = await stream.next(); ; next = await stream.next()) {
    if (next.done === true) {
      const found = [...hashes].map(([piece, { hash, count }]): [string, string] => [
        piece,
        `${count} ${hash.digest('hex')}`
      ])
      return new Map([...found, ['summary', JSON.stringify(next.value)]])
    }
    const known = hashes.get(next.value.piece) ?? { hash: createHash('sha256'), count: 0 }
    for await (const part of written(next.value)) known.hash.update(part)
    known.count++
    hashes.set(next.value.piece, known)
  }
}

/** A piece as bytes. */
async function* written(piece: Piece): AsyncGenerator<string | Uint8Array> {
  const { body, bytes, ...rest } = { body: undefined, bytes: undefined, ...piece }
  const runs: Uint8Array[] = []
  yield JSON.stringify(rest, (_, value) => {
    if (typeof value === 'bigint') return String(value)
    if (!ArrayBuffer.isView(value) && !isBuffer(value)) return value
    runs.push(ArrayBuffer.isView(value) ? (value as Uint8Array) : Buffer.from(value.data))
    return runs.at(-1)?.length
  })
  yield* runs
  if (body !== undefined) yield body
  if (typeof bytes === 'function') yield* bytes() as AsyncIterable<Uint8Array>
  else if (bytes !== undefined) yield bytes
}

/** A Buffer that has told its own JSON already. */
function isBuffer(value: unknown): value is { data: number[] } {
  return typeof value === 'object' && value !== null && (value as { type?: unknown }).type === 'Buffer'
}
