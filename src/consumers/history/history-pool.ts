/** Opens the pool of the one thread that computes for the history. It starts when it is first needed. */
import { type PoolOptions, ThreadPool } from '../../threads/pool.ts'

/** As source and as built. */
const MODULE = new URL(import.meta.url.replace(/history-pool(\.[jt]s)$/, 'history-thread$1'))

/** What it makes lives for one task; more room for it costs memory and saves little time. */
const YOUNG_GENERATION_MB = 8

export function openHistoryPool(options: Omit<PoolOptions, 'module' | 'youngGenerationMb'>): ThreadPool {
  return new ThreadPool({ ...options, module: MODULE, youngGenerationMb: YOUNG_GENERATION_MB })
}
