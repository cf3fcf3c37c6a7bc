/**
 * Samples of one element over time, column by column: the shape in which raw data travel from the doors through the
 * log into the history, and from there to whoever reads them.
 */
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
  /** Of a run that was thinned. */
  readonly condensed?: Condensed
}

/**
 * What the samples come to that one of a thinned run took the place of, column by column, so that aggregates stay what
 * they were: see statistics.ts. Where the count is 0, those that it stands for were no numbers, or it stands for itself.
 */
export interface Condensed {
  /** Nanoseconds from the time of the sample, which is that of the first, to that of the last. */
  readonly spans: Float64Array
  /** Of numbers; those of bad quality do not count. */
  readonly counts: Float64Array
  readonly min: ExactColumn
  readonly max: ExactColumn
  readonly sum: ExactColumn
  readonly squares: Float64Array
  readonly first: ExactColumn
  readonly last: ExactColumn
}

/** As text where not all are exact as doubles. */
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

/** Makes each column anew. */
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

/** The furthest that an offset reaches. */
export const MAX_OFFSET_NS = 2 ** 50

export function lengthOf(run: Run): number {
  return run.offsets.length
}

/** Source time of a sample, nanoseconds since 1970. */
export function timeAt({ base, offsets }: Run, index: number): bigint {
  return base + BigInt(offsets[index] ?? 0)
}

/** The value as text: what a Property holds, or the members as JSON. */
export function textAt({ values }: Run, index: number): string {
  const value = values[index]
  if (value === Number.POSITIVE_INFINITY) return 'INF'
  return value === Number.NEGATIVE_INFINITY ? '-INF' : String(value)
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
  return column instanceof Float64Array
    ? Float64Array.from(places, (place) => column[place] ?? 0)
    : Array.from(places, (place) => column[place] ?? '')
}
