/** What a store over MongoDB consists of. */
import type { CheckpointHealth } from '../checkpoint-health.ts'
import type { DamageLog } from '../damage.ts'
import type { Collections } from './collections.ts'
import type { MongoConnection } from './connection.ts'
import type { FileStorage } from './file-storage.ts'
import type { Journal } from './journal.ts'
import type { LogReader } from './log-reader.ts'
import type { Replica } from './replica.ts'

export interface MongoComponents {
  readonly epoch: string
  readonly connection: MongoConnection
  readonly journal: Journal
  readonly collections: Collections
  readonly replica: Replica
  readonly reader: LogReader
  readonly files: FileStorage
  readonly damage: DamageLog
  readonly checkpoints: CheckpointHealth
}
