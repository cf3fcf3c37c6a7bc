/** The parameters of `/timeseries`, read and checked. */
import { HubError } from '../../errors.ts'
import { type TimeFormat, timeFormats, type WriteOptions } from '../../formats/tables/time-format.ts'
import { parseInterval } from '../../model/interval.ts'
import { later, parseTime } from '../../model/time.ts'
import { ceilTo, type TimeGrid, timeGrid } from '../../model/time-grid.ts'
import { type TimeZone, timeZone, UTC } from '../../model/time-zone.ts'
import { AGGREGATES, type Aggregate } from '../../operations/history/aggregate.ts'
import { ALIGNMENTS, type Alignment, type TableRequest } from '../../operations/history/table.ts'
import type { SeriesRequest } from '../../operations/history/variables.ts'
import { MOST, tableParameters } from './openapi.ts'

export interface Parameters {
  readonly series: SeriesRequest
  readonly shape: Omit<TableRequest, 'variables'>
  /** Rows; absent: all. */
  readonly limit?: number
  readonly language?: string
  /** How text formats write times. */
  readonly times: WriteOptions
}

/** Nothing is read that the document does not tell of. */
type Name = keyof typeof tableParameters

/**
 * @param known whose names may be given
 * @throws HubError `BadRequest` naming the parameter, what was found and what was expected
 */
export function readParameters(given: URLSearchParams, known: object = tableParameters): Parameters {
  for (const name of given.keys()) {
    if (!Object.hasOwn(known, name)) throw wrong(name, `one of ${Object.keys(known).join(', ')}`, undefined)
  }
  const from = time(given, 'from')
  const to = time(given, 'to')
  const zone = zoneOf(given)
  const grid = cells(given, zone)
  const asked = list(given, 'aggregate').map((name) => oneOf('aggregate', name, AGGREGATES)) as Aggregate[]
  const align = oneOf('align', part(given, 'align') ?? 'none', ALIGNMENTS) as Alignment
  if (asked.length > 0 && grid === undefined) throw wrong('interval', 'given with "aggregate"', undefined)
  if (align !== 'none' && grid === undefined) throw wrong('interval', 'given with "align"', undefined)
  if (grid !== undefined && asked.length === 0 && align === 'none') {
    throw wrong('aggregate', `given with "interval": ${AGGREGATES.join(', ')}; or "align"`, undefined)
  }
  const after = cursor(given)
  // A bucket that was told is over: the next page begins with the samples of the next one.
  const next = after !== undefined && grid !== undefined && asked.length > 0 ? ceilTo(grid, after) : after
  const start = from === undefined ? next : next === undefined ? from : later(from, next)
  const limit = whole(given, 'limit')
  const language = part(given, 'language')
  return {
    series: {
      submodels: list(given, 'submodel', false),
      paths: list(given, 'path', false),
      semanticIds: list(given, 'semanticId', false)
    },
    shape: {
      ...(start !== undefined && { from: start }),
      ...(to !== undefined && { to }),
      ...(grid !== undefined && { grid }),
      aggregates: asked,
      align,
      quality: oneOf('quality', part(given, 'quality') ?? 'false', ['true', 'false']) === 'true'
    },
    times: { zone, timeFormat: oneOf('timeFormat', part(given, 'timeFormat') ?? 'iso', timeFormats) as TimeFormat },
    ...(limit !== undefined && { limit }),
    ...(language !== null && { language })
  }
}

function part(given: URLSearchParams, name: Name): string | null {
  return given.get(name)
}

/** @param commas whether one parameter may hold several, by comma */
function list(given: URLSearchParams, name: Name, commas = true): string[] {
  const all = given.getAll(name).flatMap((text) => (commas ? text.split(',') : [text]))
  return all.map((text) => text.trim()).filter((text) => text !== '')
}

function time(given: URLSearchParams, name: Name): bigint | undefined {
  const text = part(given, name)
  if (text === null) return undefined
  // A plus that was not encoded arrives as a blank.
  const found = parseTime(text) ?? parseTime(text.replace(/ (\d\d:\d\d)$/, '+$1'))
  if (found === undefined) throw wrong(name, 'a time such as 2026-11-24T03:00:00Z, or milliseconds since 1970', text)
  return found
}

function cursor(given: URLSearchParams): bigint | undefined {
  const text = part(given, 'cursor')
  if (text === null) return undefined
  const digits = /^[\w-]{1,40}$/.test(text) ? Buffer.from(text, 'base64url').toString() : ''
  const found = parseTime(digits, 'ns')
  if (found === undefined) throw wrong('cursor', 'the one of the page before', text)
  return found
}

function zoneOf(given: URLSearchParams): TimeZone {
  const text = part(given, 'timezone')
  if (text === null) return UTC
  // A plus that was not encoded arrives as a blank.
  const found = timeZone(text) ?? timeZone(text.replace(/^ /, '+'))
  if (found === undefined) {
    throw wrong('timezone', 'the name of a time zone such as Asia/Seoul, or an offset such as +09:00', text)
  }
  return found
}

function cells(given: URLSearchParams, zone: TimeZone): TimeGrid | undefined {
  const text = part(given, 'interval')
  if (text === null) return undefined
  const interval = parseInterval(text)
  if (interval === undefined) {
    throw wrong('interval', 'a time such as 10s, 500ms, 1h, PT1M, P1D, P1W or P1M', text)
  }
  return timeGrid(interval, zone)
}

function whole(given: URLSearchParams, name: Name): number | undefined {
  const text = part(given, name)
  if (text === null) return undefined
  if (!/^[1-9]\d{0,5}$/.test(text) || Number(text) > MOST) throw wrong(name, `a whole number from 1 to ${MOST}`, text)
  return Number(text)
}

function oneOf(name: string, text: string, choices: readonly string[]): string {
  if (choices.includes(text)) return text
  throw wrong(name, `one of ${choices.join(', ')}`, text)
}

function wrong(name: string, expected: string, found: string | undefined): HubError {
  const told = found === undefined ? '' : `; found "${found.slice(0, 60)}"`
  return new HubError('BadRequest', [`Query parameter "${name}": expected ${expected}${told}`])
}
