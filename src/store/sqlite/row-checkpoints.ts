/**
 * Brings rows up to date with the log (tail.ts), in passes of short transactions between those of commits. A pass ends when
 * every row holds what the log had at its begin, but for submodels that are set aside (set-aside.ts); that position, the
 * counter `applied`, is where a start reads on. Runs in the writer.
 */
import type { DatabaseSync } from 'node:sqlite'
import { type Clock, systemClock } from '../../clock.ts'
import type { Change } from '../store.ts'
import type { Counters } from './counters.ts'
import { isOfPage, UnwritableRows } from './set-aside.ts'
import { type SerializedError, storageFailure } from './storage-errors.ts'
import type { Tail, TailSubmodel } from './tail.ts'

/**
 * A pass begins after this number of values, and of values per row: where very many elements take turns, each row would be
 * written for each value otherwise. Or after these bytes of rows. It bounds memory, and what a start reads.
 */
const MAX_VALUES = 16_384
const VALUES_PER_ROW = 4
const MAX_BYTES = 48 * 1024 * 1024

/** Samples of one run are read again faster: this number of them counts as a value. */
const SAMPLES_PER_VALUE = 64

/** A pass begins at the latest this long after a value was written. */
const MAX_AGE_MS = 30_000

/** Beyond this multiple of the bounds values are refused: the storage does not keep up, or is full. */
const REFUSAL_FACTOR = 2

/**
 * Transactions of a pass of few rows, at most one for each commit: with fewer, commits would wait longer; with more, rows
 * would not share the pages of the search index.
 */
const STEPS = 64

/** A pass of many rows writes at least this many for each value that comes meanwhile, so that it ends in time. */
const ROWS_PER_VALUE = 2 / VALUES_PER_ROW

/**
 * Up to this number, the rows of a submodel are written in one transaction: a reader that does not know the newest commit yet
 * must not find a part of it under its revision.
 */
const MIN_SPLIT = 1024

/** `finish` writes this many times as many rows in a transaction, as nothing else waits for the writer. */
const FINISH_FACTOR = 16

/** After the first failure; each further one doubles it. */
const RETRY_MS = 1000
const MAX_RETRY_MS = 30_000

export interface RowCheckpointsOptions {
  /** A pass begins after this number of values, however many rows these are of. */
  readonly maxValues?: number | undefined
  /** Or after these bytes of rows. */
  readonly maxBytes?: number | undefined
  readonly clock?: Clock
}

/** What readers have to know. */
export interface CheckpointNews {
  /** All rows hold what the log has up to this entry, except those of the submodels that are set aside. */
  readonly applied: number
  readonly setAside: readonly string[]
  /** Why rows cannot be written at all. */
  readonly failure?: SerializedError
}

interface Pass {
  readonly submodels: readonly TailSubmodel[]
  /** The last entry when it began. */
  readonly upto: number
  /** Values up to that entry, and the time of the first of them. */
  readonly values: number
  readonly since: number | undefined
  next: number
}

export class RowCheckpoints {
  readonly #tail: Tail
  readonly #counters: Counters
  readonly #sql
  readonly #db: DatabaseSync
  readonly #maxValues: number
  readonly #maxBytes: number
  readonly #valuesPerRow: number
  readonly #clock: Clock
  #pass: Pass | undefined
  /** Values since the last pass began, and the time of the first of them. */
  #values = 0
  #since: number | undefined
  #valuesSinceStep = 0
  #retryAt = 0
  /** Attempts that failed, with none since that has completed a pass. */
  #failures = 0
  #failure: SerializedError | undefined
  #reported: CheckpointNews = { applied: 0, setAside: [] }
  /** Were there values since `news` reported a position? */
  #isNews = false

  constructor(
    db: DatabaseSync,
    tail: Tail,
    counters: Counters,
    { maxValues, maxBytes = MAX_BYTES, clock = systemClock }: RowCheckpointsOptions = {}
  ) {
    this.#db = db
    this.#clock = clock
    this.#maxValues = maxValues ?? MAX_VALUES
    this.#maxBytes = maxBytes
    this.#valuesPerRow = maxValues === undefined ? VALUES_PER_ROW : 0
    this.#tail = tail
    this.#counters = counters
    this.#sql = { begin: db.prepare('BEGIN IMMEDIATE'), commit: db.prepare('COMMIT') }
  }

  /** Values must not be taken before `finish`. */
  get isOverdue(): boolean {
    return this.#isBeyond(REFUSAL_FACTOR)
  }

  /** Call for what was logged. */
  count(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.change === 'value') this.#values++
      else if (change.change === 'samples') this.#values += 1 + change.count / SAMPLES_PER_VALUE
      else continue
      this.#valuesSinceStep++
      this.#isNews = true
      this.#since ??= this.#clock.monotonic()
    }
  }

  /** Call for values that were logged by an earlier process. */
  recount(values: number): void {
    if (values === 0) return
    this.#values += values
    this.#isNews = true
    this.#since ??= this.#clock.monotonic()
  }

  /**
   * Writes some rows, if it is time to; a failure is tried again later, and is in the `news`.
   * @returns after how many milliseconds to call it again, unless commits come earlier; undefined: then only
   */
  rest(): number | undefined {
    if (this.#tail.isEmpty) return undefined
    const now = this.#clock.monotonic()
    if (now < this.#retryAt) return this.#retryAt - now
    // A transaction that failed may have taken all rows for written.
    this.#since ??= now
    const ageMs = now - this.#since
    if (this.#pass === undefined && !this.#isBeyond(1) && ageMs < MAX_AGE_MS) return MAX_AGE_MS - ageMs
    try {
      this.#step(Math.ceil(Math.max(this.#maxValues / STEPS, ROWS_PER_VALUE * this.#valuesSinceStep)))
      this.#valuesSinceStep = 0
    } catch {
      const delayMs = Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** (this.#failures - 1))
      this.#retryAt = now + delayMs
      return delayMs
    }
    return this.#pass === undefined && this.#tail.isEmpty ? MAX_AGE_MS : 0
  }

  /** Undefined if nothing changed that matters. */
  news(): CheckpointNews | undefined {
    const [applied, setAside, failure] = [this.#counters.get('applied'), this.#tail.setAsideIds, this.#failure]
    const before = this.#reported
    const hasApplied = this.#isNews && applied !== before.applied
    const isAsBefore = setAside.length === before.setAside.length && failure?.name === before.failure?.name
    if (!hasApplied && isAsBefore) return undefined
    if (hasApplied) this.#isNews = !this.#tail.isEmpty
    this.#reported = { applied, setAside, ...(failure !== undefined && { failure }) }
    return this.#reported
  }

  /**
   * Writes all rows in several transactions.
   * @throws the error of the storage; nothing is lost then
   */
  finish(): void {
    while (!this.#tail.isEmpty) this.#step(Math.ceil((FINISH_FACTOR * this.#maxValues) / STEPS))
  }

  /** Tries the rows of submodels that are set aside. @throws the error of the storage, if it is not of their pages */
  retrySetAside(): void {
    for (const id of this.#tail.setAsideIds) {
      try {
        this.#transact(() => this.#tail.write(id))
      } catch (error) {
        if (!isOfPage(error)) throw error
      }
    }
  }

  /** Writes all rows in the transaction of the caller. */
  writeAll(): void {
    this.#tail.writeAll()
    this.noteEmpty()
  }

  /** Call before a transaction ends: if all rows are up to date, it says so. */
  noteEmpty(): void {
    if (!this.#tail.isEmpty) return
    this.#pass = undefined
    this.#values = 0
    this.#since = undefined
    this.#counters.set('applied', this.#counters.get('seq'))
  }

  /** A submodel whose rows cannot be written is set aside, and its rows are left to the next step. */
  #step(limit: number): void {
    try {
      this.#transact(() => this.#writeSome(limit))
      if (this.#pass === undefined) [this.#failures, this.#failure] = [0, undefined]
    } catch (error) {
      const isUnwritable = error instanceof UnwritableRows
      if (isUnwritable && this.#tail.setAside(error.submodel)) return
      const cause = isUnwritable ? error.cause : error
      this.#failures++
      this.#failure = storageFailure(cause) ?? { name: 'Unavailable', about: [String(cause)] }
      throw cause
    }
  }

  #writeSome(limit: number): void {
    const pass = this.#begun()
    let left = limit
    while (left > 0 && pass.next < pass.submodels.length) {
      const submodel = pass.submodels[pass.next] as TailSubmodel
      left -= this.#tail.writeSome(submodel, Math.max(left, MIN_SPLIT))
      // Of one with many rows the rest is next.
      if (this.#tail.get(submodel.id) !== submodel) pass.next++
    }
    if (pass.next < pass.submodels.length) return
    this.#pass = undefined
    this.#counters.set('applied', pass.upto)
    this.noteEmpty()
  }

  #begun(): Pass {
    this.#pass ??= {
      ...{ submodels: this.#tail.inOrder(), upto: this.#counters.get('seq'), next: 0 },
      ...{ values: this.#values, since: this.#since }
    }
    if (this.#pass.next === 0) {
      this.#values = 0
      this.#since = undefined
    }
    return this.#pass
  }

  /**
   * Without a sync of its own: the log has what is written here, and the sync of a later commit, which may trim that, is
   * of the whole WAL.
   */
  #transact(work: () => void): void {
    const before = this.#counters.snapshot()
    const [values, pass, since] = [this.#values, this.#pass, this.#since]
    this.#db.exec('PRAGMA synchronous = NORMAL')
    try {
      this.#sql.begin.run()
      work()
      this.#counters.save()
      this.#sql.commit.run()
      this.#counters.markSaved()
      this.#tail.keep()
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      this.#tail.revert()
      this.#counters.restore(before)
      // All of it again.
      this.#values = values + (pass?.values ?? 0)
      this.#since = since ?? pass?.since
      this.#pass = undefined
      throw error
    } finally {
      this.#db.exec('PRAGMA synchronous = FULL')
    }
  }

  #isBeyond(times: number): boolean {
    const maxValues = Math.max(this.#maxValues, this.#valuesPerRow * this.#tail.size)
    return !this.#tail.isEmpty && (this.#values > times * maxValues || this.#tail.bytes > times * this.#maxBytes)
  }
}
