/** The query parameters of `/timeseries`, most of which `/dataset` has as well. */
import { HubError } from '../../errors.ts'
import { type TimeFormat, timeFormats } from '../../formats/tables/time-format.ts'
import { type TableFormat, writers } from '../../formats/tables/writers.ts'
import { type Interval, parseInterval } from '../../model/interval.ts'
import { parseRelativeTime, type RelativeTime } from '../../model/relative-time.ts'
import { parseTime } from '../../model/time.ts'
import { type TimeZone, timeZone } from '../../model/time-zone.ts'
import { AGGREGATES } from '../../operations/history/aggregate.ts'
import { ALIGNMENTS } from '../../operations/history/table.ts'
import { documentChoice, documentText, documentTexts, type QueryDeclaration } from '../http/extension-endpoint.ts'
import { parseQueryTime } from '../http/parameters.ts'
import { MACHINE } from '../schemas/sample-schemas.ts'

/** Rows of a page. Without `limit` all rows are sent as a stream. */
const MAX_PAGE_ROWS = 100_000

export const tableFormats = Object.keys(writers) as TableFormat[]

/** Which series, from when to when, and in which shape. */
export const seriesParameters = {
  submodel: {
    ...documentTexts('Ids of submodels: all series in them, or those that `path` and `semanticId` name', MACHINE),
    parse: nonEmpty
  },
  path: {
    ...documentTexts('idShortPaths; `*` is any one step or index, `**` any number of steps', 'CycleTime'),
    parse: nonEmpty
  },
  semanticId: { ...documentTexts('First key of the semanticId of the elements'), parse: nonEmpty },
  from: {
    ...documentText(
      'Start, inclusive: ISO 8601, milliseconds since 1970, or relative to now: `now-1h`, `now-1w`',
      '2026-11-24T03:00:00Z'
    ),
    parse: parseTimeParameter
  },
  to: { ...documentText('End, inclusive', '2026-11-24T04:00:00Z'), parse: parseTimeParameter },
  interval: {
    ...documentText(
      'Width of buckets or of the grid: a number with `ns`, `us`, `ms`, `s`, `m`, `h`, `d`, `w`, `mo` or `y`, or an ISO 8601 duration. Weeks (from Monday), months and years follow the calendar',
      '1s'
    ),
    parse: parseIntervalParameter
  },
  timezone: {
    ...documentText(
      'Time zone of hours, days, weeks and months, and of times in CSV, JSON and NDJSON: an IANA name or an offset; default UTC',
      'Asia/Seoul'
    ),
    parse: parseTimeZone
  },
  timeFormat: {
    ...documentChoice(
      'Times in CSV, JSON and NDJSON: ISO 8601; local time as spreadsheets read it, in milliseconds; or a number since 1970',
      timeFormats,
      'iso'
    ),
    parse: oneOf<TimeFormat>(timeFormats)
  },
  aggregate: {
    description: 'Aggregates of each bucket; may be separated by commas',
    schema: { type: 'array', items: { type: 'string', enum: AGGREGATES } },
    example: ['mean', 'count'],
    parse: (values, name) =>
      nonEmpty(values.flatMap((text) => text.split(','))).map((text) => oneOf(AGGREGATES)([text], name))
  },
  align: {
    ...documentChoice(
      'How values are aligned to the grid: not at all, the previous value, or linear interpolation',
      ALIGNMENTS,
      'none'
    ),
    parse: oneOf(ALIGNMENTS)
  },
  quality: {
    description: 'Adds a column of qualities for each series of raw samples',
    schema: { type: 'boolean', default: false },
    parse: (values, name) => oneOf(['true', 'false'])(values, name) === 'true'
  },
  language: { ...documentText('Language of column names in CSV and data sets', 'ko'), parse: first }
} as const satisfies QueryDeclaration

export const tableParameters = {
  ...seriesParameters,
  limit: {
    description:
      'Maximum number of rows of a page; a very wide table has fewer. Without it all rows are streamed, at most 10,000,000 of a grid',
    schema: { type: 'integer', minimum: 1, maximum: MAX_PAGE_ROWS },
    example: 1000,
    parse: parseLimit
  },
  cursor: {
    ...documentText('Cursor of the previous page, from its `Link` or its `metadata`'),
    parse: parsePageCursor
  },
  format: { ...documentChoice('Format of the table; precedes `Accept`', tableFormats), parse: parseFormat }
} as const satisfies QueryDeclaration

/** Of the Query of a linked segment, beside `submodel`, `from` and `to`; parsed by operations/history/linked-query.ts. */
export const linkedParameters = {
  variable: {
    ...documentText('For a linked segment (IDTA 02008): idShort of a variable in `Metadata/Record`'),
    parse: first
  },
  every: {
    ...documentText(
      'For a linked segment: width of buckets in the notation of Flux, e.g. `250ms`; each bucket gives its mean'
    ),
    parse: first
  }
} as const satisfies QueryDeclaration

export function invalid(name: string, expected: string, found?: string): HubError {
  const suffix = found === undefined ? '' : `; found "${found.slice(0, 60)}"`
  return new HubError('BadRequest', [`Query parameter "${name}": expected ${expected}${suffix}`])
}

/** Of a repeated parameter the first occurrence counts. */
function first(values: readonly string[]): string {
  return values[0] ?? ''
}

function nonEmpty(values: readonly string[]): string[] {
  return values.map((text) => text.trim()).filter((text) => text !== '')
}

function oneOf<const Choice extends string>(choices: readonly Choice[]) {
  return (values: readonly string[], name: string): Choice => {
    const text = first(values)
    const choice = choices.find((choice) => choice === text)
    if (choice === undefined) throw invalid(name, `one of ${choices.join(', ')}`, text)
    return choice
  }
}

function parseTimeParameter(values: readonly string[], name: string): bigint | RelativeTime {
  const text = first(values)
  // A plus that is not percent-encoded arrives as a space.
  const time = parseQueryTime(text) ?? parseRelativeTime(text.replace(/^(now(?:\(\))?) /, '$1+'))
  if (time === undefined) {
    throw invalid(name, 'a time such as 2026-11-24T03:00:00Z or now-1h, or milliseconds since 1970', text)
  }
  return time
}

function parseIntervalParameter(values: readonly string[], name: string): Interval {
  const text = first(values)
  const interval = parseInterval(text)
  if (interval === undefined) throw invalid(name, 'a time such as 10s, 500ms, 1h, PT1M, P1D, P1W or P1M', text)
  return interval
}

function parseTimeZone(values: readonly string[], name: string): TimeZone {
  const text = first(values)
  // A plus that is not percent-encoded arrives as a space.
  const zone = timeZone(text) ?? timeZone(text.replace(/^ /, '+'))
  if (zone === undefined) {
    throw invalid(name, 'the name of a time zone such as Asia/Seoul, or an offset such as +09:00', text)
  }
  return zone
}

function parseLimit(values: readonly string[], name: string): number {
  const text = first(values)
  if (!/^[1-9]\d{0,5}$/.test(text) || Number(text) > MAX_PAGE_ROWS) {
    throw invalid(name, `a whole number from 1 to ${MAX_PAGE_ROWS}`, text)
  }
  return Number(text)
}

/** Nanoseconds since 1970. */
function parsePageCursor(values: readonly string[], name: string): bigint {
  const text = first(values)
  const digits = /^[\w-]{1,40}$/.test(text) ? Buffer.from(text, 'base64url').toString() : ''
  const time = parseTime(digits, 'ns')
  if (time === undefined) throw invalid(name, 'the one of the page before', text)
  return time
}

function parseFormat(values: readonly string[]): TableFormat {
  const text = first(values)
  if (Object.hasOwn(writers, text)) return text as TableFormat
  throw new HubError('BadRequest', [`"format" is one of ${tableFormats.join(', ')}; found "${text.slice(0, 60)}"`])
}
