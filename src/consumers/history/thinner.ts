/**
 * Old history made less: one sample of each bucket of time. Of numbers it shows the mean, of anything else the last; what
 * is of bad quality counts only where there is nothing else. Beside it stands what the samples came to that it took the
 * place of, so that aggregates stay what they were, and thinning again, wider or with what came late, is weighted.
 */
import { isInteger, isNumeric } from '../../model/datatypes.ts'
import { figureText } from '../../model/figures.ts'
import { floorTo } from '../../model/grid.ts'
import { condensedOf } from '../../model/merge.ts'
import { firstAt, lengthOf, qualities, qualityAt, type Run, textAt, timeAt } from '../../model/samples.ts'
import { combine, condensedAt, countedAt, meanOf, type Statistics, statisticsOf } from '../../model/statistics.ts'
import { later } from '../../model/time.ts'
import type { DataTypeDefXsd } from '../../model/types.ts'

/** What becomes of the samples of a series. */
export interface Thinning {
  /** Of a bucket, nanoseconds; buckets count from 1970. */
  readonly width: bigint
  /** Absent where the type is not known: of numbers the mean. */
  readonly show?: 'mean' | 'last'
  /** Whole numbers by their type: sums and extremes are exact. */
  readonly isWhole: boolean
}

/** @param element undefined where it is gone */
export function thinningOf(
  width: bigint,
  element: { readonly valueType: string | undefined; readonly modelType: string } | undefined
): Thinning {
  if (element === undefined) return { width, isWhole: false }
  const type = element.modelType === 'Property' ? (element.valueType as DataTypeDefXsd | undefined) : undefined
  const isNumber = type !== undefined && isNumeric(type)
  return { width, show: isNumber ? 'mean' : 'last', isWhole: isNumber && isInteger(type) }
}

/** Takes ascending runs of a series, makes a sample of each bucket. */
export class Thinner {
  readonly #thinning: Thinning
  readonly #samples: Sample[] = []
  /** Is a sample not as it came? */
  isChanged = false

  constructor(thinning: Thinning) {
    this.#thinning = thinning
  }

  add(run: Run): void {
    const { width } = this.#thinning
    for (let i = 0; i < lengthOf(run); ) {
      const start = floorTo(timeAt(run, i), width)
      const end = firstAt(run, start + width)
      this.#put(this.#sampleOf(run, i, end))
      i = end
    }
  }

  /** @param reach a run covers no more nanoseconds */
  *runs(reach: bigint): Generator<Run> {
    let start = 0
    for (let i = 1; i <= this.#samples.length; i++) {
      const sample = this.#samples[i]
      if (sample !== undefined && sample.time - (this.#samples[start]?.time ?? 0n) <= reach) continue
      yield runOf(this.#samples.slice(start, i))
      start = i
    }
  }

  #put(sample: Sample): void {
    const before = this.#samples.at(-1)
    const { width, isWhole } = this.#thinning
    if (before === undefined || floorTo(before.time, width) !== floorTo(sample.time, width)) {
      this.#samples.push(sample)
      return
    }
    const isLater = sample.end >= before.end
    const statistics =
      sample.statistics === undefined ? before.statistics : combine(before.statistics, sample.statistics, isWhole)
    const last = isLater ? sample.statistics?.last : before.statistics?.last
    this.#samples[this.#samples.length - 1] = this.#shown({
      ...lastOf(before, sample),
      time: before.time,
      end: later(before.end, sample.end),
      statistics: statistics && { ...statistics, last: last ?? statistics.last },
      worst: Math.max(before.worst, sample.worst)
    })
    this.isChanged = true
  }

  #sampleOf(run: Run, from: number, to: number): Sample {
    const statistics = statisticsOf(run, from, to, this.#thinning.isWhole)
    const isMean = this.#isMean(run.form) && statistics !== undefined
    const last = lastAt(run, from, to, (i) => (isMean ? isCounted(run, i) : qualityAt(run, i) !== 'bad'))
    const sample: Sample = {
      time: timeAt(run, from),
      end: endAt(run, last),
      form: run.form,
      value: run.values[last] ?? '',
      quality: qualities.indexOf(qualityAt(run, last)),
      statistics,
      worst: statistics === undefined ? 0 : worstOf(run, from, to)
    }
    if (to - from > 1) {
      this.isChanged = true
      return this.#shown(sample)
    }
    if (condensedAt(run, from) === undefined) return sample
    const shown = this.#shown(sample)
    if (String(shown.value) !== textAt(run, from)) this.isChanged = true
    return shown
  }

  #isMean(form: Run['form']): boolean {
    const { show = form === 'number' ? 'mean' : 'last' } = this.#thinning
    return show === 'mean'
  }

  /** With the value and the quality that stand for all. */
  #shown(sample: Sample): Sample {
    const { statistics, worst, form } = sample
    if (!this.#isMean(form) || statistics === undefined) return sample
    const mean = meanOf(statistics)
    const isNumber = typeof mean === 'number' && Math.abs(mean) !== Number.POSITIVE_INFINITY
    return {
      ...sample,
      quality: worst,
      ...(isNumber ? { form: 'number', value: mean } : { form: 'text', value: figureText(mean) })
    }
  }
}

/** Of two that follow each other, what the last shows; what is bad gives way to what is not. */
function lastOf(one: Sample, other: Sample): Sample {
  if ((one.quality === BAD) !== (other.quality === BAD)) return one.quality === BAD ? other : one
  return other.end >= one.end ? other : one
}

/** Of the samples that count, or of all where none does, the one that reaches furthest. */
function lastAt(run: Run, from: number, to: number, counts: (index: number) => boolean): number {
  return lastOfThose(run, from, to, counts) ?? lastOfThose(run, from, to, () => true) ?? to - 1
}

function lastOfThose(run: Run, from: number, to: number, counts: (index: number) => boolean): number | undefined {
  let last: number | undefined
  for (let i = to - 1; i >= from; i--) {
    if (!counts(i) || (last !== undefined && endAt(run, i) <= endAt(run, last))) continue
    last = i
    // Without such as stand for others the order says it.
    if (run.condensed === undefined) break
  }
  return last
}

function endAt(run: Run, index: number): bigint {
  return timeAt(run, index) + BigInt(run.condensed?.spans[index] ?? 0)
}

function isCounted(run: Run, index: number): boolean {
  return countedAt(run, index) !== undefined || condensedAt(run, index) !== undefined
}

interface Sample {
  /** Of the first of its bucket. */
  readonly time: bigint
  /** Of the last that counts. */
  readonly end: bigint
  readonly form: Run['form']
  readonly value: string | number
  /** As its place in `qualities`. */
  readonly quality: number
  readonly statistics: Statistics | undefined
  /** The worst quality among those that count as numbers. */
  readonly worst: number
}

const BAD = qualities.indexOf('bad')

function worstOf(run: Run, from: number, to: number): number {
  const { quality } = run
  if (!(quality instanceof Uint8Array)) return qualities.indexOf(quality)
  let worst = 0
  for (let i = from; i < to; i++) {
    const one = quality[i] ?? 0
    if (one > worst && one !== BAD && isCounted(run, i)) worst = one
  }
  return worst
}

function runOf(samples: readonly Sample[]): Run {
  const base = samples[0]?.time ?? 0n
  const run = {
    base,
    offsets: Float64Array.from(samples, ({ time }) => Number(time - base)),
    quality: Uint8Array.from(samples, ({ quality }) => quality),
    condensed: condensedOf(
      samples.map(({ time, end, statistics }) => ({
        span: Number(end - time),
        statistics: end > time ? statistics : undefined
      }))
    )
  }
  if (samples.every(({ form }) => form === 'number')) {
    return { ...run, form: 'number', values: Float64Array.from(samples, ({ value }) => Number(value)) }
  }
  const isMembers = samples.some(({ form }) => form === 'members')
  return { ...run, form: isMembers ? 'members' : 'text', values: samples.map(isMembers ? membersOf : textOf) }
}

function textOf({ value }: Sample): string {
  return String(value)
}

function membersOf({ form, value }: Sample): string {
  return form === 'members' ? String(value) : JSON.stringify({ value: String(value) })
}
