/**
 * Merges sources by time into table rows. Each source fills some adjacent columns at ascending times. Cells that are in
 * memory are taken synchronously: a promise per cell would cost more than the cell.
 */
import type { TableBatch, TableColumn } from '../../formats/tables/table.ts'
import type { ExactNumber } from '../../model/exact-numbers.ts'
import { lengthOf, qualityAt, type Run, timeAt } from '../../model/samples.ts'
import type { TimeSlice } from '../../time-slice.ts'
import { type Aggregate, aggregateOf, type Bucket } from './aggregate.ts'
import { type Cell, cellAt } from './cells.ts'
import { ColumnBuilder } from './column-builder.ts'
import type { Variable } from './variables.ts'

/** Cells of a batch, as many as are formatted within a time slice; and the limits of its rows. */
const MAX_BATCH_CELLS = 32_768
const MAX_BATCH_ROWS = 8192
const MIN_BATCH_ROWS = 8

const ROWS_PER_CLOCK_CHECK = 8

export function batchRows(columns: number): number {
  return Math.max(MIN_BATCH_ROWS, Math.min(MAX_BATCH_ROWS, Math.floor(MAX_BATCH_CELLS / columns)))
}

export interface RowSource {
  /** Number of columns it fills. */
  readonly width: number
  /** Time of its next row; undefined after the last. */
  readonly time: bigint | undefined
  /** Adds the cells of its next row to the builders, starting at `at`. */
  addTo(builders: readonly ColumnBuilder[], at: number): void
  /** Advances to the row after it; returns a promise if that must be fetched. */
  next(): Promise<void> | undefined
}

/** Collects rows into batches. */
export class BatchBuilder {
  readonly #columns: readonly TableColumn[]
  readonly #size: number
  builders: readonly ColumnBuilder[]
  #length = 0

  constructor(columns: readonly TableColumn[]) {
    this.#columns = columns
    this.#size = batchRows(columns.length)
    this.builders = this.#empty()
  }

  /** Ends a row after all its cells were added. @returns the batch if it is full */
  close(): TableBatch | undefined {
    return ++this.#length === this.#size ? this.take() : undefined
  }

  /** Whether the time slice should be checked, which costs as much as a cell. */
  isDue(): boolean {
    return this.#length % ROWS_PER_CLOCK_CHECK === 0
  }

  take(): TableBatch | undefined {
    if (this.#length === 0) return undefined
    const batch = { length: this.#length, columns: this.builders.map((builder) => builder.batch()) }
    this.builders = this.#empty()
    this.#length = 0
    return batch
  }

  #empty(): readonly ColumnBuilder[] {
    return this.#columns.map(({ type }) => new ColumnBuilder(type, this.#size))
  }
}

/** One row for each time at which any source has one; cells of the others are empty. The first column is the time. */
export async function* mergedRows(
  columns: readonly TableColumn[],
  sources: readonly RowSource[],
  slice: TimeSlice
): AsyncGenerator<TableBatch> {
  const rows = new BatchBuilder(columns)
  for (;;) {
    const time = leastTime(sources)
    if (time === undefined) break
    const { builders } = rows
    builders[0]?.add(time)
    let at = 1
    for (const source of sources) {
      if (source.time === time) {
        source.addTo(builders, at)
        const wait = source.next()
        if (wait !== undefined) await wait
      } else for (let i = 0; i < source.width; i++) builders[at + i]?.add(undefined)
      at += source.width
    }
    const batch = rows.close()
    if (batch !== undefined) yield batch
    if (rows.isDue() && slice.isOver()) await slice.pause()
  }
  const last = rows.take()
  if (last !== undefined) yield last
}

function leastTime(sources: readonly RowSource[]): bigint | undefined {
  let least: bigint | undefined
  for (const { time } of sources) if (time !== undefined && (least === undefined || time < least)) least = time
  return least
}

/** Iterates over the samples of runs. */
export class SampleReader {
  readonly #runs: AsyncIterator<Run>
  run: Run | undefined
  index = 0
  time: bigint | undefined

  private constructor(runs: AsyncIterable<Run>) {
    this.#runs = runs[Symbol.asyncIterator]()
  }

  static async open(runs: AsyncIterable<Run>): Promise<SampleReader> {
    const reader = new SampleReader(runs)
    await reader.#load()
    return reader
  }

  next(): Promise<void> | undefined {
    if (this.run === undefined) return undefined
    if (++this.index === lengthOf(this.run)) return this.#load()
    this.time = timeAt(this.run, this.index)
    return undefined
  }

  async #load(): Promise<void> {
    const { value, done } = await this.#runs.next()
    this.run = done === true ? undefined : value
    this.index = 0
    this.time = this.run === undefined ? undefined : timeAt(this.run, 0)
  }
}

/** The samples of a series, optionally with a column for the quality. */
export async function sampleSource(
  runs: AsyncIterable<Run>,
  variable: Variable,
  withQuality: boolean
): Promise<RowSource> {
  const reader = await SampleReader.open(runs)
  return {
    width: withQuality ? 2 : 1,
    get time() {
      return reader.time
    },
    addTo(builders, at) {
      const { run, index } = reader
      if (run === undefined) return
      builders[at]?.add(cellAt(run, index, variable))
      if (withQuality) builders[at + 1]?.add(qualityAt(run, index))
    },
    next: () => reader.next()
  }
}

/** The aggregates of a series by bucket. @param isWhole the series is of integers */
export async function bucketSource(
  buckets: AsyncGenerator<Bucket>,
  aggregates: readonly Aggregate[],
  isWhole: boolean
): Promise<RowSource> {
  let bucket: Bucket | undefined
  const next = async () => {
    const { value, done } = await buckets.next()
    bucket = done === true ? undefined : value
  }
  await next()
  return {
    width: aggregates.length,
    get time() {
      return bucket?.start
    },
    addTo(builders, at) {
      if (bucket === undefined) return
      for (const [i, aggregate] of aggregates.entries()) {
        builders[at + i]?.add(
          cellOf(aggregateOf(bucket, aggregate), aggregate === 'count' || (isWhole && !isFractional(aggregate)))
        )
      }
    },
    next
  }
}

/** Whether the aggregate of integers may be a fraction. */
export function isFractional(aggregate: Aggregate): boolean {
  return aggregate === 'mean' || aggregate === 'stddev'
}

function cellOf(figure: ExactNumber, isWhole: boolean): Cell {
  if (Number.isNaN(figure)) return undefined
  if (!isWhole || !(typeof figure === 'bigint' || Number.isInteger(figure))) return Number(figure)
  const whole = BigInt(figure)
  return BigInt.asIntN(64, whole) === whole ? whole : String(whole)
}
