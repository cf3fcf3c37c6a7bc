/** Times relative to now, as clients of time series write them: `now-1h`, `now()-1h`, `-1h`, `now`. */
import { type Interval, parseInterval } from './interval.ts'

export interface RelativeTime {
  readonly sign: 1n | -1n
  /** Absent: now itself. */
  readonly interval?: Interval
}

/** @returns undefined for what is no relative time */
export function parseRelativeTime(text: string): RelativeTime | undefined {
  if (/^now(\(\))?$/.test(text)) return { sign: 1n }
  const [, sign, length = ''] = /^(?:now(?:\(\))?(?=[+-]))?([+-]?)(\d.{0,98}[a-zµ])$/.exec(text) ?? []
  const interval = parseInterval(length)
  return interval && { sign: sign === '-' ? -1n : 1n, interval }
}

/** @param now nanoseconds since 1970; so is the result */
export function resolveTime({ sign, interval }: RelativeTime, now: bigint): bigint {
  return interval === undefined ? now : shifted(now, interval, sign)
}

/** Months and years keep the day of the month, or use the last day of a shorter month. */
function shifted(time: bigint, { unit, count }: Interval, sign: bigint): bigint {
  if (unit === 'nanosecond') return time + sign * count
  if (unit === 'week') return time + sign * BigInt(count) * WEEK_NS
  const date = new Date(Number(time / 1_000_000n))
  const day = date.getUTCDate()
  date.setUTCMonth(date.getUTCMonth() + Number(sign) * count, 1)
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  date.setUTCDate(Math.min(day, lastDay))
  return BigInt(date.getTime()) * 1_000_000n + (time % 1_000_000n)
}

const WEEK_NS = 604_800_000_000_000n
