/** Intervals by the clock or the calendar: `10s`, `PT1H`, `P1D`, `1w`, `P1M`, `1y`. */

/** Weeks and months follow the calendar. A day is 24 hours of local time, however long those take. */
export type Interval =
  | { readonly unit: 'nanosecond'; readonly count: bigint }
  | { readonly unit: 'week' | 'month'; readonly count: number }

const S = 1_000_000_000n
const FIXED: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  ms: 1_000_000n,
  s: S,
  m: 60n * S,
  h: 3600n * S,
  d: 86_400n * S
}

/** Beyond the range of representable times. */
const MAX_MONTHS = 12 * 1000
const MAX_WEEKS = 52 * 1000

const ISO =
  /^P(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})W)?(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})(?:\.(\d{1,9}))?S)?)?$/

/**
 * Parses a duration in ISO 8601, Flux or InfluxQL notation. Calendar units cannot be combined with others: cells of a
 * month and three days have no defined start.
 * @returns undefined if invalid, zero, or a forbidden combination
 */
export function parseInterval(text: string): Interval | undefined {
  const parts = text.startsWith('P') ? isoParts(text) : plainParts(text)
  if (parts === undefined) return undefined
  const { months, weeks, fixed } = parts
  if ([months > 0, weeks > 0, fixed > 0n].filter(Boolean).length !== 1) return undefined
  if (months > MAX_MONTHS || weeks > MAX_WEEKS) return undefined
  if (months > 0) return { unit: 'month', count: months }
  if (weeks > 0) return { unit: 'week', count: weeks }
  return { unit: 'nanosecond', count: fixed }
}

interface IntervalParts {
  months: number
  weeks: number
  /** Nanoseconds. */
  fixed: bigint
}

function isoParts(text: string): IntervalParts | undefined {
  const [found, years = 0, months = 0, weeks = 0, ...rest] = ISO.exec(text) ?? []
  if (found === undefined) return undefined
  const [days = 0, hours = 0, minutes = 0, seconds = 0, fraction = ''] = rest
  const minutesInAll = (BigInt(days) * 24n + BigInt(hours)) * 60n + BigInt(minutes)
  return {
    months: 12 * Number(years) + Number(months),
    weeks: Number(weeks),
    fixed: (minutesInAll * 60n + BigInt(seconds)) * S + BigInt(fraction.padEnd(9, '0'))
  }
}

function plainParts(text: string): IntervalParts | undefined {
  if (text.length > 100 || !/^(\d{1,12}(ns|us|µs|ms|mo|s|m|h|d|w|y))+$/.test(text)) return undefined
  const parts: IntervalParts = { months: 0, weeks: 0, fixed: 0n }
  for (const [, count = '', unit = ''] of text.matchAll(/(\d+)(\D+)/g)) {
    if (unit === 'y') parts.months += 12 * Number(count)
    else if (unit === 'mo') parts.months += Number(count)
    else if (unit === 'w') parts.weeks += Number(count)
    else parts.fixed += BigInt(count) * (FIXED[unit] ?? 0n)
  }
  return parts
}
