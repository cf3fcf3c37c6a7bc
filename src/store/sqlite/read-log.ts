/** Reads pages of the log. Damaged entries are reported as gaps, so that readers get past them. */
import type { StatementSync } from 'node:sqlite'
import type { Clock } from '../../clock.ts'
import { type DamageLog, isDamaged } from '../damage.ts'
import type { LogEntry } from '../store.ts'
import { isSoundRow } from './checksums.ts'
import { entriesOf, firstOf } from './log-rows.ts'
import type { StoredRow } from './schema.ts'
import { toHubError } from './storage-errors.ts'

/** Approximate memory of a change: in a block it takes a tenth of that. */
const CHANGE_BYTES = 200

/** Entries probed one by one behind an unreadable database page. */
const MAX_PROBES = 10_000

export interface LogTable {
  /** Entries after a `seq`, up to a limit. */
  readonly rows: StatementSync
  /** The row that the entry of a `seq` would be in. */
  readonly one: StatementSync
  /** `seq` of the last commit that readers may see. */
  readonly last: number
  /** Bound of a page, but for its last row, in bytes of memory. */
  readonly pageBytes: number
  readonly damage: DamageLog
  readonly clock: Clock
}

export function readLog(table: LogTable, after: number, limit: number): { entries: LogEntry[]; gap: boolean } {
  const entries: LogEntry[] = []
  let damagedSeq: number | undefined
  let bytes = 0
  try {
    let expected: number | undefined
    for (const row of table.rows.iterate(after, limit)) {
      const first = firstOf(row)
      if (first > table.last) break
      // Every `seq` has an entry: those missing at the front were trimmed, those missing in between were lost.
      if ((expected !== undefined && first !== expected) || !isSoundEntry(row)) {
        damagedSeq = Math.max(after + 1, Math.min(first, expected ?? first))
        break
      }
      expected = Number(row.seq) + 1
      for (const { seq, time, changes } of entriesOf(row)) {
        if (seq <= after || seq > table.last || entries.length >= limit) continue
        entries.push({ seq, time, changes })
        bytes += CHANGE_BYTES * changes.length
      }
      bytes += Number(row.size)
      if (entries.length >= limit || bytes > table.pageBytes) break
    }
  } catch (error) {
    if (!isDamaged(toHubError(error))) throw error
    table.damage.noteError(toHubError(error))
    damagedSeq = (entries.at(-1)?.seq ?? after) + 1
  }
  if (damagedSeq !== undefined) {
    table.damage.report(`Entry ${damagedSeq} of the log`)
    // Entries before it are returned first; the next page reports the gap.
    if (entries.length === 0) return { entries: [placeholderEntry(table, damagedSeq)], gap: true }
  }
  const first = entries[0]?.seq ?? table.last + 1
  return { entries, gap: first > after + 1 }
}

/** An entry without changes in place of all damaged ones from here on. */
function placeholderEntry(table: LogTable, from: number): LogEntry {
  const end = Math.min(table.last, from + MAX_PROBES)
  for (let seq = from; seq <= end; seq++) {
    const next = soundEntry(table.one, seq + 1)
    // Its own time may be damaged, so use the next entry's, which is not earlier.
    if (next !== undefined) return { seq, time: next.time, changes: [] }
  }
  return { seq: end, time: table.clock.milliseconds(), changes: [] }
}

function soundEntry(one: StatementSync, seq: number): LogEntry | undefined {
  try {
    const row = one.get(seq)
    if (row === undefined || firstOf(row) > seq || !isSoundEntry(row)) return undefined
    return entriesOf(row).find((entry) => entry.seq === seq)
  } catch (error) {
    if (isDamaged(toHubError(error))) return undefined
    throw error
  }
}

function isSoundEntry(row: StoredRow): boolean {
  return row.crc === null ? isDecodable(String(row.changes)) : isSoundRow.log(row)
}

/** The only check for entries without a checksum. */
function isDecodable(changes: string): boolean {
  try {
    JSON.parse(changes)
    return true
  } catch {
    return false
  }
}
