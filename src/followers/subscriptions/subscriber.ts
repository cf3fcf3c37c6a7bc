/**
 * One subscriber: where it stands, and whether it keeps up. While it does, its group sends it what is new. When it does
 * not, nothing is kept for it but its place; it reads on from there in the log, at its own pace, until it has caught up.
 */
import type { Group, Member } from './group.ts'
import { message as newMessage } from './message.ts'
import type { PastState } from './past.ts'
import { cursorAt, type Place } from './place.ts'
import type { CloseReason, Message, Sink, Subscription, Wish } from './subscription.ts'

/** Bytes that a connection may not have taken yet while it is sent more: of those that keep up, and of all others. */
const LIVE = 1024 * 1024
const SLOW = 16 * 1024

/** Bytes that all connections together may not have taken yet; beyond it each is held to the lower bound. */
const ALL = 64 * 1024 * 1024

const BUFFER = 8 * 1024 * 1024

/** What subscribers share. */
export interface Together {
  readonly epoch: string
  /** Milliseconds without a message after which the cursor alone is sent. */
  readonly silence: number
  /** Bytes that connections have not taken yet. */
  backlog: number
  /** Lets a subscriber that is not live read on. */
  queue(subscriber: Subscriber): void
  left(subscriber: Subscriber): void
}

export class Subscriber implements Member, Subscription {
  readonly wish: Wish
  readonly group: Group
  readonly recovered: boolean
  /** From where it goes on. */
  place: Place
  /** `late` is on its way to `live`. */
  state: 'late' | 'live' | 'closed' = 'late'
  /** What is to be told before the log. */
  readonly past: PastState
  /** It lagged too far: only the newest per element is told until it has caught up. */
  isConflating = false
  /** Entries of the log to read at a time. */
  page = 64

  readonly #sink: Sink
  readonly #together: Together
  #backlog = 0
  /** What its group had produced when it fell behind, and what it was sent since; undefined where it was never live. */
  #fell: number | undefined
  #sentAt = performance.now()

  constructor(
    wish: Wish,
    group: Group,
    sink: Sink,
    start: { place: Place; recovered: boolean; past: PastState },
    together: Together
  ) {
    this.wish = wish
    this.group = group
    this.place = start.place
    this.recovered = start.recovered
    this.past = start.past
    this.#sink = sink
    this.#together = together
  }

  get cursor(): string {
    return this.past.isBeginning ? '' : cursorAt(this.#together.epoch, this.place)
  }

  /** From the group, while it is live. */
  take(message: Message, place: Place, size: number): void {
    if (this.#measure() >= (this.#together.backlog > ALL ? SLOW : LIVE)) {
      this.fallBack()
      this.#fell = this.group.produced - size
      return
    }
    this.#send(message)
    if (place.seq > this.place.seq || (place.seq === this.place.seq && place.index > this.place.index)) {
      this.place = place
    }
  }

  /** From the past. @param place from where to go on after it; absent: nobody can */
  tell(parts: Omit<Message, 'encoded' | 'cursor'>, place: Place | undefined, size: number): void {
    if (this.state !== 'late') return
    if (place !== undefined) {
      this.place = place
      this.past.isBeginning = false
    }
    if (this.#fell !== undefined) this.#fell += size
    this.#send(newMessage({ ...parts, cursor: place === undefined ? '' : this.cursor }))
  }

  /** Where it reads without being told anything, its cursor still moves on. */
  passed(place: Place): void {
    if (this.state !== 'late') return
    this.place = place
    if (performance.now() - this.#sentAt > this.#together.silence) this.tell({ events: [] }, place, 0)
  }

  /** It is to read on by itself. */
  fallBack(): void {
    if (this.state !== 'live') return
    this.group.leave(this)
    this.state = 'late'
  }

  /** May it be sent more? */
  get isReady(): boolean {
    return this.state === 'late' && this.#measure() < SLOW
  }

  /** Looks whether it can go on, and whether it lags too far; to be called from time to time. */
  look(): void {
    if (this.state !== 'late') {
      if (this.#backlog > 0) this.#measure()
      return
    }
    const { overflow = 'disconnect', buffer = BUFFER } = this.wish
    if (this.#fell !== undefined && this.group.produced - this.#fell > buffer) {
      if (overflow === 'disconnect') this.end('overflow')
      else this.isConflating = true
    }
    if (this.isReady) this.#together.queue(this)
  }

  /** Goes live at once where nothing is to be told before. */
  begin(): void {
    if (this.state === 'late' && (this.past.isBeginning || !this.goLive())) this.look()
  }

  /** Joins those who are live, if it has seen all that they have. */
  goLive(): boolean {
    if (!this.group.join(this, this.place)) return false
    this.state = 'live'
    this.isConflating = false
    this.#fell = undefined
    return true
  }

  wake(): void {
    this.look()
  }

  close(): void {
    if (this.state === 'closed') return
    this.state = 'closed'
    this.group.leave(this)
    this.#together.backlog -= this.#backlog
    this.#backlog = 0
    this.#together.left(this)
  }

  end(reason: CloseReason): void {
    if (this.state === 'closed') return
    this.close()
    this.#sink.close(reason, this.cursor)
  }

  #send(message: Message): void {
    this.#sentAt = performance.now()
    try {
      this.#sink.send(message)
    } catch {
      // The sink's own fault, and no reason for others to wait.
      this.end('failed')
    }
  }

  #measure(): number {
    const backlog = this.#sink.backlog()
    this.#together.backlog += backlog - this.#backlog
    this.#backlog = backlog
    return backlog
  }
}
