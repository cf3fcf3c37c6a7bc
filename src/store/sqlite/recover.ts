/** Reads the values at the end of the log into the tail, which a process that ended early had not written to their rows. */
import type { DatabaseSync } from 'node:sqlite'
import { membersAt, newestOf, qualityAt } from '../../model/samples.ts'
import { ChangeRefused } from '../change-rules.ts'
import { isDamaged } from '../damage.ts'
import { decodeRun } from '../run-codec.ts'
import { isSoundRow } from './checksums.ts'
import type { Counters } from './counters.ts'
import { entriesOf, type RowEntry } from './log-rows.ts'
import type { StoredRow } from './schema.ts'
import { type SerializedError, storageFailure } from './storage-errors.ts'
import type { LoggedValue } from './tail-rows.ts'
import type { ValueChanges } from './value-changes.ts'

export interface Recovered {
  /** Entries read. */
  readonly entries: number
  /** Records of which values are lost, since they are damaged. */
  readonly damaged: readonly string[]
  /** Values that are in no row, since the storage is full or damaged. */
  readonly unwritten: readonly LoggedValue[]
  /** Submodels whose rows cannot be written. */
  readonly setAside: readonly string[]
  /** Why others cannot. */
  readonly failure?: SerializedError
  /** The last entry of the log. */
  readonly last: number
}

/** @throws the error of the storage */
export function recover(
  db: DatabaseSync,
  counters: Counters,
  values: ValueChanges
): Pick<Recovered, 'entries' | 'damaged'> {
  // Databases of earlier releases have no such counter: all their rows are up to date.
  if (!counters.has('applied')) counters.set('applied', counters.get('seq'))
  const damaged: string[] = []
  let entries = 0
  const applied = counters.get('applied')
  const onDamage = (seq: number) => damaged.push(`Entry ${seq} of the log`)
  const onUnreadable = (seq: number) => {
    entries++
    onDamage(seq)
  }
  for (const row of rowsAfter(db, applied, counters.get('seq'), onUnreadable)) {
    if (!isSoundRow.log(row)) {
      onUnreadable(Number(row.seq))
      continue
    }
    for (const entry of entriesOf(row)) {
      if (entry.seq <= applied) continue
      entries++
      for (const value of currentValuesOf(entry, () => onDamage(entry.seq))) {
        try {
          values.restore(value)
        } catch (error) {
          // A damaged row keeps its damage, which reading it reports.
          if (!(error instanceof ChangeRefused || isPageDamage(error))) throw error
        }
      }
    }
  }
  return { entries, damaged }
}

/** The rows of the log after an entry, without those on pages that cannot be read, which are found one by one. */
function* rowsAfter(
  db: DatabaseSync,
  after: number,
  last: number,
  onUnreadable: (seq: number) => void
): Generator<StoredRow> {
  const rows = db.prepare('SELECT * FROM log WHERE seq > ? ORDER BY seq')
  for (let at = after; at < last; ) {
    try {
      for (const row of rows.iterate(at)) {
        at = Number(row.seq)
        yield row
      }
      return
    } catch (error) {
      if (!isPageDamage(error)) throw error
      onUnreadable(++at)
    }
  }
}

function isPageDamage(error: unknown): boolean {
  return storageFailure(error)?.name === 'Damaged'
}

/** The values of an entry that became current with it, in order. */
function* currentValuesOf({ seq, changes, ...entry }: RowEntry, onDamage: () => void): Generator<LoggedValue> {
  const late = new Set(entry.late)
  let index = -1
  for (const change of changes) {
    if (change.change !== 'value' && change.change !== 'samples') continue
    index++
    if (late.has(index)) continue
    const { submodel, path } = change
    if (change.change === 'value') {
      const { value, sourceTime, quality } = change
      yield { submodel, path, value, sourceTime, quality, seq }
      continue
    }
    const newest = newestSample(change.run)
    if (newest === undefined) onDamage()
    else yield { submodel, path, ...newest, sourceTime: change.to, seq }
  }
}

function newestSample(bytes: Uint8Array): Pick<LoggedValue, 'value' | 'quality'> | undefined {
  try {
    const run = decodeRun(bytes)
    const newest = newestOf(run)
    return { value: membersAt(run, newest), quality: qualityAt(run, newest) }
  } catch (error) {
    if (isDamaged(error)) return undefined
    throw error
  }
}
