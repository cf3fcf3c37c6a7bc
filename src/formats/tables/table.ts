/** A stream of column batches: input of every writer here, produced by queries of the history. */

export const columnTypes = ['time', 'number', 'integer', 'boolean', 'text'] as const

export type ColumnType = (typeof columnTypes)[number]

export interface TableColumn {
  readonly name: string
  /** Type of the values, which may be wider than the value type. */
  readonly type: ColumnType
  /** Current value type of the element (`xs:int`). */
  readonly valueType?: string
  /** Unit of measurement from the concept description. */
  readonly unit?: string
  readonly semanticId?: string
  /** Display name in the requested language. */
  readonly label?: string
}

/**
 * Values of one column. `time` (nanoseconds since 1970) and `integer` are a BigInt64Array, `number` a Float64Array,
 * `boolean` a Uint8Array of 0 and 1, `text` strings.
 */
export interface ColumnBatch {
  readonly values: BigInt64Array | Float64Array | Uint8Array | readonly string[]
  /** 1 for rows with a value; undefined if all rows have one. */
  readonly present?: Uint8Array
  /** Set if the values do not fit the type of the column. */
  readonly type?: ColumnType
  /** Some integers are beyond 2^53, where doubles are not exact. */
  readonly isLong?: boolean
}

export interface TableBatch {
  readonly length: number
  /** One per column of the table. */
  readonly columns: readonly ColumnBatch[]
}

export interface Table {
  readonly columns: readonly TableColumn[]
  /** Metadata of the table, for formats that support it. */
  readonly metadata?: Readonly<Record<string, string>>
  readonly batches: AsyncIterable<TableBatch>
}
