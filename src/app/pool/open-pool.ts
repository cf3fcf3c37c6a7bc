/** Opens the pool of threads; none is started yet. */
import type { Clock } from '../../clock.ts'
import type { Config } from '../../config/config.ts'
import { ThreadPool } from '../../threads/pool.ts'

/** As source and as built. */
const MODULE = new URL(import.meta.url.replace(/open-pool(\.[jt]s)$/, 'thread$1'))

/** @param takesAll see `PoolOptions` */
export function openPool({ EXPORT_THREADS: threads }: Config, timers: Clock, takesAll: boolean): ThreadPool {
  return new ThreadPool({ module: MODULE, threads, timers, takesAll })
}
