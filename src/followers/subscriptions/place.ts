/** Places between two things of the log: each sample, and each change of a document, is one thing. */
import { readCursor, writeCursor } from '../../model/cursor.ts'
import type { LoggedChange } from '../../store/store.ts'
import type { StreamEvent } from './subscription.ts'

export interface Place {
  /** All commits up to this one lie before … */
  readonly seq: number
  /** … and so many things of the next. */
  readonly index: number
}

/** How many things a change is. */
export function weightOf(change: LoggedChange): number {
  return change.change === 'samples' ? change.count : 1
}

export function cursorAt(epoch: string, { seq, index }: Place): string {
  return writeCursor(index === 0 ? { epoch, seq } : { epoch, seq: seq + 1, index })
}

/** The cursor of whoever has seen an event, and all before it. */
export function cursorBehind(epoch: string, event: StreamEvent): string {
  const things = event.event === 'run' ? event.values.length : 1
  return writeCursor({ epoch, seq: event.seq, index: event.index + things })
}

/** Undefined where the text is no cursor. */
export function placeOf(cursor: string): (Place & { readonly epoch: string }) | undefined {
  const read = readCursor(cursor)
  if (read === undefined) return undefined
  const { epoch, seq, index } = read
  return index === undefined ? { epoch, seq, index: 0 } : { epoch, seq: Math.max(seq - 1, 0), index }
}
