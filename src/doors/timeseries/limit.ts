/** The first rows of a table, and where the next ones begin. */
import type { Batch, Column, ColumnBatch, Table } from '../../formats/tables/table.ts'
import { conform, join, type Kind, kindOf, typeOfKind } from '../../formats/tables/widen.ts'

/** Cells of a page, which is held in memory: of a very wide table it has fewer rows than were asked for. */
const MAX_CELLS = 4_000_000

/** @returns the rows, and the time after the last of them where there are more; the first column is the time */
export async function limited(table: Table, wanted: number): Promise<{ table: Table; next: bigint | undefined }> {
  const limit = Math.max(1, Math.min(wanted, Math.floor(MAX_CELLS / table.columns.length)))
  const taken: Batch[] = []
  let rows = 0
  let next: bigint | undefined
  for await (const batch of table.batches) {
    const length = Math.min(batch.length, limit - rows)
    if (length > 0) taken.push({ length, columns: batch.columns.map((column) => head(column, length)) })
    rows += length
    if (length < batch.length) {
      next = lastTime(taken) + 1n
      break
    }
  }
  const columns = table.columns.map((column, place) => widened(column, taken, place))
  return { table: { ...table, columns, batches: conformed(columns, taken) }, next }
}

function head({ values, present, ...more }: ColumnBatch, length: number): ColumnBatch {
  const first = Array.isArray(values) ? values.slice(0, length) : (values as Float64Array).subarray(0, length)
  return { ...more, values: first, ...(present !== undefined && { present: present.subarray(0, length) }) }
}

/** The column with the type that holds all of the page. */
function widened(column: Column, batches: readonly Batch[], place: number): Column {
  let kind: Kind | undefined
  for (const { columns } of batches) {
    const own = kindOf(column, columns[place] as ColumnBatch)
    if (own !== undefined) kind = join(kind, own)
  }
  return kind === undefined ? column : { ...column, type: typeOfKind(kind) }
}

async function* conformed(columns: readonly Column[], batches: readonly Batch[]): AsyncGenerator<Batch> {
  for (const { length, columns: pieces } of batches) {
    yield { length, columns: pieces.map((piece, place) => conform(columns[place] as Column, piece)) }
  }
}

function lastTime(batches: readonly Batch[]): bigint {
  const times = batches.at(-1)?.columns[0]?.values as BigInt64Array
  return times[times.length - 1] ?? 0n
}
