/** The value of an element at a time, by the history. */
import { firstAt, membersAt, timeAt } from '../../model/samples.ts'
import { later } from '../../model/time.ts'
import type { SeriesPiece } from '../../store/merge-chunks.ts'
import type { SeriesName } from '../../store/series.ts'
import type { History } from './history.ts'

/** Of the average time between two samples: how far is looked back at first. */
const FIRST_STEPS = 4n
const GROWTH = 8n

/**
 * The value members, as JSON, of the newest sample up to a time.
 * @param after only samples after this one count; undefined: all
 */
export async function valueAt(
  history: History,
  series: SeriesName,
  { after, time }: { readonly after: bigint | undefined; readonly time: bigint }
): Promise<string | undefined> {
  const span = await history.spanOf(series)
  if (span === undefined || span.from > time || (after !== undefined && span.to <= after)) return undefined
  const first = after === undefined ? span.from : later(span.from, after + 1n)
  const last = span.to < time ? span.to : time
  let back = (FIRST_STEPS * (span.to - span.from)) / BigInt(span.count) + 1n
  for (;;) {
    const from = later(last - back, first)
    let newest: SeriesPiece | undefined
    for await (const piece of history.pieces(series, from, last)) if (piece.from <= last) newest = piece
    const found = newest && newestIn(newest, last)
    // Of what is before the window not everything was looked at.
    if (found !== undefined && found.time >= from) return found.members
    if (from === first) return undefined
    back *= GROWTH
  }
}

/** The newest sample up to a time, of a piece that begins at it or before. Only the part that holds it is decoded. */
function newestIn(piece: SeriesPiece, time: bigint): { readonly time: bigint; readonly members: string } {
  const part = piece.parts?.().findLast(({ from }) => from <= time)
  if (part !== undefined) return newestIn(part, time)
  const run = piece.run()
  const index = firstAt(run, time + 1n) - 1
  return { time: timeAt(run, index), members: membersAt(run, index) }
}
