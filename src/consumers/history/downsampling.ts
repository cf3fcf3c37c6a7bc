/**
 * Downsamples the old chunks of a series (downsampler.ts).
 *
 * Chunks that overlap or share a bucket are downsampled together, so the result depends neither on how the samples were
 * divided into chunks nor on when they arrived.
 */

import { later } from '../../model/time.ts'
import { floorTo } from '../../model/time-grid.ts'
import { isDamaged } from '../../store/damage.ts'
import type { Chunk, ChunkHead, SeriesName } from '../../store/series.ts'
import type { Store } from '../../store/store.ts'
import { chunksOfHeads, lastSeqOf } from './compaction.ts'
import { type Downsampling, downsamplingOf } from './downsampler.ts'
import { isChunkConflict } from './history-writer.ts'
import { type Rewriter, rewriteHere } from './rewrite.ts'

export interface DownsamplingOptions {
  /** Chunks that end before this time are downsampled; nanoseconds since 1970. */
  readonly before: bigint
  /** Nanoseconds of a bucket. */
  readonly width: bigint
  /** Nanoseconds that a chunk may cover. */
  readonly reach: bigint
  /** Called often, to yield to requests. */
  readonly rest: () => Promise<void>
  /** Called where chunks cannot be read; they stay as they are. */
  readonly failed: (error: unknown) => void
  /** Where chunks are thinned; absent: here. */
  readonly rewriter?: Rewriter
}

/** What the last pass did: chunks up to an entry of the log that do not end after a time need no second look. */
export interface DownsampledUntil {
  readonly until: bigint
  readonly seq: number
  readonly width: bigint
}

/** Chunks that only share a bucket are taken together up to this many samples. */
const MAX_SAMPLES_PER_GROUP = 128 * 1024

const EARLIEST = -(2n ** 63n)

/** Overlapping chunks. */
interface ChunkCluster {
  readonly heads: readonly ChunkHead[]
  readonly to: bigint
}

/**
 * @param done what the last pass returned
 * @returns undefined where the next pass has to look at everything again
 */
export async function downsample(
  store: Store,
  series: SeriesName,
  options: DownsamplingOptions,
  done?: DownsampledUntil
): Promise<DownsampledUntil | undefined> {
  const { before, width } = options
  const clusters = await oldClusters(store.heads(series, EARLIEST, before), before)
  const fresh = newClusters(clusters, done?.width === width ? done : undefined)
  if (fresh.length === 0) return done
  const downsampling = downsamplingOf(width, await store.element(series.submodel, series.path))
  let isDone = true
  let group: readonly ChunkCluster[] = []
  for (const cluster of fresh) {
    const isFull = sharesBucket(group, cluster, width) && countOf([...group, cluster]) > MAX_SAMPLES_PER_GROUP
    // The last chunk of the group's result may still share the bucket.
    if (isFull) group = await close(group)
    if (sharesBucket(group, cluster, width)) group = [...group, cluster]
    else {
      await close(group)
      group = [cluster]
    }
  }
  await close(group)
  return isDone ? { until: clusters.at(-1)?.to ?? EARLIEST, seq: lastSeqOf(headsOf(clusters)), width } : undefined

  /** @returns the last cluster of the result */
  async function close(group: readonly ChunkCluster[]): Promise<readonly ChunkCluster[]> {
    if (group.length === 0) return []
    try {
      const last = await downsampleGroup(store, series, headsOf(group), downsampling, options)
      return last === undefined ? group.slice(-1) : [last]
    } catch (error) {
      isDone = false
      // Rewritten by another process meanwhile; the next pass sees that.
      if (isChunkConflict(error)) return []
      if (!isDamaged(error)) throw error
      if (group.length === 1) options.failed(error)
      else for (const cluster of group) await close([cluster])
      return []
    }
  }
}

/** @returns the last of the new chunks; undefined where the old ones stay */
async function downsampleGroup(
  store: Store,
  series: SeriesName,
  heads: readonly ChunkHead[],
  downsampling: Downsampling,
  { reach, rest, rewriter = rewriteHere }: DownsamplingOptions
): Promise<ChunkCluster | undefined> {
  const rewriting = {
    series,
    seq: lastSeqOf(heads),
    count: countOf([{ heads, to: EARLIEST }]),
    thinning: { downsampling, reach }
  }
  const chunks = await rewriter(() => chunksOfHeads(store, series, heads), rewriting, rest)
  if (chunks === undefined) return undefined
  await store.putChunks(chunks, heads)
  const { bytes: _, ...last } = chunks.at(-1) as Chunk
  return { heads: [last], to: last.to }
}

/** The clusters that end before a time. */
async function oldClusters(heads: AsyncIterable<ChunkHead>, before: bigint): Promise<ChunkCluster[]> {
  const clusters: { heads: ChunkHead[]; to: bigint }[] = []
  for await (const head of heads) {
    const last = clusters.at(-1)
    if (last === undefined || head.from > last.to) clusters.push({ heads: [head], to: head.to })
    else {
      last.heads.push(head)
      last.to = later(last.to, head.to)
    }
  }
  return clusters.filter(({ to }) => to < before)
}

/** The clusters that the last pass has not seen, and their neighbours, which may share a bucket with them. */
function newClusters(clusters: readonly ChunkCluster[], done: DownsampledUntil | undefined): readonly ChunkCluster[] {
  if (done === undefined) return clusters
  const isFresh = (cluster: ChunkCluster | undefined) =>
    cluster !== undefined && (cluster.to > done.until || lastSeqOf(cluster.heads) > done.seq)
  return clusters.filter((cluster, i) => isFresh(cluster) || isFresh(clusters[i - 1]) || isFresh(clusters[i + 1]))
}

function sharesBucket(group: readonly ChunkCluster[], next: ChunkCluster, width: bigint): boolean {
  const [last, first] = [group.at(-1)?.to, next.heads[0]?.from]
  return last !== undefined && first !== undefined && floorTo(last, width) === floorTo(first, width)
}

function headsOf(clusters: readonly ChunkCluster[]): readonly ChunkHead[] {
  return clusters.flatMap(({ heads }) => heads)
}

function countOf(clusters: readonly ChunkCluster[]): number {
  return headsOf(clusters).reduce((sum, { count }) => sum + count, 0)
}
