/**
 * A replica set as its documentation describes it. A write is applied at the primary at once, and answered (`w: majority`,
 * `j: true`) when a majority has it; until then an election may roll it back, or keep it. Reads see what a majority has
 * (`majority`), at a primary that was deposed and does not know it also the past; `linearizable` ones wait until a
 * majority has what they saw, which a deposed primary never learns.
 */
import { MongoNetworkError, MongoServerError } from 'mongodb'
import type { Random } from '../random.ts'
import type { Scheduler } from '../scheduler.ts'
import { applyEffect, copyOfRows, type Effect, type Rows, type WriteResult } from './rows.ts'

/** How long a majority takes to have a write, on average, in milliseconds. */
const REPLICATION_MS = 1

interface PendingWrite {
  readonly effect: Effect
  readonly transaction: string
  readonly result: WriteResult
  readonly done: (error?: Error) => void
  /** Also at the members that may be elected. */
  isReplicated: boolean
}

export interface WriteOptions {
  /** Its number; '' if it must not be repeated. */
  readonly transaction: string
  readonly isConfirmed: boolean
}

/** What a connection sees: the primary, or one that was deposed and does not know it. */
export interface View {
  readonly term: number
  readonly past: Rows | undefined
}

export class ReplicaSet {
  readonly #scheduler: Scheduler
  readonly #random: Random
  /** What a majority has. */
  #committed: Rows = new Map()
  /** What the primary has. */
  #primary: Rows = new Map()
  #pending: PendingWrite[] = []
  /** Results of writes by their transaction numbers: a repeated one is answered, not done again. */
  readonly #results = new Map<string, WriteResult>()
  readonly #watchers = new Set<(effect: Effect) => void>()
  #term = 1
  #isElecting = false
  #past: Rows | undefined
  #reachesAt = 0
  #busyUntil = 0
  /** Times as long as usual that replication takes. */
  lag = 1
  isFull = false

  constructor(scheduler: Scheduler, random: Random) {
    this.#scheduler = scheduler
    this.#random = random
  }

  /** It works on one request after the other. @returns in how many milliseconds it has done one that arrives now */
  serve(workMs: number): number {
    const { now } = this.#scheduler
    this.#busyUntil = Math.max(this.#busyUntil, now) + workMs
    return this.#busyUntil - now
  }

  get term(): number {
    return this.#term
  }

  get hasPrimary(): boolean {
    return !this.#isElecting
  }

  /** The view of a connection that was made in a term. */
  view(term: number): View {
    return { term, past: term === this.#term ? undefined : this.#past }
  }

  /** Reads what a majority has, as far as the member of the view knows; or else what that member has. */
  read<Result>({ term, past }: View, isMajority: boolean, read: (rows: Rows) => Result): Result {
    if (term !== this.#term && past === undefined) throw notPrimary()
    return read(past ?? (isMajority ? this.#committed : this.#primary))
  }

  /** Reads what the primary has, and waits until a majority has that. */
  async readLinearizable<Result>({ term }: View, read: (rows: Rows) => Result): Promise<Result> {
    this.#requirePrimary(term)
    const result = read(this.#primary)
    const last = this.#pending.at(-1)
    if (last === undefined) return result
    await this.#write({ effect: [], error: undefined }, '')
    return result
  }

  /** Resolves when a majority has it, if it is to be confirmed. */
  async write(view: View, { transaction, isConfirmed }: WriteOptions, act: (rows: Rows) => WriteResult): Promise<void> {
    this.#requirePrimary(view.term)
    if (this.isFull) throw new MongoServerError({ message: 'No space left on device', code: 14031 })
    const known = transaction === '' ? undefined : this.#results.get(transaction)
    // An answer given again also waits for a majority.
    const result = known === undefined ? act(this.#primary) : { effect: [], error: known.error }
    if (known === undefined) applyEffect(this.#primary, result.effect)
    const confirmed = this.#write(result, transaction)
    if (isConfirmed) await confirmed
    else confirmed.catch(() => {})
    if (result.error !== undefined) throw result.error
  }

  /** Notified of each write that a majority has. */
  watch(watcher: (effect: Effect) => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** The primary is lost. Another member is elected after a while; it has some of the last writes. */
  elect(ms: number): void {
    if (this.#isElecting) return
    this.#isElecting = true
    this.#past = copyOfRows(this.#committed)
    const kept = this.#random.below(this.#pending.length + 1)
    const lost = this.#pending.splice(0)
    this.#primary = copyOfRows(this.#committed)
    for (const write of lost.slice(0, kept)) {
      applyEffect(this.#primary, write.effect)
      this.#pending.push({ ...write, done: () => {} })
    }
    for (const write of lost.slice(kept)) this.#results.delete(write.transaction)
    this.#term++
    this.#scheduler.note(`election: ${kept} of ${lost.length} writes are kept`)
    for (const { done } of lost) done(new MongoNetworkError('connection to the primary was closed'))
    this.#scheduler.after(ms, 'a primary is elected', () => {
      this.#isElecting = false
      for (const write of this.#pending) this.#replicate(write)
    })
  }

  #write(result: WriteResult, transaction: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (error?: Error) => (error === undefined ? resolve() : reject(error))
      const write = { effect: result.effect, transaction, result, done, isReplicated: false }
      if (transaction !== '') this.#results.set(transaction, result)
      this.#pending.push(write)
      this.#replicate(write)
    })
  }

  #replicate(write: PendingWrite): void {
    const term = this.#term
    this.#reachesAt = Math.max(this.#reachesAt, this.#scheduler.now + this.#random.duration(REPLICATION_MS) * this.lag)
    this.#scheduler.after(this.#reachesAt - this.#scheduler.now, 'a majority has a write', () => {
      if (term !== this.#term || this.#isElecting) return
      write.isReplicated = true
      while (this.#pending[0]?.isReplicated === true) this.#commit(this.#pending.shift() as PendingWrite)
    })
  }

  #commit({ effect, done }: PendingWrite): void {
    applyEffect(this.#committed, effect)
    for (const watcher of this.#watchers) watcher(effect)
    done()
  }

  #requirePrimary(term: number): void {
    if (this.#isElecting || term !== this.#term) throw notPrimary()
  }
}

function notPrimary(): Error {
  return new MongoServerError({ message: 'not primary', code: 10107 })
}
