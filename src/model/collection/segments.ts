/**
 * Where samples are without a gap: times in segments, within which no two neighbours are further apart than the limit.
 * Times may come in any order; the segments are those of a scan in ascending order.
 *
 * Of more than MAX_SEGMENTS the oldest two lose their bounds and are only counted, so memory is bounded. Samples that
 * arrive for that time later on do not close its gaps.
 */

export const MAX_SEGMENTS = 64

export interface SegmentsState {
  /** Greatest distance of neighbours, microseconds; 0: any. */
  readonly limit: number
  /** from, to, from, to …, ascending; microseconds since 1970. */
  readonly bounds: readonly number[]
  /** Segments before those: how many, and their lengths together. */
  readonly earlier: { readonly count: number; readonly length: number }
}

export interface Gap {
  readonly from: number
  readonly to: number
}

export class Segments {
  readonly limit: number
  readonly #bounds: number[]
  #earlierCount: number
  #earlierLength: number

  constructor({ limit, bounds, earlier }: SegmentsState) {
    this.limit = limit
    this.#bounds = [...bounds]
    this.#earlierCount = earlier.count
    this.#earlierLength = earlier.length
  }

  static ofLimit(limit: number): Segments {
    return new Segments({ limit, bounds: [], earlier: { count: 0, length: 0 } })
  }

  get count(): number {
    return this.#earlierCount + this.#bounds.length / 2
  }

  /** Time without gaps, microseconds. */
  get length(): number {
    const bounds = this.#bounds
    let length = this.#earlierLength
    for (let i = 0; i < bounds.length; i += 2) length += (bounds[i + 1] as number) - (bounds[i] as number)
    return length
  }

  /** The gaps whose bounds are known, ascending. */
  gaps(): Gap[] {
    const bounds = this.#bounds
    const gaps: Gap[] = []
    for (let i = 2; i < bounds.length; i += 2) gaps.push({ from: bounds[i - 1] as number, to: bounds[i] as number })
    return gaps
  }

  get state(): SegmentsState {
    return {
      limit: this.limit,
      bounds: this.#bounds,
      earlier: { count: this.#earlierCount, length: this.#earlierLength }
    }
  }

  add(time: number): void {
    const bounds = this.#bounds
    const last = bounds.length - 1
    if (last > 0 && time >= (bounds[last - 1] as number)) {
      const end = bounds[last] as number
      if (time <= end) return
      if (this.#reaches(end, time)) {
        bounds[last] = time
        return
      }
    }
    this.#insert(time)
  }

  #reaches(from: number, to: number): boolean {
    return this.limit === 0 || to - from <= this.limit
  }

  #insert(time: number): void {
    const bounds = this.#bounds
    // The first segment that ends at or after the time.
    let next = 0
    while (next < bounds.length && (bounds[next + 1] as number) < time) next += 2
    if (next < bounds.length && (bounds[next] as number) <= time) return
    if (next === 0 && this.#earlierCount > 0 && bounds.length > 0) return
    const joinsBefore = next > 0 && this.#reaches(bounds[next - 1] as number, time)
    const joinsAfter = next < bounds.length && this.#reaches(time, bounds[next] as number)
    if (joinsBefore && joinsAfter) bounds.splice(next - 1, 2)
    else if (joinsBefore) bounds[next - 1] = time
    else if (joinsAfter) bounds[next] = time
    else bounds.splice(next, 0, time, time)
    if (bounds.length <= 2 * MAX_SEGMENTS) return
    const [from = 0, to = 0] = bounds.splice(0, 2)
    this.#earlierCount++
    this.#earlierLength += to - from
  }
}
