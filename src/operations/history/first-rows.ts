/** The first rows of a table, and the start of the next page. */
import type { ColumnBatch, Table, TableBatch } from '../../formats/tables/table.ts'
import { collectKinds, conformBatches, type ValueKind, withKinds } from '../../formats/tables/widen.ts'

/** Cells of a page, which is held in memory: a page of a very wide table has fewer rows than requested. */
const MAX_CELLS = 4_000_000

/** @returns the rows and, if there are more, the time after the last row; the first column must be the time */
export async function firstRows(table: Table, wanted: number): Promise<{ table: Table; next: bigint | undefined }> {
  const limit = Math.max(1, Math.min(wanted, Math.floor(MAX_CELLS / table.columns.length)))
  const kept: TableBatch[] = []
  let rows = 0
  let next: bigint | undefined
  for await (const batch of table.batches) {
    const length = Math.min(batch.length, limit - rows)
    if (length > 0) kept.push({ length, columns: batch.columns.map((column) => head(column, length)) })
    rows += length
    if (length < batch.length) {
      next = lastTime(kept) + 1n
      break
    }
  }
  const kinds: (ValueKind | undefined)[] = []
  for (const batch of kept) collectKinds(table.columns, batch, kinds)
  const columns = withKinds(table.columns, kinds)
  return { table: { ...table, columns, batches: conformBatches(columns, kept) }, next }
}

function head({ values, present, ...more }: ColumnBatch, length: number): ColumnBatch {
  const first = Array.isArray(values) ? values.slice(0, length) : (values as Float64Array).subarray(0, length)
  return { ...more, values: first, ...(present !== undefined && { present: present.subarray(0, length) }) }
}

function lastTime(batches: readonly TableBatch[]): bigint {
  const times = batches.at(-1)?.columns[0]?.values as BigInt64Array
  return times[times.length - 1] ?? 0n
}
