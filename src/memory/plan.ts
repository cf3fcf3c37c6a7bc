/** Divides the memory of the process among all that holds some; so that the sum is known, not each part alone. */
import { totalmem } from 'node:os'
import { parseBytes } from './byte-size.ts'

const MIB = 2 ** 20

export interface MemoryPlan {
  /** Resident memory that the process should not exceed. This and all that follows is in bytes, unless said. */
  readonly budget: number
  /** Heap of the main thread. V8 ends the process beyond. */
  readonly oldSpace: number
  /** For young objects, of each of two halves. */
  readonly semiSpace: number
  /** For all young objects of the writer. */
  readonly writerYoung: number
  /** Heap of a thread of the pool, and how many there may be at most. */
  readonly threadHeap: number
  readonly threads: number
  /** Documents and element rows. */
  readonly cache: number
  /** Newest entries of the log. */
  readonly recentLog: number
  /** Samples that are in no chunk yet. */
  readonly unpacked: number
  /** Values that are in no row yet, on each side of the writer. */
  readonly unwritten: number
  /** Pages of the database, of each of its two connections. */
  readonly pages: number
  /** Series that the writer knows by number. */
  readonly seriesNames: number
  /** Everything that is under way: writes, bodies, samples and messages to subscribers together, and each of them. */
  readonly underWay: number
  readonly writes: number
  readonly bodies: number
  /** A single body that is parsed as a whole. */
  readonly body: number
  /** Samples that wait to become durable; a number. */
  readonly waitingSamples: number
  readonly backlog: number
  /** Files that are checked or repaired at a time, and the heap of each one's thread. */
  readonly files: number
  readonly fileHeap: number
  /** What of that heap nothing is left for, so that it counts as under way. */
  readonly fileUnderWay: number
}

/**
 * Program, both threads and their libraries, with nothing stored and small load: measured (docs/benchmarks.md). More than a
 * third are pages of the program, which it shares with other processes of Node.
 */
const BASE = 160 * MIB

/** With less the hub does not start: what is left beside the program would not hold a push. */
const MIN_BUDGET = 224 * MIB
const MAX_AUTOMATIC = 4096 * MIB

/** A thread of the pool takes about that much while it works. */
const THREAD_BYTES = 160 * MIB

/** Of a thread for a file: with less most files would be too large. */
const FILE_HEAP = { least: 64 * MIB, most: 1024 * MIB }

const SERIES_NAME_BYTES = 200
const SAMPLE_BYTES = 32

/** @param budget see {@link parseMemory} */
export function memoryPlan(budget: number): MemoryPlan {
  const free = Math.max(budget - BASE, MIN_BUDGET - BASE)
  /** A part of what is free, within bounds in MiB: with less it does not work, more does not help. */
  const share = (part: number, least: number, most: number) =>
    Math.floor(Math.min(Math.max(free / part, least * MIB), most * MIB))
  const parts = {
    budget,
    oldSpace: Math.floor(Math.max(0.55 * budget, budget - 640 * MIB)),
    semiSpace: share(32, 2, 16),
    writerYoung: share(16, 6, 24),
    threadHeap: share(4, 64, 512),
    threads: Math.floor(free / THREAD_BYTES),
    cache: share(8, 4, 128),
    recentLog: share(32, 1, 16),
    unpacked: share(16, 2, 16),
    unwritten: share(16, 4, 48),
    pages: share(32, 2, 16),
    seriesNames: Math.floor(share(24, 2, 40) / SERIES_NAME_BYTES),
    underWay: share(2.2, 24, 1024),
    writes: share(8, 8, 64),
    bodies: share(4, 16, 128),
    body: share(8, 4, 16),
    waitingSamples: Math.floor(share(8, 4, 128) / SAMPLE_BYTES),
    backlog: share(8, 4, 64)
  }
  const rest = free - keptBytes(parts) - parts.underWay
  return { ...parts, ...filesWithin(rest) }
}

/** @param rest what everything else leaves, in bytes */
function filesWithin(rest: number): Pick<MemoryPlan, 'files' | 'fileHeap' | 'fileUnderWay'> {
  const files = rest >= 2 * FILE_HEAP.least ? 2 : 1
  const fileHeap = Math.floor(Math.min(Math.max(rest / files, FILE_HEAP.least), FILE_HEAP.most))
  return { files, fileHeap, fileUnderWay: Math.max(0, fileHeap - Math.max(0, Math.floor(rest))) }
}

/** Objects take more than what they are estimated at. */
function keptBytes({
  cache,
  recentLog,
  unpacked,
  unwritten,
  pages,
  seriesNames
}: Pick<MemoryPlan, 'cache' | 'recentLog' | 'unpacked' | 'unwritten' | 'pages' | 'seriesNames'>): number {
  return 1.4 * (cache + recentLog + unpacked) + 2 * (unwritten + pages) + SERIES_NAME_BYTES * seriesNames
}

/**
 * The budget in bytes. `auto`: nine tenths of what the container may use, else half of the machine, and no more than 4 GiB.
 * @throws Error that names what was expected
 */
export function parseMemory(text: string): number {
  if (text === 'auto') return Math.max(automatic(), MIN_BUDGET)
  try {
    const bytes = parseBytes(text)
    if (bytes >= MIN_BUDGET) return bytes
  } catch {
    // Said below.
  }
  throw new Error(`auto, or a size of at least ${MIN_BUDGET / MIB}MiB, such as 400MiB or 2GiB`)
}

function automatic(): number {
  const machine = totalmem()
  // Without a limit it is a number beyond any memory, or 0.
  const container = process.constrainedMemory()
  const isLimited = container > 0 && container < machine
  return Math.min(isLimited ? 0.9 * container : machine / 2, MAX_AUTOMATIC)
}
