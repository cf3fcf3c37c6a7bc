/**
 * One subscriber: its position, and whether it keeps up. While it does, its group sends it new events. When it falls
 * behind, only its position is kept; it reads the log from there, at its own pace, until it has caught up.
 */
import type { Clock } from '../../clock.ts'
import type { Access } from '../../security/access.ts'
import { type CatchUpState, type CatchUpTarget, restart } from './catch-up-state.ts'
import type { Projection } from './change-events.ts'
import type { Group, Member } from './group.ts'
import { cursorAt, type LogPosition } from './log-position.ts'
import type { Matcher } from './matcher.ts'
import { message as newMessage } from './message.ts'
import type { CloseReason, Message, Sink, Subscription, SubscriptionRequest } from './subscription.ts'
import type { VisibleChanges } from './visible-changes.ts'

/** Unsent bytes of a connection up to which it is sent more: while it is live, and while it catches up. */
const LIVE_BACKLOG_BYTES = 1024 * 1024
const CATCH_UP_BACKLOG_BYTES = 16 * 1024

const DEFAULT_BUFFER_BYTES = 8 * 1024 * 1024

/** Shared by all subscribers. */
export interface SubscriberPool {
  readonly epoch: string
  readonly clock: Clock
  /** Milliseconds without a message after which the cursor alone is sent. */
  readonly silenceMs: number
  /** Unsent bytes of all connections. */
  backlog: number
  /** Beyond which the lower limit applies to each. */
  readonly maxBacklog: number
  /** Queues a subscriber that is behind for a step. */
  catchUp(subscriber: Subscriber): void
  left(subscriber: Subscriber): void
  /** Moves it from its group to the one for an access; undefined if it has ended. */
  regroup(subscriber: Subscriber, access: Access | undefined): Promise<Group | undefined>
}

/** Where a subscriber starts. */
export interface SubscriberStart {
  readonly position: LogPosition
  readonly recovered: boolean
  readonly catchUp: CatchUpState
}

export class Subscriber implements CatchUpTarget, Member, Subscription {
  readonly request: SubscriptionRequest
  group: Group
  readonly recovered: boolean
  readonly catchUp: CatchUpState
  position: LogPosition
  /** `late` while it catches up. */
  state: 'late' | 'live' | 'closed' = 'late'
  isConflating = false
  entriesPerRead = 64

  /** Undefined: it may see everything. */
  #access: Access | undefined
  /** The access for which it is in its group, and the version of the rules then. */
  #grouped: { readonly access: Access | undefined; readonly version: number | undefined }
  readonly #sink: Sink
  readonly #pool: SubscriberPool
  #backlog = 0
  /** `produced` of its group when it fell behind, plus what it was sent since; undefined where it was never live. */
  #producedAtFall: number | undefined
  #sentAt: number

  constructor(
    request: SubscriptionRequest,
    access: Access | undefined,
    group: Group,
    sink: Sink,
    { position, recovered, catchUp }: SubscriberStart,
    pool: SubscriberPool
  ) {
    this.request = request
    this.#access = access
    this.#grouped = { access, version: access?.rulesVersion }
    this.group = group
    this.position = position
    this.recovered = recovered
    this.catchUp = catchUp
    this.#sink = sink
    this.#pool = pool
    this.#sentAt = pool.clock.monotonic()
  }

  get matcher(): Matcher {
    return this.group.matcher
  }

  get visible(): VisibleChanges | undefined {
    return this.group.visible
  }

  get projection(): Projection {
    return this.group.projection
  }

  get cursor(): string {
    return this.catchUp.isBeginning ? '' : cursorAt(this.#pool.epoch, this.position)
  }

  /** Called by the group while it is live. */
  take(message: Message, position: LogPosition, size: number): void {
    const isOverfull = this.#pool.backlog > this.#pool.maxBacklog
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
    // By earlier rules nothing is sent; it is read again.
    if (this.state !== 'late' || this.mustRegroup) return
    if (position !== undefined) {
      this.position = position
      this.catchUp.isBeginning = false
    }
    if (this.#producedAtFall !== undefined) this.#producedAtFall += size
    this.#send(newMessage({ ...parts, cursor: position === undefined ? '' : this.cursor }))
  }

  passed(position: LogPosition): void {
    if (this.state !== 'late' || this.mustRegroup) return
    this.position = position
    if (this.#pool.clock.monotonic() - this.#sentAt > this.#pool.silenceMs) this.send({ events: [] }, position, 0)
  }

  /** Leaves the live subscribers and starts to catch up. */
  fallBehind(): void {
    if (this.state !== 'live') return
    this.group.leave(this)
    this.state = 'late'
  }

  get isReady(): boolean {
    return this.state === 'late' && !this.mustRegroup && this.#measure() < CATCH_UP_BACKLOG_BYTES
  }

  reauthorize(access: Access | undefined): void {
    if (this.state === 'closed' || access === this.#access) return
    // Where the rules make no difference it stays in its group.
    if (!this.mustRegroup && access !== undefined && access.key === this.#access?.key) {
      this.#grouped = { access, version: access.rulesVersion }
    }
    this.#access = access
    this.check()
  }

  /** The rules or its access have changed since it joined its group: nothing is sent until it is in another one. */
  get mustRegroup(): boolean {
    const { access, version } = this.#grouped
    return this.#access !== access || this.#access?.rulesVersion !== version
  }

  async regroup(): Promise<void> {
    const access = this.#access
    const version = access?.rulesVersion
    const group = await this.#pool.regroup(this, access)
    if (group === undefined) return
    this.group = group
    this.#grouped = { access, version }
    this.#producedAtFall = undefined
    restart(this.catchUp)
  }

  /** Checks whether it can catch up further, and whether it lags too far. Called periodically. */
  check(): void {
    if (this.mustRegroup && this.state !== 'closed') {
      // It goes on from its position, by what it may see now.
      this.fallBehind()
      this.#pool.catchUp(this)
      return
    }
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

  /** Goes live at once where there is nothing to catch up with. */
  begin(): void {
    if (this.state === 'late' && (this.catchUp.isBeginning || !this.goLive())) this.check()
  }

  goLive(): boolean {
    if (this.mustRegroup) return false
    // Only once it is past everything that a snapshot or the history has shown.
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
    this.#sentAt = this.#pool.clock.monotonic()
    try {
      this.#sink.send(message)
    } catch {
      // A fault of this sink must not affect other subscribers.
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
