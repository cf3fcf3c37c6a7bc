/** Estimates the memory that queued changes take. */

import { heapBytes } from './document-text.ts'
import type { Change } from './store.ts'

export function estimateBytes(changes: readonly Change[]): number {
  return changes.reduce((sum, change) => sum + estimateChangeBytes(change), 100)
}

function estimateChangeBytes(change: Change): number {
  if (change.change === 'create' || change.change === 'replace') return heapBytes(change.json) + 500
  if (change.change === 'samples') return change.run.length + 500
  if (change.change === 'audit') return change.record.length + 500
  return change.change === 'value' ? change.value.length + 500 : 500
}
