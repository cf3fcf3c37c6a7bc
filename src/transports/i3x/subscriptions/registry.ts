/** The subscriptions of i3X that are open in this process. */
import type { Clock } from '../../../clock.ts'
import type { LogPosition } from '../../../consumers/subscriptions/log-position.ts'
import { HubError } from '../../../errors.ts'
import type { Access } from '../../../security/access.ts'
import type { CallerLimits } from '../../../security/caller-limits.ts'
import { UpdateQueue } from './queue.ts'

/** A subscription that is neither synchronized nor streamed for this time is deleted. */
const TTL_MS = 10 * 60 * 1000
const CHECK_INTERVAL_MS = 10_000
const MAX_SUBSCRIPTIONS = 1000

export class SubscriptionRegistry {
  readonly #clock: Clock
  readonly #limits: CallerLimits
  /** With what frees the place of each among those of its caller. */
  readonly #queues = new Map<UpdateQueue, () => void>()
  readonly #byId = new Map<string, UpdateQueue>()
  readonly #stop: () => void

  constructor(clock: Clock, limits: CallerLimits) {
    this.#clock = clock
    this.#limits = limits
    this.#stop = clock.every(CHECK_INTERVAL_MS, () => this.#expire())
  }

  /** @throws HubError `TooManyRequests` */
  create(
    named: { readonly clientId: string; readonly displayName: string },
    access: Access | undefined,
    position: LogPosition
  ): UpdateQueue {
    if (this.#queues.size >= MAX_SUBSCRIPTIONS) {
      throw new HubError('TooManyRequests', [`the limit is ${MAX_SUBSCRIPTIONS} subscriptions`])
    }
    const release = access === undefined ? () => {} : this.#limits.openSubscription(access.caller)
    const queue = new UpdateQueue(named, access?.caller.name, position, this.#clock.monotonic())
    this.#queues.set(queue, release)
    this.#byId.set(queue.id, queue)
    return queue
  }

  /** Undefined also for the subscription of another client, or of another caller. */
  find(clientId: string, id: string, access: Access | undefined): UpdateQueue | undefined {
    const queue = this.#byId.get(id)
    const isOwn = queue?.clientId === clientId && queue.owner === access?.caller.name
    return isOwn ? queue : undefined
  }

  delete(queue: UpdateQueue): void {
    this.#queues.get(queue)?.()
    this.#queues.delete(queue)
    this.#byId.delete(queue.id)
    queue.stream?.end()
  }

  close(): void {
    this.#stop()
    for (const queue of [...this.#queues.keys()]) this.delete(queue)
  }

  #expire(): void {
    const before = this.#clock.monotonic() - TTL_MS
    for (const queue of [...this.#queues.keys()]) {
      if (queue.stream === undefined && queue.usedAt < before) this.delete(queue)
    }
  }
}
