/** The content of a message that may also end what was known of its source. */
import type { SubmodelSelector } from '../../model/submodel-selector.ts'
import type { ReadMessage } from '../../mqtt/sample.ts'
import type { BirthChange } from './births.ts'

/** The source is gone, or has no value: the current value stays, with quality bad from `time` on. */
export interface SourceLoss {
  readonly target: SubmodelSelector
  readonly path: string
  /** Nanoseconds since 1970. */
  readonly time: bigint
  /** The source is gone: applies even where the current value is newer than `time`. */
  readonly isLast: boolean
}

export interface ParsedMessage extends ReadMessage {
  readonly losses: readonly SourceLoss[]
  /** Births to store or delete once the samples are durable. */
  readonly births?: readonly BirthChange[]
}
