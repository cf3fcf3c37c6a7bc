/**
 * Makes one sample of each bucket of what is old in a series (thinner.ts).
 *
 * Chunks that overlap are taken together, and so are neighbours that share a bucket: what is kept depends neither on how
 * the samples lay in chunks nor on when they came.
 */
import { floorTo } from '../../model/grid.ts'
import { later } from '../../model/time.ts'
import { isDamaged } from '../../store/damage.ts'
import { mergeChunks } from '../../store/merge-chunks.ts'
import type { Chunk, ChunkHead, SeriesName, Store } from '../../store/store.ts'
import { lastOf, sourcesOf } from './compaction.ts'
import { isConflict } from './history.ts'
import { chunksOf } from './packing.ts'
import { Thinner, type Thinning, thinningOf } from './thinner.ts'

export interface ThinningOptions {
  /** Chunks that end before this time, nanoseconds since 1970. */
  readonly before: bigint
  /** Of a bucket, nanoseconds. */
  readonly width: bigint
  /** Chunks cover no more nanoseconds. */
  readonly reach: bigint
  /** Called again and again, so that others get their turn. */
  readonly rest: () => Promise<void>
  /** Hears of chunks that cannot be read; they stay as they are. */
  readonly failed: (error: unknown) => void
}

/** What needs not be looked at again: chunks up to an entry of the log that do not end after a time. */
export interface Thinned {
  readonly until: bigint
  readonly seq: number
  readonly width: bigint
}

/** Samples that are taken together for no better reason than that they share a bucket. */
const MOST = 128 * 1024

const EARLIEST = -(2n ** 63n)
const LATEST = 2n ** 63n - 1n

/** Chunks that overlap. */
interface Cluster {
  readonly heads: readonly ChunkHead[]
  readonly to: bigint
}

/**
 * @param done what it returned the last time
 * @returns undefined where something is left to do
 */
export async function thin(
  store: Store,
  series: SeriesName,
  options: ThinningOptions,
  done?: Thinned
): Promise<Thinned | undefined> {
  const { before, width } = options
  const clusters = await oldClusters(store.heads(series, EARLIEST, before), before)
  const fresh = freshOf(clusters, done?.width === width ? done : undefined)
  if (fresh.length === 0) return done
  const thinning = thinningOf(width, await store.element(series.submodel, series.path))
  let isDone = true
  let group: readonly Cluster[] = []
  for (const cluster of fresh) {
    const isFull = sharesBucket(group, cluster, width) && countOf([...group, cluster]) > MOST
    // What a full group came to may share the bucket still.
    if (isFull) group = await close(group)
    if (sharesBucket(group, cluster, width)) group = [...group, cluster]
    else {
      await close(group)
      group = [cluster]
    }
  }
  await close(group)
  return isDone ? { until: clusters.at(-1)?.to ?? EARLIEST, seq: lastOf(headsOf(clusters)), width } : undefined

  /** @returns what is left at the end of the group */
  async function close(group: readonly Cluster[]): Promise<readonly Cluster[]> {
    if (group.length === 0) return []
    try {
      const last = await thinnedGroup(store, series, headsOf(group), thinning, options)
      return last === undefined ? group.slice(-1) : [last]
    } catch (error) {
      isDone = false
      // Where others wrote meanwhile, it is seen the next time.
      if (isConflict(error)) return []
      if (!isDamaged(error)) throw error
      if (group.length === 1) options.failed(error)
      else for (const cluster of group) await close([cluster])
      return []
    }
  }
}

/** @returns the last of the chunks that took the place of others, if any did */
async function thinnedGroup(
  store: Store,
  series: SeriesName,
  heads: readonly ChunkHead[],
  thinning: Thinning,
  { reach, rest }: ThinningOptions
): Promise<Cluster | undefined> {
  const thinner = new Thinner(thinning)
  for await (const piece of mergeChunks(sourcesOf(store, series, heads), [], EARLIEST, LATEST)) {
    const parts = piece.parts?.() ?? []
    for (const part of parts.length === 0 ? [piece] : parts) {
      thinner.add(part.run())
      await rest()
    }
  }
  if (!thinner.isChanged) return undefined
  const chunks: Chunk[] = []
  for (const run of thinner.runs(reach)) {
    for (const chunk of chunksOf(series, [run], lastOf(heads))) {
      chunks.push(chunk)
      await rest()
    }
  }
  await store.putChunks(chunks, heads)
  const { bytes: _, ...last } = chunks.at(-1) as Chunk
  return { heads: [last], to: last.to }
}

/** Those of which all chunks end before a time. */
async function oldClusters(heads: AsyncIterable<ChunkHead>, before: bigint): Promise<Cluster[]> {
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

/** Those that are not known, and the one before each: the two may share a bucket. */
function freshOf(clusters: readonly Cluster[], done: Thinned | undefined): readonly Cluster[] {
  if (done === undefined) return clusters
  const isFresh = (cluster: Cluster | undefined) =>
    cluster !== undefined && (cluster.to > done.until || lastOf(cluster.heads) > done.seq)
  return clusters.filter((cluster, i) => isFresh(cluster) || isFresh(clusters[i - 1]) || isFresh(clusters[i + 1]))
}

function sharesBucket(group: readonly Cluster[], next: Cluster, width: bigint): boolean {
  const [last, first] = [group.at(-1)?.to, next.heads[0]?.from]
  return last !== undefined && first !== undefined && floorTo(last, width) === floorTo(first, width)
}

function headsOf(clusters: readonly Cluster[]): readonly ChunkHead[] {
  return clusters.flatMap(({ heads }) => heads)
}

function countOf(clusters: readonly Cluster[]): number {
  return headsOf(clusters).reduce((sum, { count }) => sum + count, 0)
}
