/**
 * The Query of a linked segment of IDTA 02008: the query string of `/timeseries`, with the placeholders that web pages
 * for time series replace. What such a page sends back, by POST as the body, is read here as well.
 *
 * The page of Eclipse BaSyx replaces `{{y-value}}` by the idShort of the variable chosen and `v.timeRangeStart`,
 * `v.timeRangeStop`, `v.windowPeriod` as InfluxDB has them (`2026-11-24T03:00:00.000Z`, `250ms`); older ones leave the
 * times as they stand, and whoever has chosen nothing sends all of it as it stands. What was not replaced counts as
 * not said.
 */
import { HubError } from '../../errors.ts'
import { parseTime } from '../../model/time.ts'

/**
 * What a linked segment asks `/timeseries` for. As parameters of a GET they have the same names: `submodel` (its id),
 * `variable`, `from`, `to`, `every`.
 */
export interface LinkedRequest {
  /** Id of the submodel that shows the time series. */
  readonly submodel: string
  /** idShort of the variable in its Metadata/Record; absent: all of them. Its series: `seriesOf` in segments/series.ts. */
  readonly variable?: string
  /** Nanoseconds since 1970, inclusive; absent: from the beginning, to the end. */
  readonly from?: bigint
  readonly to?: bigint
  /** Width of a bucket in nanoseconds; absent: every sample. */
  readonly every?: bigint
}

const PLACEHOLDERS = {
  variable: '{{y-value}}',
  from: 'v.timeRangeStart',
  to: 'v.timeRangeStop',
  every: 'v.windowPeriod'
} as const

/** The Query for all variables of a submodel. */
export function linkedQuery(submodel: string): string {
  const placeholders = Object.entries(PLACEHOLDERS).map(([name, placeholder]) => `${name}=${placeholder}`)
  return [`submodel=${encodeURIComponent(submodel)}`, ...placeholders].join('&')
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
    return text === '' || text === (PLACEHOLDERS as Readonly<Record<string, string>>)[name] ? undefined : text
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
  const span = flux(text.replace(/^[+-]/, ''))
  if (span !== undefined && /^[+-]?\d+[a-zµ]/.test(text)) return text.startsWith('-') ? now - span : now + span
  const time = parseTime(text) ?? parseTime(`${text}Z`)
  if (time !== undefined) return time
  throw new HubError('BadRequest', [`"${name}" is a time such as 2026-11-24T03:00:00Z or -1h; found "${text}"`])
}

function width(text: string): bigint {
  const span = flux(text)
  if (span !== undefined && span > 0n) return span
  throw new HubError('BadRequest', [`"every" is a duration such as 250ms or 1m; found "${text}"`])
}

/** Nanoseconds of a duration such as `1h30m`, or of a plain number of milliseconds; months and years count 30 and 365 days. */
function flux(text: string): bigint | undefined {
  if (/^\d{1,15}$/.test(text)) return BigInt(text) * UNITS.ms
  if (!/^(\d{1,12}(ns|us|µs|ms|mo|s|m|h|d|w|y))+$/.test(text)) return undefined
  let span = 0n
  for (const [, count = '', unit = ''] of text.matchAll(/(\d+)(ns|us|µs|ms|mo|s|m|h|d|w|y)/g)) {
    span += BigInt(count) * (UNITS[unit as keyof typeof UNITS] ?? 0n)
  }
  return span
}

const S = 1_000_000_000n
const UNITS = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  ms: 1_000_000n,
  s: S,
  m: 60n * S,
  h: 3600n * S,
  d: 86_400n * S,
  w: 604_800n * S,
  mo: 2_592_000n * S,
  y: 31_536_000n * S
}
