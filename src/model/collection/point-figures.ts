/** Figures of one series as a collection point, kept up to date sample by sample; they equal those of a scan. */
import { type Quality, qualities, type Run } from '../samples.ts'
import { Segments, type SegmentsState } from './segments.ts'

/** A sample is late if it was stored more than this after its own time. */
export const LATE_MS = 60_000

/** As stored; times in microseconds since 1970. */
export interface PointState {
  readonly count: number
  readonly uncertain: number
  readonly bad: number
  /** Samples whose time of arrival is known: not those that were counted from the history. */
  readonly timed: number
  readonly late: number
  readonly first: number
  readonly last: number
  readonly segments: SegmentsState
}

/** Numbers only: microseconds are exact in a double until the year 2255, nanoseconds are not. */
export class PointFigures {
  count = 0
  uncertain = 0
  bad = 0
  timed = 0
  late = 0
  first = Number.POSITIVE_INFINITY
  last = Number.NEGATIVE_INFINITY
  segments: Segments

  /** @param limit greatest distance of neighbours without a gap, microseconds; 0: no gap is looked for */
  constructor(limit: number) {
    this.segments = Segments.ofLimit(limit)
  }

  static of({ segments, ...figures }: PointState): PointFigures {
    return Object.assign(new PointFigures(segments.limit), { ...figures, segments: new Segments(segments) })
  }

  get state(): PointState {
    const { count, uncertain, bad, timed, late, first, last, segments } = this
    return { count, uncertain, bad, timed, late, first, last, segments: segments.state }
  }

  /** Mean distance of samples outside of gaps, microseconds; undefined where there are too few. */
  get period(): number | undefined {
    const { count, length } = this.segments
    const distances = this.count - count
    return distances < 1 || length === 0 ? undefined : length / distances
  }

  /** @param arrivedMs when it was stored, milliseconds since 1970 */
  addSample(time: bigint, quality: Quality | undefined, arrivedMs: number | undefined): void {
    this.#add(microsecondsOf(time), qualities.indexOf(quality), arrivedMs)
  }

  /** @param arrivedMs when it was stored, milliseconds since 1970; undefined where that is not known */
  addRun({ base, offsets, quality }: Run, arrivedMs: number | undefined): void {
    const whole = microsecondsOf(base)
    const rest = Number(base - BigInt(whole) * 1000n)
    const isMixed = quality instanceof Uint8Array
    const same = isMixed ? 0 : qualities.indexOf(quality)
    for (let i = 0; i < offsets.length; i++) {
      const time = whole + Math.floor(((offsets[i] as number) + rest) / 1000)
      this.#add(time, isMixed ? (quality[i] as number) : same, arrivedMs)
    }
  }

  #add(time: number, quality: number, arrivedMs: number | undefined): void {
    this.count++
    if (quality === BAD) this.bad++
    else if (quality === UNCERTAIN) this.uncertain++
    if (arrivedMs !== undefined) {
      this.timed++
      if (arrivedMs * 1000 - time > LATE_MS * 1000) this.late++
    }
    if (time < this.first) this.first = time
    if (time > this.last) this.last = time
    this.segments.add(time)
  }
}

const UNCERTAIN = qualities.indexOf('uncertain')
const BAD = qualities.indexOf('bad')

/** Of a time in nanoseconds; rounded down. */
export function microsecondsOf(time: bigint): number {
  return Number((time - (((time % 1000n) + 1000n) % 1000n)) / 1000n)
}
