/**
 * Subscriptions: one loop reads the log for all who keep up; those with the same wish are a group, for which it is
 * matched, gathered and written once. Whoever does not keep up, or begins in the past, reads on by itself in turns with
 * others of its kind, and joins the loop when it stands where the loop does: no gap, no overlap.
 *
 * Nothing is kept per subscriber but its place, so memory does not grow with how slow anybody is. Changes are told once
 * each and in the order of the log, per element also across reconnects with the cursor of the last message.
 */
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { HubError } from '../../errors.ts'
import type { LogEntry, LoggedChange, SeriesName, Store } from '../../store/store.ts'
import { Facts } from './facts.ts'
import { Group, keyOf } from './group.ts'
import type { HistoryReader } from './history.ts'
import { type Knowledge, Matcher } from './matcher.ts'
import { type EventPage, readPage } from './page.ts'
import { type Past, turn } from './past.ts'
import { cursorAt, type Place, weightOf } from './place.ts'
import { Shells } from './shells.ts'
import { startSnapshot } from './snapshot.ts'
import { startOf } from './start.ts'
import { Subscriber, type Together } from './subscriber.ts'
import type { Sink, StreamEvent, Subscription, Wish } from './subscription.ts'
import { Present, projectionOf, SLICE, Telling } from './telling.ts'

export interface SubscriptionsOptions {
  /** Tells values from before the log begins; absent: nothing does. */
  readonly history?: HistoryReader
  /** Hears what went wrong; it is tried again. */
  readonly failed?: (error: unknown) => void
  /** Subscriptions that may run at once. */
  readonly most?: number
  /** Milliseconds without a message after which a subscriber is sent the cursor alone. */
  readonly silence?: number
}

/** Entries of the log that the loop takes at a time. */
const BATCH = 500

/** How often it is looked whether those that lag can go on, in milliseconds. */
const LOOK = 50

/** While the loop had something to do so many milliseconds ago, those that lag get half of the time. */
const BUSY = 50

/** Elements of which it is remembered which groups mean them. */
const ROUTES = 20_000

/** Milliseconds: after a fault, before it is tried again; and that a poll waits for the loop to have come up to it. */
const PAUSE = 500
const LONGEST_STEP = 2000

const MOST = 10_000
const SILENCE = 10_000

export class Subscriptions {
  readonly #store: Store
  readonly #failed: (error: unknown) => void
  readonly #most: number
  readonly #knowledge: Knowledge
  readonly #past: Past
  readonly #groups = new Map<string, Group>()
  readonly #subscribers = new Set<Subscriber>()
  readonly #together: Together
  /** By submodel, then path. */
  readonly #routes = new Map<string, Map<string, readonly Group[]>>()
  #routed = 0
  /** Counts how often they were forgotten: one that was looked for before is not remembered after. */
  #generation = 0
  /** The loop has told everything up to this commit, and is about to have told everything up to the other. */
  #position = 0
  #ahead = 0
  /** When it last had something to do. */
  #busyAt = 0
  #remindedAt = 0
  readonly #queue = new Set<Subscriber>()
  /** Those who wait for the loop to go on. */
  readonly #waiting = new Set<() => void>()
  #ring: () => void = () => {}
  #knock: () => void = () => {}
  readonly #closing = new AbortController()
  readonly #ready: Promise<void>
  readonly #running: Promise<unknown>
  readonly #clock: NodeJS.Timeout
  readonly #hangUp: () => void

  constructor(store: Store, { history, failed = () => {}, most = MOST, silence = SILENCE }: SubscriptionsOptions = {}) {
    this.#store = store
    this.#failed = failed
    this.#most = most
    this.#knowledge = { store, facts: new Facts(store), shells: new Shells(store) }
    this.#past = { ...this.#knowledge, ...(history && { history }), position: () => this.#position }
    this.#together = {
      epoch: store.epoch,
      silence,
      backlog: 0,
      queue: (subscriber) => {
        this.#queue.add(subscriber)
        this.#knock()
      },
      left: (subscriber) => this.#left(subscriber)
    }
    this.#hangUp = store.onCommit(() => this.#ring())
    this.#ready = this.#begin()
    this.#running = Promise.all([this.#live(), this.#late()])
    this.#clock = setInterval(() => this.#look(), LOOK)
    this.#clock.unref()
  }

  /** Subscriptions that run, those of them that lag or replay, and groups of equal wishes. */
  get figures(): { readonly subscribers: number; readonly late: number; readonly groups: number } {
    let late = 0
    for (const { state } of this.#subscribers) if (state === 'late') late++
    return { subscribers: this.#subscribers.size, late, groups: this.#groups.size }
  }

  /**
   * Begins to tell a sink what it wishes to know. With `snapshot` and `since`, the snapshot is told only where `since`
   * cannot be gone on from.
   * @throws HubError `BadRequest` where the wish is none; `TooManyRequests`; `Unavailable` where the hub stops
   */
  async subscribe(wish: Wish, sink: Sink): Promise<Subscription> {
    if (this.#closing.signal.aborted) throw new HubError('Unavailable', ['The hub is stopping'])
    if (this.#subscribers.size >= this.#most) {
      throw new HubError('TooManyRequests', [`${this.#most} subscriptions are as many as there can be`])
    }
    await this.#ready
    const group = this.#enter(wish)
    try {
      // The loop may have looked for what belongs to these shells before anybody knew.
      await this.#knowledge.shells.join(wish.select?.shells ?? [])
      this.#forgetRoutes()
      const start = await startOf(this.#store, wish.since, group.matcher, this.#past.history !== undefined)
      const { recovered, history, last } = start
      const isShown = wish.snapshot === true && (wish.since === undefined || !recovered)
      const place = isShown ? { seq: last, index: 0 } : start.place
      const before = isShown ? { snapshot: startSnapshot(last) } : history && { history }
      const past = { isBeginning: before !== undefined, shown: new Map<string, number>(), shownUntil: 0, ...before }
      if (this.#closing.signal.aborted) throw new HubError('Unavailable', ['The hub is stopping'])
      const subscriber = new Subscriber(wish, group, sink, { place, recovered, past }, this.#together)
      this.#subscribers.add(subscriber)
      // Nothing is sent before whoever asked knows that it was taken.
      globalThis.setImmediate(() => subscriber.begin())
      return subscriber
    } catch (error) {
      this.#exit(wish, group)
      throw error
    }
  }

  /**
   * Events for one who polls, from `since` on, or from where the log begins. Where there are none yet it waits for some.
   * @param limit most events; there may be fewer, even none, and still be more to read
   * @param wait milliseconds to wait for the first event
   * @param signal ends the waiting
   * @throws HubError `BadRequest` where the wish is none
   */
  async page(
    { select = {}, since, content = 'value', columns = false }: Wish,
    limit: number,
    wait = 0,
    signal?: AbortSignal
  ): Promise<EventPage> {
    await this.#ready
    const until = performance.now() + wait
    const matcher = new Matcher(select, this.#knowledge)
    const shells = select.shells ?? []
    await this.#knowledge.shells.join(shells)
    try {
      const start = await startOf(this.#store, since ?? 'earliest', matcher, false)
      // What was acknowledged before is never left out.
      await this.#reached(start.last - 1, LONGEST_STEP, signal)
      let { place, recovered } = start
      for (;;) {
        const page = await readPage(this.#past, matcher, projectionOf({ content, columns }), place, limit)
        place = page.place
        recovered &&= !page.gap
        const more = place.seq < this.#position
        const rest = until - performance.now()
        if (page.events.length > 0 || more || rest <= 0 || signal?.aborted || this.#closing.signal.aborted) {
          return { events: page.events, cursor: cursorAt(this.#store.epoch, place), more, recovered }
        }
        await this.#reached(this.#position, rest, signal)
      }
    } finally {
      this.#knowledge.shells.leave(shells)
    }
  }

  /** Tells everybody that the hub stops, each with its cursor. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#hangUp()
    clearInterval(this.#clock)
    this.#ring()
    this.#knock()
    for (const wake of this.#waiting) wake()
    await this.#running
    for (const subscriber of this.#subscribers) subscriber.end('stopping')
  }

  #enter(wish: Wish): Group {
    const key = keyOf(wish)
    let group = this.#groups.get(key)
    if (group === undefined) {
      group = new Group(wish, this.#knowledge, this.#ahead)
      this.#groups.set(key, group)
      this.#forgetRoutes()
    }
    group.users++
    return group
  }

  #exit(wish: Wish, group: Group): void {
    this.#knowledge.shells.leave(wish.select?.shells ?? [])
    if (--group.users > 0) return
    group.close()
    this.#groups.delete(keyOf(wish))
    this.#forgetRoutes()
  }

  #left(subscriber: Subscriber): void {
    if (!this.#subscribers.delete(subscriber)) return
    this.#queue.delete(subscriber)
    this.#exit(subscriber.wish, subscriber.group)
  }

  #look(): void {
    for (const subscriber of this.#subscribers) subscriber.look()
    const { silence } = this.#together
    if (performance.now() - this.#remindedAt < silence / 10) return
    this.#remindedAt = performance.now()
    for (const group of this.#groups.values()) group.remind(silence)
  }

  async #begin(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      try {
        this.#position = this.#ahead = (await this.#store.figures()).logLast
        return
      } catch (error) {
        await this.#pause(error)
      }
    }
  }

  // ---- those who keep up

  async #live(): Promise<void> {
    await this.#ready
    while (!this.#closing.signal.aborted) {
      const bell = new Promise<void>((resolve) => {
        this.#ring = resolve
      })
      try {
        if (!(await this.#step())) await bell
      } catch (error) {
        await this.#pause(error)
      }
    }
  }

  /** One batch; false when there was none. */
  async #step(): Promise<boolean> {
    const { entries, gap } = await this.#store.log(this.#position, BATCH)
    if (gap) this.#lose(entries[0])
    const last = entries.at(-1)
    if (last === undefined) return false
    this.#busyAt = performance.now()
    this.#ahead = last.seq
    const present = new Present(this.#store)
    for (const entry of entries) {
      const telling = this.#tell(entry, present)
      if (telling !== undefined) await telling
      this.#position = entry.seq
    }
    for (const group of this.#groups.values()) group.settle({ seq: last.seq, index: 0 })
    for (const wake of this.#waiting) wake()
    return true
  }

  /** Waits until the loop is past a commit, or until so many milliseconds are over. */
  async #reached(seq: number, patience: number, signal?: AbortSignal): Promise<void> {
    const until = performance.now() + patience
    while (this.#position <= seq && performance.now() < until) {
      if (signal?.aborted || this.#closing.signal.aborted) return
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiting.delete(wake)
          signal?.removeEventListener('abort', wake)
          clearTimeout(timer)
          resolve()
        }
        const timer = setTimeout(wake, until - performance.now())
        signal?.addEventListener('abort', wake)
        this.#waiting.add(wake)
      })
    }
  }

  /** The loop itself fell out of the log, so everybody did; each is told when it reads on by itself. */
  #lose(first: LogEntry | undefined): void {
    for (const subscriber of this.#subscribers) subscriber.fallBack()
    this.#knowledge.facts.forgetAll()
    this.#forgetRoutes()
    if (first !== undefined) this.#position = first.seq - 1
  }

  /** @returns undefined where that is all, as nobody is there to be told */
  #tell(entry: LogEntry, present: Present): Promise<void> | undefined {
    const { facts, shells } = this.#knowledge
    for (const change of entry.changes) {
      facts.note(change)
      if ('kind' in change && change.kind === 'Submodel') this.#forgetRoutes(change.id)
    }
    const settling = shells.note(entry)
    if (settling === undefined && this.#groups.size === 0) return undefined
    return this.#tellAll(entry, present, settling)
  }

  /** Looks up everything that is needed first, so that after a fault nothing of an entry has been told. */
  async #tellAll(entry: LogEntry, present: Present, settling: Promise<() => void> | undefined): Promise<void> {
    const { facts } = this.#knowledge
    const settled = settling && (await settling)
    if (settled !== undefined) this.#forgetRoutes()
    const tellings: { telling: Telling; groups: readonly Group[]; index: number; weight: number }[] = []
    let index = 0
    for (const change of entry.changes) {
      const weight = weightOf(change)
      const route = this.#route(change)
      const groups = route instanceof Promise ? await route : route
      if (groups.length > 0) {
        const telling = new Telling(entry, change, index)
        await telling.prepare(facts, groups.some(({ projection }) => projection.full) ? present : undefined)
        tellings.push({ telling, groups, index, weight })
      }
      index += weight
    }
    if (settled !== undefined) {
      settled()
      this.#forgetRoutes()
    }
    for (const { telling, groups, index, weight } of tellings) {
      try {
        tellGroups(telling, groups, { seq: entry.seq - 1, index }, weight)
      } catch (error) {
        // Damaged samples: nobody can be told of them, and those behind them are not to wait.
        this.#failed(error)
      }
    }
  }

  /** The groups that mean a change. */
  #route(change: LoggedChange): readonly Group[] | Promise<readonly Group[]> {
    if (!('path' in change)) return this.#meaning((matcher) => matcher.document(change, false))
    return this.#routes.get(change.submodel)?.get(change.path) ?? this.#findRoute(change)
  }

  async #findRoute({ submodel, path }: SeriesName): Promise<readonly Group[]> {
    const generation = this.#generation
    const groups = await this.#meaning((matcher) => matcher.value(submodel, path, false))
    if (generation !== this.#generation) return groups
    if (this.#routed >= ROUTES) this.#forgetRoutes()
    let paths = this.#routes.get(submodel)
    if (paths === undefined) {
      paths = new Map()
      this.#routes.set(submodel, paths)
    }
    paths.set(path, groups)
    this.#routed++
    return groups
  }

  async #meaning(means: (matcher: Matcher) => boolean | Promise<boolean>): Promise<readonly Group[]> {
    const groups: Group[] = []
    for (const group of [...this.#groups.values()]) if (await means(group.matcher)) groups.push(group)
    return groups
  }

  #forgetRoutes(submodel?: string): void {
    this.#generation++
    if (submodel === undefined) {
      this.#routes.clear()
      this.#routed = 0
    } else {
      this.#routed -= this.#routes.get(submodel)?.size ?? 0
      this.#routes.delete(submodel)
    }
  }

  // ---- those who do not

  /** One turn after the other, so that together they cost no more than one. */
  async #late(): Promise<void> {
    await this.#ready
    while (!this.#closing.signal.aborted) {
      const knock = new Promise<void>((resolve) => {
        this.#knock = resolve
      })
      const [subscriber] = this.#queue
      if (subscriber === undefined) {
        await knock
        continue
      }
      this.#queue.delete(subscriber)
      const began = performance.now()
      const { place } = subscriber
      try {
        const isReady = await turn(subscriber, this.#past)
        // Where it waits for the loop it is looked at again a little later.
        if (isReady && subscriber.place !== place) this.#queue.add(subscriber)
      } catch (error) {
        await this.#pause(error)
      }
      await setImmediate()
      if (began - this.#busyAt < BUSY) await this.#rest(Math.min(performance.now() - began, BUSY))
    }
  }

  async #pause(error: unknown): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#failed(error)
    await this.#rest(PAUSE)
  }

  async #rest(length: number): Promise<void> {
    await sleep(length, undefined, { signal: this.#closing.signal, ref: false }).catch(() => {})
  }
}

/** Each kind of events is made once, in slices, for all groups that want it and in which somebody listens. */
function tellGroups(telling: Telling, groups: readonly Group[], before: Place, weight: number): void {
  const heard = new Map<string, Group[]>()
  const behind = { seq: before.seq, index: before.index + weight }
  for (const group of groups) {
    const { shape, full } = group.projection
    if (!group.isHeard) {
      group.pass(telling.sizeAs(shape), behind)
      continue
    }
    const key = `${shape} ${full}`
    const same = heard.get(key)
    if (same === undefined) heard.set(key, [group])
    else same.push(group)
  }
  for (const same of heard.values()) {
    const { shape, full } = same[0]?.projection ?? { shape: 'rows', full: false }
    const step = shape === 'newest' ? weight : SLICE
    for (let start = 0; start < weight; start += step) {
      const end = Math.min(start + step, weight)
      const events: readonly StreamEvent[] = telling.events({ shape, full }, start, end)
      for (const group of same) group.take(events, { seq: before.seq, index: before.index + end })
    }
  }
}
