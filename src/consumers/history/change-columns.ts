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
  const all = series.flat()
  const changes = all.map(({ change }) => change)
  return {
    changes: Uint32Array.from(series, ({ length }) => length),
    seq: Float64Array.from(all, ({ seq }) => seq),
    from: BigInt64Array.from(changes, (one) => (one.change === 'value' ? one.sourceTime : one.from)),
    to: BigInt64Array.from(changes, (one) => (one.change === 'value' ? one.sourceTime : one.to)),
    count: Uint32Array.from(changes, (one) => (one.change === 'value' ? 0 : one.count)),
    sizes: Uint32Array.from(changes, (one) => (one.change === 'value' ? 0 : one.run.length)),
    quality: Uint8Array.from(changes, (one) => (one.change === 'value' ? qualities.indexOf(one.quality) : 0)),
    runs: concatenated(changes.flatMap((one) => (one.change === 'value' ? [] : [one.run]))),
    values: changes.flatMap((one) => (one.change === 'value' ? [one.value] : [])),
    damage: new Map(all.flatMap(({ damage }, index) => (damage === undefined ? [] : [[index, damage]])))
  }
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
