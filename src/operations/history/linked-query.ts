/**
 * The Query of a linked segment of IDTA 02008: the query string of `/timeseries`, with the placeholders that web pages
 * for time series replace. What such a page sends back, by POST as the body, is read here as well.
 *
 * The page of Eclipse BaSyx replaces `{{y-value}}`, where a Query has it, by the idShort of the variable chosen first and
 * `v.timeRangeStart`, `v.timeRangeStop`, `v.windowPeriod` as InfluxDB has them (`2026-11-24T03:00:00.000Z`, `250ms`); older ones leave the
 * times as they stand, and whoever has chosen nothing sends all of it as it stands. What was not replaced counts as
 * not said.
 */
import { HubError } from '../../errors.ts'
import { type Interval, parseInterval } from '../../model/interval.ts'
import { parseTime } from '../../model/time.ts'

/**
 * What a linked segment asks `/timeseries` for. As parameters of a GET they have the same names: `submodel` (its id),
 * `variable`, `from`, `to`, `every`.
 */
export interface LinkedRequest {
  /** Id of the submodel that shows the time series. */
  readonly submodel: string
  /** idShort of the variable in its Metadata/Record; absent: all of them. Its series: `seriesOf` in time-series/series.ts. */
  readonly variable?: string
  /** Nanoseconds since 1970, inclusive; absent: from the beginning, to the end. */
  readonly from?: bigint
  readonly to?: bigint
  /** Width of a bucket; absent: every sample. */
  readonly every?: Interval
}

const PLACEHOLDERS = {
  from: 'v.timeRangeStart',
  to: 'v.timeRangeStop',
  every: 'v.windowPeriod'
} as const

/** By which a page names the variable that was chosen first; the others it would look for in vain. */
const VARIABLE = '{{y-value}}'

/** The Query for all variables of a submodel: a page picks those that were chosen out of the answer. */
export function linkedQuery(submodel: string): string {
  const placeholders = Object.entries(PLACEHOLDERS).map(([name, placeholder]) => `${name}=${placeholder}`)
  return [`submodel=${encodeURIComponent(submodel)}`, ...placeholders].join('&')
}

/** Is it the Query that is generated for a submodel, or was by earlier releases? */
export function isLinkedQuery(query: string, submodel: string): boolean {
  const wanted = linkedQuery(submodel)
  return query === wanted || query.replace(`&variable=${VARIABLE}`, '') === wanted
}

/**
 * Reads such a Query after a page has put its choice into it.
 * @param now what relative times (`-1h`, `now()`) count from, nanoseconds since 1970
 * @throws HubError `BadRequest` naming the part that cannot be read
 */
export function readLinked(query: string, now: bigint): LinkedRequest {
  const given = new URLSearchParams(query.trim())
  const part = (name: string): string | undefined => {
    const text = given.get(name)?.trim()
    return text === '' || text === VARIABLE || text === (PLACEHOLDERS as Readonly<Record<string, string>>)[name]
      ? undefined
      : text
  }
  const submodel = part('submodel')
  if (submodel === undefined) throw new HubError('BadRequest', ['The query of a linked segment names its "submodel"'])
  const variable = part('variable')
  const from = part('from')
  const to = part('to')
  const every = part('every')
  return {
    submodel,
    ...(variable !== undefined && { variable }),
    ...(from !== undefined && { from: instant('from', from, now) }),
    ...(to !== undefined && { to: instant('to', to, now) }),
    ...(every !== undefined && { every: width(every) })
  }
}

/** A point in time as Flux has it: absolute, `now()`, or a duration from now. */
function instant(name: string, text: string, now: bigint): bigint {
  if (text === 'now()') return now
  const [, sign, length = ''] = /^([+-]?)(\d.*[a-zµ])$/.exec(text) ?? []
  const interval = parseInterval(length)
  if (interval !== undefined) return shifted(now, interval, sign === '-' ? -1n : 1n)
  const time = parseTime(text) ?? parseTime(`${text}Z`)
  if (time !== undefined) return time
  throw new HubError('BadRequest', [`"${name}" is a time such as 2026-11-24T03:00:00Z or -1h; found "${text}"`])
}

/** Months and years back lead to the same day and time, or to the last day of a shorter month. */
function shifted(time: bigint, { unit, count }: Interval, sign: bigint): bigint {
  if (unit === 'nanosecond') return time + sign * count
  if (unit === 'week') return time + sign * BigInt(count) * WEEK
  const date = new Date(Number(time / 1_000_000n))
  const day = date.getUTCDate()
  date.setUTCMonth(date.getUTCMonth() + Number(sign) * count, 1)
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  date.setUTCDate(Math.min(day, lastDay))
  return BigInt(date.getTime()) * 1_000_000n + (time % 1_000_000n)
}

const WEEK = 604_800_000_000_000n

function width(text: string): Interval {
  const found = parseInterval(/^\d{1,15}$/.test(text) ? `${text}ms` : text)
  if (found !== undefined) return found
  throw new HubError('BadRequest', [`"every" is a duration such as 250ms or 1m; found "${text}"`])
}
