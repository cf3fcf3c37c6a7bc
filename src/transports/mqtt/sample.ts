/** The content of a message, before its elements are looked up. */
import type { Quality } from '../../model/samples.ts'
import type { DataTypeDefXsd } from '../../model/types.ts'
import type { SubmodelSelector } from '../submodel-selector.ts'
import type { BirthChange } from './births.ts'

export interface Sample {
  readonly target: SubmodelSelector
  readonly path: string
  /** Nanoseconds since 1970; undefined: the arrival of the message. */
  readonly time: bigint | undefined
  /** In the ValueOnly form. */
  readonly value: unknown
  readonly quality?: Quality
  /** As declared by the protocol. */
  readonly type?: DataTypeDefXsd
  /** Sent late by a source that was offline; never becomes the current value. */
  readonly isHistorical?: true
}

/** The source is gone, or has no value: the current value stays, with quality bad from `time` on. */
export interface SourceLoss {
  readonly target: SubmodelSelector
  readonly path: string
  /** Nanoseconds since 1970. */
  readonly time: bigint
  /** The source is gone: applies even where the current value is newer than `time`. */
  readonly isLast: boolean
}

export interface ParsedMessage {
  readonly samples: readonly Sample[]
  readonly losses: readonly SourceLoss[]
  /** What could not be read, as text. */
  readonly problems: readonly string[]
  /** Births to store or delete once the samples are durable. */
  readonly births?: readonly BirthChange[]
}
