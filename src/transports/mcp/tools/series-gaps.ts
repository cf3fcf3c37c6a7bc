/** `series_gaps`: when samples are missing. */
import { z } from 'zod'
import { parseInterval } from '../../../model/interval.ts'
import { parseTime } from '../../../model/time.ts'
import { type HubRequests, Unanswerable } from '../hub/requests.ts'
import { type Now, nowIn, type Period, periodOf, timeText } from '../hub/times.ts'
import { rounded } from './numbers.ts'
import { type NamedSeries, selectSeries } from './series-list.ts'
import { samplesIn } from './series-samples.ts'
import { limit, period, selection, tool } from './tool.ts'
import { extentOf, windowOf } from './window.ts'

const MAX_SERIES = 20

/** A gap is longer than the usual distance of samples by this factor. */
const FACTOR = 3n
const SECOND = 1_000_000_000n

interface Gap {
  readonly from: bigint
  readonly to: bigint
}

export const seriesGaps = tool({
  name: 'series_gaps',
  title: 'Gaps of the history',
  description:
    'Times without samples, longest first, and the usual distance of samples. Where samples are too many to be read, gaps are found by intervals, whose width `resolutionSeconds` gives.',
  input: z.strictObject({
    ...{ ...selection, ...period },
    longerThan: z.string().max(30).optional().describe('e.g. 5m; default 3 usual distances'),
    limit: limit(100, 20)
  }),
  run: async ({ hub, clock }, { from, to, timezone, longerThan, limit, ...selection }) => {
    const now = nowIn(clock.milliseconds(), timezone)
    const asked = periodOf(from, to, now)
    const least = longerThan === undefined ? undefined : lengthOf(longerThan)
    const { series } = await selectSeries(hub, selection, MAX_SERIES)
    const window = windowOf(series, asked)
    if (window === undefined) return { message: 'There are no samples in the period', ...extentOf(series) }
    const found: object[] = []
    for (const one of series) found.push(await gapsOf(hub, one, { asked, window, least, now, limit }))
    return { from: timeText(window.from, now.zone), to: timeText(window.to, now.zone), series: found }
  }
})

interface GapRequest {
  readonly asked: Period
  /** Where there are samples of any. */
  readonly window: Required<Period>
  readonly least: bigint | undefined
  readonly now: Now
  readonly limit: number
}

async function gapsOf(hub: HubRequests, series: NamedSeries, request: GapRequest): Promise<object> {
  const { least, now, limit } = request
  const { times, width } = await samplesIn(hub, series, request.window, 'count')
  const { usual, gaps } = width === undefined ? byTimes(times, request) : byIntervals(times, width, request)
  if (width === undefined) gaps.push(...gapsAtEnds(times, series, least ?? FACTOR * (usual ?? SECOND), request))
  gaps.sort((one, other) => Number(other.to - other.from - (one.to - one.from)))
  return {
    ...{ machine: series.machine, path: series.path, lastSample: series.to },
    ...(width === undefined ? { samples: times.length } : { resolutionSeconds: seconds(width) }),
    ...(width === undefined && usual !== undefined && { usualSeconds: seconds(usual) }),
    ...{ gaps: gaps.length, columns: ['from', 'to', 'seconds'] },
    rows: gaps
      .slice(0, limit)
      .map(({ from, to }) => [timeText(from, now.zone), timeText(to, now.zone), seconds(to - from)]),
    ...(gaps.length > limit && { more: `${gaps.length - limit} shorter gaps: raise "limit" or "longerThan"` })
  }
}

/** It may have begun again after the start of the period that was asked for, or have stopped before its end. */
function gapsAtEnds(
  times: readonly bigint[],
  series: NamedSeries,
  longest: bigint,
  { asked: { from, to }, now: { now } }: GapRequest
): Gap[] {
  const [first, last] = [times[0], times.at(-1)]
  if (first === undefined || last === undefined) return []
  const wasBefore = from !== undefined && (parseTime(series.from) ?? first) < from
  const end = to === undefined ? undefined : to < now ? to : now
  return [
    ...(wasBefore && first - from > longest ? [{ from, to: first }] : []),
    ...(end !== undefined && end - last > longest ? [{ from: last, to: end }] : [])
  ]
}

function byTimes(times: readonly bigint[], { least }: GapRequest): { usual: bigint | undefined; gaps: Gap[] } {
  const distances = times.slice(1).map((time, index) => Number(time - (times[index] ?? time)))
  const middle = distances.toSorted((one, other) => one - other)[Math.floor(distances.length / 2)]
  if (middle === undefined) return { usual: undefined, gaps: [] }
  const usual = BigInt(middle)
  const longest = least ?? FACTOR * usual
  const gaps = times.slice(1).flatMap((to, index) => {
    const from = times[index] ?? to
    return to - from > longest ? [{ from, to }] : []
  })
  return { usual, gaps }
}

function byIntervals(starts: readonly bigint[], width: bigint, { least }: GapRequest): { usual: bigint; gaps: Gap[] } {
  const gaps = starts.slice(1).flatMap((to, index) => {
    const from = (starts[index] ?? to) + width
    return to - from > (least ?? 0n) && to > from ? [{ from, to }] : []
  })
  return { usual: width, gaps }
}

function lengthOf(text: string): bigint {
  const interval = parseInterval(text)
  if (interval?.unit === 'nanosecond') return interval.count
  throw new Unanswerable(`"longerThan" is "${text}", expected a duration such as 30s, 5m, 1h or PT5M`)
}

function seconds(nanoseconds: bigint): number {
  return rounded(Number(nanoseconds) / 1e9)
}
