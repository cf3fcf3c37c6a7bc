/**
 * Copies everything from one store to another, including what `commit` cannot recreate: positions, revisions, the log and
 * the history. Apart from the port, because only migrations use it.
 */
import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { AuditEntry, AuditHead } from './audit-chain.ts'
import type { ChunkKey, SeriesName } from './series.ts'
import type { DocumentKind, ElementRow, Facet, FileEntry, LogEntry } from './store.ts'

export interface StoreSummary {
  readonly epoch: string
  /** Last commit and last position issued. */
  readonly seq: number
  readonly position: number
  /** Log entries up to and including this one are trimmed. */
  readonly trimmed: number
  readonly audit: AuditHead
}

/** An element written since its document; `value` only if it differs from the body's. */
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
  /** Source time of the values that came with the body; absent if there are none, or if it is unknown. */
  readonly structureTime: bigint | undefined
  readonly hasBlob: boolean
  readonly facets: readonly Facet[]
  /** The JSON as of `structureRevision`. */
  readonly body: Buffer
  /** Elements that differ from the body, by path. */
  readonly written: readonly WrittenElement[]
  /** By name; `blob` is the SHA-256 of the bytes. */
  readonly files: readonly FileEntry[]
}

/** Ordered so that a record follows those it refers to. */
export type TransferRecord =
  | { readonly type: 'file'; readonly hash: string; readonly size: number; bytes(): Readable }
  | DocumentRecord
  | ({ readonly type: 'chunk'; readonly to: bigint; readonly count: number; readonly bytes: Uint8Array } & ChunkKey)
  | { readonly type: 'entry'; readonly entry: LogEntry }
  | { readonly type: 'audit'; readonly entry: AuditEntry }
  | { readonly type: 'idempotency key'; readonly key: string; readonly seq: number }
  | { readonly type: 'cursor'; readonly consumer: string; readonly seq: number }
  /** Changed during the transfer: removed, or sent again afterwards. */
  | { readonly type: 'document removed'; readonly kind: DocumentKind; readonly id: string }
  | ({ readonly type: 'series removed' } & SeriesName)

export interface TransferSource {
  /**
   * All records, each type from where an earlier attempt stopped (`after`).
   * @returns the state of the store that the records amount to
   */
  records(after?: TransferProgress): AsyncGenerator<TransferRecord, StoreSummary>
  /** The current state; without concurrent writes, what `records` returns. */
  summary(): Promise<StoreSummary>
  close(): Promise<void>
}

/** How far a transfer got; stored by the target. */
export interface TransferProgress {
  readonly epoch: string
  /** Last file (hash), document, series, log entry and audit entry transferred. */
  readonly file?: string
  readonly position?: number
  readonly series?: SeriesName
  readonly seq?: number
  readonly audit?: number
}

export interface TransferTarget {
  /** Progress of an unfinished attempt. @throws HubError `Conflict` if the target holds other data */
  progress(): Promise<TransferProgress | undefined>
  /** Stores records durably; idempotent. */
  put(records: readonly TransferRecord[], progress: TransferProgress): Promise<void>
  /** Turns the target into a store. */
  finish(summary: StoreSummary): Promise<void>
  close(): Promise<void>
}

const RECORDS_PER_BATCH = 500
const BYTES_PER_BATCH = 4 * 1024 * 1024

/**
 * Copies everything, continuing an interrupted attempt.
 * @param onProgress called with the number of records copied, by type
 */
export async function transfer(
  source: TransferSource,
  target: TransferTarget,
  onProgress: (copied: ReadonlyMap<string, number>) => void = () => {}
): Promise<StoreSummary> {
  const { epoch } = await source.summary()
  let progress = (await target.progress()) ?? { epoch }
  const copied = new Map<string, number>()
  let [records, bytes]: [TransferRecord[], number] = [[], 0]
  const put = async () => {
    progress = records.reduce(advance, progress)
    await target.put(records, progress)
    ;[records, bytes] = [[], 0]
    onProgress(copied)
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
    copied.set(record.type, (copied.get(record.type) ?? 0) + 1)
    if (records.length >= RECORDS_PER_BATCH || bytes > BYTES_PER_BATCH) await put()
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
    case 'audit':
      return { ...progress, audit: record.entry.number }
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
    case 'audit':
      return record.entry.record.length + 300
    default:
      return 100
  }
}

/** Digests of everything in a store by record type: equal for stores with the same content. */
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

/** JSON.stringify calls a Buffer's toJSON before the replacer. */
function isBuffer(value: unknown): value is { data: number[] } {
  return typeof value === 'object' && value !== null && (value as { type?: unknown }).type === 'Buffer'
}
