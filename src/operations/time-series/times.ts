/** Parses and formats the time properties of a record: five scales, in any value type that the submodel declares. */
import { durationMs } from '../../model/duration.ts'
import { formatTime, parseTime } from '../../model/time.ts'
import type { DataTypeDefXsd, SubmodelElement } from '../../model/types.ts'
import { hasTerm, SCALES, type Scale } from './vocabulary.ts'

/** International Atomic Time minus UTC since 2017; used for earlier times as well. */
const TAI_OFFSET_NS = 37_000_000_000n

const NS_PER_SECOND = 1_000_000_000n

/** `Time`, `Time00` … `Time000`: the names that the template allows for time properties. */
const TIME_NAME = /^time\d{0,3}$/i

/** The time scale of a property of a record; undefined if it holds no time. */
export function scaleOf(element: SubmodelElement): Scale | undefined {
  if (element.modelType !== 'Property') return undefined
  const declared = SCALES.find((scale) => hasTerm(element, scale))
  if (declared !== undefined) return declared
  const { idShort = '', valueType } = element
  if (valueType === 'xs:dateTime') return /^time/i.test(idShort) ? 'UtcTime' : undefined
  return TIME_NAME.test(idShort) ? 'UnixTime' : undefined
}

/** Whether times of this scale are independent of the start of their segment. */
export function isAbsolute(scale: Scale): boolean {
  return scale === 'UtcTime' || scale === 'TaiTime' || scale === 'UnixTime'
}

/**
 * Parses a time to nanoseconds since 1970; undefined if it is invalid.
 * @param since base of a relative time: the start of the segment, or the previous record
 */
export function readTime(scale: Scale, text: string, since: bigint | undefined): bigint | undefined {
  switch (scale) {
    case 'UtcTime':
      return parseAbsolute(text)
    case 'TaiTime': {
      const time = parseAbsolute(text)
      return time === undefined ? undefined : time - TAI_OFFSET_NS
    }
    case 'UnixTime':
      return parseAbsolute(text)
    default: {
      const span = parseDuration(text)
      return span === undefined || since === undefined ? undefined : since + span
    }
  }
}

/**
 * Formats a time for a property of this scale and value type; in whole seconds if the type is an integer.
 * @param since base of a relative time
 */
export function writeTime(scale: Scale, valueType: DataTypeDefXsd, time: bigint, since: bigint): string {
  const isText = valueType === 'xs:dateTime' || valueType === 'xs:string'
  switch (scale) {
    case 'UtcTime':
      return isText ? formatTime(time) : secondsText(valueType, time)
    case 'TaiTime':
      return isText ? formatTime(time + TAI_OFFSET_NS) : secondsText(valueType, time + TAI_OFFSET_NS)
    case 'UnixTime':
      return valueType === 'xs:dateTime' ? formatTime(time) : secondsText(valueType, time)
    default:
      return valueType === 'xs:duration' ? writeDuration(time - since) : secondsText(valueType, time - since)
  }
}

/** Formats nanoseconds as an ISO 8601 duration: `PT1H0.25S`. */
export function writeDuration(span: bigint): string {
  const whole = span < 0n ? -span : span
  const [hours, minutes] = [whole / (3600n * NS_PER_SECOND), (whole / (60n * NS_PER_SECOND)) % 60n]
  const rest = whole % (60n * NS_PER_SECOND)
  const parts = [hours > 0n ? `${hours}H` : '', minutes > 0n ? `${minutes}M` : '']
  const text = parts.join('') + (rest > 0n || (hours === 0n && minutes === 0n) ? `${decimalSeconds(rest)}S` : '')
  return `${span < 0n ? '-' : ''}PT${text}`
}

/** Parses a number of seconds or an ISO 8601 duration to nanoseconds. */
export function parseDuration(text: string): bigint | undefined {
  const [, sign = '', whole, fraction = ''] = /^([+-]?)(\d{1,10})(?:\.(\d+))?$/.exec(text) ?? []
  if (whole !== undefined) {
    const span = BigInt(whole) * NS_PER_SECOND + BigInt(fraction.slice(0, 9).padEnd(9, '0'))
    return sign === '-' ? -span : span
  }
  if (/^[+-]?\d[\d.]*[eE][+-]?\d+$/.test(text)) return fromSeconds(Number(text))
  const length = durationMs(text)
  return length === undefined ? undefined : fromSeconds(length / 1000)
}

/** ISO 8601, in UTC if without a zone; or a number since 1970. */
function parseAbsolute(text: string): bigint | undefined {
  if (/^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return sinceEpoch(text)
  return parseTime(text) ?? parseTime(`${text}Z`)
}

/**
 * Seconds since 1970. Gateways also write milliseconds, microseconds and nanoseconds: numbers too large for seconds
 * before the year 5138 are taken as those.
 */
function sinceEpoch(text: string): bigint | undefined {
  if (!/^[+-]?\d+$/.test(text)) return parseDuration(text)
  const digits = text.replace(/^[+-]?0*/, '').length
  return parseTime(text.replace('+', ''), digits < 12 ? 's' : digits < 15 ? 'ms' : digits < 18 ? 'us' : 'ns')
}

function fromSeconds(number: number): bigint | undefined {
  const span = Math.round(number * 1e9)
  return Number.isFinite(span) && Math.abs(span) < 9e18 ? BigInt(span) : undefined
}

/** Formats nanoseconds as seconds: with decimals if the value type has them, else rounded down. */
function secondsText(valueType: DataTypeDefXsd, span: bigint): string {
  const isFractional = FRACTIONAL_TYPES.has(valueType)
  if (isFractional) return span < 0n ? `-${decimalSeconds(-span)}` : decimalSeconds(span)
  const roundedDown = span / NS_PER_SECOND - (span % NS_PER_SECOND < 0n ? 1n : 0n)
  return String(roundedDown)
}

const FRACTIONAL_TYPES: ReadonlySet<DataTypeDefXsd> = new Set(['xs:decimal', 'xs:double', 'xs:float', 'xs:string'])

function decimalSeconds(span: bigint): string {
  const fraction = String(span % NS_PER_SECOND)
    .padStart(9, '0')
    .replace(/0+$/, '')
  return `${span / NS_PER_SECOND}${fraction === '' ? '' : `.${fraction}`}`
}
