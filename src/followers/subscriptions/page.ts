/** The log for those who poll: as many events as they want at a time, and the cursor to go on with. */
import { setImmediate } from 'node:timers/promises'
import type { LogEntry, LoggedChange } from '../../store/store.ts'
import type { Matcher } from './matcher.ts'
import { MESSAGE, sizeOf } from './message.ts'
import type { Past } from './past.ts'
import { type Place, weightOf } from './place.ts'
import type { StreamEvent } from './subscription.ts'
import { Present, type Projection, Telling } from './telling.ts'

export interface EventPage {
  readonly events: readonly StreamEvent[]
  /** Always there: from where to go on, now or later. */
  readonly cursor: string
  /** Is there more to read already? */
  readonly more: boolean
  /** False where what was asked for lies further back than the log reaches; the page begins where the log does. */
  readonly recovered: boolean
}

/** Longest time that is spent on one page, in milliseconds, and about how many bytes go on it. */
const PATIENCE = 200
const BYTES = 16 * MESSAGE

const ENTRIES = 200

/** Reads on from a place, up to where the loop is. */
export async function readPage(
  past: Past,
  matcher: Matcher,
  projection: Projection,
  from: Place,
  limit: number
): Promise<{ events: StreamEvent[]; place: Place; gap: boolean }> {
  const until = performance.now() + PATIENCE
  const present = projection.full ? new Present(past.store) : undefined
  const events: StreamEvent[] = []
  let place = from
  let lost = false
  let bytes = 0
  while (place.seq < past.position() && performance.now() < until) {
    const { entries, gap } = await past.store.log(place.seq, ENTRIES)
    lost ||= gap
    if (entries.length === 0) place = { seq: past.position(), index: 0 }
    for (const entry of entries) {
      const seen = entry.seq === place.seq + 1 ? place.index : 0
      let next = 0
      for (const change of entry.changes) {
        const first = next
        next += weightOf(change)
        if (next <= seen || !(await isMeant(matcher, change))) continue
        const telling = new Telling(entry, change, first)
        await telling.prepare(past.facts, present)
        const start = Math.max(seen, first) - first
        const end = Math.min(next - first, start + (projection.shape === 'rows' ? limit - events.length : next))
        const told = telling.events(projection, start, end)
        for (const event of told) bytes += sizeOf(event)
        events.push(...told)
        if (events.length >= limit || bytes >= BYTES || performance.now() > until) {
          return { events, place: behind(entry, first + end), gap: lost }
        }
      }
      place = { seq: entry.seq, index: 0 }
    }
    await setImmediate()
  }
  return { events, place, gap: lost }
}

/** The place behind so many things of an entry. */
function behind({ seq, changes }: LogEntry, index: number): Place {
  const all = changes.reduce((sum, change) => sum + weightOf(change), 0)
  return index < all ? { seq: seq - 1, index } : { seq, index: 0 }
}

function isMeant(matcher: Matcher, change: LoggedChange): boolean | Promise<boolean> {
  return 'path' in change ? matcher.value(change.submodel, change.path, true) : matcher.document(change, true)
}
