/** Detects column types from the rows themselves: few rows are buffered, many are produced twice. */
import type { Table, TableBatch, TableColumn } from '../../formats/tables/table.ts'
import { collectKinds, conformBatches, type ValueKind, withKinds } from '../../formats/tables/widen.ts'

/** Cells that are buffered. */
const MAX_KEPT_CELLS = 1_000_000

/** @param make produces the batches, from the start on every call */
export async function withDetectedTypes(
  columns: readonly TableColumn[],
  make: () => AsyncGenerator<TableBatch>
): Promise<Table> {
  const kinds: (ValueKind | undefined)[] = []
  let kept: TableBatch[] | undefined = []
  let cells = 0
  for await (const batch of make()) {
    collectKinds(columns, batch, kinds)
    cells += batch.length * columns.length
    if (cells > MAX_KEPT_CELLS) kept = undefined
    kept?.push(batch)
  }
  const known = withKinds(columns, kinds)
  return { columns: known, batches: conformBatches(known, kept ?? make()) }
}
