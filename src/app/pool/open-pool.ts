/** Opens the pools of threads; none is started yet. */
import type { Clock } from '../../clock.ts'
import { type Config, planOf } from '../../config/config.ts'
import { openHistoryPool } from '../../consumers/history/history-pool.ts'
import { ThreadPool } from '../../threads/pool.ts'

/** As source and as built. */
const MODULE = new URL(import.meta.url.replace(/open-pool(\.[jt]s)$/, 'thread$1'))

/** @param takesAll see `PoolOptions` */
export function openPool(config: Config, timers: Clock, takesAll: boolean): ThreadPool {
  const heapBytes = planOf(config).threadHeap
  return new ThreadPool({ module: MODULE, threads: config.EXPORT_THREADS, heapBytes, timers, takesAll })
}

/** For what consumers of the log compute; without threads for exports there is none for them either. */
export function openHistoryThread(config: Config, timers: Clock, takesAll: boolean): ThreadPool {
  const heapBytes = planOf(config).threadHeap
  return openHistoryPool({ threads: Math.min(config.EXPORT_THREADS, 1), heapBytes, timers, takesAll })
}
