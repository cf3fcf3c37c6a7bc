/**
 * Collects from the machines that stored submodels describe, and follows changes of the descriptions. Of the processes
 * that share a store one collects; all of them write to machines, each over connections of its own.
 */
import type { InterfaceDescription } from '../../operations/asset-interfaces/asset-interface.ts'
import type { Connections, TestedItem } from '../../operations/asset-interfaces/connection.ts'
import type { MachineCommands } from '../../operations/asset-interfaces/machine-commands.ts'
import {
  InterfaceReader,
  NO_INTERFACES,
  type StoredInterfaces
} from '../../operations/asset-interfaces/stored-interfaces.ts'
import { watchStore } from '../../operations/asset-interfaces/watch-store.ts'
import { type Leadership, runAsLeader } from '../../store/run-as-leader.ts'
import { Commands } from '../commands.ts'
import type { Session } from '../connector.ts'
import { IngestSink, type IngestSinkOptions } from '../ingest-sink.ts'
import { type SessionParts, testItems, withSession } from '../one-session.ts'
import { secretsIn } from '../secrets.ts'
import { Supervisor } from '../supervisor.ts'
import { connectorsFor } from './connectors.ts'
import { resolverOf } from './resolver.ts'

export interface CollectorOptions extends IngestSinkOptions {
  /** As in the setting `COLLECT_TARGETS`. */
  readonly targets: readonly string[]
  /** Folder; '' where there is none. */
  readonly secrets: string
  /** Folder of the certificates for OPC UA. */
  readonly certificates: string
}

export class Collectors implements Connections {
  readonly #options: CollectorOptions
  readonly #parts: SessionParts
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
    const { store, certificates } = options
    this.#options = options
    this.#parts = {
      clock: options.ingest.clock,
      connectors: connectorsFor({ store, clock: options.ingest.clock, certificates }),
      ...{ resolve: resolverOf(options.targets), secret: secretsIn(options.secrets) }
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

  async close(): Promise<void> {
    this.#stopWatching()
    await this.#leadership?.close()
  }

  get #supervisor(): Supervisor | undefined {
    return this.#leadership?.current?.supervisor
  }

  async #start(): Promise<void> {
    const { store, ingest, log } = this.#options
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
    this.#leadership = runAsLeader(store, { name: 'collect', clock, failed }, async () => this.#lead())
    this.#configure()
    await this.#leadership.started
  }

  #lead(): LeadingSupervisor {
    const sink = new IngestSink(this.#options)
    const { log } = this.#options
    const supervisor = new Supervisor({ ...this.#parts, log, sink })
    void supervisor.configure(this.#stored.interfaces)
    return {
      supervisor,
      async close() {
        await supervisor.close()
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
    return new Commands(this.#stored.interfaces, (description, act) => this.#use(description, act))
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
