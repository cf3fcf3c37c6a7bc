/**
 * Downsampling of runs: one sample per time bucket. It has the mean of numbers and the last of anything else; samples of
 * bad quality count only where there are no others. The statistics of the samples it replaces are stored with it, so that
 * aggregates stay the same, and downsampling again, with wider buckets or late samples, is weighted.
 */
import { isInteger, isNumeric } from '../../model/datatypes.ts'
import { formatExact } from '../../model/exact-numbers.ts'
import { condensedOf } from '../../model/merge-runs.ts'
import { firstAt, lengthOf, qualities, qualityAt, type Run, textAt, timeAt } from '../../model/samples.ts'
import { combine, condensedAt, countedAt, meanOf, type Statistics, statisticsOf } from '../../model/statistics.ts'
import { later } from '../../model/time.ts'
import { floorTo } from '../../model/time-grid.ts'
import type { DataTypeDefXsd } from '../../model/types.ts'

/** How the samples of a series are downsampled. */
export interface Downsampling {
  /** Nanoseconds of a bucket; buckets are aligned to 1970. */
  readonly width: bigint
  /** Absent where the type is not known: the mean where the values are numbers. */
  readonly show?: 'mean' | 'last'
  /** The type has integers only: sums and extremes are exact. */
  readonly isWhole: boolean
}

/** @param element undefined where it was deleted */
export function downsamplingOf(
  width: bigint,
  element: { readonly valueType: string | undefined; readonly modelType: string } | undefined
): Downsampling {
  if (element === undefined) return { width, isWhole: false }
  const type = element.modelType === 'Property' ? (element.valueType as DataTypeDefXsd | undefined) : undefined
  const isNumber = type !== undefined && isNumeric(type)
  return { width, show: isNumber ? 'mean' : 'last', isWhole: isNumber && isInteger(type) }
}

/** Takes the ascending runs of a series and makes one sample per bucket. */
export class Downsampler {
  readonly #downsampling: Downsampling
  readonly #samples: DownsampledSample[] = []
  /** Does the result differ from the runs that were added? */
  isChanged = false

  constructor(downsampling: Downsampling) {
    this.#downsampling = downsampling
  }

  add(run: Run): void {
    const { width } = this.#downsampling
    for (let i = 0; i < lengthOf(run); ) {
      const start = floorTo(timeAt(run, i), width)
      const end = firstAt(run, start + width)
      this.#put(this.#sampleOf(run, i, end))
      i = end
    }
  }

  /** The result. @param reach nanoseconds that a run may cover */
  *runs(reach: bigint): Generator<Run> {
    let start = 0
    for (let i = 1; i <= this.#samples.length; i++) {
      const sample = this.#samples[i]
      if (sample !== undefined && sample.time - (this.#samples[start]?.time ?? 0n) <= reach) continue
      yield toRun(this.#samples.slice(start, i))
      start = i
    }
  }

  #put(sample: DownsampledSample): void {
    const before = this.#samples.at(-1)
    const { width, isWhole } = this.#downsampling
    if (before === undefined || floorTo(before.time, width) !== floorTo(sample.time, width)) {
      this.#samples.push(sample)
      return
    }
    const isLater = sample.end >= before.end
    const statistics =
      sample.statistics === undefined ? before.statistics : combine(before.statistics, sample.statistics, isWhole)
    const last = isLater ? sample.statistics?.last : before.statistics?.last
    this.#samples[this.#samples.length - 1] = this.#shown({
      ...lastOfBucket(before, sample),
      time: before.time,
      end: later(before.end, sample.end),
      statistics: statistics && { ...statistics, last: last ?? statistics.last },
      worst: Math.max(before.worst, sample.worst)
    })
    this.isChanged = true
  }

  #sampleOf(run: Run, from: number, to: number): DownsampledSample {
    const statistics = statisticsOf(run, from, to, this.#downsampling.isWhole)
    const isMean = this.#isMean(run.form) && statistics !== undefined
    const last = lastAt(run, from, to, (i) => (isMean ? isCounted(run, i) : qualityAt(run, i) !== 'bad'))
    const sample: DownsampledSample = {
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
    const { show = form === 'number' ? 'mean' : 'last' } = this.#downsampling
    return show === 'mean'
  }

  /** With the value and the quality that represent the bucket. */
  #shown(sample: DownsampledSample): DownsampledSample {
    const { statistics, worst, form } = sample
    if (!this.#isMean(form) || statistics === undefined) return sample
    const mean = meanOf(statistics)
    const isNumber = typeof mean === 'number' && Math.abs(mean) !== Number.POSITIVE_INFINITY
    return {
      ...sample,
      quality: worst,
      ...(isNumber ? { form: 'number', value: mean } : { form: 'text', value: formatExact(mean) })
    }
  }
}

/** The later of two samples; one of bad quality only where both are. */
function lastOfBucket(one: DownsampledSample, other: DownsampledSample): DownsampledSample {
  if ((one.quality === BAD) !== (other.quality === BAD)) return one.quality === BAD ? other : one
  return other.end >= one.end ? other : one
}

/** Of the samples that count, or of all where none does, the one with the latest end. */
function lastAt(run: Run, from: number, to: number, counts: (index: number) => boolean): number {
  return latestOf(run, from, to, counts) ?? latestOf(run, from, to, () => true) ?? to - 1
}

function latestOf(run: Run, from: number, to: number, counts: (index: number) => boolean): number | undefined {
  let last: number | undefined
  for (let i = to - 1; i >= from; i--) {
    if (!counts(i) || (last !== undefined && endAt(run, i) <= endAt(run, last))) continue
    last = i
    // Without downsampled samples the last one ends last.
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

interface DownsampledSample {
  /** Of the first sample of the bucket. */
  readonly time: bigint
  /** Of the last sample that counts. */
  readonly end: bigint
  readonly form: Run['form']
  readonly value: string | number
  /** Index in `qualities`. */
  readonly quality: number
  readonly statistics: Statistics | undefined
  /** The worst quality of the samples that count as numbers. */
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

function toRun(samples: readonly DownsampledSample[]): Run {
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

function textOf({ value }: DownsampledSample): string {
  return String(value)
}

function membersOf({ form, value }: DownsampledSample): string {
  return form === 'members' ? String(value) : JSON.stringify({ value: String(value) })
}
