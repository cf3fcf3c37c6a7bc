/** What a message says, before it is known which element it belongs to. */
import type { Quality } from '../../model/samples.ts'
import type { DataTypeDefXsd } from '../../model/types.ts'
import type { BirthChange } from './births.ts'

/** A submodel by its id, or by its idShort where only one has it. */
export type Target = { readonly id: string } | { readonly idShort: string }

export interface Sample {
  readonly target: Target
  readonly path: string
  /** Nanoseconds since 1970; undefined: of the arrival of its message. */
  readonly time: bigint | undefined
  /** In the ValueOnly form. */
  readonly value: unknown
  readonly quality?: Quality
  /** What the protocol says of the value; absent where it says no more than the value itself. */
  readonly type?: DataTypeDefXsd
  /** It is of the past, and not to become current. */
  readonly isHistorical?: true
}

/** The source is gone, or says that it does not know: what is current stays so, and is bad from then on. */
export interface Loss {
  readonly target: Target
  readonly path: string
  /** Nanoseconds since 1970. */
  readonly time: bigint
  /** Whatever its time, nothing of the source comes after it; otherwise a newer value goes before it. */
  readonly isLast: boolean
}

/** All that came with one message. */
export interface Reading {
  readonly samples: readonly Sample[]
  readonly losses: readonly Loss[]
  /** What could not be read, in words. */
  readonly wrong: readonly string[]
  /** Births that are to be kept, or forgotten, when the rest is durable. */
  readonly births?: readonly BirthChange[]
}

/**
 * Quality by a number: a status code of OPC UA (Part 4, 7.39: its upper two bits are the severity), or a quality of
 * OPC Classic, which has eight bits.
 */
export function qualityOfCode(code: number): Quality | undefined {
  if (!Number.isInteger(code) || code < 0 || code > 0xffff_ffff) return undefined
  if (code > 0 && code < 256) return code >= 192 ? 'good' : code >= 64 ? 'uncertain' : 'bad'
  return (['good', 'uncertain', 'bad', 'bad'] as const)[code >>> 30]
}
