/** A client of the OPC UA server of a hub, of the same family as the server. */
import {
  AttributeIds,
  BrowseDirection,
  type BrowseResult,
  ClientMonitoredItem,
  type ClientSession,
  ClientSubscription,
  type DataValue,
  OPCUAClient,
  type OPCUAClientOptions,
  type ReferenceDescription,
  TimestampsToReturn,
  type UserIdentityInfo
} from 'node-opcua-client'
import type { Test } from 'tap'
import { freePort, listens } from '../../scripts/ports.ts'
import type { SettingName } from '../../src/config/config.ts'
import { type Running, start } from './harness.ts'

export interface OpcuaHub {
  readonly hub: Running
  readonly url: string
}

const START_TIMEOUT_MS = 60_000

/** Settings of a hub that serves OPC UA. */
export async function opcuaSettings(): Promise<{ readonly OPCUA_PORT: string }> {
  return { OPCUA_PORT: String(await freePort()) }
}

export async function serving({ OPCUA_PORT }: { readonly OPCUA_PORT: string }): Promise<string> {
  await listens(Number(OPCUA_PORT), START_TIMEOUT_MS)
  return `opc.tcp://127.0.0.1:${OPCUA_PORT}`
}

export async function opcuaHub(
  t: Test,
  more: Partial<Record<SettingName, string>> = {},
  fill: (hub: Running) => Promise<unknown> = async () => {}
): Promise<OpcuaHub> {
  const settings = await opcuaSettings()
  const hub = await start(t, { TEMPLATES: 'off', ...settings, ...more })
  await fill(hub)
  return { hub, url: await serving(settings) }
}

/** NodeIds of what is stored: the namespace has the same index at each hub. */
export const node = (id: string) => `ns=3;s=${id}`

export class OpcuaClient {
  readonly session: ClientSession
  readonly #client: OPCUAClient

  private constructor(client: OPCUAClient, session: ClientSession) {
    this.#client = client
    this.session = session
  }

  /** Stays connected for as long as the test lasts. */
  static async open(
    t: Test,
    url: string,
    identity?: UserIdentityInfo,
    options: OPCUAClientOptions = {}
  ): Promise<OpcuaClient> {
    const client = OPCUAClient.create({
      ...{ endpointMustExist: false, connectionStrategy: { maxRetry: 0 }, requestedSessionTimeout: 30_000 },
      ...options
    })
    t.teardown(() => client.disconnect().catch(() => {}))
    await client.connect(url)
    return new OpcuaClient(client, await client.createSession(identity))
  }

  /** References of a node to those below it, and to its type. */
  async browse(id: string): Promise<ReferenceDescription[]> {
    return (await this.result(id)).references ?? []
  }

  result(id: string): Promise<BrowseResult> {
    return this.session.browse({ nodeId: id, browseDirection: BrowseDirection.Both, nodeClassMask: 0, resultMask: 63 })
  }

  async names(id: string): Promise<(string | null)[]> {
    return (await this.browse(id)).filter(({ isForward }) => isForward).map(({ browseName }) => browseName.name)
  }

  read(id: string, attributeId: AttributeIds = AttributeIds.Value): Promise<DataValue> {
    return this.session.read({ nodeId: id, attributeId })
  }

  /** @returns values as they come; 0 as interval for each change */
  async monitor(id: string, samplingInterval: number): Promise<DataValue[]> {
    const subscription = ClientSubscription.create(this.session, {
      ...{ requestedPublishingInterval: 50, requestedMaxKeepAliveCount: 20, requestedLifetimeCount: 100 },
      ...{ maxNotificationsPerPublish: 0, publishingEnabled: true, priority: 1 }
    })
    const values: DataValue[] = []
    const item = ClientMonitoredItem.create(
      subscription,
      { nodeId: id, attributeId: AttributeIds.Value },
      { samplingInterval, queueSize: 100, discardOldest: true },
      TimestampsToReturn.Both
    )
    const created = Promise.withResolvers<void>()
    item.on('changed', (value) => values.push(value))
    item.on('initialized', () => created.resolve())
    item.on('err', (message) => created.reject(new Error(message)))
    await created.promise
    return values
  }

  async close(): Promise<void> {
    await this.session.close()
    await this.#client.disconnect()
  }
}
