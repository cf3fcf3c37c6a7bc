/**
 * Watches the size of the process. Where it exceeds its budget caches give up a half, the garbage collector is made to run
 * early, and less may be under way; so it gets smaller, instead of being ended by the system.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import type { Timers } from '../clock.ts'
import type { MemoryBudget } from '../memory/budget.ts'

const CHECK_INTERVAL_MS = 250

/** Of the budget: beyond it is tight, below no longer. Of the smallest budget the program by itself takes less than that. */
const TIGHT = 0.85
const RELAXED = 0.8

/** The same of the heap, beyond which V8 would end the process. */
const HEAP_TIGHT = 0.9

/**
 * The heap may grow by this many percent until it is collected again; V8 reads it each time. Left to itself, and with much
 * room, V8 lets garbage of several times the live objects pile up. With a small budget, less.
 */
const GROWTH = { least: 20, most: 50, perMiB: 0.1 }
const TIGHT_GROWTH = 10

export interface ProcessSize {
  readonly rss: number
  /** Share of the limit of the heap that is used. */
  readonly heap: number
}

/** @param budget in bytes. @returns a function that ends it */
export function guardMemory(
  memory: MemoryBudget,
  budget: number,
  timers: Timers,
  measure: () => ProcessSize = measureProcess
): () => Promise<void> {
  const growth = Math.round(Math.min(Math.max(GROWTH.perMiB * (budget / 2 ** 20), GROWTH.least), GROWTH.most))
  const check = () => {
    const { rss, heap } = measure()
    const isTight = memory.isTight
      ? rss > RELAXED * budget || heap > HEAP_TIGHT
      : rss > TIGHT * budget || heap > HEAP_TIGHT
    if (isTight !== memory.isTight) letGrow(isTight ? TIGHT_GROWTH : growth)
    memory.isTight = isTight
  }
  letGrow(growth)
  const stop = timers.every(CHECK_INTERVAL_MS, check)
  return async () => stop()
}

function letGrow(percent: number): void {
  setFlagsFromString(`--heap-growing-percent=${percent}`)
}

function measureProcess(): ProcessSize {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics()
  return { rss: process.memoryUsage.rss(), heap: used / limit }
}
