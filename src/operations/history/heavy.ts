/** How heavy it is to write a table. */
import { earlier, later } from '../../model/time.ts'
import type { History } from './history.ts'
import type { TableShape } from './table-task.ts'
import type { Variable } from './variables.ts'

/** About as many as take a tenth of a second to write; to start a thread takes longer. */
const HEAVY_SAMPLES = 200_000
/** Of aggregated tables, which are read in time slices: only what lies across the border of a bucket is unpacked. */
const HEAVY_AGGREGATED_SAMPLES = 5_000_000
/** Unpacked for each border: a part of a chunk. */
const BORDER_SAMPLES = 1024
/** Cells of a grid, which may be more than there are samples. */
const HEAVY_CELLS = 100_000

/**
 * An estimate by the spans of the series, as if their samples were spread evenly.
 * @returns what part it is of a table that is worth a thread of its own
 */
export async function costOfTable(
  history: Pick<History, 'spanOf'>,
  variables: readonly Variable[],
  shape: TableShape,
  limit: number | undefined
): Promise<number> {
  const { interval, align = 'none', aggregates = [], from, to } = shape
  const most = aggregates.length > 0 ? HEAVY_AGGREGATED_SAMPLES : HEAVY_SAMPLES
  let [samples, length] = [0, 0]
  for (const variable of variables) {
    const span = await history.spanOf(variable)
    if (span === undefined) continue
    const [start, end] = [later(span.from, from ?? span.from), earlier(span.to, to ?? span.to)]
    if (end < start) continue
    const part = Number(end - start + 1n) / Number(span.to - span.from + 1n)
    samples += span.count * part
    length = Math.max(length, Number(end - start))
  }
  if (limit !== undefined && aggregates.length === 0) return Math.min(samples, limit * variables.length) / most
  const isGrid = align !== 'none' && aggregates.length === 0
  const cell = interval?.unit === 'nanosecond' ? Number(interval.count) : Number.POSITIVE_INFINITY
  if (aggregates.length > 0) samples = Math.min(samples, (length / cell + 1) * variables.length * BORDER_SAMPLES)
  return Math.max(samples / most, isGrid ? ((length / cell) * variables.length) / HEAVY_CELLS : 0)
}
