/** The protocols that machines are read by; each is loaded when an interface needs it. */
import type { InterfaceItem } from '../../operations/asset-interfaces/asset-interface.ts'
import { findSeries } from '../../operations/samples/series.ts'
import type { Store } from '../../store/store.ts'
import type { Connectors, OpenSession } from '../connector.ts'
import type { OpcuaOptions } from '../opcua/opcua.ts'

export interface ConnectorOptions extends Omit<OpcuaOptions, 'newestMs'> {
  /** Where its samples are; absent: elsewhere. */
  readonly store?: Store
}

export function connectorsFor({ store, ...options }: ConnectorOptions): Connectors {
  const newestMs = (items: readonly InterfaceItem[]) => newestSampleMs(store, items)
  // All sessions share what it starts.
  let opcua: Promise<OpenSession> | undefined
  return {
    http: async () => (await import('../http/http.ts')).openHttp,
    modbus: async () => (await import('../modbus/modbus.ts')).openModbus,
    opcua: () => {
      opcua ??= import('../opcua/opcua.ts').then(({ opcuaConnector }) => opcuaConnector({ ...options, newestMs }))
      return opcua
    }
  }
}

/** When the newest stored sample of these items was taken, in milliseconds since 1970. */
async function newestSampleMs(store: Store | undefined, items: readonly InterfaceItem[]): Promise<number | undefined> {
  if (store === undefined) return undefined
  let newest: bigint | undefined
  for (const { submodel, path } of items.flatMap(({ sinks }) => sinks)) {
    const { sourceTime, quality } = (await findSeries(store, submodel, path)) ?? {}
    // A loss has the time at which it was noticed.
    if (sourceTime === undefined || quality === 'bad') continue
    if (newest === undefined || sourceTime > newest) newest = sourceTime
  }
  return newest === undefined ? undefined : Number(newest / 1_000_000n)
}
