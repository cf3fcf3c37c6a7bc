/**
 * Compaction of the chunks of a series: small neighbours are joined, overlapping ones merged, large ones split. The
 * samples stay the same; of several at one time the one that came last.
 *
 * A new chunk has the greatest `seq` of the chunks it replaces, so that after a crash it is still known which entries of
 * the log are in chunks. Everything that overlaps is rewritten together, so that no sample overrides a later one.
 */
import { MAX_OFFSET_NS } from '../../model/samples.ts'
import { later } from '../../model/time.ts'
import { isDamaged } from '../../store/damage.ts'
import type { Chunk, ChunkHead, SeriesName } from '../../store/series.ts'
import type { Store } from '../../store/store.ts'
import { isChunkConflict } from './history-writer.ts'
import { CHUNK_SAMPLES } from './packing.ts'
import { type Rewriter, rewriteHere } from './rewrite.ts'

export interface CompactionOptions {
  /** Called often, to yield to requests. */
  readonly rest: () => Promise<void>
  /** Nanoseconds that a joined chunk may cover: retention and downsampling work on whole chunks. */
  readonly reach?: bigint
  /** Called where chunks cannot be read; they stay as they are. Absent: the error is thrown. */
  readonly failed?: (error: unknown) => void
  /** Where chunks are merged; absent: here. */
  readonly rewriter?: Rewriter
}

/** Samples that are held in memory. A longer series of overlapping chunks is left as it is, unless it can be split. */
const MAX_SAMPLES = 1024 * 1024

/** @returns whether chunks were out of order */
export async function compact(store: Store, series: SeriesName, options: CompactionOptions): Promise<boolean> {
  const { rest, reach = BigInt(MAX_OFFSET_NS), failed } = options
  let isChanged = false
  for (let from = EARLIEST; from <= LATEST; ) {
    const group = await nextGroup(store.heads(series, from, LATEST), reach)
    if (group === undefined) break
    try {
      if (await rewriteGroup(store, series, group.heads, options)) isChanged = true
    } catch (error) {
      if (failed === undefined || !isDamaged(error)) throw error
      failed(error)
    }
    from = group.end
    await rest()
  }
  return isChanged
}

const EARLIEST = -(2n ** 63n)
const LATEST = 2n ** 63n - 1n

interface ChunkGroup {
  readonly heads: readonly ChunkHead[]
  /** Where the next group may begin. */
  readonly end: bigint
}

/** The first chunks that are out of order. */
async function nextGroup(heads: AsyncIterable<ChunkHead>, reach: bigint): Promise<ChunkGroup | undefined> {
  let group: ChunkHead[] = []
  let [count, to] = [0, EARLIEST]
  let isEndless = false
  for await (const head of heads) {
    const [first] = group
    if (first !== undefined && head.from > to) {
      const fits = count < CHUNK_SAMPLES && head.to - first.from <= reach
      if (!isEndless && !fits && !isInOrder(group)) return { heads: group, end: to + 1n }
      if (isEndless || !fits) [group, count, isEndless] = [[], 0, false]
    } else if (count > MAX_SAMPLES && !isEndless) {
      const begun = prefixBefore(group, head.from)
      if (begun !== undefined) return { heads: begun, end: head.from }
      isEndless = true
    }
    if (!isEndless) group.push(head)
    count += head.count
    to = later(to, head.to)
  }
  return isEndless || isInOrder(group) ? undefined : { heads: group, end: to + 1n }
}

function isInOrder([first, second]: readonly ChunkHead[]): boolean {
  return first === undefined || (second === undefined && first.count <= 2 * CHUNK_SAMPLES)
}

/** The chunks that end before a time, where they hold most samples and are of earlier entries than all others. */
function prefixBefore(group: readonly ChunkHead[], time: bigint): readonly ChunkHead[] | undefined {
  const [begun, others] = [group.filter(({ to }) => to < time), group.filter(({ to }) => to >= time)]
  const last = lastSeqOf(begun)
  return others.every(({ seq }) => seq > last) && countOf(begun) > countOf(others) ? begun : undefined
}

/** @returns whether chunks were replaced, or another process did that meanwhile */
async function rewriteGroup(
  store: Store,
  series: SeriesName,
  heads: readonly ChunkHead[],
  { rest, rewriter = rewriteHere }: CompactionOptions
): Promise<boolean> {
  const rewriting = { series, seq: lastSeqOf(heads), count: countOf(heads) }
  const chunks = (await rewriter(() => chunksOfHeads(store, series, heads), rewriting, rest)) ?? []
  if (chunks.length === heads.length && chunks.every((chunk, i) => isAlike(chunk, heads[i]))) return false
  try {
    await store.putChunks(chunks, heads)
  } catch (error) {
    // Rewritten by another process meanwhile; the next pass sees that.
    if (!isChunkConflict(error)) throw error
  }
  return true
}

/** Reads the chunks of these heads. */
export async function* chunksOfHeads(
  store: Store,
  series: SeriesName,
  heads: readonly ChunkHead[]
): AsyncGenerator<Chunk> {
  const wanted = new Set(heads.map(({ from, seq }) => `${from} ${seq}`))
  const end = heads.map(({ to }) => to).reduce(later)
  for await (const chunk of store.chunks(series, heads[0]?.from ?? end, end)) {
    if (wanted.has(`${chunk.from} ${chunk.seq}`)) yield chunk
  }
}

function isAlike(one: ChunkHead, other: ChunkHead | undefined): boolean {
  return one.from === other?.from && one.to === other.to && one.count === other.count
}

function countOf(heads: readonly ChunkHead[]): number {
  return heads.reduce((sum, { count }) => sum + count, 0)
}

/** The last entry of the log that any of these chunks is of. */
export function lastSeqOf(heads: readonly ChunkHead[]): number {
  return heads.reduce((last, { seq }) => Math.max(last, seq), 0)
}
