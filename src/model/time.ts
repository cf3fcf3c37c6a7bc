/** Points in time to the nanosecond: whole nanoseconds since 1970, as 64 bits hold them (years 1678 to 2262). */

/** Nanoseconds of one of each. */
const UNITS = { ns: 1n, us: 1000n, ms: 1_000_000n, s: 1_000_000_000n } as const

export type TimeUnit = keyof typeof UNITS

export const timeUnits = Object.keys(UNITS) as readonly TimeUnit[]

/**
 * A point in time as it is sent: ISO 8601 with an offset from UTC and up to nine decimals, or a whole number, also as
 * text, of `unit`. Undefined where it is neither, or beyond 64 bits.
 */
export function parseTime(sent: unknown, unit: TimeUnit = 'ms'): bigint | undefined {
  if (typeof sent === 'bigint') return bounded(sent * UNITS[unit])
  if (typeof sent === 'number') return Number.isSafeInteger(sent) ? bounded(BigInt(sent) * UNITS[unit]) : undefined
  if (typeof sent !== 'string') return undefined
  if (/^-?\d{1,19}$/.test(sent)) return bounded(BigInt(sent) * UNITS[unit])
  const [, seconds = '', fraction = '', zone = ''] = ISO.exec(sent) ?? []
  if (seconds === '') return undefined
  // A space for the T, as many databases write it, is taken too.
  const ms = Date.parse(`${seconds.replace(' ', 'T')}${zone.toUpperCase()}`)
  if (Number.isNaN(ms)) return undefined
  return bounded(BigInt(ms) * UNITS.ms + BigInt(fraction.padEnd(9, '0')))
}

const ISO = /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(Z|z|[+-]\d\d:\d\d)$/

/** ISO 8601 in UTC, with three, six or nine decimals, as few as say it. */
export function formatTime(time: bigint): string {
  let rest = time % UNITS.ms
  if (rest < 0n) rest += UNITS.ms
  const text = new Date(Number((time - rest) / UNITS.ms)).toISOString()
  if (rest === 0n) return text
  const finer = String(rest).padStart(6, '0')
  return `${text.slice(0, -1)}${finer.endsWith('000') ? finer.slice(0, 3) : finer}Z`
}

/** Of a point in time that is only known to the millisecond. */
export function fromMilliseconds(ms: number): bigint {
  return BigInt(ms) * UNITS.ms
}

export function earlier(one: bigint, other: bigint): bigint {
  return one < other ? one : other
}

export function later(one: bigint, other: bigint): bigint {
  return one > other ? one : other
}

function bounded(time: bigint): bigint | undefined {
  return BigInt.asIntN(64, time) === time ? time : undefined
}
