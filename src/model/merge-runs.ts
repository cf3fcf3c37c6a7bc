/** Merges runs of one series by source time; of samples with equal times the last received wins. */
import { type ExactNumber, formatExact } from './exact-numbers.ts'
import {
  type Condensed,
  type ExactColumn,
  isAscending,
  lengthOf,
  MAX_OFFSET_NS,
  membersAt,
  pickSamples,
  qualities,
  type Run,
  spanOf,
  textAt,
  timeAt
} from './samples.ts'
import { condensedAt, countedAt, replaceFirst, type Statistics } from './statistics.ts'
import { earlier } from './time.ts'

/**
 * @param runs in the order of the log
 * @returns ascending runs; more than one only if the time span is too long for one
 */
export function mergeRuns(runs: readonly Run[]): Run[] {
  const merged: Run[] = []
  for (let rest = runs; rest.length > 0; ) {
    const [first] = rest
    if (first !== undefined && rest.length === 1 && isAscending(first)) return [...merged, first]
    const spans = rest.map(spanOf)
    const base = spans.map(({ from }) => from).reduce(earlier)
    const end = base + BigInt(MAX_OFFSET_NS)
    const near = rest.flatMap((run, i) =>
      (spans[i]?.to ?? 0n) <= end ? run : filterByTime(run, (time) => time <= end)
    )
    rest = rest.flatMap((run, i) => ((spans[i]?.to ?? 0n) <= end ? [] : filterByTime(run, (time) => time > end)))
    merged.push(sortByTime(concatRuns(base, inOrder(near))))
  }
  return merged
}

/**
 * By time, where they are ascending and do not overlap: pushes of several connections overtake one another, and to put
 * these in order takes far less than to sort their samples. Otherwise as they are.
 */
function inOrder(runs: readonly Run[]): readonly Run[] {
  if (!runs.every(isAscending)) return runs
  const spans = runs.map((run) => ({ run, ...spanOf(run) }))
  spans.sort((one, other) => (one.from < other.from ? -1 : one.from > other.from ? 1 : 0))
  const areApart = spans.every(({ to }, i) => to < (spans[i + 1]?.from ?? to + 1n))
  return areApart ? spans.map(({ run }) => run) : runs
}

/** The samples whose times pass the test; none or one run. */
function filterByTime(run: Run, test: (time: bigint) => boolean): Run[] {
  const places = Array.from(run.offsets.keys()).filter((place) => test(timeAt(run, place)))
  return places.length === 0 ? [] : [pickSamples(run, places)]
}

/** Concatenates runs into one with this base, from which no sample is too far. */
export function concatRuns(base: bigint, runs: readonly Run[]): Run {
  const count = runs.reduce((sum, run) => sum + lengthOf(run), 0)
  const offsets = new Float64Array(count)
  let at = 0
  for (const run of runs) {
    // Both numbers are below 2^51, so the sum is exact.
    const shift = Number(run.base - base)
    if (shift === 0) offsets.set(run.offsets, at)
    else for (let i = 0; i < run.offsets.length; i++) offsets[at + i] = (run.offsets[i] ?? 0) + shift
    at += lengthOf(run)
  }
  const run = { base, offsets, quality: joinedQuality(runs, count), ...joinedValues(runs, count) }
  return runs.some(({ condensed }) => condensed !== undefined)
    ? { ...run, condensed: joinedCondensed(runs, count) }
    : run
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
    return { form: 'number', values: doubles(runs, count, ({ values }) => values as Float64Array) }
  }
  // An element that changed its kind keeps its history: former Property values are written as members.
  const form = runs.some((run) => run.form === 'members') ? 'members' : 'text'
  const textOf = form === 'members' ? membersAt : textAt
  const values = runs.flatMap((run) =>
    run.form === form ? (run.values as readonly string[]) : Array.from(run.offsets, (_, place) => textOf(run, place))
  )
  return { form, values }
}

/** Original samples have zeros. */
function joinedCondensed(runs: readonly Run[], count: number): Condensed {
  const numbers = (name: 'spans' | 'counts' | 'squares') => doubles(runs, count, ({ condensed }) => condensed?.[name])
  const figures = (name: 'min' | 'max' | 'sum' | 'first' | 'last'): ExactColumn => {
    const isText = runs.some(({ condensed }) => condensed !== undefined && !(condensed[name] instanceof Float64Array))
    if (!isText) return doubles(runs, count, ({ condensed }) => condensed?.[name] as Float64Array | undefined)
    return runs.flatMap((run) => {
      const column = run.condensed?.[name]
      if (column !== undefined && !(column instanceof Float64Array)) return column
      return Array.from(run.offsets, (_, place) => formatExact(column?.[place] ?? 0))
    })
  }
  return {
    spans: numbers('spans'),
    counts: numbers('counts'),
    min: figures('min'),
    max: figures('max'),
    sum: figures('sum'),
    squares: numbers('squares'),
    first: figures('first'),
    last: figures('last')
  }
}

function doubles(
  runs: readonly Run[],
  count: number,
  columnOf: (run: Run) => Float64Array | undefined
): Float64Array<ArrayBuffer> {
  const joined = new Float64Array(count)
  let at = 0
  for (const run of runs) {
    const column = columnOf(run)
    if (column !== undefined) joined.set(column, at)
    at += lengthOf(run)
  }
  return joined
}

/** Sorts by time; of equal times the last sample remains. */
function sortByTime(run: Run): Run {
  if (isAscending(run)) return run
  const { offsets } = run
  // Sorting is stable, so the last of equal times is the last received.
  const order = new Uint32Array(offsets.length)
  for (let place = 0; place < order.length; place++) order[place] = place
  order.sort((a, b) => (offsets[a] ?? 0) - (offsets[b] ?? 0))
  if (run.condensed !== undefined) return sortCondensed(run, order)
  return pickSamples(
    run,
    order.filter((place, i) => i + 1 === order.length || offsets[order[i + 1] ?? 0] !== offsets[place])
  )
}

/**
 * A downsampled sample has the time of the first sample it replaces. A later received sample of that time replaces only
 * that first one, not the others. The value is recomputed when the run is downsampled again.
 */
function sortCondensed(run: Run, order: Uint32Array): Run {
  const { offsets } = run
  const places: number[] = []
  const rows: CondensedRow[] = []
  for (const place of order) {
    const at = places.length - 1
    const own = { span: run.condensed?.spans[place] ?? 0, statistics: condensedAt(run, place) }
    const held = rows[at]
    if (held === undefined || offsets[places[at] ?? 0] !== offsets[place]) {
      places.push(place)
      rows.push(own)
    } else if (held.span === 0 || own.span > 0) {
      places[at] = place
      rows[at] = own
    } else if (held.statistics !== undefined) {
      rows[at] = { ...held, statistics: replaceFirst(held.statistics, countedAt(run, place)) }
    }
  }
  return { ...pickSamples(run, places), condensed: condensedOf(rows) }
}

/** An original sample has span 0 and no statistics. */
export interface CondensedRow {
  readonly span: number
  readonly statistics: Statistics | undefined
}

export function condensedOf(rows: readonly CondensedRow[]): Condensed {
  const figures = (figureOf: (one: Statistics) => ExactNumber): ExactColumn => {
    const all = rows.map(({ statistics }) => (statistics === undefined ? 0 : figureOf(statistics)))
    return all.every((figure) => typeof figure === 'number') ? Float64Array.from(all) : all.map(formatExact)
  }
  return {
    spans: Float64Array.from(rows, ({ span }) => span),
    counts: Float64Array.from(rows, ({ statistics }) => statistics?.count ?? 0),
    min: figures(({ min }) => min),
    max: figures(({ max }) => max),
    sum: figures(({ sum }) => sum),
    squares: Float64Array.from(rows, ({ statistics }) => statistics?.squares ?? 0),
    first: figures(({ first }) => first),
    last: figures(({ last }) => last)
  }
}
