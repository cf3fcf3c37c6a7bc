/** Batches events into messages, for one subscriber that is behind. */
import type { CatchUpTarget } from './catch-up-state.ts'
import type { LogPosition } from './log-position.ts'
import { MESSAGE_BYTES, sizeOf } from './message.ts'
import type { Message, StreamEvent } from './subscription.ts'

export class MessageBatcher {
  readonly #target: CatchUpTarget
  readonly #flags: Pick<Message, 'snapshot' | 'conflated'>
  #events: StreamEvent[] = []
  #bytes = 0

  /** @param flags of every message */
  constructor(target: CatchUpTarget, flags: Pick<Message, 'snapshot' | 'conflated'> = {}) {
    this.#target = target
    this.#flags = flags
  }

  get isFull(): boolean {
    return this.#bytes >= MESSAGE_BYTES
  }

  add(events: readonly StreamEvent[]): void {
    for (const event of events) {
      this.#events.push(event)
      this.#bytes += sizeOf(event)
    }
  }

  /** @param position behind the last event; undefined: it cannot resume there */
  send(position: LogPosition | undefined): void {
    const events = this.#events
    if (events.length > 0) this.#target.send({ events, ...this.#flags }, position, this.#bytes)
    else if (position !== undefined) this.#target.passed(position)
    this.#events = []
    this.#bytes = 0
  }
}
