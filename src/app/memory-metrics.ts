/** Metrics of the memory: who holds how much. */
import { getHeapStatistics } from 'node:v8'
import type { MemoryBudget } from '../memory/budget.ts'
import { metricText, NO_LABEL } from './metric-text.ts'

/** @param bytes that the process should not exceed */
export function memoryMetrics(memory: MemoryBudget, bytes: number): string[] {
  const held = memory.held().map(({ name, bytes }) => [`{holder="${name}"}`, Math.round(bytes)] as const)
  return [
    metricText('memory_budget_bytes', 'gauge', 'Memory that the process should not exceed', { [NO_LABEL]: bytes }),
    metricText('memory_held_bytes', 'gauge', 'Who holds how much of it, estimated', Object.fromEntries(held)),
    metricText('memory_heap_limit_bytes', 'gauge', 'Beyond this heap of the main thread the process ends', {
      [NO_LABEL]: getHeapStatistics().heap_size_limit
    }),
    metricText('memory_refusals_total', 'counter', 'Times that something had to wait or was refused for its memory', {
      [NO_LABEL]: memory.refusals
    }),
    metricText('memory_tight', 'gauge', 'Does the process take more than its budget, so that less may be under way?', {
      [NO_LABEL]: memory.isTight ? 1 : 0
    })
  ]
}
