/** Reads the history of a series: the chunks in the store, and the acknowledged samples that are not in chunks yet. */
import { mergeRuns } from '../../model/merge-runs.ts'
import { lengthOf, MAX_OFFSET_NS, type Run, sliceOf, within } from '../../model/samples.ts'
import { earlier, later } from '../../model/time.ts'
import {
  chunkSource,
  mergeChunks,
  recentSource,
  type SeriesPiece,
  type SeriesSource,
  summarySource
} from '../../store/merge-chunks.ts'
import type { PackedRun } from '../../store/packed-run.ts'
import type { Chunk, IsEnough, Series, SeriesName, SeriesSpan } from '../../store/series.ts'
import type { Store } from '../../store/store.ts'

/** What the history of a series is made of, still packed. */
export interface HistoryParts {
  /**
   * What was acknowledged before the call, overlaps [from, to] and is in no chunk yet, in log order; packed runs are
   * ascending.
   */
  tail(series: SeriesName, from: bigint, to: bigint): Promise<readonly (Run | PackedRun)[]>
  /** Span and number of all samples in no chunk yet. */
  tailSpan(series: SeriesName): Promise<SeriesSpan | undefined>
  /** As `chunks` and `seriesOf` of the store. */
  chunks(series: SeriesName, from: bigint, to: bigint): AsyncIterable<Chunk>
  seriesOf(series: SeriesName): Promise<Series | undefined>
}

export interface History {
  /** For readers in other threads. */
  readonly parts: HistoryParts
  /** All acknowledged samples of a series in [from, to] (nanoseconds since 1970), ascending, one per time. */
  read(series: SeriesName, from: bigint, to: bigint): AsyncIterable<Run>
  /**
   * The same in pieces that are unpacked on demand; the first and last may reach beyond [from, to].
   * @param isEnough accepts a summary in place of the samples; such a piece cannot be unpacked
   */
  pieces(series: SeriesName, from: bigint, to: bigint, isEnough?: IsEnough): AsyncIterable<SeriesPiece>
  /** The last `count` samples, ascending; in several runs if one cannot hold them. */
  latest(series: SeriesName, count: number): Promise<readonly Run[]>
  /** First and last time, and number of samples; a late duplicate may be counted twice. */
  spanOf(series: SeriesName): Promise<SeriesSpan | undefined>
}

/** The samples in the log that are not in chunks yet; implemented by the history writer (consumers/history). */
export interface HistoryTail {
  /** Resolves when everything acknowledged before the call is in `parts` or in chunks. */
  caughtUp(): Promise<void>
  /** Runs that are not in chunks yet and overlap [from, to], in log order; packed runs are ascending. */
  parts(series: SeriesName, from: bigint, to: bigint): readonly (Run | PackedRun)[]
  /** Span and number of all samples that are not in chunks yet. */
  span(series: SeriesName): SeriesSpan | undefined
}

export const EARLIEST = -(2n ** 63n)
export const LATEST = 2n ** 63n - 1n

export function historyOf(store: Pick<Store, 'chunks' | 'summarisedChunks' | 'seriesOf'>, tail: HistoryTail): History {
  const parts: HistoryParts = {
    tail: async (...request) => {
      await tail.caughtUp()
      return tail.parts(...request)
    },
    tailSpan: async (series) => {
      await tail.caughtUp()
      return tail.span(series)
    },
    chunks: (series, from, to) => store.chunks(series, from, to),
    seriesOf: (series) => store.seriesOf(series)
  }
  return historyFrom(parts, (...request) => store.summarisedChunks(...request))
}

/** @param summarisedChunks as of the store; absent: chunks are always read */
export function historyFrom(
  parts: HistoryParts,
  summarisedChunks: Store['summarisedChunks'] = (series, from, to) => parts.chunks(series, from, to)
): History {
  return {
    parts,

    pieces: found,

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
      // The tail first, as below.
      const recent = await parts.tailSpan(series)
      const kept = await parts.seriesOf(series)
      if (recent === undefined || kept === undefined) return recent ?? (kept && spanOf(kept))
      return {
        from: earlier(recent.from, kept.from),
        to: later(recent.to, kept.to),
        count: recent.count + kept.count
      }
    }
  }

  async function* found(
    series: SeriesName,
    from: bigint,
    to: bigint,
    isEnough?: IsEnough
  ): AsyncGenerator<SeriesPiece> {
    // The tail first: a run that becomes a chunk meanwhile is then found twice and merged, instead of missed.
    const recent = await parts.tail(series, from, to)
    const sources = recent.map((run, place) => recentSource(run, place, series))
    const chunks =
      isEnough === undefined ? chunksOf(series, from, to) : summariesOf(series, from, to, besides(sources, isEnough))
    yield* mergeChunks(chunks, sources, from, to)
  }

  async function* chunksOf(series: SeriesName, from: bigint, to: bigint): AsyncGenerator<SeriesSource> {
    for await (const chunk of parts.chunks(series, from, to)) yield chunkSource(chunk)
  }

  async function* summariesOf(
    series: SeriesName,
    from: bigint,
    to: bigint,
    isEnough: IsEnough
  ): AsyncGenerator<SeriesSource> {
    for await (const chunk of summarisedChunks(series, from, to, isEnough)) {
      yield 'bytes' in chunk ? chunkSource(chunk) : summarySource(chunk, () => samplesOf(series, chunk.from, chunk.to))
    }
  }

  /** The samples in chunks, of a time that is not too long for one run. */
  async function samplesOf(series: SeriesName, from: bigint, to: bigint): Promise<Run | undefined> {
    const runs: Run[] = []
    for await (const piece of mergeChunks(chunksOf(series, from, to), [], from, to)) {
      const run = within(piece.run(), from, to)
      if (run !== undefined) runs.push(run)
    }
    return runs.length === 0 ? undefined : mergeRuns(runs)[0]
  }
}

function spanOf({ from, to, count }: Series): SeriesSpan {
  return { from, to, count }
}

/** A summary is not enough where recent samples may replace some of the chunk. */
function besides(recent: readonly SeriesSource[], isEnough: IsEnough): IsEnough {
  const spans = recent.map(({ from, to }) => ({ from, to })).sort((a, b) => (a.from < b.from ? -1 : 1))
  // The latest end of all spans up to this one.
  for (const [i, span] of spans.entries()) span.to = later(span.to, spans[i - 1]?.to ?? span.to)
  return (head) => {
    let [low, high] = [0, spans.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((spans[middle]?.from ?? 0n) <= head.to) low = middle + 1
      else high = middle
    }
    const before = spans[low - 1]
    // What is read again (samplesOf) must fit into one run.
    const isShort = head.to - head.from <= MAX_OFFSET_NS
    return isShort && (before === undefined || before.to < head.from) && isEnough(head)
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
