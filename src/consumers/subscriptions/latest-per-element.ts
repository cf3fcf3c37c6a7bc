/** Reduces many changes to the newest per element, and to one per document. */

import type { SeriesName } from '../../store/series.ts'
import type { LogEntry, LoggedChange } from '../../store/store.ts'
import type { DocumentChange } from './matcher.ts'

export interface LatestChange {
  readonly entry: LogEntry
  readonly change: LoggedChange
  readonly index: number
}

export class LatestPerElement {
  readonly #latest = new Map<string, LatestChange>()

  get size(): number {
    return this.#latest.size
  }

  take(latest: LatestChange): void {
    const { change } = latest
    const key = 'path' in change ? elementKey(change) : `/${change.kind} ${change.id}`
    const before = this.#latest.get(key)
    if ('path' in change) {
      if (before === undefined || timeOf(change) >= timeOf(before.change)) this.#latest.set(key, latest)
    } else {
      const known = before?.change
      const all = known !== undefined && !('path' in known) ? mergeChanges(known, change) : change
      this.#latest.set(key, { ...latest, change: all })
    }
  }

  /** In the order of the log. */
  all(): LatestChange[] {
    return [...this.#latest.values()].sort((a, b) => a.entry.seq - b.entry.seq || a.index - b.index)
  }
}

/** Unique, as no path contains a space. */
export function elementKey({ submodel, path }: SeriesName): string {
  return `${path} ${submodel}`
}

function timeOf(change: LoggedChange): bigint {
  return change.change === 'samples' ? change.to : change.change === 'value' ? change.sourceTime : 0n
}

/** Merges two changes of one document. */
function mergeChanges(first: DocumentChange, second: DocumentChange): DocumentChange {
  if (second.change !== 'updated') return second
  const touched = first.touched && second.touched && [...new Set([...first.touched, ...second.touched])]
  const { kind, id } = second
  return { change: first.change, kind, id, ...(touched !== undefined && { touched }) }
}
