/**
 * Columns with values beyond their value type: integers beyond 64 bits, means of integers, values stored while the
 * element had another type. No value is dropped: the column is widened to a number if that is exact, else to text.
 */
import type { ColumnBatch, ColumnType, TableBatch, TableColumn } from './table.ts'

/** The narrowest type of some values; integers beyond 2^53 are `long`. */
export type ValueKind = 'boolean' | 'integer' | 'long' | 'number' | 'text'

export function joinKinds(one: ValueKind | undefined, other: ValueKind): ValueKind {
  if (one === undefined || one === other) return other
  const both: ReadonlySet<ValueKind> = new Set([one, other])
  if (both.has('text') || both.has('boolean')) return 'text'
  return both.has('number') ? (both.has('long') ? 'text' : 'number') : 'long'
}

export function typeOfKind(kind: ValueKind): ColumnType {
  return kind === 'long' ? 'integer' : kind
}

/** The kind of a batch of a column; undefined for times. */
function kindOf({ type }: TableColumn, batch: ColumnBatch): ValueKind | undefined {
  const own = batch.type ?? type
  if (own === 'time') return undefined
  return own === 'integer' && batch.isLong ? 'long' : own
}

/** Widens the kinds of columns by the values of a batch. */
export function collectKinds(
  columns: readonly TableColumn[],
  batch: TableBatch,
  kinds: (ValueKind | undefined)[]
): void {
  for (const [place, column] of columns.entries()) {
    const own = kindOf(column, batch.columns[place] as ColumnBatch)
    if (own !== undefined) kinds[place] = joinKinds(kinds[place], own)
  }
}

/** The columns, widened to these kinds. */
export function withKinds(
  columns: readonly TableColumn[],
  kinds: readonly (ValueKind | undefined)[]
): readonly TableColumn[] {
  return columns.map((column, place) => {
    const kind = kinds[place]
    return kind === undefined ? column : { ...column, type: typeOfKind(kind) }
  })
}

export async function* conformBatches(
  columns: readonly TableColumn[],
  batches: AsyncIterable<TableBatch> | Iterable<TableBatch>
): AsyncGenerator<TableBatch> {
  for await (const { length, columns: pieces } of batches) {
    yield { length, columns: pieces.map((piece, place) => conform(columns[place] as TableColumn, piece)) }
  }
}

/** Converts values to a wider type. */
export function widen(values: ColumnBatch['values'], from: ColumnType, to: ColumnType): ColumnBatch['values'] {
  if (from === to) return values
  if (from === 'integer' && to === 'number') return Float64Array.from(values as BigInt64Array, Number)
  if (to !== 'text') throw new Error(`A column of the type ${to} cannot hold ${from}`)
  return Array.from(values as ArrayLike<unknown>, (value) =>
    from === 'boolean' ? String(value === 1) : from === 'number' ? numberText(value as number) : String(value)
  )
}

/**
 * Converts a batch to the type of its column, for formats that write the types first.
 * @throws Error if a value came up that does not fit the written type
 */
export function conform({ type }: TableColumn, batch: ColumnBatch): ColumnBatch {
  const { isLong = false, values, present } = batch
  const own = type === 'time' ? type : (batch.type ?? typeOf(values))
  if (own === type) return batch
  if (isLong && type === 'number') throw new Error('A column of numbers cannot hold whole numbers beyond 2^53')
  return { values: widen(values, own, type), ...(present !== undefined && { present }) }
}

/** The type of a batch without an explicit one; its column may have been widened since. */
function typeOf(values: ColumnBatch['values']): ColumnType {
  if (values instanceof BigInt64Array) return 'integer'
  if (values instanceof Float64Array) return 'number'
  return values instanceof Uint8Array ? 'boolean' : 'text'
}

/** XML Schema spelling. */
export function numberText(number: number): string {
  if (Number.isFinite(number)) return String(number)
  if (Number.isNaN(number)) return 'NaN'
  return number > 0 ? 'INF' : '-INF'
}
