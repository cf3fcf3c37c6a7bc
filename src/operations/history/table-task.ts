/** A table in one of the formats, asked for by plain data, so that any thread can write it. */
import { writeFluxTables } from '../../formats/tables/flux.ts'
import type { TimeFormat, WriteOptions } from '../../formats/tables/time-format.ts'
import { type TableFormat, type TableWriter, writers } from '../../formats/tables/writers.ts'
import type { Interval } from '../../model/interval.ts'
import { timeGrid } from '../../model/time-grid.ts'
import { timeZone, UTC } from '../../model/time-zone.ts'
import type { TimeSlice } from '../../time-slice.ts'
import { firstRows } from './first-rows.ts'
import type { History } from './history.ts'
import { type TableRequest, tableOf, tablesOf } from './table.ts'
import type { Variable } from './variables.ts'

/** When and how; the grid of the request is its interval in its time zone. */
export interface TableShape extends Omit<TableRequest, 'variables' | 'grid'> {
  readonly interval?: Interval
  /** Name of the time zone of the grid, and of times in text. */
  readonly zone: string
  readonly timeFormat: TimeFormat
}

export interface TableTask {
  readonly shape: TableShape
  readonly variables: readonly Variable[]
  readonly format: TableFormat
  /** Rows of the page; absent: all. */
  readonly limit?: number
}

/** Name of the task in a pool of threads. */
export const TABLE_TASK = 'table'

export interface WrittenTable {
  /** Time at which the next page starts; undefined where there is none. */
  readonly next: bigint | undefined
  readonly bytes: AsyncGenerator<Uint8Array>
}

/**
 * @param isReadAtOnce bytes are valid only until the next ones are asked for
 * @throws HubError `BadRequest` if there would be too many rows
 */
export async function writeTable(
  history: History,
  task: TableTask,
  slice: TimeSlice,
  isReadAtOnce = false
): Promise<WrittenTable> {
  const { shape, variables, format, limit } = task
  const { write, typesFirst, reusedRows } = writers[format] as TableWriter
  const isPaged = limit !== undefined
  const options = {
    slice,
    isPaged,
    typesFirst: typesFirst && !isPaged,
    ...(isReadAtOnce && !isPaged && { reusedRows })
  }
  const request = tableRequestOf(shape, variables)
  const times = writeOptionsOf(shape)
  if (format === 'flux' && !isPaged) {
    return { next: undefined, bytes: writeFluxTables(await tablesOf(history, request, options)) }
  }
  const table = await tableOf(history, request, options)
  if (!isPaged) return { next: undefined, bytes: write(table, times) }
  const { table: page, next } = await firstRows(table, limit)
  if (next === undefined) return { next, bytes: write(page, times) }
  return { next, bytes: write({ ...page, metadata: { ...page.metadata, cursor: pageCursor(next) } }, times) }
}

/** The cursor after the rows up to, but without, a time. */
export function pageCursor(next: bigint): string {
  return Buffer.from(String(next)).toString('base64url')
}

export function tableRequestOf(shape: TableShape, variables: readonly Variable[]): TableRequest {
  const { interval, zone, timeFormat: _, ...request } = shape
  return { ...request, variables, ...(interval !== undefined && { grid: timeGrid(interval, timeZone(zone)) }) }
}

/** How text formats write times. */
export function writeOptionsOf({ zone, timeFormat }: TableShape): WriteOptions {
  return { zone: timeZone(zone) ?? UTC, timeFormat }
}
