/** What a collection plan says of one point: which element is collected where, how, and how often. */

export const collectionMethods = ['automatic', 'semi-automatic', 'manual'] as const
export type PlannedMethod = (typeof collectionMethods)[number]

export interface PlannedPoint {
  readonly process: string
  readonly machine: string
  readonly submodel: string
  readonly path: string
  /** Kind of data, in the words of the plan. */
  readonly kind: string
  readonly method: PlannedMethod
  /** Milliseconds; undefined: on events, at no fixed interval. */
  readonly periodMs: number | undefined
}

/** Samples further apart than this many planned periods have a gap between them. */
export const GAP_PERIODS = 3

/** Greatest distance of samples without a gap, microseconds; 0 where none is planned. */
export function gapLimitOf(point: PlannedPoint | undefined): number {
  return Math.round((point?.periodMs ?? 0) * 1000 * GAP_PERIODS)
}
