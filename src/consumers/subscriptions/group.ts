/** Subscribers with the same request that may see the same: changes are matched, batched and serialized once for all of them. */
import type { Clock } from '../../clock.ts'
import type { SubmodelElement } from '../../model/types.ts'
import type { Store } from '../../store/store.ts'
import { type Projection, projectionOf } from './change-events.ts'
import { Conflation } from './conflation.ts'
import { CurrentState } from './current-state.ts'
import { elementKey } from './latest-per-element.ts'
import { cursorAt, type LogPosition } from './log-position.ts'
import { type Lookups, Matcher } from './matcher.ts'
import { MESSAGE_BYTES, message, sizeOf } from './message.ts'
import type { Message, StreamEvent, SubscriptionRequest, ValueEvent } from './subscription.ts'
import type { VisibleChanges } from './visible-changes.ts'

/** A live subscriber. */
export interface Member {
  /** @param position behind the message */
  take(message: Message, position: LogPosition, size: number): void
  /** Leaves the group. */
  fallBehind(): void
}

/** Requests with the same key share a group, where their subjects may see the same. */
export function keyOf({
  select = {},
  interval = 0,
  window = 0,
  content = 'value',
  columns = false
}: SubscriptionRequest): string {
  const { shells, submodels, paths, semanticIds, kinds } = select
  const lists = [shells, submodels, paths, semanticIds, kinds].map((texts) => texts && [...new Set(texts)].sort())
  return JSON.stringify([lists, interval, window, content, columns])
}

interface GroupParts {
  readonly store: Store
  /** Of the hub. */
  readonly lookups: Lookups
  readonly clock: Clock
  readonly visible: VisibleChanges | undefined
  /** The commit up to which changes have been routed already. */
  readonly covers: number
}

const RETRY_DELAY_MS = 500

export class Group {
  readonly key: string
  readonly matcher: Matcher
  /** What its subscribers may see; undefined: everything. */
  readonly visible: VisibleChanges | undefined
  /** As much as they may see, for the matcher. */
  readonly lookups: Lookups
  readonly projection: Projection
  readonly window: number
  /** Every later commit has been matched for this group. */
  readonly covers: number
  /** Live subscribers, with the commit up to which each had everything when it joined. */
  readonly #members = new Map<Member, number>()
  /** Estimated bytes of all events so far, from which the lag of a subscriber is calculated. */
  produced = 0
  /** Subscribers, live or not. */
  users = 0

  readonly #store: Store
  readonly #epoch: string
  readonly #clock: Clock
  readonly #conflation: Conflation | undefined
  /** Behind the last event taken. */
  #position: LogPosition
  #events: StreamEvent[] = []
  #bytes = 0
  #cancelTimer: () => void = () => {}
  #isReleasing = false
  /** When the first of the gathered events was taken. */
  #windowStart = 0
  #sentAt: number
  #sentPosition: LogPosition
  /** Behind the last event that was sent or skipped; earlier ones may be held back. */
  #frontier: LogPosition

  constructor(request: SubscriptionRequest, key: string, { store, lookups, clock, covers, visible }: GroupParts) {
    const { select = {}, interval = 0, window = 0 } = request
    this.key = key
    this.visible = visible
    this.lookups = visible?.lookups ?? lookups
    this.matcher = new Matcher(select, this.lookups)
    this.projection = projectionOf(request)
    // What holds for a moment is not kept back.
    this.window = visible?.isMomentary ? 0 : window
    this.covers = covers
    this.#store = store
    this.#epoch = store.epoch
    this.#clock = clock
    this.#sentAt = clock.monotonic()
    this.#conflation = interval > 0 ? new Conflation(interval) : undefined
    this.#position = { seq: covers, index: 0 }
    this.#sentPosition = this.#position
    this.#frontier = this.#position
  }

  /** False where events that this member has not seen have been sent already: it has to catch up first. */
  join(member: Member, { seq, index }: LogPosition): boolean {
    const { seq: sent, index: more } = this.#frontier
    if (index > 0 || seq < this.covers || seq < sent || (seq === sent && more > 0)) return false
    this.#members.set(member, seq)
    return true
  }

  leave(member: Member): void {
    this.#members.delete(member)
  }

  /** Are there live subscribers? */
  get hasMembers(): boolean {
    return this.#members.size > 0
  }

  /** Skips a selected change while there are no live subscribers. @param size estimated bytes of its events */
  pass(size: number, position: LogPosition): void {
    this.produced += size
    this.#position = position
    this.#drop()
  }

  /** Takes selected events, in the order of the log. @param position behind the last one */
  take(events: readonly StreamEvent[], position: LogPosition): void {
    const now = this.#clock.monotonic()
    for (const event of events) {
      if (event.event === 'value' && this.#conflation?.take(event, now) === false) continue
      this.#gather(event)
    }
    this.#position = position
    if (this.#bytes >= MESSAGE_BYTES) this.#send()
  }

  /** The end of the log was reached, for now. */
  settle(position: LogPosition): void {
    this.#position = position
    if (this.#events.length > 0 && this.window === 0) this.#send()
    this.#schedule()
  }

  /** Sends the cursor alone after this long without a message, so that it is not trimmed from the log. */
  remind(silenceMs: number): void {
    if (this.#clock.monotonic() - this.#sentAt < silenceMs || this.#events.length > 0) return
    if (this.#reached.seq > this.#sentPosition.seq) this.#send()
  }

  close(): void {
    this.#cancelTimer()
    this.#conflation?.close()
  }

  /** The position to resume from: before everything that is held back. */
  get #reached(): LogPosition {
    const oldest = this.#conflation?.oldest
    return oldest === undefined ? this.#position : { seq: oldest.seq - 1, index: oldest.index }
  }

  /** Drops what is gathered. */
  #drop(): void {
    this.#frontier = this.#position
    this.#events = []
    this.#bytes = 0
  }

  #gather(event: StreamEvent): void {
    const size = sizeOf(event)
    this.produced += size
    if (this.#events.length === 0) this.#windowStart = this.#clock.monotonic()
    this.#events.push(event)
    this.#bytes += size
  }

  #send(): void {
    if (this.visible?.isStale) {
      // They catch up by the new rules.
      for (const member of [...this.#members.keys()]) member.fallBehind()
      this.#drop()
      return
    }
    const events = this.#events.sort((a, b) => a.seq - b.seq || a.index - b.index)
    const size = this.#bytes
    const position = this.#reached
    this.#events = []
    this.#bytes = 0
    this.#sentAt = this.#clock.monotonic()
    this.#sentPosition = position
    this.#frontier = this.#position
    const cursor = cursorAt(this.#epoch, position)
    const whole = message({ cursor, events })
    // Events that were held back may be older than what a member had seen when it joined.
    const oldest = events[0]?.seq ?? Number.POSITIVE_INFINITY
    for (const [member, seen] of this.#members) {
      if (oldest > seen) member.take(whole, position, size)
      else {
        const rest = events.filter((event) => event.seq > seen)
        if (rest.length > 0) member.take(message({ cursor, events: rest }), position, size)
      }
    }
  }

  /** Sets the timer for the end of the window, or of the next interval. */
  #schedule(): void {
    this.#cancelTimer()
    const window = this.#events.length > 0 ? this.#windowStart + this.window : Number.POSITIVE_INFINITY
    const due = Math.min(window, this.#conflation?.due ?? Number.POSITIVE_INFINITY)
    if (due === Number.POSITIVE_INFINITY) return
    const delayMs = Math.max(0, due - this.#clock.monotonic()) + 1
    this.#cancelTimer = this.#clock.after(delayMs, () => this.#onTimer())
  }

  #onTimer(): void {
    const now = this.#clock.monotonic()
    if (this.visible?.isMomentary) void this.#releaseVisible(this.visible, now)
    else this.#release(this.#conflation?.release(now) ?? [], now)
  }

  #release(events: readonly ValueEvent[], now: number): void {
    for (const event of events) this.#gather(event)
    if (this.#events.length > 0 && now >= this.#windowStart + this.window) this.#send()
    this.#schedule()
  }

  /** What was visible when it was held back may be hidden now. */
  async #releaseVisible(visible: VisibleChanges, now: number): Promise<void> {
    if (this.#isReleasing || this.#conflation === undefined) return
    this.#isReleasing = true
    try {
      const state = new CurrentState(this.#store)
      const shown = new Map<string, SubmodelElement | undefined>()
      for (const { submodel, path } of this.#conflation.dueBy(now)) {
        if (!(await visible.value(submodel, path, state))) continue
        const element = this.projection.full ? await visible.stateOf(state).element(submodel, path) : undefined
        shown.set(elementKey({ submodel, path }), element)
      }
      const events = this.#conflation.release(now).flatMap((event) => {
        const key = elementKey(event)
        const element = shown.get(key)
        return shown.has(key) ? { ...event, ...(element !== undefined && { element }) } : []
      })
      this.#release(events, this.#clock.monotonic())
    } catch {
      // The store failed.
      this.#cancelTimer()
      this.#cancelTimer = this.#clock.after(RETRY_DELAY_MS, () => this.#onTimer())
    } finally {
      this.#isReleasing = false
    }
  }
}
