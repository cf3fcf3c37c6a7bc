/** The states that a change concerns. */
import type { Change } from '../store.ts'
import { keyOf, type StateKey } from './keys.ts'

/** The states that must be loaded for a change; first the one that it changes. */
export function* keysReadBy(change: Change): Generator<StateKey> {
  const key = keyOfChange(change)
  if (key !== undefined) yield key
  if (change.change === 'keep') yield keyOf.document('Revision', change.revision)
  if (change.change === 'attach') for (const { blob } of change.files) yield keyOf.blob(blob)
}

/** Undefined: none; the audit is among the counters. */
export function keyOfChange(change: Change): StateKey | undefined {
  switch (change.change) {
    case 'value':
    case 'samples':
      return keyOf.document('Submodel', change.submodel)
    case 'idempotencyKey':
      return keyOf.receipt(change.key)
    case 'audit':
      return undefined
    default:
      return keyOf.document(change.kind, change.id)
  }
}
