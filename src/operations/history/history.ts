/** What was measured: everything acknowledged of a series, from the chunks of the store and what is not in them yet. */
import { lengthOf, type Run, spanOf as rangeOf, sliceOf, within } from '../../model/samples.ts'
import { earlier, later } from '../../model/time.ts'
import {
  chunkSource,
  mergeChunks,
  recentSource,
  type SeriesPiece,
  type SeriesSource
} from '../../store/merge-chunks.ts'
import type { PackedRun } from '../../store/run-codec.ts'
import type { SeriesName } from '../../store/series.ts'
import type { Store } from '../../store/store.ts'

export interface History {
  /** Everything acknowledged of a series in [from, to] (nanoseconds since 1970), ascending, each time once. */
  read(series: SeriesName, from: bigint, to: bigint): AsyncIterable<Run>
  /** The same in pieces that need not be unpacked; those at the ends may reach out of [from, to]. */
  pieces(series: SeriesName, from: bigint, to: bigint): AsyncIterable<SeriesPiece>
  /** The last so many samples, ascending; in several runs where one cannot hold them. */
  latest(series: SeriesName, count: number): Promise<readonly Run[]>
  /** First and last time, and how many samples; late doubles may count twice. */
  spanOf(series: SeriesName): Promise<{ from: bigint; to: bigint; count: number } | undefined>
}

/** Knows what is in the log and not in chunks yet; the follower that makes the chunks (consumers/history). */
export interface HistoryTail {
  /** Resolves when everything that was acknowledged before the call is known here, or in chunks. */
  caughtUp(): Promise<void>
  /** What is not in chunks yet, in the order of the log; packed runs are ascending. */
  parts(series: SeriesName): readonly (Run | PackedRun)[]
}

export const EARLIEST = -(2n ** 63n)
export const LATEST = 2n ** 63n - 1n

/** @returns the history over a store and the tail of its log */
export function historyOf(store: Store, tail: HistoryTail): History {
  return {
    pieces: (series, from, to) => found(series, from, to),

    async *read(series, from, to) {
      for await (const piece of found(series, from, to)) {
        const run = within(piece.run(), from, to)
        if (run !== undefined) yield run
      }
    },

    async latest(series, count) {
      const span = await this.spanOf(series)
      return span === undefined || count < 1 ? [] : last(this, series, span, count)
    },

    async spanOf(series) {
      await tail.caughtUp()
      const runs = tail.parts(series).map((run) => ('bytes' in run ? run : { ...rangeOf(run), count: lengthOf(run) }))
      const kept = await store.seriesOf(series)
      const parts = [...runs, ...(kept === undefined ? [] : [kept])]
      const [first] = parts
      if (first === undefined) return undefined
      return parts.slice(1).reduce(
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
    await tail.caughtUp()
    // First the tail: what becomes a chunk meanwhile is found twice, and told once; the other way it could be missed.
    const isWanted = (run: Run | PackedRun) => !('bytes' in run) || (run.to >= from && run.from <= to)
    const recent = tail.parts(series).filter(isWanted)
    const sources = recent.map((run, place) => recentSource(run, place, series))
    yield* mergeChunks(chunksOf(series, from, to), sources, from, to)
  }

  async function* chunksOf(series: SeriesName, from: bigint, to: bigint): AsyncGenerator<SeriesSource> {
    for await (const chunk of store.chunks(series, from, to)) yield chunkSource(chunk)
  }
}

/** Looks back from the end in windows that double until there is enough. */
async function last(
  history: History,
  series: SeriesName,
  span: { from: bigint; to: bigint; count: number },
  count: number
): Promise<readonly Run[]> {
  const length = span.to - span.from
  // As far back as so many samples reach on average, and a little more.
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
