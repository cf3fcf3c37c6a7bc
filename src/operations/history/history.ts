/** Reads the history of a series: the chunks in the store, and the acknowledged samples that are not in chunks yet. */
import { lengthOf, type Run, spanOf as rangeOf, sliceOf, within } from '../../model/samples.ts'
import { earlier, later } from '../../model/time.ts'
import {
  chunkSource,
  mergeChunks,
  recentSource,
  type SeriesPiece,
  type SeriesSource
} from '../../store/merge-chunks.ts'
import type { PackedRun } from '../../store/packed-run.ts'
import type { Chunk, Series, SeriesName } from '../../store/series.ts'
import type { Store } from '../../store/store.ts'

/** What the history of a series is made of, still packed. */
export interface HistoryParts {
  /** Everything acknowledged before the call that is in no chunk yet, in log order; packed runs are ascending. */
  tail(series: SeriesName): Promise<readonly (Run | PackedRun)[]>
  /** As `chunks` and `seriesOf` of the store. */
  chunks(series: SeriesName, from: bigint, to: bigint): AsyncIterable<Chunk>
  seriesOf(series: SeriesName): Promise<Series | undefined>
}

export interface History {
  /** For readers in other threads. */
  readonly parts: HistoryParts
  /** All acknowledged samples of a series in [from, to] (nanoseconds since 1970), ascending, one per time. */
  read(series: SeriesName, from: bigint, to: bigint): AsyncIterable<Run>
  /** The same in pieces that are unpacked on demand; the first and last may reach beyond [from, to]. */
  pieces(series: SeriesName, from: bigint, to: bigint): AsyncIterable<SeriesPiece>
  /** The last `count` samples, ascending; in several runs if one cannot hold them. */
  latest(series: SeriesName, count: number): Promise<readonly Run[]>
  /** First and last time, and number of samples; a late duplicate may be counted twice. */
  spanOf(series: SeriesName): Promise<{ from: bigint; to: bigint; count: number } | undefined>
}

/** The samples in the log that are not in chunks yet; implemented by the history writer (consumers/history). */
export interface HistoryTail {
  /** Resolves when everything acknowledged before the call is in `parts` or in chunks. */
  caughtUp(): Promise<void>
  /** Runs that are not in chunks yet, in log order; packed runs are ascending. */
  parts(series: SeriesName): readonly (Run | PackedRun)[]
}

export const EARLIEST = -(2n ** 63n)
export const LATEST = 2n ** 63n - 1n

export function historyOf(store: Pick<Store, 'chunks' | 'seriesOf'>, tail: HistoryTail): History {
  return historyFrom({
    tail: async (series) => {
      await tail.caughtUp()
      return tail.parts(series)
    },
    chunks: (series, from, to) => store.chunks(series, from, to),
    seriesOf: (series) => store.seriesOf(series)
  })
}

export function historyFrom(parts: HistoryParts): History {
  return {
    parts,

    pieces: (series, from, to) => found(series, from, to),

    async *read(series, from, to) {
      for await (const piece of found(series, from, to)) {
        const run = within(piece.run(), from, to)
        if (run !== undefined) yield run
      }
    },

    async latest(series, count) {
      const span = await this.spanOf(series)
      return span === undefined || count < 1 ? [] : latestRuns(this, series, span, count)
    },

    async spanOf(series) {
      const tail = await parts.tail(series)
      const runs = tail.map((run) => ('bytes' in run ? run : { ...rangeOf(run), count: lengthOf(run) }))
      const kept = await parts.seriesOf(series)
      const spans = [...runs, ...(kept === undefined ? [] : [kept])]
      const [first] = spans
      if (first === undefined) return undefined
      return spans.slice(1).reduce(
        (whole, { from, to, count }) => ({
          from: earlier(from, whole.from),
          to: later(to, whole.to),
          count: whole.count + count
        }),
        { from: first.from, to: first.to, count: first.count }
      )
    }
  }

  async function* found(series: SeriesName, from: bigint, to: bigint): AsyncGenerator<SeriesPiece> {
    // The tail first: a run that becomes a chunk meanwhile is then found twice and merged, instead of missed.
    const isWanted = (run: Run | PackedRun) => !('bytes' in run) || (run.to >= from && run.from <= to)
    const recent = (await parts.tail(series)).filter(isWanted)
    const sources = recent.map((run, place) => recentSource(run, place, series))
    yield* mergeChunks(chunksOf(series, from, to), sources, from, to)
  }

  async function* chunksOf(series: SeriesName, from: bigint, to: bigint): AsyncGenerator<SeriesSource> {
    for await (const chunk of parts.chunks(series, from, to)) yield chunkSource(chunk)
  }
}

/** Searches backwards from the end in windows that double until there are enough samples. */
async function latestRuns(
  history: History,
  series: SeriesName,
  span: { from: bigint; to: bigint; count: number },
  count: number
): Promise<readonly Run[]> {
  const length = span.to - span.from
  // The average duration of that number of samples, and a little more.
  let back = span.count <= count ? length : (length * BigInt(count)) / BigInt(span.count) + 1_000_000n
  for (;;) {
    const start = later(span.to - back, span.from)
    const runs: Run[] = []
    let seen = 0
    for await (const run of history.read(series, start, LATEST)) {
      runs.push(run)
      seen += lengthOf(run)
      while (seen - lengthOf(runs[0] as Run) >= count) seen -= lengthOf(runs.shift() as Run)
    }
    const [oldest, ...newer] = runs
    if (oldest === undefined) return []
    if (seen >= count || start === span.from) {
      return [sliceOf(oldest, Math.max(0, seen - count), lengthOf(oldest)), ...newer]
    }
    back *= 2n
  }
}
