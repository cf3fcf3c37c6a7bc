/**
 * Samples of one element over time, column by column: the shape in which raw data travel from the doors through the
 * log into the history, and from there to whoever reads them.
 */
import { earlier } from './time.ts'

/** What the source says of a value; absent where it says nothing. */
export type Quality = 'good' | 'uncertain' | 'bad'

/** A quality as a byte: its place in this list. */
export const qualities: readonly (Quality | undefined)[] = [undefined, 'good', 'uncertain', 'bad']

/** A run of samples of one element, at least one, in the order in which they were sent unless something says otherwise. */
export interface Run {
  /** Nanoseconds since 1970 from which `offsets` count. */
  readonly base: bigint
  /** Whole nanoseconds, none beyond ±2^50: a run covers at most 13 days to either side of its base. */
  readonly offsets: Float64Array
  /**
   * - `number`: values of a Property, each standing for the shortest text that JavaScript writes for it;
   * - `text`: values of a Property as they were written (`21.50`, `true`);
   * - `members`: value members as JSON (see values.ts), for all other kinds of element.
   */
  readonly form: 'number' | 'text' | 'members'
  readonly values: Float64Array | readonly string[]
  /** Of all, or of each as its place in `qualities`. */
  readonly quality: Quality | undefined | Uint8Array
}

/** The furthest that an offset reaches. */
export const FURTHEST = 2 ** 50

export function lengthOf(run: Run): number {
  return run.offsets.length
}

/** Source time of a sample, nanoseconds since 1970. */
export function timeAt({ base, offsets }: Run, index: number): bigint {
  return base + BigInt(offsets[index] ?? 0)
}

/** The value as text: what a Property holds, or the members as JSON. */
export function textAt({ values }: Run, index: number): string {
  return String(values[index])
}

/** The value as a number: NaN where it is none. */
export function numberAt({ form, values }: Run, index: number): number {
  const value = values[index]
  if (typeof value === 'number') return value
  return form === 'text' ? numberOf(value ?? '') : Number.NaN
}

/** What a text of a numeric or boolean value type counts as; NaN for everything else. */
export function numberOf(text: string): number {
  if (text === 'true') return 1
  if (text === 'false') return 0
  if (text === 'INF') return Number.POSITIVE_INFINITY
  if (text === '-INF') return Number.NEGATIVE_INFINITY
  return NUMBER.test(text) ? Number(text) : Number.NaN
}

const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/

/** The value members as JSON, as an element row holds them. */
export function membersAt(run: Run, index: number): string {
  const text = textAt(run, index)
  if (run.form === 'members') return text
  return run.form === 'number' ? `{"value":"${text}"}` : `{"value":${JSON.stringify(text)}}`
}

export function qualityAt({ quality }: Run, index: number): Quality | undefined {
  return quality instanceof Uint8Array ? qualities[quality[index] ?? 0] : quality
}

/** Index of the newest sample by source time; the last of equals. */
export function newestOf({ offsets }: Run): number {
  let newest = 0
  for (let i = 1; i < offsets.length; i++) if ((offsets[i] ?? 0) >= (offsets[newest] ?? 0)) newest = i
  return newest
}

/** Least and greatest source time. */
export function spanOf(run: Run): { from: bigint; to: bigint } {
  const { base, offsets } = run
  let [least, greatest] = [offsets[0] ?? 0, offsets[0] ?? 0]
  for (let i = 1; i < offsets.length; i++) {
    const offset = offsets[i] ?? 0
    if (offset < least) least = offset
    else if (offset > greatest) greatest = offset
  }
  return { from: base + BigInt(least), to: base + BigInt(greatest) }
}

/** Do the times rise strictly, so that no sample is late or double? */
export function isAscending({ offsets }: Run): boolean {
  for (let i = 1; i < offsets.length; i++) if ((offsets[i] ?? 0) <= (offsets[i - 1] ?? 0)) return false
  return true
}

/** A part of a run: samples from `start` to before `end`. */
export function sliceOf({ base, offsets, form, values, quality }: Run, start: number, end: number): Run {
  return {
    base,
    form,
    offsets: offsets.subarray(start, end),
    values: values instanceof Float64Array ? values.subarray(start, end) : values.slice(start, end),
    quality: quality instanceof Uint8Array ? quality.subarray(start, end) : quality
  }
}

/** The part of an ascending run within [from, to]. */
export function within(run: Run, from: bigint, to: bigint): Run | undefined {
  const start = timeAt(run, 0) >= from ? 0 : firstAt(run, from)
  const end = timeAt(run, lengthOf(run) - 1) <= to ? lengthOf(run) : firstAt(run, to + 1n)
  if (start >= end) return undefined
  return start === 0 && end === lengthOf(run) ? run : sliceOf(run, start, end)
}

/** Index of the first sample of an ascending run at this time or later. */
export function firstAt({ base, offsets }: Run, time: bigint): number {
  // Between neighbours of 2^50 a number is exact.
  const wanted = Number(time - base)
  let [low, high] = [0, offsets.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((offsets[middle] ?? 0) < wanted) low = middle + 1
    else high = middle
  }
  return low
}

/** Some samples of a run. */
export function pick({ base, offsets, form, values, quality }: Run, places: ArrayLike<number>): Run {
  return {
    base,
    form,
    offsets: Float64Array.from(places, (place) => offsets[place] ?? 0),
    values:
      values instanceof Float64Array
        ? Float64Array.from(places, (place) => values[place] ?? 0)
        : Array.from(places, (place) => values[place] ?? ''),
    quality: quality instanceof Uint8Array ? Uint8Array.from(places, (place) => quality[place] ?? 0) : quality
  }
}

/**
 * Brings runs of one series together: by source time, of equal times only the sample that came last.
 * @param runs in the order of the log
 * @returns ascending runs; more than one only where they cover too long a time for one
 */
export function mergeRuns(runs: readonly Run[]): Run[] {
  const merged: Run[] = []
  for (let rest = runs; rest.length > 0; ) {
    const [first] = rest
    if (first !== undefined && rest.length === 1 && isAscending(first)) return [...merged, first]
    const spans = rest.map(spanOf)
    const base = spans.map(({ from }) => from).reduce(earlier)
    const end = base + BigInt(FURTHEST)
    const near = rest.flatMap((run, i) => ((spans[i]?.to ?? 0n) <= end ? run : where(run, (time) => time <= end)))
    rest = rest.flatMap((run, i) => ((spans[i]?.to ?? 0n) <= end ? [] : where(run, (time) => time > end)))
    merged.push(ordered(joined(base, near)))
  }
  return merged
}

/** The samples of these times, if there are any. */
function where(run: Run, test: (time: bigint) => boolean): Run[] {
  const places = Array.from(run.offsets.keys()).filter((place) => test(timeAt(run, place)))
  return places.length === 0 ? [] : [pick(run, places)]
}

/** Runs one behind the other as one that counts from `base`, of which none is too far. */
export function joined(base: bigint, runs: readonly Run[]): Run {
  const count = runs.reduce((sum, run) => sum + lengthOf(run), 0)
  const offsets = new Float64Array(count)
  let at = 0
  for (const run of runs) {
    // Neither number is beyond 2^51, so the sum is exact.
    const shift = Number(run.base - base)
    if (shift === 0) offsets.set(run.offsets, at)
    else for (let i = 0; i < run.offsets.length; i++) offsets[at + i] = (run.offsets[i] ?? 0) + shift
    at += lengthOf(run)
  }
  return { base, offsets, quality: joinedQuality(runs, count), ...joinedValues(runs, count) }
}

function joinedQuality(runs: readonly Run[], count: number): Run['quality'] {
  const first = runs[0]?.quality
  if (!(first instanceof Uint8Array) && runs.every((run) => run.quality === first)) return first
  const quality = new Uint8Array(count)
  let at = 0
  for (const run of runs) {
    if (run.quality instanceof Uint8Array) quality.set(run.quality, at)
    else quality.fill(qualities.indexOf(run.quality), at, at + lengthOf(run))
    at += lengthOf(run)
  }
  return quality
}

function joinedValues(runs: readonly Run[], count: number): Pick<Run, 'form' | 'values'> {
  if (runs.every(({ form }) => form === 'number')) {
    const values = new Float64Array(count)
    let at = 0
    for (const run of runs) {
      values.set(run.values as Float64Array, at)
      at += lengthOf(run)
    }
    return { form: 'number', values }
  }
  // An element that became another kind of element keeps its history: what was a Property then is written as members.
  const form = runs.some((run) => run.form === 'members') ? 'members' : 'text'
  const textOf = form === 'members' ? membersAt : textAt
  const values = runs.flatMap((run) =>
    run.form === form ? (run.values as readonly string[]) : Array.from(run.offsets, (_, place) => textOf(run, place))
  )
  return { form, values }
}

/** By time, of equals the last. */
function ordered(run: Run): Run {
  if (isAscending(run)) return run
  const { offsets } = run
  // Sorting is stable, so of equal times the last is the one that came last.
  const order = Uint32Array.from(offsets.keys()).sort((a, b) => (offsets[a] ?? 0) - (offsets[b] ?? 0))
  return pick(
    run,
    order.filter((place, i) => i + 1 === order.length || offsets[order[i + 1] ?? 0] !== offsets[place])
  )
}
