/** Random secrets, of which only the hash is stored. */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto'

/** An API key: a prefix by which secret scanners find it, the id of its record, and 256 random bits. */
const KEY = /^aashub_([a-z0-9]{12})_([A-Za-z0-9_-]{43})$/

export function newKeyId(): string {
  return BigInt(`0x${randomBytes(10).toString('hex')}`)
    .toString(36)
    .padStart(12, '0')
    .slice(-12)
}

export function formatKey(id: string, secret: string): string {
  return `aashub_${id}_${secret}`
}

/** @returns undefined where the text has not the form of an API key */
export function parseKey(text: string): { readonly id: string; readonly secret: string } | undefined {
  const [, id, secret] = KEY.exec(text) ?? []
  return id === undefined || secret === undefined ? undefined : { id, secret }
}

/** 256 random bits in base64url. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** SHA-256 in base64url. Enough for secrets of 256 random bits; passwords need a slow hash. */
export function digestOf(secret: string): string {
  return hash('sha256', secret, 'base64url')
}

/** In constant time. */
export function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}
