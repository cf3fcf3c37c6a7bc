/** The statements of InfluxQL that are answered, as parsed. Times are nanoseconds since 1970. */

export type Statement =
  | SelectStatement
  | ShowStatement
  /** Databases and retention policies have any name and exist before they are created. */
  | { readonly is: 'created' }
  | { readonly is: 'databases' }
  | { readonly is: 'retention policies' }
  /** Lists of what there is none of: users, continuous queries, subscriptions. */
  | { readonly is: 'nothing'; readonly columns: readonly string[] }

export interface SelectStatement extends TimeBounds {
  readonly is: 'select'
  readonly fields: readonly SelectField[]
  readonly from: readonly NameMatch[]
  readonly where?: TagCondition
  readonly groupBy: GroupBy
  readonly fill: Fill
  readonly descending: boolean
  readonly limits: Limits
  readonly seriesLimits: Limits
  /** Name of a time zone. */
  readonly zone?: string
}

export const SHOWN = ['measurements', 'field keys', 'tag keys', 'tag values', 'series'] as const

export interface ShowStatement {
  readonly is: (typeof SHOWN)[number]
  /** Measurements; empty: all. */
  readonly from: readonly NameMatch[]
  /** Of tag values: the keys. */
  readonly keys: readonly NameMatch[]
  readonly where?: TagCondition
  readonly limits: Limits
}

/** Inclusive; absent: unbounded. */
export interface TimeBounds {
  readonly after?: bigint
  readonly until?: bigint
}

/** A name, or an expression in the syntax of RE2 for names. */
export type NameMatch =
  | { readonly name: string; readonly negated?: true }
  | { readonly pattern: string; readonly negated?: true }

/** Of tags. */
export type TagCondition =
  | { readonly is: 'and' | 'or'; readonly left: TagCondition; readonly right: TagCondition }
  | { readonly is: 'tag'; readonly key: string; readonly value: NameMatch }

export interface SelectField {
  readonly expression: Expression
  readonly alias?: string
}

export type Expression = ColumnReference | Call

export type ColumnReference =
  | { readonly is: 'name'; readonly name: string; readonly of?: 'field' | 'tag' }
  | { readonly is: 'all'; readonly of?: 'field' | 'tag' }
  | { readonly is: 'pattern'; readonly pattern: string }

export interface Call {
  readonly is: 'call'
  /** In lower case. */
  readonly name: string
  readonly argument: Expression
  /** Further arguments: a number, or nanoseconds as a bigint. */
  readonly options: readonly (number | bigint)[]
}

export interface GroupBy {
  readonly interval?: { readonly width: bigint; readonly offset: bigint }
  /** Tags. */
  readonly tags: readonly NameMatch[]
  readonly allTags: boolean
}

export type Fill = 'null' | 'none' | 'previous' | 'linear' | number

export interface Limits {
  readonly limit?: number
  readonly offset: number
}
