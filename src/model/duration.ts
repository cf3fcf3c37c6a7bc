/**
 * Lengths of ISO 8601 durations. Not by `Temporal.Duration`, which also accepts weeks, a plus sign and lower case, and
 * refuses more than nine decimals.
 */

const PARTS = /^(-?)P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/

/** Milliseconds of one unit, in the order of PARTS; a month has no fixed length and counts as 30 days, a year as 365. */
const UNITS = [365 * 86_400_000, 30 * 86_400_000, 86_400_000, 3_600_000, 60_000, 1000]

/** The length of an ISO 8601 duration in milliseconds; undefined if invalid. */
export function durationMs(duration: string): number | undefined {
  const [, sign, ...parts] = PARTS.exec(duration) ?? []
  if (sign === undefined || parts.every((part) => part === undefined)) return undefined
  const length = UNITS.reduce((sum, unit, index) => sum + unit * Number(parts[index] ?? 0), 0)
  return sign === '-' ? -length : length
}
