/** Whether a primary host application is there, as Sparkplug 3.0 says it (6.4.26): one time for birth and death. */
import { stateTopic } from './sparkplug.ts'

export class HostState {
  readonly topic: string
  #since = Date.now()

  constructor(hostId: string) {
    this.topic = stateTopic(hostId)
  }

  text(online: boolean): string {
    return JSON.stringify({ online, timestamp: this.#since })
  }

  /** For the connection that is made next. */
  will(): { topic: string; payload: Buffer; qos: 1; retain: true } {
    this.#since = Date.now()
    return { topic: this.topic, payload: Buffer.from(this.text(false)), qos: 1, retain: true }
  }

  /** Does a message say that we are not there, as of now or later? */
  denies(payload: Buffer): boolean {
    try {
      const { online, timestamp } = JSON.parse(payload.toString()) as { online?: unknown; timestamp?: unknown }
      return online === false && typeof timestamp === 'number' && timestamp >= this.#since
    } catch {
      return false
    }
  }
}
