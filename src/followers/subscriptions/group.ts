/** Subscribers with the same wish: what they are told is matched, gathered and written once for all of them. */
import { Conflation } from './conflation.ts'
import { type Knowledge, Matcher } from './matcher.ts'
import { MESSAGE, message, sizeOf } from './message.ts'
import { cursorAt, type Place } from './place.ts'
import type { Message, StreamEvent, Wish } from './subscription.ts'
import { type Projection, projectionOf } from './telling.ts'

/** A live subscriber. */
export interface Member {
  /** @param place from where to go on after it */
  take(message: Message, place: Place, size: number): void
}

/** Wishes with the same text have the same group. */
export function keyOf({ select = {}, interval = 0, window = 0, content = 'value', columns = false }: Wish): string {
  const { shells, submodels, paths, semanticIds, kinds } = select
  const lists = [shells, submodels, paths, semanticIds, kinds].map((texts) => texts && [...new Set(texts)].sort())
  return JSON.stringify([lists, interval, window, content, columns])
}

export class Group {
  readonly matcher: Matcher
  readonly projection: Projection
  readonly window: number
  /** Everything behind this commit has been looked at for this group. */
  readonly covers: number
  /** Those that are sent what is new as it comes, and up to which commit each of them has got everything before. */
  readonly #members = new Map<Member, number>()
  /** Bytes, roughly, of all that was ever to be told: by this the lag of a subscriber is known. */
  produced = 0
  /** Subscribers, live or not. */
  users = 0

  readonly #epoch: string
  readonly #conflation: Conflation | undefined
  /** Behind what was taken last. */
  #place: Place
  #events: StreamEvent[] = []
  #bytes = 0
  #timer: NodeJS.Timeout | undefined
  /** When the window began, or 0. */
  #since = 0
  #sentAt = performance.now()
  #sentTo: Place
  /** Behind the last thing that was sent or late; some of those before may be held back. */
  #gone: Place

  constructor(wish: Wish, knowledge: Knowledge, covers: number) {
    const { select = {}, interval = 0, window = 0 } = wish
    this.matcher = new Matcher(select, knowledge)
    this.projection = projectionOf(wish)
    this.window = window
    this.covers = covers
    this.#epoch = knowledge.store.epoch
    this.#conflation = interval > 0 ? new Conflation(interval) : undefined
    this.#place = { seq: covers, index: 0 }
    this.#sentTo = this.#place
    this.#gone = this.#place
  }

  /** False where something that this member has not seen has been sent already; then it is to read on by itself. */
  join(member: Member, { seq, index }: Place): boolean {
    const { seq: gone, index: more } = this.#gone
    if (index > 0 || seq < this.covers || seq < gone || (seq === gone && more > 0)) return false
    this.#members.set(member, seq)
    return true
  }

  leave(member: Member): void {
    this.#members.delete(member)
  }

  /** Is anybody there to be told as it comes? */
  get isHeard(): boolean {
    return this.#members.size > 0
  }

  /** Takes note of a change that is meant while nobody is live. @param size bytes, roughly, that it would take */
  pass(size: number, place: Place): void {
    this.produced += size
    this.#place = place
    this.#gone = place
    this.#events = []
    this.#bytes = 0
  }

  /** Takes events that are meant, in the order of the log. @param place behind the last of them */
  take(events: readonly StreamEvent[], place: Place): void {
    const now = performance.now()
    for (const event of events) {
      if (event.event === 'value' && this.#conflation?.take(event, now) === false) continue
      this.#gather(event)
    }
    this.#place = place
    if (this.#bytes >= MESSAGE) this.#send()
  }

  /** The log has been read up to here, for now. */
  settle(place: Place): void {
    this.#place = place
    if (this.#events.length > 0 && this.window === 0) this.#send()
    this.#wind()
  }

  /** Where nothing was sent for so many milliseconds, the cursor alone is, so that nobody falls behind by silence. */
  remind(silence: number): void {
    if (performance.now() - this.#sentAt < silence || this.#events.length > 0) return
    if (this.#reached.seq > this.#sentTo.seq) this.#send()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#conflation?.close()
  }

  /** From where to go on: nothing that is held back lies before it. */
  get #reached(): Place {
    const oldest = this.#conflation?.oldest
    return oldest === undefined ? this.#place : { seq: oldest.seq - 1, index: oldest.index }
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
    const place = this.#reached
    this.#events = []
    this.#bytes = 0
    this.#sentAt = performance.now()
    this.#sentTo = place
    this.#gone = this.#place
    const cursor = cursorAt(this.#epoch, place)
    const whole = message({ cursor, events })
    // What was held back may be older than what a member that came later has seen.
    const oldest = events[0]?.seq ?? Number.POSITIVE_INFINITY
    for (const [member, seen] of this.#members) {
      if (oldest > seen) member.take(whole, place, size)
      else {
        const rest = events.filter((event) => event.seq > seen)
        if (rest.length > 0) member.take(message({ cursor, events: rest }), place, size)
      }
    }
  }

  /** Sets the clock for the end of the window, or of the next interval. */
  #wind(): void {
    clearTimeout(this.#timer)
    const window = this.#events.length > 0 ? this.#since + this.window : Number.POSITIVE_INFINITY
    const due = Math.min(window, this.#conflation?.due ?? Number.POSITIVE_INFINITY)
    if (due === Number.POSITIVE_INFINITY) return
    this.#timer = setTimeout(() => this.#ring(), Math.max(0, due - performance.now()) + 1)
  }

  #ring(): void {
    const now = performance.now()
    for (const event of this.#conflation?.release(now) ?? []) this.#gather(event)
    if (this.#events.length > 0 && now >= this.#since + this.window) this.#send()
    this.#wind()
  }
}
