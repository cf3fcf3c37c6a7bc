/**
 * The audit: one chain for all processes, as the log is one sequence. A commit notes where in the chain its entries are;
 * the checkpoint moves them into a collection of their own.
 */
import { type AuditEntry, type AuditHead, EMPTY_CHAIN, nextEntry } from '../audit-chain.ts'
import type { ChangeOf } from '../change-rules.ts'
import type { Commit } from '../store.ts'
import { type Batch, datedCommitOf } from './batch.ts'
import type { ChangeNote, Counters } from './batch-content.ts'
import type { MongoConnection, StoredRow } from './connection.ts'
import type { Overlay } from './overlay.ts'

/** Batches of releases without an audit have none. */
export function auditHeadOf({ audit = EMPTY_CHAIN }: Counters): AuditHead {
  return audit
}

export function appendToAudit(overlay: Overlay, change: ChangeOf<'audit'>, commit: Commit): ChangeNote {
  const head = auditHeadOf(overlay.counters)
  const { number, hash, previous, trimmed } = nextEntry(head, change, commit)
  const audit = { number, hash, trimmed: Math.max(head.trimmed, trimmed) }
  overlay.counters = { ...overlay.counters, audit }
  return { audit: [number, previous, hash] }
}

/** Rows of all entries of a batch. */
export function auditRowsOf(batch: Batch): StoredRow[] {
  return [...auditEntriesOf(batch)].map(toAuditRow)
}

export function toAuditRow({ number, ...entry }: AuditEntry): StoredRow {
  return { _id: auditRowId(number), ...entry }
}

/** Deletes what was trimmed; reads do not return it anyway. */
export async function removeTrimmed(connection: MongoConnection, trimmed: number): Promise<void> {
  await connection.write(() => connection.collection('audit').deleteMany({ _id: { $lte: auditRowId(trimmed) } }))
}

/** The entries of a batch. */
export function* auditEntriesOf(batch: Batch): Generator<AuditEntry> {
  for (const [index, { changes, notes }] of batch.content.commits.entries()) {
    const { seq, time } = datedCommitOf(batch, index)
    for (const [at, change] of changes.entries()) {
      const note = notes[at]?.audit
      if (change.change !== 'audit' || note === undefined) continue
      const [number, previous, hash] = note
      const trimmed = Math.max(0, Math.min(change.trim ?? 0, number - 1))
      yield { number, seq, time, trimmed, record: change.record, previous, hash }
    }
  }
}

/** `_id` of an entry; padded, so that the order of texts is that of numbers. */
export function auditRowId(number: number): string {
  return String(number).padStart(15, '0')
}
