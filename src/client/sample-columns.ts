/** Turns the samples of many pushes into columns, a tenth of the size: what waited on disk for long is sent so. */
import type { Column, Quality, Sample } from './types.ts'

/** Nanoseconds per unit, the largest first. */
const UNITS = [
  ['s', 1_000_000_000],
  ['ms', 1_000_000],
  ['us', 1000],
  ['ns', 1]
] as const

const UNIT_NS: Readonly<Record<string, number>> = Object.fromEntries(UNITS)

/** A hub takes no times that are further from the first one of a column: 2^50 nanoseconds. */
const MAX_OFFSET_NS = 2 ** 50

const SAMPLE_MEMBERS = new Set(['submodel', 'path', 'value', 'time', 'quality'])

interface Time {
  readonly ms: number
  /** Within the millisecond. */
  readonly ns: number
}

interface Series {
  readonly submodel: string
  readonly path: string
  readonly first: Time
  /** In nanoseconds, from the first time. */
  readonly offsets: number[]
  readonly values: unknown[]
  /** Absent while all are good. */
  qualities: (Quality | null)[] | undefined
}

export class SampleColumns {
  readonly #series = new Map<string, Map<string, Series>>()
  readonly #done: Series[] = []
  /** The time that was parsed last: the samples of one reading share it. */
  #last: { readonly text: string | number; readonly time: Time } | undefined
  #size = 0
  #bytes = 0

  /** Number of samples. */
  get size(): number {
    return this.#size
  }

  /** Estimated memory. */
  get bytes(): number {
    return this.#bytes
  }

  /** @returns false where one of them has no time, or something that columns have not; then none is added */
  add(samples: readonly (Sample | Column)[]): boolean {
    const all = samples.map((one) => ('values' in one ? this.#ofColumn(one) : this.#ofSample(one)))
    if (all.includes(undefined)) return false
    for (const [at, one] of samples.entries()) {
      const found = all[at] as Parsed
      for (let index = 0; index < found.values.length; index++) {
        this.#append(one, found.times[index] as Time, found.values[index], found.qualityAt(index))
      }
    }
    return true
  }

  /** All samples, by series and in the order in which they were added; in groups of about this number of samples. */
  *groups(samples: number): Generator<Column[]> {
    let group: Column[] = []
    let size = 0
    for (const series of this.#all()) {
      for (let start = 0; start < series.values.length; start += samples) {
        const column = columnOf(series, start, start + samples)
        group.push(column)
        size += column.values.length
        if (size < samples) continue
        yield group
        group = []
        size = 0
      }
    }
    if (size > 0) yield group
  }

  #all(): Series[] {
    return [...this.#done, ...[...this.#series.values()].flatMap((paths) => [...paths.values()])]
  }

  #append({ submodel, path }: Sample | Column, time: Time, value: unknown, quality: Quality | null): void {
    let paths = this.#series.get(submodel)
    if (paths === undefined) {
      paths = new Map()
      this.#series.set(submodel, paths)
    }
    let series = paths.get(path)
    let offset = series === undefined ? 0 : offsetOf(series.first, time)
    if (series === undefined || Math.abs(offset) > MAX_OFFSET_NS) {
      if (series !== undefined) this.#done.push(series)
      series = { submodel, path, first: time, offsets: [], values: [], qualities: undefined }
      paths.set(path, series)
      offset = 0
    }
    if (quality !== null) series.qualities ??= new Array(series.values.length).fill(null)
    series.qualities?.push(quality)
    series.offsets.push(offset)
    series.values.push(value)
    this.#size++
    this.#bytes += bytesOf(value)
  }

  #ofSample(sample: Sample): Parsed | undefined {
    for (const name in sample) if (!SAMPLE_MEMBERS.has(name)) return undefined
    const time = sample.time === undefined ? undefined : this.#timeOf(sample.time, 'ms')
    const quality = sample.quality ?? null
    return time && { times: [time], values: [sample.value], qualityAt: () => quality }
  }

  #ofColumn({ values, start, step, offsets, times, unit = 'ms', quality }: Column): Parsed | undefined {
    const first = start === undefined ? undefined : this.#timeOf(start, unit)
    const scale = UNIT_NS[unit] ?? 1
    const found = values.map((_, at) => {
      if (times !== undefined) return this.#timeOf(times[at] ?? '', unit)
      const offset = offsets?.[at] ?? (step === undefined ? undefined : step * at)
      return first === undefined || offset === undefined ? undefined : later(first, Math.round(offset * scale))
    })
    if (found.includes(undefined)) return undefined
    return {
      times: found as Time[],
      values,
      qualityAt: (at) => (typeof quality === 'string' ? quality : (quality?.[at] ?? null))
    }
  }

  #timeOf(text: string | number, unit: string): Time | undefined {
    if (typeof text === 'string' && this.#last?.text === text) return this.#last.time
    const time = parseTime(text, unit)
    if (time !== undefined) this.#last = { text, time }
    return time
  }
}

interface Parsed {
  readonly times: readonly Time[]
  readonly values: readonly unknown[]
  readonly qualityAt: (index: number) => Quality | null
}

function parseTime(text: string | number, unit: string): Time | undefined {
  if (typeof text === 'number') {
    if (!Number.isSafeInteger(text)) return undefined
    const perMs = 1_000_000 / (UNIT_NS[unit] ?? 1)
    const ms = Math.floor(text / perMs)
    return { ms, ns: Math.round((text - ms * perMs) * (UNIT_NS[unit] ?? 1)) }
  }
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) return undefined
  const [, fraction = ''] = /\.(\d+)/.exec(text) ?? []
  return { ms, ns: Number(fraction.slice(3).padEnd(6, '0').slice(0, 6)) }
}

function later({ ms, ns }: Time, offset: number): Time {
  const whole = Math.floor((ns + offset) / 1_000_000)
  return { ms: ms + whole, ns: ns + offset - whole * 1_000_000 }
}

function offsetOf(from: Time, to: Time): number {
  return (to.ms - from.ms) * 1_000_000 + (to.ns - from.ns)
}

/** With its time. */
const NUMBER_BYTES = 16

function bytesOf(value: unknown): number {
  if (typeof value === 'string') return NUMBER_BYTES + value.length
  return typeof value === 'object' && value !== null ? JSON.stringify(value).length : NUMBER_BYTES
}

/** The samples [start, end) of a series. */
function columnOf({ submodel, path, first, qualities, ...all }: Series, start: number, end: number): Column {
  const [begin = 0] = all.offsets.slice(start, start + 1)
  const offsets = all.offsets.slice(start, end).map((offset) => offset - begin)
  const [unit, scale] = UNITS.find(([, ns]) => offsets.every((offset) => offset % ns === 0)) ?? ['ns', 1]
  const { ms, ns } = later(first, begin)
  return {
    ...{ submodel, path, unit, values: all.values.slice(start, end) },
    start: new Date(ms).toISOString().replace('Z', `${String(ns).padStart(6, '0')}Z`),
    offsets: scale === 1 ? offsets : offsets.map((offset) => offset / scale),
    ...(qualities !== undefined && { quality: qualities.slice(start, end) })
  }
}
