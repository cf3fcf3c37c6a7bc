/**
 * How what is pending of a series becomes chunks: a large run goes as it was logged; small ones are brought together,
 * with the last chunk of the series as long as that is not full. What is older than that chunk goes into one of its
 * own, so that no chunk spans what lies between.
 */
import { lengthOf, mergeRuns, type Run, sliceOf, spanOf } from '../../model/samples.ts'
import { decodeRun, encodeRun } from '../../store/chunks.ts'
import type { Chunk, ChunkKey, SeriesName } from '../../store/store.ts'
import { type Item, isLarge, runsOf } from './pending.ts'

/** Samples of a full chunk. */
export const FULL = 8192

export interface Packed {
  readonly chunks: readonly Chunk[]
  readonly replaced: readonly ChunkKey[]
}

/** @param items at least one. @param unfilled the last chunk, where it is not full */
export function pack(series: SeriesName, items: readonly Item[], unfilled: Chunk | undefined): Packed {
  const chunks: Chunk[] = []
  const replaced: ChunkKey[] = []
  let open = unfilled
  let [young, late]: [Item[], Item[]] = [[], []]
  let count = 0
  for (const item of items) {
    const { change, seq } = item
    if (isLarge(change)) {
      close()
      chunks.push({ ...series, from: change.from, to: change.to, count: change.count, seq, bytes: change.run })
      continue
    }
    const newest = change.change === 'samples' ? change.to : change.sourceTime
    if (open !== undefined && newest < open.from) late.push(item)
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
        runs.unshift(decodeRun(open.bytes))
        replaced.push({ ...series, from: open.from, seq: open.seq })
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
    return chunksOf(
      series,
      same.map(({ bytes }) => decodeRun(bytes)),
      same[0]?.seq ?? 0
    )
  })
}

function chunksOf(series: SeriesName, runs: readonly Run[], seq: number): Chunk[] {
  return mergeRuns(runs).flatMap((run) =>
    // Parts of one size rather than a full one and a crumb.
    partsOf(run, Math.ceil(lengthOf(run) / Math.ceil(lengthOf(run) / (2 * FULL)))).map((part) => {
      return { ...series, ...spanOf(part), count: lengthOf(part), seq, bytes: encodeRun(part) }
    })
  )
}

function partsOf(run: Run, size: number): Run[] {
  const parts: Run[] = []
  for (let start = 0; start < lengthOf(run); start += size) parts.push(sliceOf(run, start, start + size))
  return parts
}

function lastOf(items: readonly Item[]): number {
  return items.at(-1)?.seq ?? 0
}
