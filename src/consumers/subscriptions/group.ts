/** Subscribers with the same request: what they are sent is matched, gathered and written once for all of them. */
import { type Projection, projectionOf } from './change-events.ts'
import { Conflation } from './conflation.ts'
import { cursorAt, type LogPosition } from './log-position.ts'
import { type Lookups, Matcher } from './matcher.ts'
import { MESSAGE_BYTES, message, sizeOf } from './message.ts'
import type { Message, StreamEvent, SubscriptionRequest } from './subscription.ts'

/** A live subscriber. */
export interface Member {
  /** @param position from where to go on behind it */
  take(message: Message, position: LogPosition, size: number): void
}

/** Requests with the same key have the same group. */
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

export class Group {
  readonly matcher: Matcher
  readonly projection: Projection
  readonly window: number
  /** Everything behind this commit has been matched for this group. */
  readonly covers: number
  /** Live subscribers, and the commit up to which each of them had everything when it joined. */
  readonly #members = new Map<Member, number>()
  /** Bytes, roughly, of all events ever: by this the lag of a subscriber is known. */
  produced = 0
  /** Subscribers, live or not. */
  users = 0

  readonly #epoch: string
  readonly #conflation: Conflation | undefined
  /** Behind what was taken last. */
  #position: LogPosition
  #events: StreamEvent[] = []
  #bytes = 0
  #timer: NodeJS.Timeout | undefined
  /** When the window began, or 0. */
  #since = 0
  #sentAt = performance.now()
  #sentPosition: LogPosition
  /** Behind the last event that was sent or passed over; some of those before may be held back. */
  #frontier: LogPosition

  constructor(request: SubscriptionRequest, lookups: Lookups, covers: number) {
    const { select = {}, interval = 0, window = 0 } = request
    this.matcher = new Matcher(select, lookups)
    this.projection = projectionOf(request)
    this.window = window
    this.covers = covers
    this.#epoch = lookups.store.epoch
    this.#conflation = interval > 0 ? new Conflation(interval) : undefined
    this.#position = { seq: covers, index: 0 }
    this.#sentPosition = this.#position
    this.#frontier = this.#position
  }

  /** False where something that this member has not seen has been sent already: it has to catch up first. */
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

  /** Moves past a selected change while there are no live subscribers. @param size bytes, roughly, that it would take */
  pass(size: number, position: LogPosition): void {
    this.produced += size
    this.#position = position
    this.#frontier = position
    this.#events = []
    this.#bytes = 0
  }

  /** Takes selected events, in the order of the log. @param position behind the last of them */
  take(events: readonly StreamEvent[], position: LogPosition): void {
    const now = performance.now()
    for (const event of events) {
      if (event.event === 'value' && this.#conflation?.take(event, now) === false) continue
      this.#gather(event)
    }
    this.#position = position
    if (this.#bytes >= MESSAGE_BYTES) this.#send()
  }

  /** The log has been read up to here, for now. */
  settle(position: LogPosition): void {
    this.#position = position
    if (this.#events.length > 0 && this.window === 0) this.#send()
    this.#schedule()
  }

  /** Sends the cursor alone where nothing was sent for so long, so that no subscriber falls out of the log by silence. */
  remind(silenceMs: number): void {
    if (performance.now() - this.#sentAt < silenceMs || this.#events.length > 0) return
    if (this.#reached.seq > this.#sentPosition.seq) this.#send()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#conflation?.close()
  }

  /** From where to go on: nothing that is held back lies before it. */
  get #reached(): LogPosition {
    const oldest = this.#conflation?.oldest
    return oldest === undefined ? this.#position : { seq: oldest.seq - 1, index: oldest.index }
  }

  #gather(event: StreamEvent): void {
    const size = sizeOf(event)
    this.produced += size
    if (this.#events.length === 0) this.#since = performance.now()
    this.#events.push(event)
    this.#bytes += size
  }

  #send(): void {
    const events = this.#events.sort((a, b) => a.seq - b.seq || a.index - b.index)
    const size = this.#bytes
    const position = this.#reached
    this.#events = []
    this.#bytes = 0
    this.#sentAt = performance.now()
    this.#sentPosition = position
    this.#frontier = this.#position
    const cursor = cursorAt(this.#epoch, position)
    const whole = message({ cursor, events })
    // What was held back may be older than what a member that came later has seen.
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
    clearTimeout(this.#timer)
    const window = this.#events.length > 0 ? this.#since + this.window : Number.POSITIVE_INFINITY
    const due = Math.min(window, this.#conflation?.due ?? Number.POSITIVE_INFINITY)
    if (due === Number.POSITIVE_INFINITY) return
    this.#timer = setTimeout(() => this.#onTimer(), Math.max(0, due - performance.now()) + 1)
  }

  #onTimer(): void {
    const now = performance.now()
    for (const event of this.#conflation?.release(now) ?? []) this.#gather(event)
    if (this.#events.length > 0 && now >= this.#since + this.window) this.#send()
    this.#schedule()
  }
}
