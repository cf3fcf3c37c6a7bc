/** Identifiers in paths and queries: base64url of their UTF-8 bytes (Part 2, 11.4.3). */
import { isUtf8 } from 'node:buffer'
import { HubError } from '../../errors.ts'
import { type IdShortPath, parsePath, parseStoredPath } from '../../model/path.ts'

/** Bounds of the cache of decoded texts: a few megabytes at most. */
const CACHE_ENTRIES = 2000
const MAX_CACHED_LENGTH = 512

/** Is the character code one of A-Z, a-z, 0-9, `-` and `_`? */
const ALPHABET = new Uint8Array(128)
for (const letter of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
  ALPHABET[letter.charCodeAt(0)] = 1
}

/** Caches a decoder. The cache is cleared when full, which is cheaper than keeping an order. */
function cached<Value>(decode: (text: string, name: string) => Value): (text: string, name: string) => Value {
  const values = new Map<string, Value>()
  return (text, name) => {
    const found = values.get(text)
    if (found !== undefined) return found
    const value = decode(text, name)
    if (text.length <= MAX_CACHED_LENGTH) {
      if (values.size >= CACHE_ENTRIES) values.clear()
      values.set(text, value)
    }
    return value
  }
}

/**
 * Decodes an identifier from base64url, with or without padding.
 * @param name of the parameter, for the error
 * @throws HubError BadRequest where it is not base64url, not UTF-8, empty, or contains control characters
 */
export const decodeId = cached((text, name) => {
  const id = decodeText(text, name)
  if (id === '') throw new HubError('BadRequest', [`The parameter ${name} is empty`])
  for (let at = 0; at < id.length; at++) {
    const code = id.charCodeAt(at)
    // [AASd-130], as far as control characters go.
    if (code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) {
      throw new HubError('BadRequest', [`The parameter ${name} contains a control character, which no identifier may`])
    }
  }
  return id
})

/**
 * Decodes a handle. Clients written for other servers send it as they received it in a Location or a body, so text that
 * is not base64url of printable ASCII is used unchanged.
 */
export function decodeHandle(text: string): string {
  try {
    const handle = decodeText(text, 'handleId')
    return /^[\x20-\x7e]+$/.test(handle) ? handle : text
  } catch {
    return text
  }
}

/** @throws HubError BadRequest */
export const decodePath = cached((text, name): IdShortPath => parsePath(text) ?? invalidPath(text, name))

/** Accepts the paths of leniently stored elements as well. @throws HubError BadRequest */
export const decodeStoredPath = cached((text, name): IdShortPath => parseStoredPath(text) ?? invalidPath(text, name))

function invalidPath(text: string, name: string): never {
  throw new HubError('BadRequest', [
    `The parameter ${name} is not an idShortPath: idShorts joined by "." and indices such as [0]; found "${excerpt(text)}"`
  ])
}

/** The text behind base64url. @throws HubError BadRequest */
export function decodeText(text: string, name: string): string {
  let length = text.length
  while (length > 0 && text.charCodeAt(length - 1) === 0x3d) length--
  if (text.length - length > 2) throw notBase64(name, text, 'there are more than two "="')
  // Buffer.from() skips what it does not know, so a wrong character must be found here.
  for (let at = 0; at < length; at++) {
    if (ALPHABET[text.charCodeAt(at)] !== 1) throw notBase64(name, text, `"${text[at]}" is not in its alphabet`)
  }
  if (length % 4 === 1) throw notBase64(name, text, 'a character is missing or too many')
  // Not Uint8Array.fromBase64: it skips white space, needs padding in strict mode, and takes twice as long (Node 26).
  const bytes = Buffer.from(text, 'base64url')
  if (!isUtf8(bytes)) throw notBase64(name, text, 'the bytes are not UTF-8')
  return bytes.toString()
}

function notBase64(name: string, text: string, why: string): HubError {
  return new HubError('BadRequest', [`The parameter ${name} is not base64url: ${why}; found "${excerpt(text)}"`])
}

/** The beginning of a text, for error messages. */
export function excerpt(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80).toWellFormed()}…` : text
}
