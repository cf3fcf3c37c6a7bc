/** What a SELECT reads, as plain data, so that any thread can answer it. */
import type { Fill, Limits } from '../../formats/influxql/syntax.ts'
import type { Variable } from '../history/variables.ts'
import type { BucketFigure, Transformation } from './functions.ts'
import type { Tags } from './tags.ts'

export interface SelectPlan {
  /** Beside the time. */
  readonly columns: readonly PlannedColumn[]
  /** The columns are made of figures of buckets; empty: of samples. */
  readonly figures: readonly BucketFigure[]
  readonly groups: readonly SeriesGroup[]
  /** Nanoseconds since 1970, inclusive; absent: unbounded. */
  readonly from?: bigint
  readonly to?: bigint
  /** Absent: one bucket. */
  readonly interval?: { readonly width: bigint; readonly offset: bigint }
  readonly fill: Fill
  readonly descending: boolean
  readonly limits: Limits
  readonly seriesLimits: Limits
  /** Name of the time zone of buckets, and of times in text. */
  readonly zone: string
}

export type PlannedColumn = { readonly name: string } & (
  | { readonly is: 'value'; readonly index: number; readonly transformation?: Transformation }
  | { readonly is: 'tag'; readonly tag: keyof Tags }
)

/** One series of the answer. */
export interface SeriesGroup {
  readonly measurement: string
  /** By which it is grouped; undefined if it is not. */
  readonly tags?: Readonly<Record<string, string>>
  readonly members: readonly GroupMember[]
}

/** One submodel. */
export interface GroupMember {
  readonly tags: Tags
  /** By index of the field; undefined if it has none of that name. */
  readonly fields: readonly (Variable | undefined)[]
}
