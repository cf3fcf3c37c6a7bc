/**
 * Subscriptions: one loop reads the log for all that keep up (live-loop.ts); those with the same request are a group, for
 * which a change is matched, gathered and written once (group.ts). A subscriber that does not keep up, or begins in the
 * past, catches up in steps (catch-up-loop.ts) and joins the live loop when it stands where that does: no gap, no overlap.
 *
 * Only a position is kept per subscriber, so memory does not grow with how slow one is. Changes are sent once each and in
 * the order of the log, per element also across reconnects with the cursor of the last message.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { HubError } from '../../errors.ts'
import type { Store } from '../../store/store.ts'
import { CatchUpLoop } from './catch-up-loop.ts'
import { type CatchUpSources, type HistoryReader, startCatchUp, startSnapshot } from './catch-up-state.ts'
import { projectionOf } from './change-events.ts'
import { ElementMetadataCache } from './element-metadata-cache.ts'
import { type EventPage, readEventPage } from './event-page.ts'
import type { Group } from './group.ts'
import { GroupRegistry } from './group-registry.ts'
import { LiveLoop } from './live-loop.ts'
import { cursorAt } from './log-position.ts'
import { type Lookups, Matcher } from './matcher.ts'
import { resumePointOf } from './resume.ts'
import { ShellSubmodels } from './shells.ts'
import { Subscriber, type SubscriberPool, type SubscriberStart } from './subscriber.ts'
import type { Sink, Subscription, SubscriptionRequest } from './subscription.ts'

export interface SubscriptionsOptions {
  /** For values from before the log begins; absent: these are not sent. */
  readonly history?: HistoryReader
  /** Hears what went wrong; it is tried again. */
  readonly failed?: (error: unknown) => void
  /** Subscriptions that may run at once. */
  readonly maxSubscriptions?: number
  /** Time without a message after which a subscriber is sent the cursor alone. */
  readonly silenceMs?: number
}

/** How often it is checked whether subscribers that lag can go on. */
const CHECK_INTERVAL_MS = 50

/** After a fault, before it is tried again; and how long a poll waits for the live loop to have come up to it. */
const RETRY_DELAY_MS = 500
const POLL_TIMEOUT_MS = 2000

const MAX_SUBSCRIPTIONS = 10_000
const SILENCE_MS = 10_000

export class Subscriptions {
  readonly #store: Store
  readonly #maxSubscriptions: number
  readonly #lookups: Lookups
  readonly #sources: CatchUpSources
  readonly #groups: GroupRegistry
  readonly #subscribers = new Set<Subscriber>()
  readonly #pool: SubscriberPool
  readonly #live: LiveLoop
  readonly #catchUp: CatchUpLoop
  readonly #closing = new AbortController()
  readonly #running: Promise<unknown>
  readonly #timer: NodeJS.Timeout
  #remindedAt = 0

  constructor(
    store: Store,
    {
      history,
      failed = () => {},
      maxSubscriptions = MAX_SUBSCRIPTIONS,
      silenceMs = SILENCE_MS
    }: SubscriptionsOptions = {}
  ) {
    const { signal } = this.#closing
    const pauseFor = (ms: number) => sleep(ms, undefined, { signal, ref: false }).catch(() => {})
    this.#store = store
    this.#maxSubscriptions = maxSubscriptions
    this.#lookups = { store, metadata: new ElementMetadataCache(store), shells: new ShellSubmodels(store) }
    this.#groups = new GroupRegistry(this.#lookups)
    this.#live = new LiveLoop({
      store,
      lookups: this.#lookups,
      groups: this.#groups,
      // Each is told of the gap when it reads on by itself.
      onGap: () => {
        for (const subscriber of this.#subscribers) subscriber.fallBehind()
      },
      failed,
      pause: () => pauseFor(RETRY_DELAY_MS),
      signal
    })
    this.#sources = { ...this.#lookups, ...(history && { history }), position: () => this.#live.position }
    this.#catchUp = new CatchUpLoop({
      sources: this.#sources,
      liveBusyAt: () => this.#live.busyAt,
      failed,
      sleep: pauseFor,
      signal
    })
    this.#pool = {
      epoch: store.epoch,
      silenceMs,
      backlog: 0,
      catchUp: (subscriber) => this.#catchUp.add(subscriber),
      left: (subscriber) => this.#left(subscriber)
    }
    this.#running = Promise.all([this.#live.run(), this.#live.ready.then(() => this.#catchUp.run())])
    this.#timer = setInterval(() => this.#check(), CHECK_INTERVAL_MS)
    this.#timer.unref()
  }

  /** Subscriptions that run, those of them that lag or replay, and groups of equal requests. */
  get figures(): { readonly subscribers: number; readonly late: number; readonly groups: number } {
    let late = 0
    for (const { state } of this.#subscribers) if (state === 'late') late++
    return { subscribers: this.#subscribers.size, late, groups: this.#groups.size }
  }

  /**
   * Begins to send what is requested to a sink. With `snapshot` and `since`, the snapshot is sent only where `since`
   * cannot be resumed from.
   * @throws HubError `BadRequest` where the request is not valid; `TooManyRequests`; `Unavailable` where the hub stops
   */
  async subscribe(request: SubscriptionRequest, sink: Sink): Promise<Subscription> {
    this.#refuseWhileClosing()
    if (this.#subscribers.size >= this.#maxSubscriptions) {
      throw new HubError('TooManyRequests', [`${this.#maxSubscriptions} subscriptions are as many as there can be`])
    }
    await this.#live.ready
    const group = this.#groups.enter(request, this.#live.ahead)
    try {
      const start = await this.#startOf(request, group)
      this.#refuseWhileClosing()
      const subscriber = new Subscriber(request, group, sink, start, this.#pool)
      this.#subscribers.add(subscriber)
      // Nothing is sent before the caller knows that the request was accepted.
      globalThis.setImmediate(() => subscriber.begin())
      return subscriber
    } catch (error) {
      this.#groups.exit(request, group)
      throw error
    }
  }

  /**
   * Events for a poller, from `since` on, or from where the log begins. Where there are none yet it waits for some.
   * @param limit most events; there may be fewer, even none, and still be more to read
   * @param waitMs time to wait for the first event
   * @param signal ends the waiting
   * @throws HubError `BadRequest` where the request is not valid
   */
  async page(
    { select = {}, since, content = 'value', columns = false }: SubscriptionRequest,
    limit: number,
    waitMs = 0,
    signal?: AbortSignal
  ): Promise<EventPage> {
    await this.#live.ready
    const until = performance.now() + waitMs
    const matcher = new Matcher(select, this.#lookups)
    const shells = select.shells ?? []
    await this.#lookups.shells.join(shells)
    try {
      const start = await resumePointOf(this.#store, since ?? 'earliest', matcher, false)
      // What was acknowledged before is never left out.
      await this.#live.reached(start.last - 1, POLL_TIMEOUT_MS, signal)
      let { position, recovered } = start
      for (;;) {
        const page = await readEventPage(this.#sources, matcher, projectionOf({ content, columns }), position, limit)
        position = page.position
        recovered &&= !page.gap
        const more = position.seq < this.#live.position
        const rest = until - performance.now()
        if (page.events.length > 0 || more || rest <= 0 || signal?.aborted || this.#closing.signal.aborted) {
          return { events: page.events, cursor: cursorAt(this.#store.epoch, position), more, recovered }
        }
        await this.#live.reached(this.#live.position, rest, signal)
      }
    } finally {
      this.#lookups.shells.leave(shells)
    }
  }

  /** Ends all subscriptions, each with its cursor, as the hub stops. */
  async close(): Promise<void> {
    this.#closing.abort()
    clearInterval(this.#timer)
    await this.#running
    for (const subscriber of this.#subscribers) subscriber.end('stopping')
  }

  async #startOf({ select, since, snapshot }: SubscriptionRequest, group: Group): Promise<SubscriberStart> {
    // The loop may have looked for what belongs to these shells before they were followed.
    await this.#lookups.shells.join(select?.shells ?? [])
    this.#groups.forgetRoutes()
    const resume = await resumePointOf(this.#store, since, group.matcher, this.#sources.history !== undefined)
    const { position, recovered, history, last } = resume
    if (snapshot === true && (since === undefined || !recovered)) {
      return {
        position: { seq: last, index: 0 },
        recovered,
        catchUp: startCatchUp({ snapshot: startSnapshot(last) })
      }
    }
    return { position, recovered, catchUp: startCatchUp(history && { history }) }
  }

  #refuseWhileClosing(): void {
    if (this.#closing.signal.aborted) throw new HubError('Unavailable', ['The hub is stopping'])
  }

  #left(subscriber: Subscriber): void {
    if (!this.#subscribers.delete(subscriber)) return
    this.#catchUp.delete(subscriber)
    this.#groups.exit(subscriber.request, subscriber.group)
  }

  #check(): void {
    for (const subscriber of this.#subscribers) subscriber.check()
    const { silenceMs } = this.#pool
    if (performance.now() - this.#remindedAt < silenceMs / 10) return
    this.#remindedAt = performance.now()
    for (const group of this.#groups.all()) group.remind(silenceMs)
  }
}
