/** The protocols that machines are read by; each is loaded when an interface needs it. */

import type { Clock } from '../../clock.ts'
import type { InterfaceItem } from '../../operations/asset-interfaces/asset-interface.ts'
import { findSeries } from '../../operations/samples/series.ts'
import type { Store } from '../../store/store.ts'
import type { Connectors, OpenSession } from '../connector.ts'
import { ClientThread } from '../opcua/client-thread.ts'
import type { StoredItems } from '../opcua/opcua.ts'

export interface ConnectorOptions {
  readonly clock: Clock
  /** Directory of the certificates. */
  readonly certificates: string
  /** Of the OPC UA client; absent: one of its own. */
  readonly thread?: ClientThread
  /** Where its samples are; absent: elsewhere. */
  readonly store?: Store
}

export function connectorsFor({
  store,
  clock,
  certificates,
  thread = new ClientThread(clock)
}: ConnectorOptions): Connectors {
  const options = { certificates, thread, stored: (items: readonly InterfaceItem[]) => storedSamples(store, items) }
  // All sessions share what it starts.
  let opcua: Promise<OpenSession> | undefined
  return {
    http: async () => (await import('../http/http.ts')).openHttp,
    modbus: async () => (await import('../modbus/modbus.ts')).openModbus,
    opcua: () => {
      opcua ??= import('../opcua/opcua.ts').then(({ opcuaConnector }) => opcuaConnector(options))
      return opcua
    }
  }
}

async function storedSamples(store: Store | undefined, items: readonly InterfaceItem[]): Promise<StoredItems> {
  // Any of them may be bad there.
  if (store === undefined) return { lost: new Set(items.map(({ path }) => path)) }
  let newest: bigint | undefined
  const lost = new Set<string>()
  for (const { path: item, sinks } of items) {
    for (const { submodel, path } of sinks) {
      const { sourceTime, quality } = (await findSeries(store, submodel, path)) ?? {}
      // A loss has the time at which it was noticed.
      if (quality === 'bad') lost.add(item)
      else if (sourceTime !== undefined && (newest === undefined || sourceTime > newest)) newest = sourceTime
    }
  }
  return { lost, ...(newest !== undefined && { newestMs: Number(newest / 1_000_000n) }) }
}
