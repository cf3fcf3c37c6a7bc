/** `series_periods`: when a value was above or below a limit, or equal to a state. */
import { z } from 'zod'
import { Unanswerable } from '../hub/requests.ts'
import { nowIn, periodOf, timeText } from '../hub/times.ts'
import { rounded } from './numbers.ts'
import { type NamedSeries, selectSeries } from './series-list.ts'
import { type SampleCell, type Samples, samplesIn } from './series-samples.ts'
import { limit, period, selection, tool } from './tool.ts'
import { extentOf, windowOf } from './window.ts'

const MAX_SERIES = 10

export const seriesPeriods = tool({
  name: 'series_periods',
  title: 'When was a value above, below, or equal?',
  description:
    'Periods in which a value was above or below a limit, or equal to a state: from, to (the first sample after), seconds, and the extreme value; latest first, with their total. Where samples are too many, by intervals of `resolutionSeconds`.',
  input: z.strictObject({
    ...{ ...selection, ...period },
    above: z.number().optional(),
    below: z.number().optional(),
    equals: z.union([z.string(), z.boolean(), z.number()]).optional(),
    limit: limit(100, 20)
  }),
  run: async ({ hub, clock }, { from, to, timezone, above, below, equals, limit, ...wanted }) => {
    const condition = conditionOf({ above, below, equals })
    const now = nowIn(clock.milliseconds(), timezone)
    const { series } = await selectSeries(hub, wanted, MAX_SERIES)
    const window = windowOf(series, periodOf(from, to, now))
    if (window === undefined) return { message: 'There are no samples in the period', ...extentOf(series) }
    const found: object[] = []
    for (const one of series) {
      const samples = await samplesIn(hub, one, window, above === undefined ? 'min' : 'max')
      if (samples.width !== undefined && equals !== undefined)
        throw new Unanswerable(`${one.machine}/${one.path} has too many samples: ask for a shorter period`)
      const all = periodsIn(samples, condition, above === undefined)
      const rows = all.toReversed().slice(0, limit)
      found.push({
        ...headOf(one, all, samples.width),
        columns: ['from', 'to', 'seconds', ...(equals === undefined ? ['extreme'] : [])],
        rows: rows.map(({ from, to, isOpen, extreme }) => [
          timeText(from, now.zone),
          isOpen ? null : timeText(to, now.zone),
          seconds(to - from),
          ...(equals === undefined ? [rounded(extreme)] : [])
        ]),
        ...(all.length > limit && { more: `${all.length - limit} earlier: raise "limit", or ask for a shorter period` })
      })
    }
    return { from: timeText(window.from, now.zone), to: timeText(window.to, now.zone), series: found }
  }
})

type Condition = (value: SampleCell) => boolean

function conditionOf({
  above,
  below,
  equals
}: {
  readonly above: number | undefined
  readonly below: number | undefined
  readonly equals: string | number | boolean | undefined
}): Condition {
  const given = [above, below, equals].filter((one) => one !== undefined)
  if (given.length !== 1) throw new Unanswerable('Give one of "above", "below" and "equals"')
  if (equals !== undefined) return (value) => String(value) === String(equals)
  if (above !== undefined) return (value) => typeof value === 'number' && value > above
  return (value) => typeof value === 'number' && value < (below ?? 0)
}

interface FoundPeriod {
  readonly from: bigint
  to: bigint
  /** It lasts until the last sample. */
  isOpen: boolean
  extreme: number
}

function periodsIn({ times, values, width }: Samples, holds: Condition, isLeast: boolean): FoundPeriod[] {
  const found: FoundPeriod[] = []
  let open: FoundPeriod | undefined
  for (const [index, time] of times.entries()) {
    const value = values[index] ?? null
    if (open !== undefined) open.to = time
    if (!holds(value)) {
      if (open !== undefined) open.isOpen = false
      open = undefined
      continue
    }
    const number = Number(value)
    if (open === undefined) {
      open = { from: time, to: time + (width ?? 0n), isOpen: true, extreme: number }
      found.push(open)
    } else open.extreme = isLeast ? Math.min(open.extreme, number) : Math.max(open.extreme, number)
  }
  return found
}

function headOf({ machine, path, unit }: NamedSeries, all: readonly FoundPeriod[], width: bigint | undefined): object {
  const total = all.reduce((sum, { from, to }) => sum + (to - from), 0n)
  return {
    ...{ machine, path, ...(unit !== undefined && { unit }), periods: all.length, totalSeconds: seconds(total) },
    ...(width !== undefined && { resolutionSeconds: seconds(width) })
  }
}

function seconds(nanoseconds: bigint): number {
  return rounded(Number(nanoseconds) / 1e9)
}
