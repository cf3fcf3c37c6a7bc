/**
 * SenML (RFC 8428) in JSON: a pack is a list of records, each with a name, a time and a value, and base fields for the
 * following records. Units are ignored here.
 */
import { Literal, writtenOut } from '../model/literal.ts'
import { parseTime } from '../model/time.ts'

/** A record with its base fields applied (4.6). */
export interface Measurement {
  readonly name: string
  readonly value: number | string | boolean | Literal
  /** Nanoseconds since 1970; undefined for about now. */
  readonly time?: bigint
}

/** Why a record is refused. */
export interface SenmlFault {
  readonly fault: string
}

/** The pack as a whole is invalid, so no record may be used. */
export class SenmlError extends Error {
  override readonly name = 'SenmlError'
}

/** The version of RFC 8428 [4.4]. */
const VERSION = 10

const SECOND = 1_000_000_000n

/** Smaller times are relative to now [4.5.3]. */
const MIN_ABSOLUTE_TIME_NS = 2n ** 28n * SECOND

type SenmlRecord = Readonly<Record<string, unknown>>

/**
 * Parses a pack, record by record.
 * @param now base of relative times, nanoseconds since 1970
 * @throws SenmlError before the first record
 */
export function* parseSenml(pack: unknown, now: bigint): Generator<Measurement | SenmlFault> {
  const records = recordsOf(pack)
  let base: SenmlRecord = {}
  for (const record of records) {
    const { bn = base.bn, bt = base.bt, bv = base.bv } = record
    base = { bn, bt, bv }
    yield measurementOf(record, base, now)
  }
}

function recordsOf(pack: unknown): readonly SenmlRecord[] {
  if (!Array.isArray(pack)) throw new SenmlError('a list of records was expected')
  for (const [at, record] of pack.entries()) {
    if (typeof record !== 'object' || record === null || Array.isArray(record)) {
      throw new SenmlError(`record ${at} is not an object`)
    }
    const { bver = VERSION } = record as SenmlRecord
    // [4.4] A pack of a later version, or with an unknown mandatory field, must not be used.
    if (typeof bver !== 'number' || bver > VERSION)
      throw new SenmlError(`record ${at} is of a version beyond ${VERSION}`)
    const unknown = Object.keys(record).find((label) => label.endsWith('_'))
    if (unknown !== undefined) throw new SenmlError(`record ${at} has the field "${unknown}", which is not understood`)
  }
  return pack
}

function measurementOf(
  record: SenmlRecord,
  { bn = '', bt = 0, bv }: SenmlRecord,
  now: bigint
): Measurement | SenmlFault {
  const { n = '', t = 0 } = record
  if (typeof bn !== 'string' || typeof n !== 'string') return { fault: 'a name is text' }
  if (bn + n === '') return { fault: 'a name, "n" or "bn", was expected' }
  const [start, offset] = [nanoseconds(bt), nanoseconds(t)]
  if (start === undefined || offset === undefined) return { fault: 'a time is a number of seconds' }
  const value = valueIn(record, bv)
  if (typeof value === 'object' && !(value instanceof Literal)) return value
  const sum = start + offset
  if (sum === 0n) return { name: bn + n, value }
  const time = parseTime(sum < MIN_ABSOLUTE_TIME_NS ? now + sum : sum, 'ns')
  return time === undefined ? { fault: 'the time is beyond the years 1678 to 2262' } : { name: bn + n, value, time }
}

/** [4.2] Exactly one value, or [4.5.4] that of the base; a record with only a sum has no value for an element. */
function valueIn(record: SenmlRecord, bv: unknown): Measurement['value'] | SenmlFault {
  const [label = 'v', ...others] = VALUES.filter((label) => Object.hasOwn(record, label))
  if (others.length > 0) return { fault: `one value was expected; found "${label}" and "${others[0]}"` }
  const value = record[label]
  if (label === 'vs') return typeof value === 'string' ? value : { fault: '"vs" is text' }
  if (label === 'vb') return typeof value === 'boolean' ? value : { fault: '"vb" is true or false' }
  if (label === 'vd') return isBase64Url(value) ? Buffer.from(value, 'base64url').toString('base64') : NO_BYTES
  if (value === undefined && (bv === undefined || Object.hasOwn(record, 's'))) return NO_VALUE
  return bv === undefined && isNumber(value) ? value : sumOf(bv, value)
}

/** [4.5.4] A missing term is zero. */
function sumOf(base: unknown = 0, value: unknown = 0): number | SenmlFault {
  const sum = isNumber(base) && isNumber(value) ? Number(base) + Number(value) : Number.NaN
  return Number.isFinite(sum) ? sum : { fault: '"v" and "bv" are numbers, and their sum is one' }
}

const VALUES = ['v', 'vs', 'vb', 'vd'] as const
const NO_VALUE: SenmlFault = { fault: 'a value, "v", "vs", "vb" or "vd", was expected' }
const NO_BYTES: SenmlFault = { fault: '"vd" is base64url without padding' }

function isNumber(value: unknown): value is number | Literal {
  return typeof value === 'number' || (value instanceof Literal && value.kind === 'number')
}

function isBase64Url(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]*$/.test(value) && value.length % 4 !== 1
}

const SECONDS = /^(-?)(\d{1,19})(?:\.(\d+))?$/

/** From the digits: a sum of two doubles would not be exact to the nanosecond. */
function nanoseconds(seconds: unknown): bigint | undefined {
  if (!isNumber(seconds) && !(typeof seconds === 'string' && SECONDS.test(seconds))) return undefined
  const [, sign, whole, part = ''] = SECONDS.exec(writtenOut(String(seconds)) ?? '') ?? []
  // JavaScript writes an exponent for very small numbers, and for numbers that are no time.
  if (whole === undefined) return Math.abs(Number(seconds)) < 1 ? BigInt(Math.round(Number(seconds) * 1e9)) : undefined
  const size = BigInt(whole) * SECOND + BigInt(part.padEnd(9, '0').slice(0, 9))
  return sign === '-' ? -size : size
}
