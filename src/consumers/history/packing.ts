/**
 * Packs the pending samples of a series into chunks. Large runs stay as they were logged, and consecutive ones share a
 * chunk; small ones are merged, also with the last chunk of the series until that is full. Samples older than that chunk
 * get one of their own, so that no chunk spans the time between.
 */
import { mergeRuns } from '../../model/merge-runs.ts'
import { lengthOf, MAX_OFFSET_NS, type Run, sliceOf, spanOf } from '../../model/samples.ts'
import { earlier } from '../../model/time.ts'
import type { PackedRun } from '../../store/packed-run.ts'
import { decodeRun, encodeRun, isJoinableRun, joinRuns, verifyRun } from '../../store/run-codec.ts'
import type { Chunk, ChunkHead, SeriesName } from '../../store/series.ts'
import { becomesChunk, type PendingChange, type PendingChunk, runsOf } from './pending.ts'

/** Samples of a full chunk. */
export const CHUNK_SAMPLES = 8192

export interface PackedChunks {
  readonly chunks: readonly Chunk[]
  readonly replaced: readonly ChunkHead[]
}

/** The last chunk of a series, where it is not full. */
export interface UnfilledChunk {
  readonly head: ChunkHead
  readonly run: Run
}

/** @param items at least one */
export function pack(
  series: SeriesName,
  items: readonly PendingChange[],
  unfilled: UnfilledChunk | undefined
): PackedChunks {
  const chunks: Chunk[] = []
  const replaced: ChunkHead[] = []
  let open = unfilled
  let group: PendingChange[] = []
  let count = 0
  let large: PendingChunk[] = []
  for (const item of items) {
    if (becomesChunk(item)) {
      close()
      if (!fits(large, item)) closeLarge()
      large.push(item)
      continue
    }
    closeLarge()
    group.push(item)
    if (open === undefined || spanOfItem(item).to >= open.head.from) count += countOf(item)
    if (count >= CHUNK_SAMPLES) close()
  }
  close()
  closeLarge()
  return { chunks: mergeOverlapping(series, chunks), replaced }

  function closeLarge(): void {
    if (large.length > 0) chunks.push({ ...series, ...packLarge(large), seq: seqOf(large) })
    large = []
  }

  function close(): void {
    const late = open === undefined ? new Set<PendingChange>() : lateOf(group, open.head.from)
    const [old, young] = [group.filter((item) => late.has(item)), group.filter((item) => !late.has(item))]
    if (old.length > 0) chunks.push(...chunksOf(series, runsOf(old), seqOf(old)))
    if (young.length > 0) {
      const runs = runsOf(young)
      if (open !== undefined) {
        runs.unshift(open.run)
        replaced.push(open.head)
      }
      chunks.push(...chunksOf(series, runs, seqOf(young)))
    }
    ;[group, open, count] = [[], undefined, 0]
  }
}

/** May a large run share the chunk of those before? They must be in order, sound, and not too many for a chunk. */
function fits(large: readonly PendingChunk[], next: PendingChunk): boolean {
  const [first] = large
  const last = large.at(-1)
  if (first === undefined || last === undefined) return true
  const count = large.reduce((sum, item) => sum + countOf(item), 0)
  return (
    count < CHUNK_SAMPLES &&
    next.change.count < CHUNK_SAMPLES &&
    next.change.from > last.change.to &&
    next.change.to - first.change.from <= MAX_OFFSET_NS &&
    [...large, next].every(({ change, damage }) => damage === undefined && isJoinableRun(change.run))
  )
}

function packLarge(items: readonly PendingChunk[]): PackedRun {
  const runs = items.map(({ change: { from, to, count, run } }): PackedRun => ({ from, to, count, bytes: run }))
  const [only, ...others] = runs
  return only !== undefined && others.length === 0 ? only : joinRuns(runs)
}

/**
 * The items that end before all others begin. Overlapping items stay together: between two chunks of one entry of the log
 * there is no order, so of two samples at one time neither would be the later one.
 */
function lateOf(items: readonly PendingChange[], start: bigint): Set<PendingChange> {
  const late = new Set(items)
  for (let from = start; ; ) {
    const young = [...late].map((item) => ({ item, ...spanOfItem(item) })).filter(({ to }) => to >= from)
    if (young.length === 0) return late
    for (const { item } of young) late.delete(item)
    from = young.map((one) => one.from).reduce(earlier, from)
  }
}

function spanOfItem({ change }: PendingChange): { readonly from: bigint; readonly to: bigint } {
  return change.change === 'samples' ? change : { from: change.sourceTime, to: change.sourceTime }
}

function countOf({ change }: PendingChange): number {
  return change.change === 'samples' ? change.count : 1
}

/** Merges chunks of one entry of the log that overlap: they have no order, so of two samples at one time neither would win. */
function mergeOverlapping(series: SeriesName, chunks: readonly Chunk[]): readonly Chunk[] {
  const [first] = chunks
  if (first === undefined || chunks.length === 1) return chunks
  const overlapping = (one: Chunk) => (other: Chunk) =>
    one !== other && one.seq === other.seq && one.from <= other.to && other.from <= one.to
  const tied = chunks.filter((chunk) => chunks.some(overlapping(chunk)))
  if (tied.length === 0) return chunks
  return [...Map.groupBy(tied, ({ seq }) => seq)].reduce<readonly Chunk[]>((all, [seq, same]) => {
    const runs = same.flatMap(({ bytes }) => (verifyRun(bytes) === undefined ? decodeRun(bytes) : []))
    const merged = runs.length === 0 ? same.slice(0, 1) : [...chunksOf(series, runs, seq)]
    return [...all.filter((chunk) => !same.includes(chunk)), ...merged]
  }, chunks)
}

/** Merges runs of a series, given in the order of the log, into chunks of the entry `seq`. */
export function* chunksOf({ submodel, path }: SeriesName, runs: readonly Run[], seq: number): Generator<Chunk> {
  for (const run of mergeRuns(runs)) {
    // Parts of equal size rather than full ones and a small rest.
    const size = Math.ceil(lengthOf(run) / Math.ceil(lengthOf(run) / (2 * CHUNK_SAMPLES)))
    for (let start = 0; start < lengthOf(run); start += size) {
      const part = sliceOf(run, start, Math.min(start + size, lengthOf(run)))
      yield { submodel, path, ...spanOf(part), seq, count: lengthOf(part), bytes: encodeRun(part) }
    }
  }
}

function seqOf(items: readonly PendingChange[]): number {
  return items.at(-1)?.seq ?? 0
}
