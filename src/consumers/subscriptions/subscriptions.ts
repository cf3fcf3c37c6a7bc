/**
 * Subscriptions: one loop reads the log for all subscribers that keep up (live-loop.ts); those with the same request form
 * a group, for which a change is matched, batched and serialized once (group.ts). A subscriber that falls behind, or
 * starts in the past, catches up in steps (catch-up-loop.ts) and joins the live loop at its position: no gap, no overlap.
 *
 * Only a position is kept per subscriber, so memory does not grow with its lag. Each change is sent once, in the order of
 * the log; per element also across reconnects with the cursor of the last message.
 */
import { type Clock, systemClock } from '../../clock.ts'
import { HubError } from '../../errors.ts'
import type { Access } from '../../security/access.ts'
import { requireAny } from '../../security/any-right.ts'
import type { CallerLimits } from '../../security/caller-limits.ts'
import type { Store } from '../../store/store.ts'
import { CatchUpLoop } from './catch-up-loop.ts'
import { type CatchUpHistory, type CatchUpSources, startCatchUp, startSnapshot } from './catch-up-state.ts'
import { projectionOf } from './change-events.ts'
import { ElementMetadataCache } from './element-metadata-cache.ts'
import { type EventPage, readEventPage } from './event-page.ts'
import type { Group } from './group.ts'
import { GroupRegistry } from './group-registry.ts'
import { LiveLoop } from './live-loop.ts'
import { cursorAt } from './log-position.ts'
import { type Lookups, Matcher } from './matcher.ts'
import { resumePointOf } from './resume.ts'
import type { Selector } from './selected-change.ts'
import { ShellSubmodels } from './shell-submodels.ts'
import { Subscriber, type SubscriberPool, type SubscriberStart } from './subscriber.ts'
import type { Sink, Subscription, SubscriptionRequest } from './subscription.ts'

export interface PageOptions {
  /** How long to wait for the first event. */
  readonly waitMs?: number
  /** Ends the waiting. */
  readonly signal?: AbortSignal
  /** Of the caller; absent: it may see everything. */
  readonly access?: Access | undefined
}

export interface SubscriptionsOptions {
  /** For values from before the log begins; absent: they are not sent. */
  readonly history?: CatchUpHistory
  /** Called with an error; a retry follows. */
  readonly failed?: (error: unknown) => void
  /** Maximum number of subscriptions. */
  readonly maxSubscriptions?: number
  /** Of each caller. */
  readonly limits?: CallerLimits
  /** Unsent bytes of all connections, beyond which each may have less. */
  readonly maxBacklog?: number
  /** Time without a message after which a subscriber is sent the cursor alone. */
  readonly silenceMs?: number
  readonly clock?: Clock
}

/** How often subscribers that are behind are checked. */
const CHECK_INTERVAL_MS = 50

const RETRY_DELAY_MS = 500
/** How long a poll waits for the live loop to reach the end of the log. */
const POLL_TIMEOUT_MS = 2000

const MAX_SUBSCRIPTIONS = 10_000
const TOTAL_BACKLOG_BYTES = 64 * 1024 * 1024
const SILENCE_MS = 10_000

export class Subscriptions {
  readonly #store: Store
  readonly #clock: Clock
  readonly #maxSubscriptions: number
  readonly #limits: CallerLimits | undefined
  readonly #lookups: Lookups
  readonly #sources: CatchUpSources
  readonly #groups: GroupRegistry
  /** With what frees the place of each among those of its caller. */
  readonly #subscribers = new Map<Subscriber, () => void>()
  readonly #pool: SubscriberPool
  readonly #live: LiveLoop
  readonly #catchUp: CatchUpLoop
  readonly #closing = new AbortController()
  readonly #running: Promise<unknown>
  readonly #stopTimer: () => void
  #remindedAt = Number.NEGATIVE_INFINITY

  constructor(
    store: Store,
    {
      history,
      failed = () => {},
      maxSubscriptions = MAX_SUBSCRIPTIONS,
      maxBacklog = TOTAL_BACKLOG_BYTES,
      silenceMs = SILENCE_MS,
      limits,
      clock = systemClock
    }: SubscriptionsOptions = {}
  ) {
    const { signal } = this.#closing
    this.#clock = clock
    this.#store = store
    this.#maxSubscriptions = maxSubscriptions
    this.#limits = limits
    this.#lookups = { store, metadata: new ElementMetadataCache(store), shells: new ShellSubmodels(store) }
    this.#groups = new GroupRegistry(store, this.#lookups, clock)
    this.#live = new LiveLoop({
      store,
      lookups: this.#lookups,
      groups: this.#groups,
      // Each subscriber reports the gap when it catches up.
      onGap: () => {
        for (const subscriber of this.#subscribers.keys()) subscriber.fallBehind()
      },
      failed,
      pause: () => clock.sleep(RETRY_DELAY_MS, signal),
      clock,
      signal
    })
    this.#sources = { ...this.#lookups, store, clock, ...(history && { history }), position: () => this.#live.position }
    this.#catchUp = new CatchUpLoop({
      sources: this.#sources,
      liveBusyAt: () => this.#live.busyAt,
      failed,
      signal
    })
    this.#pool = {
      epoch: store.epoch,
      clock,
      silenceMs,
      backlog: 0,
      maxBacklog,
      catchUp: (subscriber) => this.#catchUp.add(subscriber),
      left: (subscriber) => this.#left(subscriber),
      regroup: (subscriber, access) => this.#regroup(subscriber, access)
    }
    this.#running = Promise.all([this.#live.run(), this.#live.ready.then(() => this.#catchUp.run())])
    this.#stopTimer = clock.every(CHECK_INTERVAL_MS, () => this.#check())
  }

  /** Unsent bytes of all connections. */
  get backlog(): number {
    return this.#pool.backlog
  }

  /** Numbers of subscriptions, of those that are behind, and of groups. */
  get figures(): { readonly subscribers: number; readonly late: number; readonly groups: number } {
    let late = 0
    for (const { state } of this.#subscribers.keys()) if (state === 'late') late++
    return { subscribers: this.#subscribers.size, late, groups: this.#groups.size }
  }

  /**
   * Starts a subscription. With both `snapshot` and `since`, the snapshot is sent only where `since` cannot be resumed
   * from.
   * @param access of the subscriber; absent: it may see everything
   * @throws HubError `BadRequest` where the request is not valid; `Forbidden` where the subscriber may not read anything;
   * `TooManyRequests`; `Unavailable` where the hub stops
   */
  async subscribe(request: SubscriptionRequest, sink: Sink, access?: Access): Promise<Subscription> {
    this.#refuseWhileClosing()
    if (access !== undefined) await requireAny(access, 'READ')
    if (this.#subscribers.size >= this.#maxSubscriptions) {
      throw new HubError('TooManyRequests', [`the limit is ${this.#maxSubscriptions} subscriptions`])
    }
    const release = (access && this.#limits?.openSubscription(access.caller)) ?? (() => {})
    return this.#subscribe(request, sink, access, release).catch((error) => {
      release()
      throw error
    })
  }

  async #subscribe(
    request: SubscriptionRequest,
    sink: Sink,
    access: Access | undefined,
    release: () => void
  ): Promise<Subscription> {
    await this.#live.ready
    const group = this.#groups.enter(request, this.#live.ahead, access)
    try {
      const start = await this.#startOf(request, group)
      this.#refuseWhileClosing()
      const subscriber = new Subscriber(request, access, group, sink, start, this.#pool)
      this.#subscribers.set(subscriber, release)
      // Not before the caller knows that the request was accepted.
      globalThis.setImmediate(() => subscriber.begin())
      return subscriber
    } catch (error) {
      this.#groups.exit(request, group)
      throw error
    }
  }

  /**
   * A page of events from `since`, or from the beginning of the log. Waits where there are none yet.
   * @param limit maximum number of events; there may be fewer, even none, and still be more to read
   * @throws HubError `BadRequest` where the request is not valid; `Forbidden` where the caller may not read anything
   */
  async page(request: SubscriptionRequest, limit: number, options: PageOptions = {}): Promise<EventPage> {
    const { access } = options
    if (access !== undefined) await requireAny(access, 'READ')
    await this.#live.ready
    const until = this.#clock.monotonic() + (options.waitMs ?? 0)
    for (;;) {
      const visible = this.#groups.visible.enter(access)
      try {
        const lookups = visible?.lookups ?? this.#lookups
        const matcher = new Matcher(request.select ?? {}, lookups)
        const shells = request.select?.shells ?? []
        await lookups.shells.join(shells)
        const made = this.#page(request, { matcher, visible }, limit, until, options.signal)
        const page = await made.finally(() => lookups.shells.leave(shells))
        if (page !== undefined) return page
      } finally {
        this.#groups.visible.exit(visible)
      }
    }
  }

  /** @param until monotonic @returns undefined if the rules were replaced meanwhile */
  async #page(
    { since, content = 'value', columns = false }: SubscriptionRequest,
    selector: Selector,
    limit: number,
    until: number,
    signal: AbortSignal | undefined
  ): Promise<EventPage | undefined> {
    const start = await resumePointOf(this.#store, since ?? 'earliest', selector.matcher, false, this.#clock)
    // Changes that were acknowledged before the call are never left out.
    await this.#live.reached(start.last - 1, POLL_TIMEOUT_MS, signal)
    let { position, recovered } = start
    for (;;) {
      const page = await readEventPage(this.#sources, selector, projectionOf({ content, columns }), position, limit)
      if (selector.visible?.isStale) return undefined
      position = page.position
      recovered &&= !page.gap
      const more = position.seq < this.#live.position
      const rest = until - this.#clock.monotonic()
      if (page.events.length > 0 || more || rest <= 0 || signal?.aborted || this.#closing.signal.aborted) {
        return { events: page.events, cursor: cursorAt(this.#store.epoch, position), more, recovered }
      }
      await this.#live.reached(this.#live.position, rest, signal)
    }
  }

  /** Ends all subscriptions, each with its cursor. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#stopTimer()
    await this.#running
    for (const subscriber of this.#subscribers.keys()) subscriber.end('stopping')
  }

  async #startOf({ select, since, snapshot }: SubscriptionRequest, group: Group): Promise<SubscriberStart> {
    // The live loop may have cached routes before these shells were tracked.
    await group.lookups.shells.join(select?.shells ?? [])
    this.#groups.forgetRoutes()
    const resume = await resumePointOf(
      this.#store,
      since,
      group.matcher,
      this.#sources.history !== undefined,
      this.#clock
    )
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

  /** For a subscriber that may see something else than before. */
  async #regroup(subscriber: Subscriber, access: Access | undefined): Promise<Group | undefined> {
    const { request, group } = subscriber
    try {
      if (access !== undefined) await requireAny(access, 'READ')
    } catch {
      subscriber.end('forbidden')
      return undefined
    }
    const next = this.#groups.enter(request, this.#live.ahead, access)
    try {
      await next.lookups.shells.join(request.select?.shells ?? [])
    } catch (error) {
      this.#groups.exit(request, next)
      throw error
    }
    // The live loop may have cached routes before the shells were known.
    this.#groups.forgetRoutes()
    const isOver = subscriber.state === 'closed'
    this.#groups.exit(request, isOver ? next : group)
    return isOver ? undefined : next
  }

  #refuseWhileClosing(): void {
    if (this.#closing.signal.aborted) throw new HubError('Unavailable', ['The hub is stopping'])
  }

  #left(subscriber: Subscriber): void {
    const release = this.#subscribers.get(subscriber)
    if (release === undefined) return
    this.#subscribers.delete(subscriber)
    release()
    this.#catchUp.delete(subscriber)
    this.#groups.exit(subscriber.request, subscriber.group)
  }

  #check(): void {
    for (const subscriber of this.#subscribers.keys()) subscriber.check()
    const { silenceMs } = this.#pool
    const now = this.#clock.monotonic()
    if (now - this.#remindedAt < silenceMs / 10) return
    this.#remindedAt = now
    for (const group of this.#groups.all()) group.remind(silenceMs)
  }
}
