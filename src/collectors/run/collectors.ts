/**
 * Collects from the machines that stored submodels describe, and follows changes of the descriptions. Of the processes
 * that share a store one collects; all of them write to machines, each over connections of its own.
 */
import type { InterfaceDescription } from '../../operations/asset-interfaces/asset-interface.ts'
import type { Certificates } from '../../operations/asset-interfaces/certificates.ts'
import type {
  Connections,
  Discovery,
  DiscoveryRequest,
  TestedItem
} from '../../operations/asset-interfaces/connection.ts'
import type { MachineCommands } from '../../operations/asset-interfaces/machine-commands.ts'
import {
  InterfaceReader,
  NO_INTERFACES,
  type StoredInterfaces
} from '../../operations/asset-interfaces/stored-interfaces.ts'
import { watchStore } from '../../operations/asset-interfaces/watch-store.ts'
import { type Leadership, runAsLeader } from '../../store/run-as-leader.ts'
import type { ThreadPool } from '../../threads/pool.ts'
import { Commands } from '../commands.ts'
import { CollectorError, type Connectors, type Session } from '../connector.ts'
import { IngestSink, type IngestSinkOptions } from '../ingest-sink.ts'
import { discoverDevice } from '../modbus/discover.ts'
import { Brokers, type PlantBroker } from '../mqtt/brokers.ts'
import { type SessionParts, testItems, withSession } from '../one-session.ts'
import { ClientThread } from '../opcua/client-thread.ts'
import { managedCertificates } from '../opcua/managed-certificates.ts'
import { secretsIn } from '../secrets.ts'
import { Supervisor } from '../supervisor.ts'
import { ConnectionsWriter } from './connections-writer.ts'
import { connectorsFor, storedSamples } from './connectors.ts'
import { resolverOf } from './resolver.ts'

export interface CollectorOptions extends IngestSinkOptions {
  /** As in the setting `COLLECT_TARGETS`; empty: only interfaces at the broker of the plant are collected. */
  readonly targets: readonly string[]
  /** The broker in `MQTT_URL`, where its connection serves described interfaces. */
  readonly plant?: PlantBroker
  /** Folder; '' where there is none. */
  readonly secrets: string
  /** Folder of the certificates for OPC UA. */
  readonly certificates: string
  /** Id of the submodel that shows the connections; '' for none. */
  readonly submodel: string
  /** Id of the shell that refers to it; '' for none. */
  readonly shell: string
  /** Where long lists of registers are described; absent: here. */
  readonly threads?: ThreadPool
}

export class Collectors implements Connections {
  readonly #options: CollectorOptions
  /** For single readings and writings. */
  readonly #parts: SessionParts
  /** With connections of their own: those of the leader end with its leadership. */
  readonly #brokers: () => Brokers
  /** Starts when it is first needed. */
  readonly #opcua: ClientThread
  #isDiscovering = false
  readonly certificates: Certificates
  #stored: StoredInterfaces = NO_INTERFACES
  #commands: Commands
  #leadership: Leadership<LeadingSupervisor> | undefined
  #stopWatching: () => void = () => {}

  /** Returns before any machine is reached. */
  static async start(options: CollectorOptions): Promise<Collectors> {
    const collectors = new Collectors(options)
    await collectors.#start()
    return collectors
  }

  private constructor(options: CollectorOptions) {
    const { store, certificates, ingest, targets, plant, log } = options
    const { clock } = ingest
    this.#options = options
    this.#brokers = () => new Brokers({ clock, clientId: `aas-hub-${store.epoch.slice(0, 12)}`, plant, log })
    this.#opcua = new ClientThread(clock)
    this.certificates = managedCertificates(certificates, {
      renew: (directory) => this.#opcua.request('renewCertificate', { directory }),
      trusted: () => this.#retryOpcua()
    })
    this.#parts = {
      ...{ clock, connectors: this.#connectors(this.#brokers()) },
      ...{ resolve: resolverOf(targets), secret: secretsIn(options.secrets) }
    }
    this.#commands = this.#commandsOf()
  }

  get commands(): MachineCommands {
    return {
      writer: (submodel, path) => this.#commands.writer(submodel, path),
      action: (submodel, path) => this.#commands.action(submodel, path)
    }
  }

  get problems(): Connections['problems'] {
    return this.#stored.problems
  }

  /** Empty in a process that does not collect. */
  list(): ReturnType<Connections['list']> {
    return this.#supervisor?.connections ?? []
  }

  async test(id: string): Promise<readonly TestedItem[] | undefined> {
    const description = this.#stored.interfaces.find((one) => one.id === id)
    if (description === undefined) return undefined
    return withSession(description, this.#parts, (session, problems) => testItems(session, description.items, problems))
  }

  async stop(id: string): Promise<boolean> {
    return (await this.#supervisor?.stop(id)) ?? false
  }

  async start(id: string): Promise<boolean> {
    return (await this.#supervisor?.start(id)) ?? false
  }

  async discover(request: DiscoveryRequest): Promise<Discovery> {
    // Each holds what it has found in memory.
    if (this.#isDiscovering) throw new CollectorError('another machine is being described; try again when that is done')
    this.#isDiscovering = true
    try {
      if (/^modbus/i.test(request.address)) {
        return await discoverDevice(request, this.#parts.resolve, this.#options.threads)
      }
      const { discoverServer } = await import('../opcua/discover.ts')
      const { certificates } = this.#options
      return await discoverServer(request, { ...this.#parts, thread: this.#opcua, certificates })
    } finally {
      this.#isDiscovering = false
    }
  }

  async close(): Promise<void> {
    this.#stopWatching()
    await this.#leadership?.close()
  }

  #connectors(brokers: Brokers): Connectors {
    const { certificates, targets, store } = this.#options
    const { clock } = this.#options.ingest
    const { mqtt, ...others } = connectorsFor({
      ...{ clock, certificates, thread: this.#opcua, brokers },
      stored: (assetInterface) => storedSamples(store, assetInterface)
    })
    return { ...(mqtt !== undefined && { mqtt }), ...(targets.length > 0 && others) }
  }

  /** A certificate that is trusted now may be what a connection waits for. */
  #retryOpcua(): void {
    for (const { id, protocol, state } of this.list()) {
      if (protocol === 'opcua' && state === 'failed') void this.start(id)
    }
  }

  get #supervisor(): Supervisor | undefined {
    return this.#leadership?.current?.supervisor
  }

  async #start(): Promise<void> {
    const { store, ingest, log, plant } = this.#options
    const { clock } = ingest
    const reader = new InterfaceReader(store)
    this.#stopWatching = await watchStore(store, clock, {
      read: async () => {
        const before = this.#stored
        this.#stored = await reader.read()
        return this.#stored !== before
      },
      changed: () => this.#configure(),
      failed: (error) => log.warn({ err: error }, 'Reading the asset interfaces failed; retrying')
    })
    const failed = (error: unknown) => log.warn({ err: error }, 'Starting the collectors failed; retrying')
    // The same process as the one that is connected to the broker of the plant.
    const name = plant === undefined ? 'collect' : 'mqtt'
    this.#leadership = runAsLeader(store, { name, clock, failed }, async () => this.#lead())
    this.#configure()
    await this.#leadership.started
  }

  #lead(): LeadingSupervisor {
    const sink = new IngestSink(this.#options)
    const { log, store, submodel: id, shell } = this.#options
    const brokers = this.#brokers()
    const supervisor = new Supervisor({ ...this.#parts, connectors: this.#connectors(brokers), log, sink })
    void supervisor.configure(this.#stored.interfaces)
    const writer =
      id === ''
        ? undefined
        : new ConnectionsWriter({
            ...{ store, id, shell, clock: this.#parts.clock, list: () => supervisor.connections },
            failed: (error) => log.warn({ err: error }, 'Writing the submodel of the connections failed; retrying')
          })
    return {
      supervisor,
      async close() {
        await writer?.close()
        await supervisor.close()
        await brokers.close()
        sink.close()
      }
    }
  }

  #configure(): void {
    const { interfaces, problems } = this.#stored
    this.#commands = this.#commandsOf()
    for (const problem of problems) this.#options.log.warn(problem, 'An asset interface could not be understood')
    void this.#supervisor?.configure(interfaces)
  }

  #commandsOf(): Commands {
    // Of others nothing reaches a machine: their elements are written as any.
    const interfaces = this.#stored.interfaces.filter(({ protocol }) => this.#parts.connectors[protocol] !== undefined)
    return new Commands(interfaces, (description, act) => this.#use(description, act))
  }

  /** By the session that is open, else by one of its own. */
  #use<Result>(description: InterfaceDescription, act: (session: Session) => Promise<Result>): Promise<Result> {
    const session = this.#supervisor?.instance(description.id)?.session
    return session === undefined ? withSession(description, this.#parts, act) : act(session)
  }
}

interface LeadingSupervisor {
  readonly supervisor: Supervisor
  close(): Promise<void>
}
