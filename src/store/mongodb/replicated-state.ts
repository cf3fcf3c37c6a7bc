/**
 * The log carried out in memory: where this process stands in it, what it has loaded, and the way to write the next
 * batch. Every process carries out the same batches in the same order, so what it has loaded stays right.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { horizonOf } from '../../clock.ts'
import { HubError } from '../../errors.ts'
import { RecentLog } from '../recent-log.ts'
import type { ElementRow } from '../store.ts'
import { Cache } from './cache.ts'
import type { Connection } from './connection.ts'
import type { Control, Counters, LoggedCommit } from './content.ts'
import { nothing } from './content.ts'
import { DocumentState, type Head } from './document.ts'
import { type Batch, entriesOf, type Journal } from './journal.ts'
import type { Found, Key } from './keys.ts'
import { Leases } from './leases.ts'
import { NameFilter } from './names.ts'
import { Overlay, type ReadView } from './overlay.ts'
import { type Outcome, Queue } from './queue.ts'
import type { Stored, Tables } from './tables.ts'
import { Uncheckpointed } from './uncheckpointed.ts'
import { type Answer, type Answers, carryOut, type Job, keysOf, neededBy, repeatBatch } from './write-commands.ts'

export interface ReplicatedStateOptions {
  readonly cacheBytes: number
  /** Bound of what waits to be written, in bytes. */
  readonly queueBytes: number
  readonly clock: () => number
  /** How far ahead of the clock source times are believed, in milliseconds. */
  readonly futureLimit: number
}

const MIB = 1024 * 1024

/** Bound of the newest log entries that are kept in memory, in bytes. */
const RECENT_LOG_BYTES = 16 * MIB

/** Nobody writes while more than this waits to be brought into the collections; all of it is in memory. */
const MAX_WAITING_BYTES = 16 * MIB

/** Names that were outgrown, or could not be read, are collected anew after so many batches. */
const MAX_UNCHECKPOINTED_BATCHES = 1000

/** A process that has not looked at the log for so long looks at everything anew: what it met is perhaps no more there. */
const STALE_MS = 30 * 60 * 1000

export class ReplicatedState implements ReadView {
  /** By which the log knows this process. */
  readonly holder = randomUUID()
  readonly claims = new Leases(this.holder)
  readonly tail = new Uncheckpointed()
  readonly recent = new RecentLog(RECENT_LOG_BYTES)
  readonly #names = new NameFilter()
  #collecting: Promise<void> = Promise.resolve()
  counters: Counters = nothing
  /** The last batch that was carried out here. */
  no = -1
  /** The last batch that is in the collections, as far as known here, and the counters behind it. */
  mark = -1
  marked: Counters = nothing
  readonly #connection: Connection
  readonly #journal: Journal
  readonly #tables: Tables
  readonly #options: ReplicatedStateOptions
  readonly #cache: Cache
  readonly #loading = new Map<Key, Promise<void>>()
  readonly #listeners = new Set<(hasEntries: boolean) => void>()
  /** First `seq` of batches that were seen, for finding places in the log. */
  readonly firsts: { readonly no: number; readonly first: number }[] = []
  #generation = 0
  #time = 0
  #lookedAt = 0
  #queued: Promise<void> | undefined
  #running: Promise<void> = Promise.resolve()
  #inflight: { readonly no: number; readonly by: string; readonly layer: Overlay } | undefined
  /** The last batch that was tried, and since when. */
  #sent = { by: '', at: 0 }
  /** Until when nobody writes. */
  #heldUntil = 0
  readonly #queue: Queue
  #isPumping = false
  #isEnding = false

  constructor(connection: Connection, journal: Journal, tables: Tables, options: ReplicatedStateOptions) {
    this.#connection = connection
    this.#journal = journal
    this.#tables = tables
    this.#options = options
    this.#cache = new Cache(options.cacheBytes)
    this.#queue = new Queue(options.queueBytes)
  }

  /** Starts where the collections are, and reads on to the end of the log. */
  async open(): Promise<void> {
    await this.#reset()
    await this.sync()
    this.#collectNames()
  }

  /** In the background; where it fails, everything is looked for. To look for a name by its index costs next to nothing. */
  #collectNames(): void {
    if (!this.#connection.isFerret) return
    this.#collecting = this.#names.build(this.#connection, this.tail.keys()).catch(() => this.#names.clear())
  }

  /** Hears of every batch that was carried out. */
  onBatch(listener: (hasEntries: boolean) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  // ---- reading

  /** Resolves when everything that anybody acknowledged before has been carried out here. */
  sync(): Promise<void> {
    if (this.#queued === undefined) {
      const queued = this.#running
        .catch(() => {})
        .then(() => {
          this.#queued = undefined
          this.#running = this.#pull()
          return this.#running
        })
      this.#queued = queued
    }
    return this.#queued
  }

  /** A state as of now; what is not in memory is loaded. */
  async state(key: Key): Promise<Found> {
    for (;;) {
      const known = this.#cache.get(key)
      if (known !== undefined) return known
      await this.#load(key)
    }
  }

  /** What is known of a state without waiting. */
  peek(key: Key): Found | undefined {
    return this.#cache.peek(key)
  }

  /** States that are all of one moment, for as long as `look` takes, which must not wait. */
  async together<Result>(keys: readonly Key[], look: () => Result): Promise<Result> {
    this.#cache.hold(keys)
    try {
      for (;;) {
        await Promise.all(keys.map((key) => (this.#cache.has(key) ? undefined : this.#load(key))))
        if (keys.every((key) => this.#cache.has(key))) return look()
      }
    } finally {
      this.#cache.letGo(keys)
    }
  }

  /** Takes in a state that was read elsewhere, as far as it is of use. @param mark where the collections were before it was read */
  async offer(key: Key, stored: Stored, mark: number): Promise<void> {
    if (stored.newest > this.no) await this.sync()
    if (this.mark === mark && !this.#cache.has(key)) this.#cache.put(key, this.#replayed(key, stored))
  }

  document(key: Key): Found<DocumentState> | undefined {
    return this.#cache.peek(key) as Found<DocumentState> | undefined
  }

  head(key: Key): Head | undefined {
    return this.document(key)?.head
  }

  row(key: Key, path: string): ElementRow | undefined {
    return this.document(key)?.rows().get(path)
  }

  other(key: Key): Found | undefined {
    return this.#cache.peek(key)
  }

  /** The collections hold everything up to this batch. */
  applied(upto: number): void {
    const no = Math.min(upto, this.no)
    if (no <= this.mark) return
    this.marked = this.tail.drop(no)?.counters ?? this.marked
    this.mark = no
  }

  // ---- writing

  /** Resolves when the job is done and durable. */
  submit<Name extends Job['job']>(job: Extract<Job, { job: Name }>): Promise<Answers[Name]> {
    try {
      this.#connection.check()
      if (this.#isEnding) throw new HubError('Unavailable', ['The store is closed'])
      return this.#enqueue(job) as Promise<Answers[Name]>
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Takes nothing more and waits until everything submitted is done. */
  async drain(): Promise<void> {
    this.#isEnding = true
    await this.#queue.drained()
  }

  /** For what has to be written when nothing else is taken any more. */
  submitLast(job: Job): Promise<Answer> {
    return this.#enqueue(job, true)
  }

  /** Nobody writes for so many milliseconds (0: all go on), whatever waits to be written here. */
  async quiet(span: number): Promise<void> {
    await this.#write([{ job: 'hold', span }])
  }

  #enqueue(job: Job, isAdmitted = false): Promise<Answer> {
    const answer = this.#queue.add(job, isAdmitted)
    if (!this.#isPumping) {
      this.#isPumping = true
      // At the end of this turn of the event loop, so that all requests read in it share a batch.
      setImmediate(() => void this.#pump())
    }
    return answer
  }

  async #pump(): Promise<void> {
    while (this.#queue.length > 0) {
      // Where too much waits to be brought into the collections, only what brings it there is written.
      const group = this.#queue.take(this.tail.weight > MAX_WAITING_BYTES && !this.#connection.isAway)
      if (group.length === 0) {
        await setTimeout(5)
        continue
      }
      let outcomes: readonly Outcome[]
      try {
        outcomes = await this.#write(group.map(({ job }) => job))
      } catch (error) {
        outcomes = group.map(() => ({ error }))
      }
      this.#queue.settle(group, outcomes)
    }
    this.#isPumping = false
  }

  /** One batch: done as a whole, or tried again behind what others wrote. */
  async #write(jobs: readonly Job[]): Promise<readonly Outcome[]> {
    const keys = new Set(jobs.flatMap((job) => [...neededBy(job)]))
    this.#cache.hold(keys)
    try {
      for (;;) {
        await this.#silence(jobs)
        await Promise.all(Array.from(keys, (key) => (this.#cache.has(key) ? undefined : this.#load(key))))
        if (![...keys].every((key) => this.#cache.has(key))) continue
        if (this.#isStale) {
          await this.sync()
          continue
        }
        const { outcomes, batch, layer } = this.#perform(jobs)
        if (batch === undefined) {
          // All are refused: for what is so now, not for what was so when this process last looked.
          const { no } = this
          await this.sync()
          if (this.no === no) return outcomes
          continue
        }
        this.#inflight = { no: batch.no, by: batch.by, layer }
        this.#sent = { by: batch.by, at: performance.now() }
        const written = await this.#journal.append(batch)
        if (written !== undefined) this.#adopt(written)
        this.#inflight = undefined
        if (this.no < batch.no) await this.sync()
        if (written !== undefined) return outcomes
      }
    } finally {
      this.#inflight = undefined
      this.#cache.letGo(keys)
    }
  }

  /** Carries out jobs on a layer over what is known; each that is refused leaves no trace. */
  #perform(jobs: readonly Job[]) {
    const layer = new Overlay(this)
    const [commits, controls]: [LoggedCommit[], Control[]] = [[], []]
    const clock = this.#options.clock()
    const at = { time: Math.max(clock, this.#time), clock, horizon: horizonOf(clock, this.#options.futureLimit) }
    const moment = { no: this.no + 1, at, holder: this.holder, isFree: (work: string) => this.claims.isFree(work) }
    const outcomes = jobs.map((job): Outcome => {
      const own = new Overlay(layer)
      try {
        const done = carryOut(own, job, moment)
        own.merge()
        if (done.commit !== undefined) commits.push(done.commit)
        controls.push(...(done.controls ?? []))
        return { answer: done.answer }
      } catch (error) {
        return { error }
      }
    })
    if (commits.length + controls.length === 0) return { outcomes, layer, batch: undefined }
    const [by, first] = [randomUUID(), this.counters.seq + 1]
    const batch = { no: moment.no, first, ...at, by, counters: layer.counters, content: { commits, controls } }
    return { outcomes, layer, batch }
  }

  /** Waits while somebody wants quiet. */
  async #silence(jobs: readonly Job[]): Promise<void> {
    if (jobs.every(({ job }) => job === 'hold')) return
    while (this.#heldUntil > performance.now()) {
      await setTimeout(5)
      this.#connection.check()
      await this.sync()
    }
  }

  // ---- following

  /** By wall time, which goes on while the machine is suspended; where that was set back, nobody knows how long it was. */
  get #isStale(): boolean {
    const age = Date.now() - this.#lookedAt
    return age > STALE_MS || age < 0
  }

  async #pull(): Promise<void> {
    if (this.#isStale) await this.#reset()
    await this.#catchUp()
    this.#lookedAt = Date.now()
  }

  /** To wherever the log ends: nobody writes as fast as it is read. */
  async #catchUp(): Promise<void> {
    for (let read = 0; ; read++) {
      // Whoever is far behind reads many at a time.
      if (read > 1) for (const packed of await this.#journal.following(this.no + 1)) this.#adopt(await packed.unpack())
      // Only such a look finds what was acknowledged last.
      const next = await this.#journal.read(this.no + 1)
      if (next === undefined) return
      if (next === 'gone') await this.#reset()
      else this.#adopt(next)
    }
  }

  async #reset(): Promise<void> {
    for (;;) {
      const found = await this.#connection.run(() => this.#connection.rows('meta').findOne({ _id: 'applied' }))
      const no = Number(found?.no ?? 0)
      const batch = await this.#journal.read(no)
      if (batch === undefined) throw new HubError('Unavailable', ['The database holds a log without its beginning'])
      if (batch === 'gone') continue
      this.#generation++
      this.#cache.clear()
      this.recent.clear()
      this.#names.clear()
      this.tail.drop(Number.POSITIVE_INFINITY)
      ;[this.no, this.mark, this.marked] = [no, no, batch.counters]
      this.#note(batch)
      this.#lookedAt = Date.now()
      return
    }
  }

  /** Carries out the next batch; any other one was carried out before, or will be. */
  #adopt(batch: Batch): void {
    if (batch.no !== this.no + 1) return
    const inflight = this.#inflight
    const isOurs = inflight !== undefined && inflight.no === batch.no && inflight.by === batch.by
    const layer = isOurs ? inflight.layer : new Overlay(this)
    if (!isOurs) repeatBatch(layer, batch, (key) => this.#cache.has(key))
    layer.settle((key, state) => this.#cache.put(key, state))
    // Blobs are counted where they are loaded when a batch is made, and may have been loaded since.
    if (isOurs) for (const key of keysOf(batch)) if (key.startsWith('b')) this.#cache.drop(key)
    this.no = batch.no
    this.tail.add(batch)
    for (const key of this.tail.keysOf(batch)) this.#names.add(key)
    if (this.#names.isOutgrown && batch.no % MAX_UNCHECKPOINTED_BATCHES === 0) this.#collectNames()
    this.#note(batch)
    const entries = entriesOf(batch)
    for (const entry of entries) this.recent.add(entry)
    for (const listener of this.#listeners) listener(entries.length > 0)
  }

  #note({ no, first, time, by, counters, content }: Batch): void {
    if (counters.trimmed > this.counters.trimmed) this.recent.trim(counters.trimmed)
    this.counters = counters
    this.#time = Math.max(this.#time, time)
    this.firsts.push({ no, first })
    if (this.firsts.length > 100_000) this.firsts.splice(0, 50_000)
    this.claims.note(counters.claims, by === this.#sent.by ? this.#sent.at : 0)
    for (const control of content.controls) {
      if (control.control === 'hold') this.#heldUntil = performance.now() + control.span
    }
  }

  #load(key: Key): Promise<void> {
    let loading = this.#loading.get(key)
    if (loading === undefined) {
      loading = this.#fetch(key).finally(() => this.#loading.delete(key))
      this.#loading.set(key, loading)
    }
    return loading
  }

  async #fetch(key: Key): Promise<void> {
    // With FerretDB a look for one name costs as much as one for all of them.
    if (this.#connection.isFerret) await this.#collecting
    if (this.#names.lacks(key)) {
      this.#cache.put(key, null)
      return
    }
    for (;;) {
      const [mark, generation] = [this.mark, this.#generation]
      const stored = await this.#tables.load(key)
      if (stored.newest > this.no) await this.sync()
      // What it lacks must all be at hand.
      if (this.mark !== mark || this.#generation !== generation) continue
      if (!this.#cache.has(key)) this.#cache.put(key, this.#replayed(key, stored))
      return
    }
  }

  /** What was read, with what the log did to it since. */
  #replayed(key: Key, { state, upto }: Stored): Found {
    let now = state
    for (const batch of this.tail.of(key)) {
      if (batch.no <= upto) continue
      const layer = new Overlay(new Single(key, now, this.counters))
      repeatBatch(layer, batch, (wanted) => wanted === key)
      layer.settle((_, changed) => {
        now = changed
      })
    }
    return now
  }
}

/** One state, for carrying out on it what is in the log. */
class Single implements ReadView {
  readonly counters: Counters
  readonly #key: Key
  readonly #state: Found

  constructor(key: Key, state: Found, counters: Counters) {
    this.#key = key
    this.#state = state
    this.counters = counters
  }

  document(key: Key): Found<DocumentState> | undefined {
    if (key !== this.#key) return undefined
    return this.#state instanceof DocumentState ? this.#state : null
  }

  head(key: Key): Head | undefined {
    return this.document(key)?.head
  }

  row(key: Key, path: string): ElementRow | undefined {
    return this.document(key)?.rows().get(path)
  }

  other(key: Key): Found | undefined {
    return key === this.#key ? this.#state : undefined
  }
}
