/** Whether a host application is there, as Sparkplug 3.0 says it (4.2.3): as JSON, with the time since when. */
import type { Clock } from '../../clock.ts'
import { stateTopic } from './sparkplug.ts'

export class HostState {
  readonly topic: string
  readonly #clock: Clock
  #since: number

  constructor(hostId: string, clock: Clock) {
    this.topic = stateTopic(hostId)
    this.#clock = clock
    this.#since = clock.milliseconds()
  }

  /** What the broker says when the connection that is made next breaks. */
  will(): { topic: string; payload: Buffer; qos: 1; retain: true } {
    this.#since = this.#clock.milliseconds()
    return { topic: this.topic, payload: Buffer.from(text(false, this.#since)), qos: 1, retain: true }
  }

  /** Its time is that of the will. */
  greeting(): string {
    return text(true, this.#since)
  }

  /** Before the hub leaves by itself. */
  farewell(): string {
    return text(false, this.#clock.milliseconds())
  }

  /** Does a message say that we are not there, as of now or later? Our own of an earlier connection does not. */
  denies(payload: Buffer): boolean {
    try {
      const { online, timestamp } = JSON.parse(payload.toString()) as { online?: unknown; timestamp?: unknown }
      return online === false && typeof timestamp === 'number' && timestamp >= this.#since
    } catch {
      return false
    }
  }
}

function text(online: boolean, timestamp: number): string {
  return JSON.stringify({ online, timestamp })
}
