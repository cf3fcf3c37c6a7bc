/**
 * Samples of one element over time, as columns: the form of raw data from the transports through the log and the history
 * to the readers.
 */

/** Quality of a value as reported by its source, if at all. */
export type Quality = 'good' | 'uncertain' | 'bad'

/** A quality is stored as its index in this list. */
export const qualities: readonly (Quality | undefined)[] = [undefined, 'good', 'uncertain', 'bad']

/** Consecutive samples of one element, at least one, in the order received unless stated otherwise. */
export interface Run {
  /** Nanoseconds since 1970, added to each offset. */
  readonly base: bigint
  /** Integers of nanoseconds within ±2^50: a run covers at most 13 days on either side of its base. */
  readonly offsets: Float64Array
  /**
   * - `number`: values of a Property whose texts are what JavaScript writes for these numbers;
   * - `text`: values of a Property as text (`21.50`, `true`);
   * - `members`: value members as JSON (see value-members.ts), for all other kinds of element.
   */
  readonly form: 'number' | 'text' | 'members'
  readonly values: Float64Array | readonly string[]
  /** The same for all samples, or one byte per sample: its index in `qualities`. */
  readonly quality: Quality | undefined | Uint8Array
  /** Only of downsampled runs. */
  readonly condensed?: Condensed
}

/**
 * Statistics of the samples that each sample of a downsampled run replaces, as columns, so that aggregates stay exact (see
 * statistics.ts). Count 0: the replaced samples were not numeric, or the sample is an original one.
 */
export interface Condensed {
  /** Nanoseconds from the first replaced sample, whose time the sample has, to the last. */
  readonly spans: Float64Array
  /** Number of numeric samples, without those of bad quality. */
  readonly counts: Float64Array
  readonly min: ExactColumn
  readonly max: ExactColumn
  readonly sum: ExactColumn
  readonly squares: Float64Array
  readonly first: ExactColumn
  readonly last: ExactColumn
}

/** Doubles, or texts if not all of them are exact as doubles. */
export type ExactColumn = Float64Array | readonly string[]

/** The columns of `Condensed` in their order. */
export const condensedColumns = [
  'spans',
  'counts',
  'min',
  'max',
  'sum',
  'squares',
  'first',
  'last'
] as const satisfies readonly (keyof Condensed)[]

/** Maps each column. */
function mapCondensed(condensed: Condensed, change: <Column extends ExactColumn>(column: Column) => Column): Condensed {
  const { spans, counts, min, max, sum, squares, first, last } = condensed
  return {
    spans: change(spans),
    counts: change(counts),
    min: change(min),
    max: change(max),
    sum: change(sum),
    squares: change(squares),
    first: change(first),
    last: change(last)
  }
}

/** Maximal absolute offset. */
export const MAX_OFFSET_NS = 2 ** 50

export function lengthOf(run: Run): number {
  return run.offsets.length
}

/** Source time of a sample, nanoseconds since 1970. */
export function timeAt({ base, offsets }: Run, index: number): bigint {
  return base + BigInt(offsets[index] ?? 0)
}

/** The source times of all samples. @param times of at least their number, whose first elements they become */
export function timesOf({ base, offsets }: Run, times = new BigInt64Array(offsets.length)): BigInt64Array {
  // In halves of 32 bits, as a bigint for each would cost ten times as much; lower half first, like the doubles of the run codec.
  const halves = new Int32Array(times.buffer, times.byteOffset, 2 * offsets.length)
  const low = Number(BigInt.asUintN(32, base))
  const high = Number(base >> 32n)
  for (let i = 0; i < offsets.length; i++) {
    // Exact: an offset is below 2^51.
    const sum = low + (offsets[i] ?? 0)
    halves[2 * i] = sum
    halves[2 * i + 1] = high + Math.floor(sum / HALF)
  }
  return times
}

const HALF = 2 ** 32

/** The value as text: that of a Property, or the members as JSON. */
export function textAt({ values }: Run, index: number): string {
  const value = values[index]
  if (value === Number.POSITIVE_INFINITY) return 'INF'
  return value === Number.NEGATIVE_INFINITY ? '-INF' : String(value)
}

/** The value as a number, or NaN. */
export function numberAt({ form, values }: Run, index: number): number {
  const value = values[index]
  if (typeof value === 'number') return value
  return form === 'text' ? numberOf(value ?? '') : Number.NaN
}

/** The number for a text of a numeric or boolean value type; else NaN. */
export function numberOf(text: string): number {
  if (text === 'true') return 1
  if (text === 'false') return 0
  if (text === 'INF') return Number.POSITIVE_INFINITY
  if (text === '-INF') return Number.NEGATIVE_INFINITY
  return NUMBER.test(text) ? Number(text) : Number.NaN
}

const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/

/** The value members as JSON, as in element rows. */
export function membersAt(run: Run, index: number): string {
  const text = textAt(run, index)
  if (run.form === 'members') return text
  return run.form === 'number' ? `{"value":"${text}"}` : `{"value":${JSON.stringify(text)}}`
}

export function qualityAt({ quality }: Run, index: number): Quality | undefined {
  return quality instanceof Uint8Array ? qualities[quality[index] ?? 0] : quality
}

/** Index of the newest sample by source time; of equal times the last. */
export function newestOf({ offsets }: Run): number {
  let newest = 0
  for (let i = 1; i < offsets.length; i++) if ((offsets[i] ?? 0) >= (offsets[newest] ?? 0)) newest = i
  return newest
}

/** Earliest and latest source time. */
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

/** Are the times strictly ascending, so that no sample is late or duplicate? */
export function isAscending({ offsets }: Run): boolean {
  for (let i = 1; i < offsets.length; i++) if ((offsets[i] ?? 0) <= (offsets[i - 1] ?? 0)) return false
  return true
}

/** The samples [start, end) of a run. */
export function sliceOf({ base, offsets, form, values, quality, condensed }: Run, start: number, end: number): Run {
  return {
    base,
    form,
    offsets: offsets.subarray(start, end),
    values: partOf(values, start, end),
    quality: quality instanceof Uint8Array ? quality.subarray(start, end) : quality,
    ...(condensed !== undefined && { condensed: mapCondensed(condensed, (column) => partOf(column, start, end)) })
  }
}

function partOf<Column extends ExactColumn>(column: Column, start: number, end: number): Column
function partOf(column: ExactColumn, start: number, end: number): ExactColumn {
  return column instanceof Float64Array ? column.subarray(start, end) : column.slice(start, end)
}

/** The samples of an ascending run within [from, to]. */
export function within(run: Run, from: bigint, to: bigint): Run | undefined {
  const start = timeAt(run, 0) >= from ? 0 : firstAt(run, from)
  const end = timeAt(run, lengthOf(run) - 1) <= to ? lengthOf(run) : firstAt(run, to + 1n)
  if (start >= end) return undefined
  return start === 0 && end === lengthOf(run) ? run : sliceOf(run, start, end)
}

/** Index of the first sample of an ascending run at or after a time. */
export function firstAt({ base, offsets }: Run, time: bigint): number {
  // Exact: the offsets are far below 2^53.
  const wanted = Number(time - base)
  let [low, high] = [0, offsets.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((offsets[middle] ?? 0) < wanted) low = middle + 1
    else high = middle
  }
  return low
}

/** The samples at these indexes. */
export function pickSamples({ base, offsets, form, values, quality, condensed }: Run, places: ArrayLike<number>): Run {
  return {
    base,
    form,
    offsets: picked(offsets, places),
    values: picked(values, places),
    quality: quality instanceof Uint8Array ? Uint8Array.from(places, (place) => quality[place] ?? 0) : quality,
    ...(condensed !== undefined && { condensed: mapCondensed(condensed, (column) => picked(column, places)) })
  }
}

function picked<Column extends ExactColumn>(column: Column, places: ArrayLike<number>): Column
function picked(column: ExactColumn, places: ArrayLike<number>): ExactColumn {
  if (!(column instanceof Float64Array)) return Array.from(places, (place) => column[place] ?? '')
  // In a loop, as a typed array is slow to make from others by a function.
  const numbers = new Float64Array(places.length)
  for (let i = 0; i < numbers.length; i++) numbers[i] = column[places[i] ?? 0] ?? 0
  return numbers
}
