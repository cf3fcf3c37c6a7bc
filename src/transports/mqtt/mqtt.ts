/**
 * The MQTT door: the hub as a client of a broker that is there already. Samples come in from plain messages and from
 * Sparkplug B; nothing is acknowledged to the broker before it is durable.
 */
import type { OperationContext } from '../../operations/operation-context.ts'
import { runAsLeader } from '../../store/run-as-leader.ts'
import type { Mapping } from './mapping.ts'
import type { Counts } from './message-handler.ts'
import { type Log, RateLimitedLog } from './rate-limited-log.ts'

export interface MqttOptions {
  readonly hub: Pick<OperationContext, 'store' | 'ingest'>
  readonly log: Log
  /** `mqtt://`, `mqtts://`, `ws://` or `wss://`. */
  readonly url: string
  /**
   * By which the broker knows the hub again after a restart; no two clients of a broker may have the same. Absent: made
   * from the name of the data.
   */
  readonly clientId?: string
  readonly username?: string
  readonly password?: string
  /** Certificates, as PEM, that vouch for the broker; absent: those that vouch for everybody. */
  readonly ca?: Buffer
  readonly mapping: Mapping
  /** Name of this repository in the topics of Eclipse BaSyx, on which changes are told; absent: they are not. */
  readonly publish?: string
  /** Pause before the next attempt to connect, in milliseconds. */
  readonly reconnectEvery?: number
  /** How long edge nodes get to be heard of after the hub was away from the broker, in milliseconds. */
  readonly silence?: number
}

export interface MqttDoor {
  readonly isConnected: boolean
  readonly counts: Readonly<Counts>
  /** Acknowledges what is durable, says goodbye, and leaves. */
  close(): Promise<void>
}

/** Opens the door; the connection comes when the broker is there. */
export async function mqttDoor(options: MqttOptions): Promise<MqttDoor> {
  const { hub, log } = options
  const notices = new RateLimitedLog(log)
  const counts: Counts = { messages: 0, accepted: 0, refused: 0, wrong: 0, unmapped: 0, repeated: 0 }
  const failed = (error: unknown) => notices.warn('The MQTT door is not open; it is tried again', { err: error })
  // Whoever has no broker does without the megabytes of the client.
  const { openClient } = await import('./client.ts')
  // Of several processes sharing the store, one is the broker's client.
  const leader = { name: 'mqtt', clock: hub.ingest.clock, failed }
  const client = runAsLeader(hub.store, leader, () => openClient(options, notices, counts))
  await client.started
  return {
    counts,
    get isConnected() {
      return client.current?.isConnected === true
    },
    close: () => client.close()
  }
}
