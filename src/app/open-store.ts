/** Opens the store that the settings select. */
import { type Clock, systemClock } from '../clock.ts'
import { type Config, planOf } from '../config/config.ts'
import { MemoryBudget } from '../memory/budget.ts'
import type { MongoConnectionOptions } from '../store/mongodb/connection.ts'
import { KEPT_SINCE, NOT_KEPT } from '../store/revision-reader.ts'
import { withRevisions } from '../store/revisions.ts'
import { makeDirectory } from '../store/sqlite/paths.ts'
import { openSqlite } from '../store/sqlite/sqlite.ts'
import type { Store } from '../store/store.ts'

export interface OpenStoreOptions {
  /** Called where an earlier process had ended early, with the number of log entries that were read. */
  readonly onRecovered?: (entries: number) => void
  /** Where the store notes what it holds. */
  readonly memory?: MemoryBudget
}

/**
 * The store that the settings select; its commits keep revisions, unless these are off.
 * @throws HubError `Unavailable` where another process uses the data directory, or the database is unreachable
 */
export async function openStore(
  config: Config,
  clock: Clock = systemClock,
  { onRecovered = () => {}, memory = new MemoryBudget() }: OpenStoreOptions = {}
): Promise<Store> {
  const { DATA_DIR, MONGODB_URL, FUTURE_LIMIT: futureLimit, REVISION_RETENTION } = config
  const plan = planOf(config)
  const sizes = { cacheBytes: plan.cache, queueBytes: plan.writes, memory }
  if (MONGODB_URL === '') {
    const { recentLog: recentBytes, pages: pageBytes, unwritten: maxUnwrittenBytes, seriesNames } = plan
    const writerMemory = { youngBytes: plan.writerYoung, heapBytes: plan.oldSpace }
    const bounds = { ...sizes, recentBytes, pageBytes, maxUnwrittenBytes, seriesNames, writerMemory }
    const store = await openSqlite(DATA_DIR, { ...bounds, clock, futureLimit, onRecovered })
    return keepingRevisions(store, REVISION_RETENTION, clock)
  }
  await makeDirectory(DATA_DIR)
  // The driver is loaded only where it is used.
  const { openMongo } = await import('../store/mongodb/mongodb.ts')
  const store = await openMongo(MONGODB_URL, { ...sizes, clock, futureLimit, ...connectionOf(config) })
  return keepingRevisions(store, REVISION_RETENTION, clock)
}

/** Notes since when. @param retentionMs 0: none are kept */
async function keepingRevisions(store: Store, retentionMs: number, clock: Clock): Promise<Store> {
  const since = await store.cursor(KEPT_SINCE)
  if (retentionMs === 0) {
    if (since !== NOT_KEPT) await store.setCursor(KEPT_SINCE, NOT_KEPT)
    return store
  }
  if (since === undefined || since === NOT_KEPT) await store.setCursor(KEPT_SINCE, clock.milliseconds())
  return withRevisions(store, clock)
}

/** Options of the connection to MongoDB. */
export function connectionOf(config: Config): MongoConnectionOptions {
  const { MONGODB_CREDENTIALS_FILE: credentialsFile, MONGODB_CA_FILE: caFile } = config
  return {
    poolSize: config.MONGODB_POOL_SIZE,
    connectTimeoutMs: config.MONGODB_CONNECT_TIMEOUT,
    responseTimeoutMs: config.MONGODB_TIMEOUT,
    ...(credentialsFile !== '' && { credentialsFile }),
    ...(caFile !== '' && { caFile })
  }
}
