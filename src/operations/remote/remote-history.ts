/** The history for a task in another thread: it gets what is packed, and unpacks it there. */
import type { Run } from '../../model/samples.ts'
import type { PackedRun } from '../../store/packed-run.ts'
import type { Chunk, Series, SeriesName, SeriesSpan } from '../../store/series.ts'
import type { RemoteSources } from '../../threads/serve-tasks.ts'
import type { Sources } from '../../threads/task-run.ts'
import { type History, historyFrom } from '../history/history.ts'
import { ownBytes } from './own-bytes.ts'

/** Of chunks that are sent together. */
const GATHERED_BYTES = 256 * 1024

/** @param history as the caller may read it */
export function historySources({ parts }: Pick<History, 'parts'>): Sources {
  return {
    tail: async (series: SeriesName, from: bigint, to: bigint) => (await parts.tail(series, from, to)).map(packed),
    tailSpan: (series: SeriesName) => parts.tailSpan(series),
    chunks: (series: SeriesName, from: bigint, to: bigint) => gathered(parts.chunks(series, from, to)),
    seriesOf: (series: SeriesName) => parts.seriesOf(series)
  }
}

export function remoteHistory(sources: RemoteSources): History {
  return historyFrom({
    tail: (series, from, to) => sources.ask<readonly (Run | PackedRun)[]>('tail', series, from, to),
    tailSpan: (series) => sources.ask<SeriesSpan | undefined>('tailSpan', series),
    async *chunks(series, from, to) {
      for await (const some of sources.iterate<readonly Chunk[]>('chunks', series, from, to)) yield* some
    },
    seriesOf: (series) => sources.ask<Series | undefined>('seriesOf', series)
  })
}

/** Several at a time: a question and its answer take longer than a chunk is read. */
async function* gathered(chunks: AsyncIterable<Chunk>): AsyncGenerator<readonly Chunk[]> {
  let some: Chunk[] = []
  let size = 0
  for await (const chunk of chunks) {
    some.push({ ...chunk, bytes: ownBytes(chunk.bytes) })
    size += chunk.bytes.length
    if (size < GATHERED_BYTES) continue
    yield some
    ;[some, size] = [[], 0]
  }
  if (some.length > 0) yield some
}

function packed(run: Run | PackedRun): Run | PackedRun {
  return 'bytes' in run ? { ...run, bytes: ownBytes(run.bytes) } : run
}
