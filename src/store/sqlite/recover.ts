/** Reads the values at the end of the log into the tail, which a process that ended early had not written to their rows. */
import type { DatabaseSync } from 'node:sqlite'
import { membersAt, newestOf, qualityAt } from '../../model/samples.ts'
import { ChangeRefused } from '../change-rules.ts'
import { latenessOf } from '../current-value.ts'
import { decodeRun, verifyRun } from '../run-codec.ts'
import type { LoggedChange } from '../store.ts'
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
  /** Values that are in no row yet: these are many, or the storage is full or damaged. */
  readonly unwritten: readonly LoggedValue[]
  /** Submodels whose rows cannot be written. */
  readonly setAside: readonly string[]
  /** Why others cannot. */
  readonly failure?: SerializedError
  /** The last entry of the log. */
  readonly last: number
}

/** A change of a value that became current. */
type CurrentChange = Extract<LoggedChange, { change: 'value' | 'samples' }>

/** The last value of an element that became current, as it was logged. */
interface LastChange {
  change: CurrentChange
  seq: number
}

/** By submodel and path. */
type LastChanges = Map<string, Map<string, LastChange>>

/**
 * Of many values of an element only the last is put into the tail.
 * @returns how many values there were, beside what `Recovered` has
 * @throws the error of the storage
 */
export function recover(
  db: DatabaseSync,
  counters: Counters,
  values: ValueChanges
): Pick<Recovered, 'entries' | 'damaged'> & { readonly values: number } {
  // Databases of earlier releases have no such counter: all their rows are up to date.
  if (!counters.has('applied')) counters.set('applied', counters.get('seq'))
  const damaged: string[] = []
  let [entries, count] = [0, 0]
  const applied = counters.get('applied')
  const onDamage = (seq: number) => damaged.push(`Entry ${seq} of the log`)
  const onUnreadable = (seq: number) => {
    entries++
    onDamage(seq)
  }
  const last: LastChanges = new Map()
  for (const row of rowsAfter(db, applied, counters.get('seq'), onUnreadable)) {
    if (!isSoundRow.log(row)) {
      onUnreadable(Number(row.seq))
      continue
    }
    for (const entry of entriesOf(row)) {
      if (entry.seq <= applied) continue
      entries++
      count += note(last, entry, () => onDamage(entry.seq))
    }
  }
  for (const byPath of last.values()) restore(values, Array.from(byPath.values(), loggedValue))
  return { entries, values: count, damaged }
}

/** Notes the values that became current with an entry. @returns how many; `onDamage` is called for each that cannot be read */
function note(last: LastChanges, { seq, changes, late }: RowEntry, onDamage: () => void): number {
  const isLate = latenessOf(late)
  let count = 0
  for (const change of changes) {
    if (change.change !== 'value' && change.change !== 'samples') continue
    if (isLate()) continue
    if (change.change === 'samples' && verifyRun(change.run) !== undefined) {
      onDamage()
      continue
    }
    count++
    let byPath = last.get(change.submodel)
    if (byPath === undefined) {
      byPath = new Map()
      last.set(change.submodel, byPath)
    }
    const known = byPath.get(change.path)
    if (known === undefined) byPath.set(change.path, { change, seq })
    else {
      known.change = change
      known.seq = seq
    }
  }
  return count
}

/** @param logged values of one submodel */
function restore(values: ValueChanges, logged: readonly LoggedValue[]): void {
  try {
    values.restoreAll(logged[0]?.submodel ?? '', logged)
  } catch (error) {
    if (!isDamage(error)) throw error
    // Some of the rows can be read without the page that the others are on.
    for (const value of logged) restoreOne(values, value)
  }
}

function restoreOne(values: ValueChanges, logged: LoggedValue): void {
  try {
    values.restore(logged)
  } catch (error) {
    // A damaged row keeps its damage, which reading it reports.
    if (!isDamage(error)) throw error
  }
}

function loggedValue({ change, seq }: LastChange): LoggedValue {
  const { submodel, path } = change
  if (change.change === 'samples') return { submodel, path, ...newestSample(change.run), sourceTime: change.to, seq }
  const { value, sourceTime, quality } = change
  return { submodel, path, value, sourceTime, quality, seq }
}

function isDamage(error: unknown): boolean {
  return error instanceof ChangeRefused || isPageDamage(error)
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

function newestSample(bytes: Uint8Array): Pick<LoggedValue, 'value' | 'quality'> {
  const run = decodeRun(bytes)
  const newest = newestOf(run)
  return { value: membersAt(run, newest), quality: qualityAt(run, newest) }
}
