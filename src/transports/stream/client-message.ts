/** Messages of clients as they are read: their members are not checked yet. */
import type { SampleBatch } from '../../operations/samples/batch.ts'
import { addItem, type ItemDefaults } from '../../operations/samples/parse-items.ts'
import type { MessageId } from './refusal.ts'

export interface ClientMessage extends ItemDefaults {
  readonly type?: unknown
  readonly token?: unknown
  readonly id?: MessageId
  readonly key?: string
  readonly each?: boolean
  readonly samples?: unknown
}

/** Adds the rows and columns of a push, which may be the message itself. @returns undefined if `samples` is not a list */
export function addSamples(batch: SampleBatch, message: ClientMessage): SampleBatch | undefined {
  const { samples } = message
  if (samples === undefined) addItem(batch, message)
  else if (Array.isArray(samples)) for (const item of samples) addItem(batch, item, message)
  else return undefined
  return batch
}

export function idOf({ id }: { readonly id?: MessageId }): { id?: string | number } {
  return id === undefined ? {} : { id }
}
