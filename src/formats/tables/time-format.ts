/** Points in time for text formats. */
import { formatTime } from '../../model/time.ts'
import { type TimeZone, UTC } from '../../model/time-zone.ts'

/**
 * `iso`: ISO 8601 with the offset of the zone; `excel`: local time for spreadsheets, to the millisecond and without a
 * zone; the others: time since 1970 in UTC, with decimals if necessary.
 */
export const timeFormats = ['iso', 'excel', 'epoch-s', 'epoch-ms', 'epoch-us', 'epoch-ns'] as const

export type TimeFormat = (typeof timeFormats)[number]

export interface WriteOptions {
  /** Time zone of written times; default UTC. */
  readonly zone?: TimeZone
  readonly timeFormat?: TimeFormat
}

export type TimeFormatter = (time: bigint) => string

export function timeFormatter({ zone = UTC, timeFormat = 'iso' }: WriteOptions): TimeFormatter {
  switch (timeFormat) {
    case 'iso':
      return zone === UTC ? formatTime : (time) => localTime(time, zone.offsetAt(time))
    case 'excel':
      return (time) => spreadsheetTime(time + zone.offsetAt(time))
    case 'epoch-s':
      return (time) => decimal(time, 9)
    case 'epoch-ms':
      return (time) => decimal(time, 6)
    case 'epoch-us':
      return (time) => decimal(time, 3)
    case 'epoch-ns':
      return String
  }
}

const MINUTE = 60_000_000_000n

function localTime(time: bigint, offset: bigint): string {
  // ISO 8601 offsets have no seconds, but historic local times did.
  if (offset % MINUTE !== 0n) return formatTime(time)
  const minutes = Number(offset / MINUTE)
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60]
  const sign = minutes < 0 ? '-' : '+'
  return `${formatTime(time + offset).slice(0, -1)}${sign}${twoDigits(hours)}:${twoDigits(rest)}`
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0')
}

/** Spreadsheets treat times with more decimals as text. */
function spreadsheetTime(local: bigint): string {
  const text = formatTime(local).slice(0, '2026-11-24T12:00:00.123'.length).replace('T', ' ')
  return text.endsWith('.000') ? text.slice(0, -'.000'.length) : text
}

/** Shifts the decimal point, without trailing zeros. */
function decimal(whole: bigint, decimals: number): string {
  const digits = String(whole < 0n ? -whole : whole).padStart(decimals + 1, '0')
  const fraction = digits.slice(-decimals).replace(/0+$/, '')
  return `${whole < 0n ? '-' : ''}${digits.slice(0, -decimals)}${fraction === '' ? '' : `.${fraction}`}`
}
