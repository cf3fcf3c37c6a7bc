/**
 * Rewrites chunks of a series: as others with the same samples, or with one sample per bucket. In the thread of the history,
 * which reads the chunks as it needs them, or here.
 */
import type { Run } from '../../model/samples.ts'
import { chunkSource, mergeChunks, type SeriesSource } from '../../store/merge-chunks.ts'
import type { Chunk, SeriesName } from '../../store/series.ts'
import type { ThreadPool } from '../../threads/pool.ts'
import type { RemoteSources } from '../../threads/serve-tasks.ts'
import { type ChunkBatch, fromChunkBatch, toChunkBatch } from './chunk-batch.ts'
import { Downsampler, type Downsampling } from './downsampler.ts'
import { chunksOf } from './packing.ts'

export interface Rewriting {
  readonly series: SeriesName
  /** Of the new chunks. */
  readonly seq: number
  /** Samples of the old ones, duplicates counted. */
  readonly count: number
  /** Absent: the samples stay. */
  readonly thinning?: {
    readonly downsampling: Downsampling
    /** Nanoseconds that a new chunk may cover. */
    readonly reach: bigint
  }
}

/**
 * @param chunks is called once, where the work is done; by start
 * @param rest called often, to yield to requests
 * @returns undefined where thinning changes nothing
 */
export type Rewriter = (
  chunks: () => AsyncIterable<Chunk>,
  rewriting: Rewriting,
  rest: () => Promise<void>
) => Promise<readonly Chunk[] | undefined>

/** Name of the task in the thread. */
export const REWRITE_TASK = 'rewrite'

/** About as many as take a tenth of a second. */
const HEAVY_SAMPLES = 200_000

const EARLIEST = -(2n ** 63n)
const LATEST = 2n ** 63n - 1n

export const rewriteHere: Rewriter = async (chunks, { series, seq, thinning }, rest) => {
  const sources = sourcesOf(chunks())
  const groups = thinning === undefined ? await runsByForm(sources, rest) : await thinnedRuns(sources, thinning, rest)
  if (groups === undefined) return undefined
  const rewritten: Chunk[] = []
  for (const runs of groups) {
    for (const chunk of chunksOf(series, runs, seq)) {
      rewritten.push(chunk)
      await rest()
    }
  }
  return rewritten
}

/** @throws HubError `Unavailable` where the thread ends meanwhile */
export function rewriteIn(threads: ThreadPool): Rewriter {
  return async (chunks, rewriting, rest) => {
    if (!(await threads.takes(() => rewriting.count / HEAVY_SAMPLES))) return rewriteHere(chunks, rewriting, rest)
    const { signal } = new AbortController()
    const request = { task: REWRITE_TASK, input: rewriting, sources: { chunks }, signal }
    const { head } = await threads.run<ChunkBatch | undefined>(request)
    return head && fromChunkBatch(head, [rewriting.series]).map(({ chunk }) => chunk)
  }
}

/** What the thread does. */
export async function rewriteColumns(
  rewriting: Rewriting,
  sources: RemoteSources,
  rest: () => Promise<void>
): Promise<ChunkBatch | undefined> {
  const rewritten = await rewriteHere(() => sources.iterate<Chunk>('chunks'), rewriting, rest)
  return rewritten && toChunkBatch(rewritten.map((chunk) => ({ series: 0, chunk })))
}

async function* sourcesOf(chunks: AsyncIterable<Chunk>): AsyncGenerator<SeriesSource> {
  for await (const chunk of chunks) yield chunkSource(chunk)
}

/** Consecutive runs of one form: merged with texts, numbers would be stored as texts too. */
async function runsByForm(sources: AsyncIterable<SeriesSource>, rest: () => Promise<void>): Promise<Run[][]> {
  const found: Run[][] = []
  for await (const piece of mergeChunks(sources, [], EARLIEST, LATEST)) {
    const run = piece.run()
    const last = found.at(-1)
    if (last?.[0]?.form === run.form) last.push(run)
    else found.push([run])
    await rest()
  }
  return found
}

/** @returns undefined where there is one sample per bucket already */
async function thinnedRuns(
  sources: AsyncIterable<SeriesSource>,
  { downsampling, reach }: NonNullable<Rewriting['thinning']>,
  rest: () => Promise<void>
): Promise<Run[][] | undefined> {
  const downsampler = new Downsampler(downsampling)
  for await (const piece of mergeChunks(sources, [], EARLIEST, LATEST)) {
    const parts = piece.parts?.() ?? []
    for (const part of parts.length === 0 ? [piece] : parts) {
      downsampler.add(part.run())
      await rest()
    }
  }
  return downsampler.isChanged ? Array.from(downsampler.runs(reach), (run) => [run]) : undefined
}
