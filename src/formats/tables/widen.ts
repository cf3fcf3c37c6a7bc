/**
 * Columns that hold more than their value type: whole numbers beyond 64 bits, means of whole numbers, what was stored
 * while the element had another type. Nothing is left out: the type of the column gives way, to a number where that
 * says the same, else to text.
 */
import type { ColumnBatch, ColumnType, TableBatch, TableColumn } from './table.ts'

/** What some values have in common; whole numbers that doubles cannot tell apart are `long`. */
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

/** The kind of a piece of a column; times are of none. */
function kindOf({ type }: TableColumn, batch: ColumnBatch): ValueKind | undefined {
  const own = batch.type ?? type
  if (own === 'time') return undefined
  return own === 'integer' && batch.isLong ? 'long' : own
}

/** Adds what a batch holds to the kinds of its columns. */
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

/** The columns with the types that hold all of what they are of. */
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

/** Values of one type as those of a wider one. */
export function widen(values: ColumnBatch['values'], from: ColumnType, to: ColumnType): ColumnBatch['values'] {
  if (from === to) return values
  if (from === 'integer' && to === 'number') return Float64Array.from(values as BigInt64Array, Number)
  if (to !== 'text') throw new Error(`A column of the type ${to} cannot hold ${from}`)
  return Array.from(values as ArrayLike<unknown>, (value) =>
    from === 'boolean' ? String(value === 1) : from === 'number' ? numberText(value as number) : String(value)
  )
}

/**
 * A piece as the type of its column has it, for formats that say the types first.
 * @throws Error where it holds what came after they were said
 */
export function conform({ type }: TableColumn, batch: ColumnBatch): ColumnBatch {
  const { isLong = false, values, present } = batch
  const own = type === 'time' ? type : (batch.type ?? typeOf(values))
  if (own === type) return batch
  if (isLong && type === 'number') throw new Error('A column of numbers cannot hold whole numbers beyond 2^53')
  return { values: widen(values, own, type), ...(present !== undefined && { present }) }
}

/** A piece that fitted its column does not say its type, and the column may have got a wider one since. */
function typeOf(values: ColumnBatch['values']): ColumnType {
  if (values instanceof BigInt64Array) return 'integer'
  if (values instanceof Float64Array) return 'number'
  return values instanceof Uint8Array ? 'boolean' : 'text'
}

/** As XML Schema writes it. */
export function numberText(number: number): string {
  if (Number.isFinite(number)) return String(number)
  if (Number.isNaN(number)) return 'NaN'
  return number > 0 ? 'INF' : '-INF'
}
