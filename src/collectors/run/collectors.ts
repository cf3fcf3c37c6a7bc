/**
 * Collects from the machines that stored submodels describe, in one of the processes that share a store, and follows
 * changes of the descriptions.
 */
import {
  InterfaceReader,
  NO_INTERFACES,
  type StoredInterfaces
} from '../../operations/asset-interfaces/stored-interfaces.ts'
import { parseTargets, resolveTarget } from '../../operations/asset-interfaces/targets.ts'
import { watchStore } from '../../operations/asset-interfaces/watch-store.ts'
import type { Ingest } from '../../operations/samples/ingest.ts'
import type { Access } from '../../security/access.ts'
import { type Leadership, type LeaderTask, runAsLeader } from '../../store/run-as-leader.ts'
import type { Store } from '../../store/store.ts'
import type { ConnectionState } from '../connection-state.ts'
import { CollectorError, type SessionContext } from '../connector.ts'
import { IngestSink } from '../ingest-sink.ts'
import type { CollectorLog } from '../instance.ts'
import { secretsIn } from '../secrets.ts'
import { Supervisor } from '../supervisor.ts'
import { connectorsFor } from './connectors.ts'

export interface CollectorOptions {
  readonly store: Store
  readonly ingest: Ingest
  /** What the collectors may write, by the rules in force; undefined: everything. */
  readonly access: () => Access | undefined
  readonly log: CollectorLog
  /** As in the setting `COLLECT_TARGETS`. */
  readonly targets: readonly string[]
  /** Folder; '' where there is none. */
  readonly secrets: string
  /** Folder of the certificates for OPC UA. */
  readonly certificates: string
}

export interface Collectors {
  /** Empty in a process that does not collect. */
  readonly connections: readonly ConnectionState[]
  /** The supervisor, in the process that collects. */
  readonly supervisor: Supervisor | undefined
  close(): Promise<void>
}

/** Returns before any machine is reached. */
export async function startCollectors(options: CollectorOptions): Promise<Collectors> {
  const { store, ingest, log } = options
  const { clock } = ingest
  const failed = (error: unknown) => log.warn({ err: error }, 'Starting the collectors failed; retrying')
  const leadership: Leadership<RunningCollectors> = runAsLeader(store, { name: 'collect', clock, failed }, () =>
    RunningCollectors.open(options)
  )
  await leadership.started
  return {
    get connections() {
      return leadership.current?.supervisor.connections ?? []
    },
    get supervisor() {
      return leadership.current?.supervisor
    },
    close: () => leadership.close()
  }
}

class RunningCollectors implements LeaderTask {
  readonly supervisor: Supervisor
  readonly #stopWatching: () => void

  static async open(options: CollectorOptions): Promise<RunningCollectors> {
    const { store, ingest, access, log, secrets, certificates } = options
    const { clock } = ingest
    const reader = new InterfaceReader(store)
    let stored: StoredInterfaces = NO_INTERFACES
    const supervisor = new Supervisor({
      connectors: connectorsFor({ store, clock, certificates }),
      ...{ clock, log, resolve: resolver(options.targets), secret: secretsIn(secrets) },
      sink: new IngestSink({ store, ingest, access })
    })
    const configure = () => {
      for (const problem of stored.problems) log.warn(problem, 'An asset interface could not be understood')
      void supervisor.configure(stored)
    }
    const stopWatching = await watchStore(store, clock, {
      read: async () => {
        const before = stored
        stored = await reader.read()
        return stored !== before
      },
      changed: configure,
      failed: (error) => log.warn({ err: error }, 'Reading the asset interfaces failed; retrying')
    })
    configure()
    return new RunningCollectors(supervisor, stopWatching)
  }

  private constructor(supervisor: Supervisor, stopWatching: () => void) {
    this.supervisor = supervisor
    this.#stopWatching = stopWatching
  }

  close(): Promise<void> {
    this.#stopWatching()
    return this.supervisor.close()
  }
}

function resolver(list: readonly string[]): SessionContext['resolve'] {
  const targets = parseTargets(list.join(','))
  return async (host, port) => {
    try {
      return await resolveTarget(targets, host, port)
    } catch (error) {
      throw new CollectorError((error as Error).message)
    }
  }
}
