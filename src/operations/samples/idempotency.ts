/**
 * Keys under which a push counts once, however often it is sent. A key is of one sender and target (the scope): others
 * may have the same. What it stands for is remembered as a digest, so that another push under it is refused and not
 * taken for a repetition.
 */
import { createHash, hash } from 'node:crypto'
import { HubError } from '../../errors.ts'
import type { Change, Store } from '../../store/store.ts'
import type { Batch, Column } from './batch.ts'

export interface IdempotencyKey {
  /** 1 to 256 characters, chosen by the sender. */
  readonly key: string
  /** Where it came in, and what for. */
  readonly scope: string
  /** Which batch of a longer body; absent where it is all in one. */
  readonly part?: number
}

/** Longest key, in characters. */
const MAX_KEY_LENGTH = 256

/** A key as the store remembers it. */
export interface Remembered {
  readonly name: string
  readonly withDigest: string
}

/** @throws HubError `BadRequest` for an unusable key */
export function remembered({ key, scope, part }: IdempotencyKey, batch: Batch): Remembered {
  if (key.length === 0 || key.length > MAX_KEY_LENGTH || !key.isWellFormed()) {
    throw new HubError('BadRequest', [`An idempotency key has 1 to ${MAX_KEY_LENGTH} characters; found ${key.length}`])
  }
  const name = `push/${hash('sha256', JSON.stringify([scope, key, part])).slice(0, 32)}`
  return { name, withDigest: `${name}/${digestOf(batch)}` }
}

export function onceChanges({ name, withDigest }: Remembered): Change[] {
  return [
    { change: 'idempotencyKey', key: name },
    { change: 'idempotencyKey', key: withDigest }
  ]
}

/** The commit of the push that came under this key before. @throws HubError `KeyReused` where that was another one */
export async function findRepeated(
  store: Store,
  { key }: IdempotencyKey,
  names: Remembered
): Promise<number | undefined> {
  const seq = await store.commitOfKey(names.name)
  if (seq !== undefined && (await store.commitOfKey(names.withDigest)) === undefined) throw reused(key)
  return seq
}

export function reused(key: string): HubError {
  return new HubError('KeyReused', [key.slice(0, 60)])
}

/** Of what was sent; the time of arrival is not. */
function digestOf(batch: Batch): string {
  const digest = createHash('sha256')
  for (const column of batch.columns()) addColumn(column)
  digest.update(text(batch.malformed))
  return digest.digest('hex').slice(0, 32)

  function addColumn({ submodel, path, times, values, quality, type, hasArrivals }: Column): void {
    digest.update(text([submodel, path, values.length, type, hasArrivals === true ? undefined : times.base]))
    if (hasArrivals !== true) digest.update(bytesOf(times.offsets))
    digest.update(ArrayBuffer.isView(values) ? bytesOf(values) : text(values))
    if (quality !== undefined) digest.update(text(typeof quality === 'string' ? quality : Array.from(quality)))
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** Unlike in JSON, 1 and "1" written by a bigint differ, and NaN is not null. */
function text(value: unknown): string {
  return JSON.stringify(value, (_, held: unknown) => {
    if (typeof held === 'bigint') return `bigint ${held}`
    return typeof held === 'number' && !Number.isFinite(held) ? `number ${held}` : held
  })
}
