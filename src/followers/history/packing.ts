/**
 * How what is pending of a series becomes chunks: a large run goes as it was logged; small ones are brought together,
 * with the last chunk of the series as long as that is not full. What is older than that chunk goes into one of its
 * own, so that no chunk spans what lies between.
 */
import { mergeRuns } from '../../model/merge.ts'
import { lengthOf, type Run, sliceOf, spanOf } from '../../model/samples.ts'
import { decodeRun, encodeRun, verifyRun } from '../../store/chunks.ts'
import type { Chunk, ChunkHead, SeriesName } from '../../store/store.ts'
import { type Item, isWhole, runsOf } from './pending.ts'

/** Samples of a full chunk. */
export const FULL = 8192

export interface Packed {
  readonly chunks: readonly Chunk[]
  readonly replaced: readonly ChunkHead[]
}

/** The last chunk of a series, where it is not full. */
export interface Unfilled {
  readonly head: ChunkHead
  readonly run: Run
}

/** @param items at least one */
export function pack(series: SeriesName, items: readonly Item[], unfilled: Unfilled | undefined): Packed {
  const chunks: Chunk[] = []
  const replaced: ChunkHead[] = []
  let open = unfilled
  let [young, late]: [Item[], Item[]] = [[], []]
  let count = 0
  for (const item of items) {
    if (isWhole(item)) {
      close()
      const { from, to, count, run } = item.change
      chunks.push({ ...series, from, to, count, seq: item.seq, bytes: run })
      continue
    }
    const { change } = item
    const newest = change.change === 'samples' ? change.to : change.sourceTime
    if (open !== undefined && newest < open.head.from) late.push(item)
    else {
      young.push(item)
      count += change.change === 'samples' ? change.count : 1
      if (count >= FULL) close()
    }
  }
  close()
  return { chunks: apart(series, chunks), replaced }

  function close(): void {
    if (late.length > 0) chunks.push(...chunksOf(series, runsOf(late), lastOf(late)))
    if (young.length > 0) {
      const runs = runsOf(young)
      if (open !== undefined) {
        runs.unshift(open.run)
        replaced.push(open.head)
      }
      chunks.push(...chunksOf(series, runs, lastOf(young)))
    }
    ;[young, late, open, count] = [[], [], undefined, 0]
  }
}

/** Chunks of one key would take each other's place: two runs of one commit that begin at the same time become one. */
function apart(series: SeriesName, chunks: readonly Chunk[]): readonly Chunk[] {
  const byKey = Map.groupBy(chunks, ({ from, seq }) => `${from} ${seq}`)
  if (byKey.size === chunks.length) return chunks
  return [...byKey.values()].flatMap((same) => {
    if (same.length === 1) return same
    const runs = same.flatMap(({ bytes }) => (verifyRun(bytes) === undefined ? decodeRun(bytes) : []))
    return runs.length === 0 ? same.slice(0, 1) : [...chunksOf(series, runs, same[0]?.seq ?? 0)]
  })
}

/** Runs of a series, in the order of the log, as chunks of this entry. */
export function* chunksOf({ submodel, path }: SeriesName, runs: readonly Run[], seq: number): Generator<Chunk> {
  for (const run of mergeRuns(runs)) {
    // Parts of one size rather than a full one and a crumb.
    const size = Math.ceil(lengthOf(run) / Math.ceil(lengthOf(run) / (2 * FULL)))
    for (let start = 0; start < lengthOf(run); start += size) {
      const part = sliceOf(run, start, Math.min(start + size, lengthOf(run)))
      yield { submodel, path, ...spanOf(part), seq, count: lengthOf(part), bytes: encodeRun(part) }
    }
  }
}

function lastOf(items: readonly Item[]): number {
  return items.at(-1)?.seq ?? 0
}
