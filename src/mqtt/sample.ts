/** The content of a message, before its elements are looked up. */
import type { Quality } from '../model/samples.ts'
import type { SubmodelSelector } from '../model/submodel-selector.ts'
import type { DataTypeDefXsd } from '../model/types.ts'

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

export interface ReadMessage {
  readonly samples: readonly Sample[]
  /** What could not be read, as text. */
  readonly problems: readonly string[]
}
