/**
 * Moving everything from one store to another: positions, revisions, the log and the history, which `commit` alone could
 * not carry over. Beside the port, because only migrations and backups across kinds of stores use it.
 */
import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { ChunkKey, SeriesName } from './series.ts'
import type { DocumentKind, ElementRow, Facet, FileEntry, LogEntry } from './store.ts'

/** What a store says of itself before it is moved. */
export interface StoreSummary {
  readonly epoch: string
  /** The last commit, and the last position given. */
  readonly seq: number
  readonly position: number
  /** Entries up to this one are trimmed. */
  readonly trimmed: number
}

/** What was written to an element; `value` only where the body does not have it. */
export interface WrittenElement
  extends Pick<ElementRow, 'path' | 'incarnation' | 'revision' | 'sourceTime' | 'quality'> {
  readonly value: string | undefined
}

export interface DocumentRecord {
  readonly type: 'document'
  readonly kind: DocumentKind
  readonly id: string
  readonly position: number
  readonly revision: number
  readonly structureRevision: number
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
export type TransferRecord =
  | { readonly type: 'file'; readonly hash: string; readonly size: number; bytes(): Readable }
  | DocumentRecord
  | ({ readonly type: 'chunk'; readonly to: bigint; readonly count: number; readonly bytes: Uint8Array } & ChunkKey)
  | { readonly type: 'entry'; readonly entry: LogEntry }
  | { readonly type: 'idempotency key'; readonly key: string; readonly seq: number }
  | { readonly type: 'cursor'; readonly consumer: string; readonly seq: number }
  /** What changed while it was moved: it is not there any more, or follows anew. */
  | { readonly type: 'document removed'; readonly kind: DocumentKind; readonly id: string }
  | ({ readonly type: 'series removed' } & SeriesName)

export interface TransferSource {
  /**
   * Everything, each kind of record from where `after` says that an earlier attempt came to.
   * @returns what the store came to with all of that
   */
  records(after?: TransferProgress): AsyncGenerator<TransferRecord, StoreSummary>
  /** Of now; where nobody writes, it is what `records` returns. */
  summary(): Promise<StoreSummary>
  close(): Promise<void>
}

/** How far an attempt came. */
export interface TransferProgress {
  readonly epoch: string
  /** Files, documents, chunks, entries: each up to and including this one. */
  readonly file?: string
  readonly position?: number
  readonly series?: SeriesName
  readonly seq?: number
}

export interface TransferTarget {
  /** Of an earlier attempt that was not finished. @throws HubError `Conflict` where there is something else */
  progress(): Promise<TransferProgress | undefined>
  /** Takes in some records, durably; taking in one again changes nothing. */
  put(records: readonly TransferRecord[], progress: TransferProgress): Promise<void>
  /** Makes it a store. */
  finish(summary: StoreSummary): Promise<void>
  /** Leaves nothing of an attempt that is not to be gone on with. */
  abandon(): Promise<void>
  close(): Promise<void>
}

/** Records, and bytes, that are put at once. */
const ROWS_PER_BATCH = 500
const BYTES_PER_BATCH = 4 * 1024 * 1024

/**
 * Moves everything; where an earlier attempt was cut, goes on from there.
 * @param tell hears how many records were moved, by kind
 */
export async function transfer(
  source: TransferSource,
  target: TransferTarget,
  tell: (moved: ReadonlyMap<string, number>) => void = () => {}
): Promise<StoreSummary> {
  const { epoch } = await source.summary()
  let progress = (await target.progress()) ?? { epoch }
  const moved = new Map<string, number>()
  let [records, bytes]: [TransferRecord[], number] = [[], 0]
  const put = async () => {
    progress = records.reduce(advance, progress)
    await target.put(records, progress)
    ;[records, bytes] = [[], 0]
    tell(moved)
  }
  const stream = source.records(progress)
  for (let next = await stream.next(); ; next = await stream.next()) {
    if (next.done === true) {
      await put()
      await target.finish(next.value)
      return next.value
    }
    const record = next.value
    records.push(record)
    bytes += estimateRecordBytes(record)
    moved.set(record.type, (moved.get(record.type) ?? 0) + 1)
    if (records.length >= ROWS_PER_BATCH || bytes > BYTES_PER_BATCH) await put()
  }
}

function advance(progress: TransferProgress, record: TransferRecord): TransferProgress {
  switch (record.type) {
    case 'file':
      return { ...progress, file: record.hash }
    case 'document':
      return { ...progress, position: Math.max(record.position, progress.position ?? 0) }
    case 'chunk':
      return { ...progress, series: { submodel: record.submodel, path: record.path } }
    case 'entry':
      return { ...progress, seq: record.entry.seq }
    default:
      return progress
  }
}

function estimateRecordBytes(record: TransferRecord): number {
  switch (record.type) {
    case 'file':
      return record.size
    case 'document':
      return record.body.length + 100 * record.written.length
    case 'chunk':
      return record.bytes.length
    case 'entry':
      return record.entry.changes.reduce((sum, change) => sum + ('run' in change ? change.run.length : 200), 100)
    default:
      return 100
  }
}

/** A digest of everything in a store, by kind of record: two stores that hold the same have the same. */
export async function digestsByType(source: TransferSource): Promise<ReadonlyMap<string, string>> {
  const hashes = new Map<string, { hash: ReturnType<typeof createHash>; count: number }>()
  const stream = source.records()
  for (let next = await stream.next(); ; next = await stream.next()) {
    if (next.done === true) {
      const found = [...hashes].map(([record, { hash, count }]): [string, string] => [
        record,
        `${count} ${hash.digest('hex')}`
      ])
      return new Map([...found, ['summary', JSON.stringify(next.value)]])
    }
    const known = hashes.get(next.value.type) ?? { hash: createHash('sha256'), count: 0 }
    for await (const part of recordBytes(next.value)) known.hash.update(part)
    known.count++
    hashes.set(next.value.type, known)
  }
}

/** A record as bytes. */
async function* recordBytes(record: TransferRecord): AsyncGenerator<string | Uint8Array> {
  const { body, bytes, ...rest } = { body: undefined, bytes: undefined, ...record }
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
