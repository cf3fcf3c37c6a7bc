/** The value of an element at a time, by the history. */
import { lengthOf, membersAt } from '../../model/samples.ts'
import { later } from '../../model/time.ts'
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
    let found: string | undefined
    for await (const run of history.read(series, from, last)) found = membersAt(run, lengthOf(run) - 1)
    if (found !== undefined || from === first) return found
    back *= GROWTH
  }
}
