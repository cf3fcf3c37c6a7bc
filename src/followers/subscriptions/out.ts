/** Gathers events for messages to one subscriber that is not live. */
import { MESSAGE, sizeOf } from './message.ts'
import type { Place } from './place.ts'
import type { Subscriber } from './subscriber.ts'
import type { Message, StreamEvent } from './subscription.ts'

export class Out {
  readonly #subscriber: Subscriber
  readonly #marks: Pick<Message, 'snapshot' | 'conflated'>
  #events: StreamEvent[] = []
  #bytes = 0

  /** @param marks of every message */
  constructor(subscriber: Subscriber, marks: Pick<Message, 'snapshot' | 'conflated'> = {}) {
    this.#subscriber = subscriber
    this.#marks = marks
  }

  get isFull(): boolean {
    return this.#bytes >= MESSAGE
  }

  add(events: readonly StreamEvent[]): void {
    for (const event of events) {
      this.#events.push(event)
      this.#bytes += sizeOf(event)
    }
  }

  /** @param place from where to go on behind the last of them; undefined: nobody can go on from there */
  send(place: Place | undefined): void {
    const events = this.#events
    if (events.length > 0) this.#subscriber.tell({ events, ...this.#marks }, place, this.#bytes)
    else if (place !== undefined) this.#subscriber.passed(place)
    this.#events = []
    this.#bytes = 0
  }
}
