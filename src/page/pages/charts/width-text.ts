/** A length of time in the reader's way: 10 s, 2 h. */
import { formatNumber } from '../../core/format.ts'

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
  ['millisecond', 1]
] as const

export function widthText(milliseconds: number): string {
  const [unit, width] = UNITS.find(([, one]) => milliseconds >= one) ?? UNITS[4]
  return formatNumber(milliseconds / width, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: 1 })
}
