/**
 * Idempotency keys: a push with a key is stored once, however often it is sent. Keys are scoped by sender and target. The
 * digest of the batch is stored as well, so that another batch with the same key is refused instead of taken for a
 * repetition.
 */
import { createHash, hash } from 'node:crypto'
import { HubError } from '../../errors.ts'
import type { Change, Store } from '../../store/store.ts'
import type { SampleBatch, SampleColumn } from './batch.ts'

export interface IdempotencyKey {
  /** 1 to 256 characters, chosen by the sender. */
  readonly key: string
  /** Sender and target. */
  readonly scope: string
  /** Index of the batch within a longer body; absent if that is one batch. */
  readonly part?: number
}

/** Longest key, in characters. */
const MAX_KEY_LENGTH = 256

/** The keys that the store records for a push. */
export interface StoredKeys {
  readonly name: string
  readonly withDigest: string
}

/** @throws HubError `BadRequest` for an unusable key */
export function storedKeysOf({ key, scope, part }: IdempotencyKey, batch: SampleBatch): StoredKeys {
  if (key.length === 0 || key.length > MAX_KEY_LENGTH || !key.isWellFormed()) {
    throw new HubError('BadRequest', [`An idempotency key has 1 to ${MAX_KEY_LENGTH} characters; found ${key.length}`])
  }
  const name = `push/${hash('sha256', JSON.stringify([scope, key, part])).slice(0, 32)}`
  return { name, withDigest: `${name}/${digestOf(batch)}` }
}

export function keyChanges({ name, withDigest }: StoredKeys): Change[] {
  return [
    { change: 'idempotencyKey', key: name },
    { change: 'idempotencyKey', key: withDigest }
  ]
}

/** The commit of an earlier push with this key. @throws HubError `KeyReused` if that was another batch */
export async function findEarlierCommit(
  store: Store,
  { key }: IdempotencyKey,
  names: StoredKeys
): Promise<number | undefined> {
  const seq = await store.commitOfKey(names.name)
  if (seq !== undefined && (await store.commitOfKey(names.withDigest)) === undefined) throw keyReused(key)
  return seq
}

export function keyReused(key: string): HubError {
  return new HubError('KeyReused', [key.slice(0, 60)])
}

/** Digest of what was sent, without arrival times. */
function digestOf(batch: SampleBatch): string {
  const digest = createHash('sha256')
  for (const column of batch.columns()) addColumn(column)
  digest.update(text(batch.malformed))
  return digest.digest('hex').slice(0, 32)

  function addColumn({ submodel, path, times, values, quality, type, hasArrivals }: SampleColumn): void {
    digest.update(text([submodel, path, values.length, type, hasArrivals === true ? undefined : times.base]))
    if (hasArrivals !== true) digest.update(bytesOf(times.offsets))
    digest.update(ArrayBuffer.isView(values) ? bytesOf(values) : text(values))
    if (quality !== undefined) digest.update(text(typeof quality === 'string' ? quality : Array.from(quality)))
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** Unlike plain JSON, distinguishes bigints from texts, and NaN from null. */
function text(value: unknown): string {
  // The same text, several times as fast.
  if (Array.isArray(value) && value.every(Number.isFinite)) return JSON.stringify(value)
  return JSON.stringify(value, (_, held: unknown) => {
    if (typeof held === 'bigint') return `bigint ${held}`
    return typeof held === 'number' && !Number.isFinite(held) ? `number ${held}` : held
  })
}
