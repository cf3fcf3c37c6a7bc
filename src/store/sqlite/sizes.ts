/** What the store takes, in memory and on disk. */
import { stat } from 'node:fs/promises'
import type { MemoryBudget } from '../../memory/budget.ts'
import type { RecentLog } from '../recent-log.ts'
import type { DocumentCache } from './cache.ts'
import { databasePath } from './paths.ts'
import type { WriteQueue } from './write-queue.ts'

/** On both sides of the writer, estimated. */
const SERIES_NAME_BYTES = 200

interface Holders {
  readonly cache: DocumentCache
  readonly recent: RecentLog
  readonly queue: WriteQueue
  readonly pageBytes: number
}

export function noteMemory(memory: MemoryBudget, { cache, recent, queue, pageBytes }: Holders): void {
  memory.keeps(
    'documents',
    () => cache.bytes,
    () => cache.halve()
  )
  memory.keeps(
    'recent log',
    () => recent.bytes,
    () => recent.clear()
  )
  memory.keeps('series names', () => queue.seriesNames * SERIES_NAME_BYTES)
  memory.keeps('pages', () => 2 * pageBytes)
}

export async function databaseBytes(directory: string): Promise<number> {
  const sizes = ['', '-wal', '-shm'].map((suffix) =>
    stat(databasePath(directory) + suffix).then(
      ({ size }) => size,
      () => 0
    )
  )
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
