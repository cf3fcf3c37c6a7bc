/** Reads the audit: from its collection, and what is not checkpointed yet from memory. */
import type { AuditEntry } from '../audit-chain.ts'
import { auditEntriesOf, auditHeadOf, auditRowId } from './audit.ts'
import type { MongoConnection, StoredRow } from './connection.ts'
import type { Replica } from './replica.ts'

/** Bound of a page of entries. */
const PAGE_BYTES = 4 * 1024 * 1024

/** Entries after a number. Not all of them, if they are large; none only at the end. */
export async function readAudit(
  connection: MongoConnection,
  { state, applier }: Replica,
  after: number,
  limit: number
): Promise<AuditEntry[]> {
  await applier.sync()
  const { number: last, trimmed } = auditHeadOf(state.counters)
  // Taken first: what is checkpointed meanwhile is found twice, but not missed.
  const latest = state.uncheckpointed.batches.flatMap(({ batch }) => [...auditEntriesOf(batch)])
  const filter = { _id: { $gt: auditRowId(Math.max(after, trimmed)), $lte: auditRowId(last) } }
  const find = () => connection.collection('audit').find(filter).sort({ _id: 1 }).limit(limit)
  const stored = (await connection.run(() => find().toArray())).map(toEntry)
  const isNew = (number: number) => number > Math.max(after, trimmed, stored.at(-1)?.number ?? 0)
  const entries = [...stored, ...latest.filter(({ number }) => isNew(number))].slice(0, limit)
  let bytes = 0
  const end = entries.findIndex(({ record }) => {
    bytes += record.length
    return bytes > PAGE_BYTES
  })
  return end < 0 ? entries : entries.slice(0, end + 1)
}

function toEntry({ _id, seq, time, trimmed, record, previous, hash }: StoredRow): AuditEntry {
  return {
    number: Number(_id),
    seq: Number(seq),
    time: Number(time),
    trimmed: Number(trimmed),
    record: String(record),
    previous: String(previous),
    hash: String(hash)
  }
}
