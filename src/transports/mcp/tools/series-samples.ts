/** Reads all samples of a series in a period, as long as they are not too many. */
import { formatTime, parseTime } from '../../../model/time.ts'
import type { HubRequests } from '../hub/requests.ts'
import type { Period } from '../hub/times.ts'
import type { NamedSeries } from './series-list.ts'

/** Where there are more, only aggregates of intervals are read. */
const MAX_SAMPLES = 60_000
const SAMPLES_PER_PAGE = 20_000
const INTERVALS = 2000
const SECOND = 1_000_000_000n

export type SampleCell = number | string | boolean | null

export interface SampleTable {
  readonly metadata?: { readonly cursor?: string }
  readonly rows: readonly (readonly SampleCell[])[]
}

export interface Samples {
  readonly times: readonly bigint[]
  readonly values: readonly SampleCell[]
  /** Of intervals: their width in nanoseconds; absent where each sample was read. */
  readonly width?: bigint
}

/** @param aggregate of intervals, where the samples are too many */
export async function samplesIn(
  hub: HubRequests,
  series: NamedSeries,
  window: Required<Period>,
  aggregate: string
): Promise<Samples> {
  const query = { submodel: series.submodel, path: series.path, ...periodQuery(window) }
  const [times, values]: [bigint[], SampleCell[]] = [[], []]
  const take = ({ rows }: SampleTable) => {
    for (const [time, value] of rows) {
      times.push(parseTime(time) ?? 0n)
      values.push(value ?? null)
    }
  }
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const at = cursor === '' ? {} : { cursor }
    const page: SampleTable = await hub.get<SampleTable>('/timeseries', { ...query, ...at, limit: SAMPLES_PER_PAGE })
    take(page)
    cursor = page.metadata?.cursor
    if (cursor === undefined || times.length < MAX_SAMPLES) continue
    const width = ((window.to - window.from) / BigInt(INTERVALS) / SECOND + 1n) * SECOND
    times.length = 0
    values.length = 0
    take(await hub.get<SampleTable>('/timeseries', { ...query, interval: `${width / SECOND}s`, aggregate }))
    return { times, values, width }
  }
  return { times, values }
}

export function periodQuery({ from, to }: Period): Readonly<Record<string, string>> {
  return { ...(from !== undefined && { from: formatTime(from) }), ...(to !== undefined && { to: formatTime(to) }) }
}
