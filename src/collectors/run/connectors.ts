/** The protocols that machines are read by; each is loaded when an interface needs it. */
import type { Clock } from '../../clock.ts'
import type { InterfaceDescription } from '../../operations/asset-interfaces/asset-interface.ts'
import { findSeries } from '../../operations/samples/series.ts'
import type { Store } from '../../store/store.ts'
import type { Connectors, OpenSession } from '../connector.ts'
import type { Brokers } from '../mqtt/brokers.ts'
import { ClientThread } from '../opcua/client-thread.ts'
import type { OpcuaOptions, StoredItems } from '../opcua/opcua.ts'

export interface ConnectorOptions extends Omit<OpcuaOptions, 'thread'> {
  readonly clock: Clock
  /** Of the OPC UA client; absent: one of its own. */
  readonly thread?: ClientThread
  /** Absent: MQTT is not collected. */
  readonly brokers?: Brokers
}

export function connectorsFor(options: ConnectorOptions): Connectors {
  const { clock, thread = new ClientThread(clock), brokers, ...others } = options
  // All sessions share what it starts.
  let opcua: Promise<OpenSession> | undefined
  return {
    http: async () => (await import('../http/http.ts')).openHttp,
    ...(brokers !== undefined && { mqtt: async () => (await import('../mqtt/mqtt.ts')).mqttConnector(brokers) }),
    modbus: async () => (await import('../modbus/modbus.ts')).openModbus,
    opcua: () => {
      opcua ??= import('../opcua/opcua.ts').then(({ opcuaConnector }) => opcuaConnector({ ...others, thread }))
      return opcua
    }
  }
}

/** What a store has of the items. */
export async function storedSamples(store: Store, { items }: InterfaceDescription): Promise<StoredItems> {
  let newest: bigint | undefined
  const lost = new Map<string, bigint>()
  for (const { path: item, sinks } of items) {
    for (const { submodel, path } of sinks) {
      const { sourceTime, quality } = (await findSeries(store, submodel, path)) ?? {}
      // A loss has the time at which it was noticed.
      if (quality === 'bad') lost.set(item, sourceTime ?? 0n)
      else if (sourceTime !== undefined && (newest === undefined || sourceTime > newest)) newest = sourceTime
    }
  }
  return { lost, ...(newest !== undefined && { newestMs: Number(newest / 1_000_000n) }) }
}
