/** Positions between events of the log. Each sample and each change of a document is one event. */
import { decodeCursor, encodeCursor } from '../../model/cursor.ts'
import type { LogEntry, LoggedChange } from '../../store/store.ts'
import type { StreamEvent } from './subscription.ts'

export interface LogPosition {
  /** All commits up to this one are before the position … */
  readonly seq: number
  /** … and this many events of the next one. */
  readonly index: number
}

/** Number of events of a change. */
export function eventCount(change: LoggedChange): number {
  return change.change === 'samples' ? change.count : 1
}

/** A change and the positions of its events. */
export interface LocatedChange {
  readonly entry: LogEntry
  /** Index of the entry among those given. */
  readonly place: number
  readonly change: LoggedChange
  /** Number of events before this change in its commit. */
  readonly index: number
  readonly count: number
  /** Number of its events before the position. */
  readonly skip: number
}

/** The changes with events behind a position, in the order of the log. */
export function* changesBehind(
  entries: readonly LogEntry[],
  { seq, index: seen }: LogPosition
): Generator<LocatedChange> {
  for (const [place, entry] of entries.entries()) {
    const before = entry.seq === seq + 1 ? seen : 0
    let index = 0
    for (const change of entry.changes) {
      const count = eventCount(change)
      if (index + count > before) yield { entry, place, change, index, count, skip: Math.max(0, before - index) }
      index += count
    }
  }
}

/** The position behind this many events of an entry. */
export function positionBehind({ seq, changes }: LogEntry, index: number): LogPosition {
  const all = changes.reduce((sum, change) => sum + eventCount(change), 0)
  return index < all ? { seq: seq - 1, index } : { seq, index: 0 }
}

export function cursorAt(epoch: string, { seq, index }: LogPosition): string {
  return encodeCursor(index === 0 ? { epoch, seq } : { epoch, seq: seq + 1, index })
}

/** The cursor behind an event and all before it. */
export function cursorBehind(epoch: string, event: StreamEvent): string {
  const count = event.event === 'run' ? event.values.length : 1
  return encodeCursor({ epoch, seq: event.seq, index: event.index + count })
}

/** Undefined where the text is no cursor. */
export function parseCursor(cursor: string): (LogPosition & { readonly epoch: string }) | undefined {
  const read = decodeCursor(cursor)
  if (read === undefined) return undefined
  const { epoch, seq, index } = read
  return index === undefined ? { epoch, seq, index: 0 } : { epoch, seq: Math.max(seq - 1, 0), index }
}
