/**
 * The MQTT transport: the hub as a client of an existing broker. Samples arrive in plain messages and in Sparkplug B; a
 * message is acknowledged to the broker only when its samples are durable.
 */
import { runAsLeader } from '../../store/run-as-leader.ts'
import type { MqttCounts } from './message-handler.ts'
import type { MqttOptions } from './options.ts'
import { RateLimitedLog } from './rate-limited-log.ts'

export interface MqttTransport {
  readonly isConnected: boolean
  readonly counts: Readonly<MqttCounts>
  /** Acknowledges durable messages, announces the host as offline, and disconnects. */
  close(): Promise<void>
}

/** Connects in the background: returns before the broker is reached. */
export async function mqttTransport(options: MqttOptions): Promise<MqttTransport> {
  const { hub, log } = options
  const limitedLog = new RateLimitedLog(log, hub.ingest.clock)
  const counts: MqttCounts = { messages: 0, accepted: 0, refused: 0, unreadable: 0, unmapped: 0, repeated: 0 }
  const failed = (error: unknown) => limitedLog.warn('Opening the MQTT transport failed; retrying', { err: error })
  // Loaded on demand: the client library takes megabytes.
  const { BrokerClient } = await import('./broker-client.ts')
  const open = () => BrokerClient.open(options, limitedLog, counts)
  // Of several processes sharing the store, one is the broker's client.
  const client = runAsLeader(hub.store, { name: 'mqtt', clock: hub.ingest.clock, failed }, open)
  await client.started
  return {
    counts,
    get isConnected() {
      return client.current?.isConnected === true
    },
    close: () => client.close()
  }
}
