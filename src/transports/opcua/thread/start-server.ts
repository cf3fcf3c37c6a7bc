/** Starts the server: its certificates, its limits, the information model, and the end of its sessions. */
import { isIPv6 } from 'node:net'
import { hostname } from 'node:os'
import {
  crypto_utils,
  MessageSecurityMode,
  SecurityPolicy,
  setDebugLogger,
  setErrorLogger,
  setWarningLogger
} from 'node-opcua-client'
import { nodesets } from 'node-opcua-nodesets'
import type { OPCUAServerOptions, ServerSession } from 'node-opcua-server'
import { type Clock, systemClock } from '../../../clock.ts'
import { CertificateStore } from '../../../operations/opcua-certificates/certificate-store.ts'
import { certificateTrust } from '../../../operations/opcua-certificates/certificate-trust.ts'
import {
  APPLICATION_NAME,
  applicationUriOf,
  ownCertificate
} from '../../../operations/opcua-certificates/own-certificate.ts'
import type { ServeInput, WatchedChange } from '../messages.ts'
import { ENVIRONMENT, NAMESPACE } from '../node-id.ts'
import { CompanionTypes } from './companion-types.ts'
import { SessionDocuments } from './documents.ts'
import { HubNodeFinder } from './find-node.ts'
import type { Hub } from './hub.ts'
import { HubAccessor } from './hub-accessor.ts'
import { HubServer } from './hub-server.ts'
import { MonitoredValues } from './monitored-values.ts'

const MAX_SESSIONS = 100
const MAX_SUBSCRIPTIONS = 1000
const MAX_ITEMS = 10_000
const MAX_NODES_PER_CALL = 1000

const SWEEP_INTERVAL_MS = 2000

/** Names of nodes that stand for monitored items; not for clients. */
const ITEMS_NAMESPACE = 'urn:aas-hub:monitored-items'

export interface RunningServer {
  readonly port: number
  apply(changes: readonly WatchedChange[]): Promise<void>
  close(): Promise<void>
}

export async function startServer(input: ServeInput, hub: Hub, clock: Clock = systemClock): Promise<RunningServer> {
  quieten()
  const server = new HubServer(await optionsOf(input, clock), hub)
  await server.initialize()
  const documents = new SessionDocuments(hub)
  const monitored = prepare(server, hub, documents)
  const sessions = new Sessions({ server, hub, documents, monitored, clock })
  await server.start()
  return {
    port: server.endpoints[0]?.port ?? input.port,
    apply: async (changes) => {
      for (const { is, session } of changes) if (is === 'ended') sessions.end(session)
      // What cannot be read for the moment stays as it is, and is read again with its next change.
      await monitored.apply(changes).catch(() => {})
    },
    close: async () => {
      sessions.stop()
      await server.shutdown(0)
    }
  }
}

/** What it would write to the output of the hub is of no use to operators. */
function quieten(): void {
  for (const set of [setDebugLogger, setWarningLogger, setErrorLogger]) set(() => {})
}

async function optionsOf(
  { host, port, certificates, allowsNone, version }: ServeInput,
  clock: Clock
): Promise<OPCUAServerOptions> {
  const own = await ownCertificate(certificates)
  const store = new CertificateStore(certificates)
  const der = crypto_utils.convertPEMtoDER(own.certificate)
  const trust = certificateTrust({ store, own: der, clock, of: 'client' })
  const { Sign, SignAndEncrypt, None } = MessageSecurityMode
  const { Basic256Sha256, Aes128_Sha256_RsaOaep, Aes256_Sha256_RsaPss } = SecurityPolicy
  const isAnyAddress = ['', '0.0.0.0', '::'].includes(host)
  return {
    port,
    ...(!isAnyAddress && { host, hostname: isIPv6(host) ? `[${host}]` : host }),
    ...(isAnyAddress && { hostname: hostname() }),
    nodesets: [nodesets.standard, nodesets.i4aas],
    serverInfo: {
      applicationUri: applicationUriOf(own.certificate) ?? null,
      productUri: 'urn:aas-hub',
      applicationName: { text: APPLICATION_NAME, locale: 'en' }
    },
    buildInfo: { productName: APPLICATION_NAME, manufacturerName: APPLICATION_NAME, softwareVersion: version },
    ...{ certificateFile: store.ownFiles.certificate, privateKeyFile: store.ownFiles.key },
    serverCertificateManager: trust,
    userCertificateManager: trust,
    securityPolicies: [
      ...(allowsNone ? [SecurityPolicy.None] : []),
      ...[Basic256Sha256, Aes128_Sha256_RsaOaep, Aes256_Sha256_RsaPss]
    ],
    securityModes: [...(allowsNone ? [None] : []), Sign, SignAndEncrypt],
    allowAnonymous: true,
    isAuditing: false,
    maxConnectionsPerEndpoint: MAX_SESSIONS,
    serverCapabilities: {
      ...{ maxSessions: MAX_SESSIONS, maxSubscriptions: MAX_SUBSCRIPTIONS, maxMonitoredItems: MAX_ITEMS },
      maxMonitoredItemsPerSubscription: MAX_ITEMS,
      // Each change is sent to those that ask for a sampling interval of 0.
      minSupportedSampleRate: 0,
      operationLimits: {
        ...{ maxNodesPerRead: MAX_NODES_PER_CALL, maxNodesPerBrowse: 100, maxNodesPerWrite: 100 },
        ...{ maxNodesPerMethodCall: 10, maxNodesPerRegisterNodes: MAX_NODES_PER_CALL },
        ...{ maxMonitoredItemsPerCall: MAX_NODES_PER_CALL, maxNodesPerTranslateBrowsePathsToNodeIds: 100 }
      }
    }
  } as OPCUAServerOptions
}

/** Lets the hub answer for what is stored, below Objects. */
function prepare(server: HubServer, hub: Hub, documents: SessionDocuments): MonitoredValues {
  const { engine } = server
  const { addressSpace: space, addressSpaceAccessor: others } = engine
  if (space === null || others === null) throw new Error('The server has no address space')
  const namespace = space.registerNamespace(NAMESPACE)
  const nodes = space.registerNamespace(ITEMS_NAMESPACE)
  // Browsing from Objects leads to it; all that is below it the hub answers.
  namespace.addFolder(space.rootFolder.objects, {
    browseName: 'AASEnvironment',
    nodeId: `s=${ENVIRONMENT}`
  })
  const naming = { namespace: namespace.index, types: new CompanionTypes(space) }
  engine.addressSpaceAccessor = new HubAccessor({ ...naming, hub, documents, space, others, hidden: nodes.index })
  const finder = (session: string) => new HubNodeFinder(documents, session)
  const monitored = new MonitoredValues({ ...naming, hub, space, nodes, finder })
  server.monitored = monitored
  server.namespace = namespace.index
  return monitored
}

interface SessionsOfServer {
  readonly server: HubServer
  readonly hub: Hub
  readonly documents: SessionDocuments
  readonly monitored: MonitoredValues
  readonly clock: Clock
}

/** Ends sessions in the hub when they have ended here, and the other way round. */
class Sessions {
  readonly #parts: SessionsOfServer
  readonly #open = new Map<string, ServerSession>()
  /** Of which something is monitored still: a client that comes back takes its subscriptions over. */
  readonly #closed = new Set<string>()
  readonly #stopSweeps: () => void

  constructor(parts: SessionsOfServer) {
    this.#parts = parts
    const { server, clock } = parts
    server.on('create_session', (session: ServerSession) => this.#open.set(String(session.nodeId), session))
    server.on('session_closed', (session: ServerSession) => {
      this.#open.delete(String(session.nodeId))
      this.#closed.add(String(session.nodeId))
    })
    this.#stopSweeps = clock.every(SWEEP_INTERVAL_MS, () => this.#sweep())
  }

  /** Its credentials are not valid any more. */
  end(key: string): void {
    const session = this.#open.get(key)
    if (session !== undefined) this.#parts.server.engine.closeSession(session.authenticationToken, true, 'Terminated')
  }

  stop(): void {
    this.#stopSweeps()
  }

  #sweep(): void {
    const { server, hub, documents, monitored, clock } = this.#parts
    monitored.sweep(clock.monotonic())
    for (const key of this.#closed) {
      if (monitored.isUsed(key)) continue
      this.#closed.delete(key)
      documents.forget(key)
      hub.close(key).catch(() => {})
    }
    hub.count({ subscriptions: server.engine.currentSubscriptionCount, items: monitored.size }).catch(() => {})
  }
}
