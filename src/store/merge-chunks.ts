/**
 * The history of a series in pieces, ascending and each time once. Chunks that overlap nothing pass as they are, packed;
 * where some overlap they are unpacked and brought together, no further than they do.
 */
import { mergeRuns } from '../model/merge-runs.ts'
import { firstAt, isAscending, lengthOf, type Run, sliceOf, spanOf, within } from '../model/samples.ts'
import { formatTime } from '../model/time.ts'
import { openRun, type PackedRun, type RunSummary } from './run-codec.ts'
import type { Chunk, SeriesName } from './series.ts'

/** An ascending part of a series. */
export interface SeriesPiece {
  readonly from: bigint
  readonly to: bigint
  readonly count: number
  /** What its numbers come to, where that is known without unpacking it. */
  readonly summary?: RunSummary
  run(): Run
  /** Are all values numbers that doubles hold, or whole numbers within 2^53? Told without unpacking each; absent: unknown. */
  holdsOnly?(wanted: 'numbers' | 'whole numbers'): boolean
  /** The same in smaller pieces, as far as it can be unpacked in part. */
  parts?(): readonly SeriesPiece[]
}

/** Something that holds a part of a series. */
export interface SeriesSource extends Omit<SeriesPiece, 'run'> {
  /** Where two have a sample of the same time, that of the greater rank counts. */
  readonly rank: number
  load(): Run
}

/** @throws HubError `Damaged` */
export function chunkSource({ seq, ...chunk }: Omit<Chunk, 'path' | 'submodel'> & Partial<SeriesName>): SeriesSource {
  return packedSource(chunk, seq, chunk)
}

/**
 * @param place in the order of the log: what is in no chunk yet is newer than all chunks. A packed run is ascending
 * @throws HubError `Damaged`
 */
export function recentSource(run: Run | PackedRun, place: number, series: Partial<SeriesName> = {}): SeriesSource {
  if ('bytes' in run) return packedSource(run, NEWER + place, series)
  const load = () => (isAscending(run) ? run : (mergeRuns([run])[0] ?? run))
  return { ...spanOf(run), count: lengthOf(run), rank: NEWER + place, load }
}

function packedSource({ from, to, count, bytes }: PackedRun, rank: number, series: Partial<SeriesName>): SeriesSource {
  const { run, parts, holdsOnly, summary } = openRun(bytes, () => describeChunk({ ...series, from, to }))
  return { from, to, count, rank, load: run, parts, holdsOnly, ...(summary !== undefined && { summary }) }
}

/** For messages. */
export function describeChunk({
  submodel,
  path,
  from,
  to
}: Partial<SeriesName> & Pick<SeriesPiece, 'from' | 'to'>): string {
  const whose = path === undefined ? '' : ` of "${path}" in the submodel "${submodel}"`
  return `The history${whose} from ${formatTime(from)} to ${formatTime(to)}`
}

/** Greater than the rank of any chunk. */
const NEWER = 2 ** 52

/**
 * @param chunks by `from`; one that took the place of others meanwhile may come late
 * @param recent in the order of the log
 */
export async function* mergeChunks(
  chunks: AsyncIterable<SeriesSource>,
  recent: readonly SeriesSource[],
  from: bigint,
  to: bigint
): AsyncGenerator<SeriesPiece> {
  const waiting = recent.filter((source) => source.to >= from && source.from <= to)
  waiting.sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0))
  let open: OpenSource[] = []
  /** Everything earlier was given. */
  let begun: bigint | undefined
  for await (const chunk of chunks) {
    while (waiting[0] !== undefined && waiting[0].from < chunk.from) yield* add(waiting.shift() as SeriesSource)
    yield* add(chunk)
  }
  while (waiting[0] !== undefined) yield* add(waiting.shift() as SeriesSource)
  yield* close(undefined)

  /** Everything before the start of the next source can go. */
  function* add(source: SeriesSource): Generator<SeriesPiece> {
    if (begun !== undefined && source.from < begun) {
      const rest = within(source.load(), begun, source.to)
      if (rest !== undefined) open.push({ source, run: rest })
      return
    }
    begun = source.from
    yield* close(begun)
    open.push({ source, run: undefined })
  }

  function* close(before: bigint | undefined): Generator<SeriesPiece> {
    const [only] = open
    if (only === undefined) return
    if (open.length === 1 && (before === undefined || only.source.to < before)) {
      open = []
      yield only.run === undefined ? pieceOf(only.source) : pieceOfRun(only.run)
      return
    }
    if (before !== undefined && open.every(({ source, run }) => startOf(source, run) >= before)) return
    const parts: { rank: number; run: Run }[] = []
    const left: OpenSource[] = []
    for (const { source, run = source.load() } of open) {
      const end = before === undefined ? lengthOf(run) : firstAt(run, before)
      if (end > 0) parts.push({ rank: source.rank, run: sliceOf(run, 0, end) })
      if (end < lengthOf(run)) left.push({ source, run: sliceOf(run, end, lengthOf(run)) })
    }
    open = left
    parts.sort((a, b) => a.rank - b.rank)
    for (const run of mergeRuns(parts.map(({ run }) => run))) yield pieceOfRun(run)
  }
}

/** A source that was begun; `run` is what is left of it. */
interface OpenSource {
  readonly source: SeriesSource
  readonly run: Run | undefined
}

function startOf(source: SeriesSource, run: Run | undefined): bigint {
  return run === undefined ? source.from : spanOf(run).from
}

function pieceOf({ load, rank: _, ...source }: SeriesSource): SeriesPiece {
  return { ...source, run: load }
}

function pieceOfRun(run: Run): SeriesPiece {
  return { ...spanOf(run), count: lengthOf(run), run: () => run }
}
