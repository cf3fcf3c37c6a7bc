/** The first rows of a table, and where the next ones begin. */
import type { Batch, ColumnBatch, Table } from '../../formats/tables/table.ts'

/** @returns the rows, and the time after the last of them where there are more; the first column is the time */
export async function limited(table: Table, limit: number): Promise<{ table: Table; next: bigint | undefined }> {
  const taken: Batch[] = []
  let rows = 0
  let next: bigint | undefined
  for await (const batch of table.batches) {
    if (rows === limit) {
      next = lastTime(taken) + 1n
      break
    }
    const length = Math.min(batch.length, limit - rows)
    taken.push({ length, columns: batch.columns.map((column) => head(column, length)) })
    rows += length
    if (length < batch.length) {
      next = lastTime(taken) + 1n
      break
    }
  }
  return { table: { ...table, batches: given(taken) }, next }
}

function head({ values, present }: ColumnBatch, length: number): ColumnBatch {
  const first = Array.isArray(values) ? values.slice(0, length) : (values as Float64Array).subarray(0, length)
  return present === undefined ? { values: first } : { values: first, present: present.subarray(0, length) }
}

function lastTime(batches: readonly Batch[]): bigint {
  const times = batches.at(-1)?.columns[0]?.values as BigInt64Array
  return times[times.length - 1] ?? 0n
}

async function* given(batches: readonly Batch[]): AsyncGenerator<Batch> {
  yield* batches
}
