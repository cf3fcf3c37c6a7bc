/** The time properties of a record: five scales, in whatever value type the submodel gives them. */
import { milliseconds } from '../../model/duration.ts'
import { formatTime, parseTime } from '../../model/time.ts'
import type { DataTypeDefXsd, SubmodelElement } from '../../model/types.ts'
import { means, type Scale, scales } from './vocabulary.ts'

/** International atomic time is ahead of UTC by so much since 2017; earlier points in time are taken as if it was then. */
const TAI = 37_000_000_000n

const SECOND = 1_000_000_000n

/** `Time`, `Time00` … `Time000`: what the template allows as names of time properties. */
const TIME_NAME = /^time\d{0,3}$/i

/** Which scale a property of a record is of; undefined where it tells no time. */
export function scaleOf(element: SubmodelElement): Scale | undefined {
  if (element.modelType !== 'Property') return undefined
  const meant = scales.find((scale) => means(element, scale))
  if (meant !== undefined) return meant
  const { idShort = '', valueType } = element
  if (valueType === 'xs:dateTime') return /^time/i.test(idShort) ? 'UtcTime' : undefined
  return TIME_NAME.test(idShort) ? 'UnixTime' : undefined
}

/** Does a time of this scale mean something without knowing where its segment begins? */
export function isAbsolute(scale: Scale): boolean {
  return scale === 'UtcTime' || scale === 'TaiTime' || scale === 'UnixTime'
}

/**
 * The point in time that a text stands for, in nanoseconds since 1970; undefined where it is none.
 * @param since what a relative time counts from: the start of the segment, or the record before
 */
export function readTime(scale: Scale, text: string, since: bigint | undefined): bigint | undefined {
  switch (scale) {
    case 'UtcTime':
      return absolute(text)
    case 'TaiTime': {
      const time = absolute(text)
      return time === undefined ? undefined : time - TAI
    }
    case 'UnixTime':
      return absolute(text)
    default: {
      const span = spanOf(text)
      return span === undefined || since === undefined ? undefined : since + span
    }
  }
}

/**
 * Writes a point in time for a property of this scale and value type. Whole seconds where the type holds no more.
 * @param since what a relative time counts from
 */
export function writeTime(scale: Scale, valueType: DataTypeDefXsd, time: bigint, since: bigint): string {
  const isText = valueType === 'xs:dateTime' || valueType === 'xs:string'
  switch (scale) {
    case 'UtcTime':
      return isText ? formatTime(time) : seconds(valueType, time)
    case 'TaiTime':
      return isText ? formatTime(time + TAI) : seconds(valueType, time + TAI)
    case 'UnixTime':
      return valueType === 'xs:dateTime' ? formatTime(time) : seconds(valueType, time)
    default:
      return valueType === 'xs:duration' ? writeDuration(time - since) : seconds(valueType, time - since)
  }
}

/** A length of time in nanoseconds as ISO 8601 has it: `PT1H0.25S`. */
export function writeDuration(span: bigint): string {
  const whole = span < 0n ? -span : span
  const [hours, minutes] = [whole / (3600n * SECOND), (whole / (60n * SECOND)) % 60n]
  const rest = whole % (60n * SECOND)
  const parts = [hours > 0n ? `${hours}H` : '', minutes > 0n ? `${minutes}M` : '']
  const text = parts.join('') + (rest > 0n || (hours === 0n && minutes === 0n) ? `${decimal(rest)}S` : '')
  return `${span < 0n ? '-' : ''}PT${text}`
}

/** A length of time: a number of seconds, or an ISO 8601 duration; in nanoseconds. */
export function spanOf(text: string): bigint | undefined {
  const [, sign = '', whole, fraction = ''] = /^([+-]?)(\d{1,10})(?:\.(\d+))?$/.exec(text) ?? []
  if (whole !== undefined) {
    const span = BigInt(whole) * SECOND + BigInt(fraction.slice(0, 9).padEnd(9, '0'))
    return sign === '-' ? -span : span
  }
  if (/^[+-]?\d[\d.]*[eE][+-]?\d+$/.test(text)) return ofSeconds(Number(text))
  const length = milliseconds(text)
  return length === undefined ? undefined : ofSeconds(length / 1000)
}

/** ISO 8601, in UTC where it names no zone; or a number since 1970. */
function absolute(text: string): bigint | undefined {
  if (/^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return sinceEpoch(text)
  return parseTime(text) ?? parseTime(`${text}Z`)
}

/**
 * Seconds since 1970; but as seconds of the year 5138 and later are never meant, numbers that large are milliseconds,
 * microseconds or nanoseconds, which gateways write as well.
 */
function sinceEpoch(text: string): bigint | undefined {
  if (!/^[+-]?\d+$/.test(text)) return spanOf(text)
  const digits = text.replace(/^[+-]?0*/, '').length
  return parseTime(text.replace('+', ''), digits < 12 ? 's' : digits < 15 ? 'ms' : digits < 18 ? 'us' : 'ns')
}

function ofSeconds(number: number): bigint | undefined {
  const span = Math.round(number * 1e9)
  return Number.isFinite(span) && Math.abs(span) < 9e18 ? BigInt(span) : undefined
}

/** Nanoseconds as seconds: with decimals where the value type has them, else the whole second that has begun. */
function seconds(valueType: DataTypeDefXsd, span: bigint): string {
  const isFractional = FRACTIONAL.has(valueType)
  if (isFractional) return span < 0n ? `-${decimal(-span)}` : decimal(span)
  const begun = span / SECOND - (span % SECOND < 0n ? 1n : 0n)
  return String(begun)
}

const FRACTIONAL: ReadonlySet<DataTypeDefXsd> = new Set(['xs:decimal', 'xs:double', 'xs:float', 'xs:string'])

function decimal(span: bigint): string {
  const fraction = String(span % SECOND)
    .padStart(9, '0')
    .replace(/0+$/, '')
  return `${span / SECOND}${fraction === '' ? '' : `.${fraction}`}`
}
