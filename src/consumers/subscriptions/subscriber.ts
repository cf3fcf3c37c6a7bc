/**
 * One subscriber: where it stands, and whether it keeps up. While it does, its group sends it what is new. When it does
 * not, only its position is kept; it reads on from there in the log, at its own pace, until it has caught up.
 */
import type { CatchUpState, CatchUpTarget } from './catch-up-state.ts'
import type { Projection } from './change-events.ts'
import type { Group, Member } from './group.ts'
import { cursorAt, type LogPosition } from './log-position.ts'
import type { Matcher } from './matcher.ts'
import { message as newMessage } from './message.ts'
import type { CloseReason, Message, Sink, Subscription, SubscriptionRequest } from './subscription.ts'

/** Bytes that a connection may not have taken yet while it is sent more: of live subscribers, and of all others. */
const LIVE_BACKLOG_BYTES = 1024 * 1024
const CATCH_UP_BACKLOG_BYTES = 16 * 1024

/** Bytes that all connections together may not have taken yet; beyond it each is held to the lower bound. */
const TOTAL_BACKLOG_BYTES = 64 * 1024 * 1024

const DEFAULT_BUFFER_BYTES = 8 * 1024 * 1024

/** What subscribers share. */
export interface SubscriberPool {
  readonly epoch: string
  /** Milliseconds without a message after which the cursor alone is sent. */
  readonly silenceMs: number
  /** Bytes that connections have not taken yet. */
  backlog: number
  /** Lets a subscriber that is behind read on. */
  catchUp(subscriber: Subscriber): void
  left(subscriber: Subscriber): void
}

/** Where a subscriber begins. */
export interface SubscriberStart {
  readonly position: LogPosition
  readonly recovered: boolean
  readonly catchUp: CatchUpState
}

export class Subscriber implements CatchUpTarget, Member, Subscription {
  readonly request: SubscriptionRequest
  readonly group: Group
  readonly recovered: boolean
  readonly catchUp: CatchUpState
  position: LogPosition
  /** `late` is on its way to `live`. */
  state: 'late' | 'live' | 'closed' = 'late'
  isConflating = false
  entriesPerRead = 64

  readonly #sink: Sink
  readonly #pool: SubscriberPool
  #backlog = 0
  /** What its group had produced when it fell behind, and what it was sent since; undefined where it was never live. */
  #producedAtFall: number | undefined
  #sentAt = performance.now()

  constructor(
    request: SubscriptionRequest,
    group: Group,
    sink: Sink,
    { position, recovered, catchUp }: SubscriberStart,
    pool: SubscriberPool
  ) {
    this.request = request
    this.group = group
    this.position = position
    this.recovered = recovered
    this.catchUp = catchUp
    this.#sink = sink
    this.#pool = pool
  }

  get matcher(): Matcher {
    return this.group.matcher
  }

  get projection(): Projection {
    return this.group.projection
  }

  get cursor(): string {
    return this.catchUp.isBeginning ? '' : cursorAt(this.#pool.epoch, this.position)
  }

  /** From the group, while it is live. */
  take(message: Message, position: LogPosition, size: number): void {
    const isOverfull = this.#pool.backlog > TOTAL_BACKLOG_BYTES
    if (this.#measure() >= (isOverfull ? CATCH_UP_BACKLOG_BYTES : LIVE_BACKLOG_BYTES)) {
      this.fallBehind()
      this.#producedAtFall = this.group.produced - size
      return
    }
    this.#send(message)
    const { seq, index } = this.position
    if (position.seq > seq || (position.seq === seq && position.index > index)) this.position = position
  }

  send(parts: Omit<Message, 'encoded' | 'cursor'>, position: LogPosition | undefined, size: number): void {
    if (this.state !== 'late') return
    if (position !== undefined) {
      this.position = position
      this.catchUp.isBeginning = false
    }
    if (this.#producedAtFall !== undefined) this.#producedAtFall += size
    this.#send(newMessage({ ...parts, cursor: position === undefined ? '' : this.cursor }))
  }

  passed(position: LogPosition): void {
    if (this.state !== 'late') return
    this.position = position
    if (performance.now() - this.#sentAt > this.#pool.silenceMs) this.send({ events: [] }, position, 0)
  }

  /** Leaves the live subscribers; it reads on by itself. */
  fallBehind(): void {
    if (this.state !== 'live') return
    this.group.leave(this)
    this.state = 'late'
  }

  get isReady(): boolean {
    return this.state === 'late' && this.#measure() < CATCH_UP_BACKLOG_BYTES
  }

  /** Checks whether it can go on, and whether it lags too far; to be called from time to time. */
  check(): void {
    if (this.state !== 'late') {
      if (this.#backlog > 0) this.#measure()
      return
    }
    const { overflow = 'disconnect', buffer = DEFAULT_BUFFER_BYTES } = this.request
    if (this.#producedAtFall !== undefined && this.group.produced - this.#producedAtFall > buffer) {
      if (overflow === 'disconnect') this.end('overflow')
      else this.isConflating = true
    }
    if (this.isReady) this.#pool.catchUp(this)
  }

  /** Goes live at once where nothing is to be sent before. */
  begin(): void {
    if (this.state === 'late' && (this.catchUp.isBeginning || !this.goLive())) this.check()
  }

  goLive(): boolean {
    // Not before the log has come past all that a snapshot or the history showed.
    const { shown, shownUntil, overlap } = this.catchUp
    if (this.position.seq < Math.max(shownUntil, overlap?.until ?? 0)) return false
    if (!this.group.join(this, this.position)) return false
    this.state = 'live'
    this.isConflating = false
    this.#producedAtFall = undefined
    shown.clear()
    delete this.catchUp.overlap
    return true
  }

  wake(): void {
    this.check()
  }

  close(): void {
    if (this.state === 'closed') return
    this.state = 'closed'
    this.group.leave(this)
    this.#pool.backlog -= this.#backlog
    this.#backlog = 0
    this.#pool.left(this)
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
    this.#pool.backlog += backlog - this.#backlog
    this.#backlog = backlog
    return backlog
  }
}
