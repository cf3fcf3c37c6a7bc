/** Values between the log and their rows, in memory. */
import type { Quality } from '../../model/samples.ts'

/** Approximate size of a row, without its text. */
const ROW_OVERHEAD_BYTES = 400

/** A value as the log has it. */
export interface LoggedValue {
  readonly submodel: string
  readonly path: string
  readonly value: string
  readonly sourceTime: bigint
  readonly quality: Quality | undefined
  readonly seq: number
}

/** The row of an element with its current value. */
export interface ElementState {
  readonly modelType: string
  /** Its incarnation. */
  readonly stamp: number
  readonly valueType: string | null
  readonly semanticId: string | null
  readonly value: string
  readonly revision: number
  readonly sourceTime: bigint | null
  /** Index in the list of model/samples.ts. */
  readonly quality: number | null
}

/** Approximate bytes in memory. */
export function sizeOf(path: string, { value }: Pick<ElementState, 'value'>): number {
  return ROW_OVERHEAD_BYTES + 2 * (path.length + value.length)
}
