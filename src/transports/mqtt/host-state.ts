/** STATE messages of a Sparkplug host application (Sparkplug 3.0, 4.2.3): JSON with `online` and a timestamp. */
import type { Clock } from '../../clock.ts'
import { stateTopic } from './sparkplug-topics.ts'

export class HostState {
  readonly topic: string
  readonly #clock: Clock
  #since: number

  constructor(hostId: string, clock: Clock) {
    this.topic = stateTopic(hostId)
    this.#clock = clock
    this.#since = clock.milliseconds()
  }

  /** The will of the next connection, published by the broker when it breaks. */
  will(): { topic: string; payload: Buffer; qos: 1; retain: true } {
    this.#since = this.#clock.milliseconds()
    return { topic: this.topic, payload: Buffer.from(statePayload(false, this.#since)), qos: 1, retain: true }
  }

  /** Announces the host as online, with the time of the will. */
  online(): string {
    return statePayload(true, this.#since)
  }

  /** Announces the host as offline, before a planned disconnect. */
  offline(): string {
    return statePayload(false, this.#clock.milliseconds())
  }

  /** Does a message say that this host is offline as of this connection? The will of an earlier one does not. */
  contradicts(payload: Buffer): boolean {
    try {
      const { online, timestamp } = JSON.parse(payload.toString()) as { online?: unknown; timestamp?: unknown }
      return online === false && typeof timestamp === 'number' && timestamp >= this.#since
    } catch {
      return false
    }
  }
}

function statePayload(online: boolean, timestamp: number): string {
  return JSON.stringify({ online, timestamp })
}
