/** Keys that a reader of a report trusts, as text: a thumbprint, a JWK, a JWK Set, or a public key as PEM. */
import { createPublicKey } from 'node:crypto'
import { HubError } from '../../../errors.ts'

/** SHA-256 in base64url. */
const THUMBPRINT = /^[\w-]{43}$/

export function isThumbprint(text: string): boolean {
  return THUMBPRINT.test(text)
}

/** @returns the thumbprints (RFC 7638) of all keys in it @throws HubError `BadRequest` where there is none */
export async function thumbprintsIn(text: string, from: string): Promise<readonly string[]> {
  const { calculateJwkThumbprint, exportJWK } = await import('jose')
  try {
    const trimmed = text.trim()
    if (isThumbprint(trimmed)) return [trimmed]
    if (trimmed.startsWith('-----')) return [await calculateJwkThumbprint(await exportJWK(createPublicKey(trimmed)))]
    const json = JSON.parse(trimmed)
    const keys: readonly object[] = Array.isArray(json.keys) ? json.keys : [json]
    if (keys.length > 0) return await Promise.all(keys.map((key) => calculateJwkThumbprint(key)))
  } catch {
    // Said below.
  }
  throw new HubError('BadRequest', [`${from} has no public key as a JWK, a JWK Set, PEM or a thumbprint`])
}
