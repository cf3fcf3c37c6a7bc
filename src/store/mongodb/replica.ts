/** This process's copy of the state, and what keeps it current. */
import { BatchWriter, type WriterOptions } from './batch-writer.ts'
import type { Collections } from './collections.ts'
import type { MongoConnection } from './connection.ts'
import type { Journal } from './journal.ts'
import { LogApplier } from './log-applier.ts'
import { ReplicatedState } from './replicated-state.ts'
import { StateLoader } from './state-loader.ts'

export interface Replica {
  readonly state: ReplicatedState
  readonly applier: LogApplier
  readonly loader: StateLoader
  readonly writer: BatchWriter
}

export interface ReplicaOptions extends WriterOptions {
  /** Bound of the cache. */
  readonly cacheBytes: number
}

export async function openReplica(
  connection: MongoConnection,
  journal: Journal,
  collections: Collections,
  options: ReplicaOptions
): Promise<Replica> {
  const state = new ReplicatedState(options.cacheBytes, connection.clock)
  const applier = new LogApplier(connection, journal, state)
  const loader = new StateLoader(state, applier, collections)
  const writer = new BatchWriter({ connection, journal, state, applier, loader }, options)
  await applier.open()
  return { state, applier, loader, writer }
}
