/** Reads what tools answer, and computes what they should answer. */
import { type Press, type Quantity, type Sample, samplesOf } from './plant.ts'

/** A tool's answer: parsed where it is JSON, otherwise text. */
export type Answer = string | Readonly<Record<string, unknown>>

export type Row = Readonly<Record<string, unknown>>

/** Rows as objects, from an answer, or from one of its tables. */
export function rowsIn(answer: unknown, table?: string): readonly Row[] {
  const whole = answer as Readonly<Record<string, unknown>>
  const from = (table === undefined ? whole : whole[table]) as { columns: string[]; rows: unknown[][] } & Row
  const { columns, rows, ...shared } = from
  return rows.map((row) => ({ ...shared, ...Object.fromEntries(columns.map((name, index) => [name, row[index]])) }))
}

export function column(rows: readonly Row[], name: string): readonly unknown[] {
  return rows.map((row) => row[name])
}

/** From `from` to `to`, both inclusive, as the hub counts. */
export function within(press: Press, quantity: Quantity, from: string, to?: string): readonly Sample[] {
  const [start, end] = [Date.parse(from), to === undefined ? Number.POSITIVE_INFINITY : Date.parse(to)]
  return samplesOf(press, quantity).filter(({ time }) => time >= start && time <= end)
}

export function mean(samples: readonly Sample[]): number {
  return samples.reduce((sum, { value }) => sum + value, 0) / samples.length
}

/** Of a sample. */
export function deviation(samples: readonly Sample[]): number {
  const middle = mean(samples)
  return Math.sqrt(samples.reduce((sum, { value }) => sum + (value - middle) ** 2, 0) / (samples.length - 1))
}

/** Equal, but for the digits that answers leave out. */
export function isSame(found: unknown, expected: unknown): boolean {
  if (typeof found === 'number' && typeof expected === 'number')
    return Math.abs(found - expected) <= 2e-5 * Math.max(1e-9, Math.abs(expected))
  if (Array.isArray(found) && Array.isArray(expected))
    return found.length === expected.length && found.every((one, index) => isSame(one, expected[index]))
  return found === expected
}
