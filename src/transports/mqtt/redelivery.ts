/**
 * What of a session was taken before: a broker sends again, first and in the old order, whatever it has read no
 * acknowledgement of when a connection ends [MQTT-4.4.0-1, MQTT-4.6.0-1].
 */

/** A message of QoS 1 that was taken, or is being taken. */
export interface Delivery {
  /** Stands for its topic and payload. */
  readonly digest: string
  readonly done: Promise<void>
  settled: 'no' | 'taken' | 'failed'
}

/** A delivery on the present connection. */
export interface Arrival {
  readonly messageId: number
  readonly delivery: Delivery
}

/** Messages of which it is remembered that they were acknowledged, while the broker may not have read that. */
const MAX_REMEMBERED = 4096

export class Redeliveries {
  /** On the present connection, not acknowledged, in the order of arrival. */
  #line: Arrival[] = []
  /** On connections before this one, not acknowledged: each of them must come again. */
  #owed: Delivery[] = []
  /** Acknowledged, by message id. */
  readonly #acknowledged = new Map<number, Delivery>()

  get waiting(): readonly Promise<void>[] {
    return this.#line.map(({ delivery }) => delivery.done)
  }

  /** The connection is gone. */
  interrupt(): void {
    this.#owed.push(...this.#line.map(({ delivery }) => delivery))
    this.#line = []
  }

  /** The broker has forgotten the session: nothing comes again, and message ids start anew. */
  forget(): void {
    this.#owed = []
    this.#acknowledged.clear()
  }

  /** The delivery that a message repeats; undefined where it is a new one. */
  repeated(messageId: number, digest: string, isMarked: boolean): Delivery | undefined {
    // A broker that was restarted may have given it another id, and some do not mark what they send again.
    const at = this.#owed.findIndex((delivery) => delivery.digest === digest && delivery.settled !== 'failed')
    if (at >= 0) return this.#owed.splice(at, 1)[0]
    const known = isMarked ? this.#acknowledged.get(messageId) : undefined
    if (known?.digest === digest) return known
    // New messages come after those that come again.
    if (!isMarked) this.#owed = []
    return undefined
  }

  add(arrival: Arrival): void {
    this.#line.push(arrival)
  }

  /** Takes those that may be acknowledged from the front of the line. @returns their message ids */
  settle(): number[] {
    let count = 0
    while (this.#line[count]?.delivery.settled === 'taken') count++
    const settled = this.#line.splice(0, count)
    for (const { messageId, delivery } of settled) {
      this.#acknowledged.delete(messageId)
      this.#acknowledged.set(messageId, delivery)
    }
    while (this.#acknowledged.size > MAX_REMEMBERED) {
      this.#acknowledged.delete(this.#acknowledged.keys().next().value ?? 0)
    }
    return settled.map(({ messageId }) => messageId)
  }
}
