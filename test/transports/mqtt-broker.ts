/** A real broker on loopback that can be stopped and started again, and a hub's transport that is connected to it. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { Aedes } from 'aedes'
import mqtt, { type MqttClient } from 'mqtt'
import type { Test } from 'tap'
import type { SubmodelElement } from '../../src/model/types.ts'
import { Ingest } from '../../src/operations/samples/ingest.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { readMapping } from '../../src/transports/mqtt/mapping.ts'
import { type MqttTransport, mqttTransport } from '../../src/transports/mqtt/mqtt.ts'
import type { MqttOptions } from '../../src/transports/mqtt/options.ts'
import { create, submodel } from '../store/fixtures.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'

export interface Broker {
  readonly url: string
  readonly aedes: Aedes
  /** Breaks all connections and takes no new ones; sessions stay. */
  stop(): Promise<void>
  start(): Promise<void>
  /** A client of its own, connected. */
  client(options?: object): Promise<MqttClient>
}

export async function broker(t: Test): Promise<Broker> {
  const aedes = await Aedes.createBroker()
  const sockets = new Set<Socket>()
  const clients: MqttClient[] = []
  let server: Server
  let port = 0
  const start = async () => {
    server = createServer((socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
      aedes.handle(socket)
    })
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  }
  const stop = async () => {
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }
  await start()
  t.teardown(async () => {
    for (const client of clients) await client.endAsync(true)
    if (server.listening) await stop()
    await new Promise<void>((resolve) => aedes.close(() => resolve()))
  })
  const url = `mqtt://127.0.0.1:${port}`
  return {
    url,
    aedes,
    start,
    stop,
    async client(options = {}) {
      const client = await mqtt.connectAsync(url, { reconnectPeriod: 100, protocolVersion: 4, ...options })
      clients.push(client)
      return client
    }
  }
}

export const property = (idShort: string, valueType = 'xs:double') =>
  ({ modelType: 'Property', idShort, valueType }) as SubmodelElement

/** A store with the submodel `urn:press`, named Press. */
export async function storeOf(t: Test): Promise<Store> {
  const store = await openSqlite(join(testDirectory(t), 'data'))
  t.teardown(() => store.close())
  const press = submodel(
    'urn:press',
    property('Speed'),
    property('Count', 'xs:long'),
    property('State', 'xs:string'),
    property('Running', 'xs:boolean'),
    {
      modelType: 'SubmodelElementCollection',
      idShort: 'Axis',
      value: [property('Speed'), property('Load')]
    } as SubmodelElement
  )
  await store.commit([create({ ...press, idShort: 'Press' } as typeof press, ['idShort', 'Press'])])
  return store
}

type ConnectedTransport = MqttTransport & { readonly lines: string[] }

/** A transport that is connected. @param mapping as the operator writes it */
export async function open(...given: Parameters<typeof connect>): Promise<ConnectedTransport> {
  const transport = await connect(...given)
  await until(() => transport.isConnected)
  return transport
}

/** A transport that is on its way to the broker. @param mapping as the operator writes it */
export async function connect(
  t: Test,
  store: Store,
  { url }: Pick<Broker, 'url'>,
  mapping: object,
  options: Partial<MqttOptions> = {}
): Promise<ConnectedTransport> {
  const lines: string[] = []
  const warn = (details: object, text: string) => lines.push(`${text} ${JSON.stringify(details)}`)
  const transport = await mqttTransport({
    hub: { store, ingest: new Ingest({ store }) },
    log: { info: () => {}, warn },
    url,
    clientId: 'hub',
    reconnectIntervalMs: 50,
    mapping: readMapping(JSON.stringify(mapping)),
    ...options
  })
  t.teardown(() => transport.close())
  return Object.defineProperties(Object.create(transport), { lines: { value: lines } })
}

/** The current value of an element as text, with its quality. */
export async function current(store: Store, path: string, id = 'urn:press'): Promise<string> {
  const row = await store.element(id, path)
  const { value = '' } = JSON.parse(row?.value ?? '{}') as { value?: string }
  return row?.quality === undefined ? value : `${value} ${row.quality}`
}
