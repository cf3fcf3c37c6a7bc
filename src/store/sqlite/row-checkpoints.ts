/**
 * Brings rows up to date with the log (tail.ts), in passes of short transactions between those of commits. A pass ends when
 * every row holds what the log had at its begin; that position, the counter `applied`, is where a start reads on. Runs in
 * the writer.
 */
import type { DatabaseSync } from 'node:sqlite'
import { type Clock, systemClock } from '../../clock.ts'
import type { Change } from '../store.ts'
import type { Counters } from './counters.ts'
import type { Tail, TailSubmodel } from './tail.ts'

/** A pass begins after this number of values, or bytes of rows. It bounds memory, and what a start reads: under a second. */
export const MAX_UNWRITTEN = 16_384
const MAX_BYTES = 16 * 1024 * 1024

/** Samples of one run are read again faster: this number of them counts as a value. */
const SAMPLES_PER_VALUE = 64

/** A pass begins at the latest this long after a value was written. */
const MAX_AGE_MS = 30_000

/** Beyond this multiple of the bounds values are refused: the storage does not keep up, or is full. */
const REFUSAL_FACTOR = 2

/**
 * Transactions of a pass, at most one for each commit: with fewer, commits would wait longer; with more, rows would not
 * share the pages of the search index.
 */
const STEPS = 64

/**
 * Up to this number, the rows of a submodel are written in one transaction: a reader that does not know the newest commit yet
 * must not find a part of it under its revision.
 */
const MIN_SPLIT = 1024

/** After a failure. */
const RETRY_MS = 1000

export interface RowCheckpointsOptions {
  /** A pass begins after this number of values. */
  readonly maxValues?: number
  readonly clock?: Clock
}

interface Pass {
  readonly submodels: readonly TailSubmodel[]
  /** The last entry when it began. */
  readonly upto: number
  /** Values up to that entry. */
  readonly values: number
  next: number
}

export class RowCheckpoints {
  readonly #tail: Tail
  readonly #counters: Counters
  readonly #sql
  readonly #db: DatabaseSync
  readonly #maxValues: number
  readonly #clock: Clock
  #pass: Pass | undefined
  /** Values since the last pass began, and the time of the first of them. */
  #values = 0
  #since: number | undefined
  #retryAt = 0
  #reported = 0
  /** Were there values since `news` reported a position? */
  #isNews = false

  constructor(
    db: DatabaseSync,
    tail: Tail,
    counters: Counters,
    { maxValues = MAX_UNWRITTEN, clock = systemClock }: RowCheckpointsOptions = {}
  ) {
    this.#db = db
    this.#clock = clock
    this.#maxValues = maxValues
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
      this.#isNews = true
      this.#since ??= this.#clock.monotonic()
    }
  }

  /** Call for entries that were logged by an earlier process. */
  recount(entries: number): void {
    this.#values += entries
    this.#isNews = true
    this.#since ??= this.#clock.monotonic()
  }

  /**
   * Writes some rows, if it is time to; a failure is left to the next commits, which meet it too.
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
      this.#transact(() => this.#writeSome(Math.ceil(this.#maxValues / STEPS)))
    } catch {
      this.#retryAt = now + RETRY_MS
      return RETRY_MS
    }
    return this.#pass === undefined ? MAX_AGE_MS : 0
  }

  /** The entry up to which all rows are up to date, if that has changed and matters. */
  news(): number | undefined {
    const applied = this.#counters.get('applied')
    if (!this.#isNews || applied === this.#reported) return undefined
    this.#reported = applied
    this.#isNews = !this.#tail.isEmpty
    return applied
  }

  /** Writes all rows, durably. @throws the error of the storage; nothing is lost then */
  finish(): void {
    this.#transact(() => this.writeAll())
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
    this.#pass ??= { submodels: this.#tail.inOrder(), upto: this.#counters.get('seq'), values: this.#values, next: 0 }
    if (this.#pass.next === 0) {
      this.#values = 0
      this.#since = undefined
    }
    return this.#pass
  }

  #transact(work: () => void): void {
    const before = this.#counters.snapshot()
    const [values, pass, since] = [this.#values, this.#pass, this.#since]
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
      this.#since = since
      this.#pass = undefined
      throw error
    }
  }

  #isBeyond(times: number): boolean {
    return !this.#tail.isEmpty && (this.#values > times * this.#maxValues || this.#tail.bytes > times * MAX_BYTES)
  }
}
