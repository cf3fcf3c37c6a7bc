/** The history for a task in another thread: it gets what is packed, and unpacks it there. */
import type { Run } from '../../model/samples.ts'
import type { PackedRun } from '../../store/packed-run.ts'
import type { Chunk, Series, SeriesName, SeriesSpan } from '../../store/series.ts'
import type { RemoteSources } from '../../threads/serve-tasks.ts'
import type { Sources } from '../../threads/task-run.ts'
import { type History, historyFrom } from '../history/history.ts'
import { ownBytes } from './own-bytes.ts'

/** @param history as the caller may read it */
export function historySources({ parts }: Pick<History, 'parts'>): Sources {
  return {
    tail: async (series: SeriesName, from: bigint, to: bigint) => (await parts.tail(series, from, to)).map(packed),
    tailSpan: (series: SeriesName) => parts.tailSpan(series),
    async *chunks(series: SeriesName, from: bigint, to: bigint) {
      for await (const chunk of parts.chunks(series, from, to)) yield { ...chunk, bytes: ownBytes(chunk.bytes) }
    },
    seriesOf: (series: SeriesName) => parts.seriesOf(series)
  }
}

export function remoteHistory(sources: RemoteSources): History {
  return historyFrom({
    tail: (series, from, to) => sources.ask<readonly (Run | PackedRun)[]>('tail', series, from, to),
    tailSpan: (series) => sources.ask<SeriesSpan | undefined>('tailSpan', series),
    chunks: (series, from, to) => sources.iterate<Chunk>('chunks', series, from, to),
    seriesOf: (series) => sources.ask<Series | undefined>('seriesOf', series)
  })
}

function packed(run: Run | PackedRun): Run | PackedRun {
  return 'bytes' in run ? { ...run, bytes: ownBytes(run.bytes) } : run
}
