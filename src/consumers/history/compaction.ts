/**
 * Chunks of a series brought into order: small neighbours become full ones, those that overlap are merged, what is too
 * large is divided. The samples stay the same, of equal times the one that came last.
 *
 * A new chunk is of the last entry of the log that any of the old ones is of. So whoever goes on after a crash still sees
 * what is in chunks. And no sample comes to count more than one that came later: all that overlaps is taken together.
 */
import { FURTHEST, type Run } from '../../model/samples.ts'
import { later } from '../../model/time.ts'
import { isDamaged } from '../../store/damage.ts'
import { chunkSource, mergeChunks, type SeriesSource } from '../../store/merge-chunks.ts'
import type { Chunk, ChunkHead, SeriesName, Store } from '../../store/store.ts'
import { isConflict } from './history.ts'
import { CHUNK_SAMPLES, chunksOf } from './packing.ts'

export interface CompactionOptions {
  /** Called again and again, so that others get their turn. */
  readonly rest: () => Promise<void>
  /** Neighbours that cover more nanoseconds stay apart: what is dropped or thinned by its age is so chunk by chunk. */
  readonly reach?: bigint
  /** Hears of chunks that cannot be read, which stay as they are. Absent: they are thrown. */
  readonly failed?: (error: unknown) => void
}

/** Samples that are held at a time. What overlaps without end, in another order than it came in, is left as it is. */
const MAX_SAMPLES = 1024 * 1024

/** @returns whether there was anything to be done */
export async function compact(
  store: Store,
  series: SeriesName,
  { rest, reach = BigInt(FURTHEST), failed }: CompactionOptions
): Promise<boolean> {
  let isChanged = false
  for (let from = EARLIEST; from <= LATEST; ) {
    const group = await nextGroup(store.heads(series, from, LATEST), reach)
    if (group === undefined) break
    try {
      if (await bringTogether(store, series, group.heads, rest)) isChanged = true
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

interface Group {
  readonly heads: readonly ChunkHead[]
  /** Where the next one may begin. */
  readonly end: bigint
}

/** The first chunks that are out of order. */
async function nextGroup(heads: AsyncIterable<ChunkHead>, reach: bigint): Promise<Group | undefined> {
  let group: ChunkHead[] = []
  let [count, to] = [0, EARLIEST]
  let isTangled = false
  for await (const head of heads) {
    const [first] = group
    if (first !== undefined && head.from > to) {
      const isTaken = count < CHUNK_SAMPLES && head.to - first.from <= reach
      if (!isTangled && !isTaken && !isInOrder(group)) return { heads: group, end: to + 1n }
      if (isTangled || !isTaken) [group, count, isTangled] = [[], 0, false]
    } else if (count > MAX_SAMPLES && !isTangled) {
      const begun = before(group, head.from)
      if (begun !== undefined) return { heads: begun, end: head.from }
      isTangled = true
    }
    if (!isTangled) group.push(head)
    count += head.count
    to = later(to, head.to)
  }
  return isTangled || isInOrder(group) ? undefined : { heads: group, end: to + 1n }
}

function isInOrder([first, second]: readonly ChunkHead[]): boolean {
  return first === undefined || (second === undefined && first.count <= 2 * CHUNK_SAMPLES)
}

/** Those that end before a time, where they are most of them, and came before all that reach beyond it. */
function before(group: readonly ChunkHead[], time: bigint): readonly ChunkHead[] | undefined {
  const [begun, others] = [group.filter(({ to }) => to < time), group.filter(({ to }) => to >= time)]
  const last = lastOf(begun)
  return others.every(({ seq }) => seq > last) && countOf(begun) > countOf(others) ? begun : undefined
}

/** @returns whether that made any difference */
async function bringTogether(
  store: Store,
  series: SeriesName,
  heads: readonly ChunkHead[],
  rest: () => Promise<void>
): Promise<boolean> {
  const chunks: Chunk[] = []
  for (const runs of await stretches(sourcesOf(store, series, heads), rest)) {
    for (const chunk of chunksOf(series, runs, lastOf(heads))) {
      chunks.push(chunk)
      await rest()
    }
  }
  if (chunks.length === heads.length && chunks.every((chunk, i) => isAlike(chunk, heads[i]))) return false
  try {
    await store.putChunks(chunks, heads)
  } catch (error) {
    // Others wrote there meanwhile: it is seen the next time.
    if (!isConflict(error)) throw error
  }
  return true
}

/** The chunks of these heads. */
export async function* sourcesOf(
  store: Store,
  series: SeriesName,
  heads: readonly ChunkHead[]
): AsyncGenerator<SeriesSource> {
  const wanted = new Set(heads.map(({ from, seq }) => `${from} ${seq}`))
  const end = heads.map(({ to }) => to).reduce(later)
  for await (const chunk of store.chunks(series, heads[0]?.from ?? end, end)) {
    if (wanted.has(`${chunk.from} ${chunk.seq}`)) yield chunkSource(chunk)
  }
}

/** Runs that follow each other in one form: what is no number would make all beside it none. */
async function stretches(sources: AsyncIterable<SeriesSource>, rest: () => Promise<void>): Promise<Run[][]> {
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

function isAlike(one: ChunkHead, other: ChunkHead | undefined): boolean {
  return one.from === other?.from && one.to === other.to && one.count === other.count
}

function countOf(heads: readonly ChunkHead[]): number {
  return heads.reduce((sum, { count }) => sum + count, 0)
}

/** The last entry of the log that any of them is of. */
export function lastOf(heads: readonly ChunkHead[]): number {
  return heads.reduce((last, { seq }) => Math.max(last, seq), 0)
}
