/**
 * Recognises redelivered messages: after a reconnect the broker sends again, first and in the original order, every
 * message whose acknowledgement it has not read [MQTT-4.4.0-1, MQTT-4.6.0-1].
 */

/** A QoS 1 message that was handled, or is being handled. */
export interface Delivery {
  /** Of topic and payload. */
  readonly digest: string
  readonly done: Promise<void>
  settled: 'pending' | 'handled' | 'failed'
}

/** A delivery on the current connection. */
export interface Arrival {
  readonly messageId: number
  readonly delivery: Delivery
}

/** Acknowledged messages to remember, as the broker may not have read the acknowledgement. */
const MAX_ACKNOWLEDGED = 4096

export class DeliveryTracker {
  /** Unacknowledged on the current connection, in order of arrival. */
  #queue: Arrival[] = []
  /** Unacknowledged on earlier connections: each will be redelivered. */
  #expected: Delivery[] = []
  /** Acknowledged, by message id. */
  readonly #acknowledged = new Map<number, Delivery>()

  get unacknowledged(): readonly Promise<void>[] {
    return this.#queue.map(({ delivery }) => delivery.done)
  }

  /** The connection broke. */
  interrupt(): void {
    this.#expected.push(...this.#queue.map(({ delivery }) => delivery))
    this.#queue = []
  }

  /** The broker started a new session: nothing is redelivered, and message ids start over. */
  forget(): void {
    this.#expected = []
    this.#acknowledged.clear()
  }

  /** The delivery that a message repeats; undefined for a new message. */
  repeated(messageId: number, digest: string, isMarked: boolean): Delivery | undefined {
    // A restarted broker may assign another id, and some brokers do not set DUP.
    const at = this.#expected.findIndex((delivery) => delivery.digest === digest && delivery.settled !== 'failed')
    if (at >= 0) return this.#expected.splice(at, 1)[0]
    const known = isMarked ? this.#acknowledged.get(messageId) : undefined
    if (known?.digest === digest) return known
    // Redelivered messages precede new ones.
    if (!isMarked) this.#expected = []
    return undefined
  }

  add(arrival: Arrival): void {
    this.#queue.push(arrival)
  }

  /** Removes what may be acknowledged from the front of the queue. @returns the message ids */
  settle(): number[] {
    let count = 0
    while (this.#queue[count]?.delivery.settled === 'handled') count++
    const settled = this.#queue.splice(0, count)
    for (const { messageId, delivery } of settled) {
      this.#acknowledged.delete(messageId)
      this.#acknowledged.set(messageId, delivery)
    }
    while (this.#acknowledged.size > MAX_ACKNOWLEDGED) {
      this.#acknowledged.delete(this.#acknowledged.keys().next().value ?? 0)
    }
    return settled.map(({ messageId }) => messageId)
  }
}
