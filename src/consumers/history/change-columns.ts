/** Pending changes of several series on their way to another thread, as columns; see chunk-batch.ts. */
import { qualities } from '../../model/samples.ts'
import type { SeriesName } from '../../store/series.ts'
import { concatenated } from './chunk-batch.ts'
import type { PendingChange, SampleChange } from './pending.ts'

export interface ChangeColumns {
  /** Number of changes of each series. */
  readonly changes: Uint32Array
  readonly seq: Float64Array
  readonly from: BigInt64Array
  /** Of a value the same. */
  readonly to: BigInt64Array
  /** Samples of the run; 0: it is a value. */
  readonly count: Uint32Array
  /** Bytes of the run. */
  readonly sizes: Uint32Array
  /** Index of the quality of a value, 0 of a run. */
  readonly quality: Uint8Array
  /** Of all runs, in their order. */
  readonly runs: Uint8Array
  /** Of all values, in their order. */
  readonly values: readonly string[]
  /** What is wrong with some of the changes, by their index. */
  readonly damage: ReadonlyMap<number, string>
}

export function toChangeColumns(series: readonly (readonly PendingChange[])[]): ChangeColumns {
  const length = series.reduce((sum, items) => sum + items.length, 0)
  const [seq, from, to] = [new Float64Array(length), new BigInt64Array(length), new BigInt64Array(length)]
  const [count, sizes, quality] = [new Uint32Array(length), new Uint32Array(length), new Uint8Array(length)]
  const runs: Uint8Array[] = []
  const values: string[] = []
  const damage = new Map<number, string>()
  let index = 0
  // One loop over all: these are the samples of ten seconds, and typed arrays are slow to make from lists.
  for (const items of series) {
    for (const item of items) {
      const { change } = item
      seq[index] = item.seq
      if (change.change === 'value') {
        from[index] = to[index] = change.sourceTime
        quality[index] = qualities.indexOf(change.quality)
        values.push(change.value)
      } else {
        from[index] = change.from
        to[index] = change.to
        count[index] = change.count
        sizes[index] = change.run.length
        runs.push(change.run)
      }
      if (item.damage !== undefined) damage.set(index, item.damage)
      index++
    }
  }
  const changes = Uint32Array.from(series, (items) => items.length)
  return { changes, seq, from, to, count, sizes, quality, runs: concatenated(runs), values, damage }
}

/** @param names of the series. @returns the changes of each */
export function fromChangeColumns(columns: ChangeColumns, names: readonly SeriesName[]): PendingChange[][] {
  const { seq, from, to, count, sizes, quality, runs, values, damage } = columns
  let [index, value, end] = [0, 0, 0]
  return Array.from(columns.changes, (length, series) => {
    const { submodel, path } = names[series] as SeriesName
    return Array.from({ length }, (): PendingChange => {
      const at = index++
      const start = end
      end += sizes[at] ?? 0
      const [first = 0n, last = 0n, samples = 0, wrong] = [from[at], to[at], count[at], damage.get(at)]
      const change: SampleChange =
        samples === 0
          ? valueChange(submodel, path, values[value++] ?? '', first, qualities[quality[at] ?? 0])
          : { change: 'samples', submodel, path, count: samples, from: first, to: last, run: runs.subarray(start, end) }
      return { seq: seq[at] ?? 0, change, ...(wrong !== undefined && { damage: wrong }) }
    })
  })
}

function valueChange(
  submodel: string,
  path: string,
  value: string,
  sourceTime: bigint,
  quality: (typeof qualities)[number]
): SampleChange {
  return { change: 'value', submodel, path, value, sourceTime, ...(quality !== undefined && { quality }) }
}
