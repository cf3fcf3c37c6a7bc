/**
 * The Query of a linked segment of IDTA 02008: the query string of `/timeseries`, with placeholders that web pages for
 * time series replace. Also parses the query that such a page sends back as the body of a POST.
 *
 * The page of Eclipse BaSyx replaces `{{y-value}}` by the idShort of the first chosen variable, and `v.timeRangeStart`,
 * `v.timeRangeStop`, `v.windowPeriod` by values in InfluxDB's format (`2026-11-24T03:00:00.000Z`, `250ms`). Older versions
 * do not replace the times, and without a choice nothing is replaced. A placeholder left in place counts as absent.
 */
import { HubError } from '../../errors.ts'
import { type Interval, parseInterval } from '../../model/interval.ts'
import { parseRelativeTime, resolveTime } from '../../model/relative-time.ts'
import { parseTime } from '../../model/time.ts'

/**
 * A parsed query of a linked segment. The parameters of a GET have the same names: `submodel` (its id), `variable`,
 * `from`, `to`, `every`.
 */
export interface LinkedQuery {
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

/** Replaced by the first chosen variable only, so it is not part of generated queries any more. */
const VARIABLE_PLACEHOLDER = '{{y-value}}'

/** The Query for all variables of a submodel; a page picks the chosen ones from the response. */
export function formatLinkedQuery(submodel: string): string {
  const placeholders = Object.entries(PLACEHOLDERS).map(([name, placeholder]) => `${name}=${placeholder}`)
  return [`submodel=${encodeURIComponent(submodel)}`, ...placeholders].join('&')
}

/** Whether this is the Query generated for a submodel, by this release or an earlier one. */
export function isLinkedQuery(query: string, submodel: string): boolean {
  const generated = formatLinkedQuery(submodel)
  return query === generated || query.replace(`&variable=${VARIABLE_PLACEHOLDER}`, '') === generated
}

/**
 * @param now base of relative times (`-1h`, `now()`), nanoseconds since 1970
 * @throws HubError `BadRequest` naming the invalid part
 */
export function parseLinkedQuery(query: string, now: bigint): LinkedQuery {
  const parameters = new URLSearchParams(query.trim())
  const part = (name: string): string | undefined => {
    const text = parameters.get(name)?.trim()
    return text === '' ||
      text === VARIABLE_PLACEHOLDER ||
      text === (PLACEHOLDERS as Readonly<Record<string, string>>)[name]
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

/** A time in Flux syntax: absolute, `now()`, or a duration relative to now. */
function instant(name: string, text: string, now: bigint): bigint {
  const relative = parseRelativeTime(text)
  if (relative !== undefined) return resolveTime(relative, now)
  const time = parseTime(text) ?? parseTime(`${text}Z`)
  if (time !== undefined) return time
  throw new HubError('BadRequest', [`"${name}" is a time such as 2026-11-24T03:00:00Z or -1h; found "${text}"`])
}

function width(text: string): Interval {
  const found = parseInterval(/^\d{1,15}$/.test(text) ? `${text}ms` : text)
  if (found !== undefined) return found
  throw new HubError('BadRequest', [`"every" is a duration such as 250ms or 1m; found "${text}"`])
}
