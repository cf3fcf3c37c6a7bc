/** What the store takes, in memory and on disk. */
import { stat } from 'node:fs/promises'
import type { Clock } from '../../clock.ts'
import type { MemoryBudget } from '../../memory/budget.ts'
import type { RecentLog } from '../recent-log.ts'
import type { DocumentCache } from './cache.ts'
import { databasePath } from './paths.ts'
import type { UnwrittenValues } from './unwritten-values.ts'
import type { WriteQueue } from './write-queue.ts'

/** On both sides of the writer, estimated. */
const SERIES_NAME_BYTES = 200

interface Holders {
  readonly cache: DocumentCache
  readonly recent: RecentLog
  readonly queue: WriteQueue
  readonly unwritten: UnwrittenValues
  readonly pageBytes: number
}

export function noteMemory(memory: MemoryBudget, { cache, recent, queue, unwritten, pageBytes }: Holders): void {
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
  // The writer has as many.
  memory.keeps('unwritten values', () => 2 * unwritten.bytes)
  memory.keeps('pages', () => 2 * pageBytes)
}

/** Asking the file system takes longer than most reads, and figures are asked for by many of them. */
const KNOWN_FOR_MS = 1000

/** The bytes of the database on disk, at most a second old. */
export class DatabaseSize {
  readonly #file: string
  readonly #clock: Pick<Clock, 'monotonic'>
  #bytes: Promise<number> = Promise.resolve(0)
  #knownUntil = Number.NEGATIVE_INFINITY

  constructor(directory: string, clock: Pick<Clock, 'monotonic'>) {
    this.#file = databasePath(directory)
    this.#clock = clock
  }

  bytes(): Promise<number> {
    const now = this.#clock.monotonic()
    if (now >= this.#knownUntil) {
      this.#bytes = bytesOf(['', '-wal', '-shm'].map((suffix) => this.#file + suffix))
      this.#knownUntil = now + KNOWN_FOR_MS
    }
    return this.#bytes
  }
}

async function bytesOf(files: readonly string[]): Promise<number> {
  const sizes = files.map((file) =>
    stat(file).then(
      ({ size }) => size,
      () => 0
    )
  )
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
