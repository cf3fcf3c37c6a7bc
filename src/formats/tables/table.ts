/** A table as it streams out: typed columns, batch by batch. What every writer here takes, and who reads history makes. */

export const columnTypes = ['time', 'number', 'integer', 'boolean', 'text'] as const

export type ColumnType = (typeof columnTypes)[number]

export interface TableColumn {
  readonly name: string
  /** Of what the column holds, which may be more than values of its value type. */
  readonly type: ColumnType
  /** The type of the metamodel (`xs:int`) that the element has now. */
  readonly valueType?: string
  /** Unit of measurement, as the concept description names it. */
  readonly unit?: string
  readonly semanticId?: string
  /** What people call it, in the language asked for. */
  readonly label?: string
}

/**
 * A piece of one column. `time` (nanoseconds since 1970) and `integer` come as BigInt64Array, `number` as Float64Array,
 * `boolean` as Uint8Array of 0 and 1, `text` as texts.
 */
export interface ColumnBatch {
  readonly values: BigInt64Array | Float64Array | Uint8Array | readonly string[]
  /** 1 where there is a value; absent: everywhere. */
  readonly present?: Uint8Array
  /** Of this piece, where it holds what does not fit the type of the column. */
  readonly type?: ColumnType
  /** Of whole numbers: some of them are beyond 2^53, where doubles are not exact. */
  readonly isLong?: boolean
}

export interface TableBatch {
  readonly length: number
  /** One for each column of the table. */
  readonly columns: readonly ColumnBatch[]
}

export interface Table {
  readonly columns: readonly TableColumn[]
  /** Facts about the whole, for formats that have a place for them. */
  readonly metadata?: Readonly<Record<string, string>>
  readonly batches: AsyncIterable<TableBatch>
}
