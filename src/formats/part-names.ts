/**
 * Names of parts in a package by the Open Packaging Conventions (ISO/IEC 29500-2, 6.2.2): absolute paths in URI
 * characters. The ZIP directory, relationships, content types and documents use the same spelling, because readers
 * compare names as text.
 */

/** Equal for equivalent part names: the case of ASCII letters (6.2.2.3) and percent-encoding do not count. */
export function partKey(name: string): string {
  return decodePartName(partName(name)).replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

/** Equal also for names that differ in the case of any script, or in composed and decomposed letters. */
export function loosePartKey(name: string): string {
  return decodePartName(partName(name)).normalize('NFC').toLowerCase()
}

/** A readable name. */
export function decodePartName(name: string): string {
  if (!name.includes('%')) return name
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

/** Unencoded characters of a URI segment (RFC 3986, 3.3, `pchar`). */
const SEGMENT_CHARACTER = /[\w\-.~!$&'()*+,;=:@]/

/** Part names that need no conversion, as most: no escapes, no segment begins or ends with a dot. */
const PLAIN = /^(?:\/[\w\-~!$&'()*+,;=:@](?:[\w\-.~!$&'()*+,;=:@]*[\w\-~!$&'()*+,;=:@])?)+$/

/** Characters that are never percent-encoded (RFC 3986, 2.3, `unreserved`). */
const UNRESERVED = /[\w\-.~]/

/**
 * Converts any text to a part name, percent-encoded or not. Idempotent.
 */
export function partName(text: string): string {
  if (PLAIN.test(text)) return text
  const segments = text
    .toWellFormed()
    .split('/')
    .map(encodeSegment)
    .filter((segment) => segment !== '')
  return `/${segments.join('/') || 'file'}`
}

/** One segment; '' for an invalid one: empty, or only dots. */
function encodeSegment(text: string): string {
  if (/^\.*$/.test(text)) return ''
  const encoded = text.replace(/%[0-9a-fA-F]{2}|[\s\S]/gu, (sign) =>
    sign.length === 3 ? keepEscape(sign) : encode(sign)
  )
  if (/^\.+$/.test(encoded)) return ''
  // A segment must not end with a dot.
  return encoded.endsWith('.') ? `${encoded.slice(0, -1)}_` : encoded
}

/** Normalizes an escape: none of unreserved characters, slash, backslash or NUL (6.2.2.2). */
function keepEscape(escaped: string): string {
  const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
  if (character === '/' || character === '\\' || character === '\0') return '_'
  return UNRESERVED.test(character) ? character : escaped.toUpperCase()
}

function encode(character: string): string {
  if (SEGMENT_CHARACTER.test(character)) return character
  return character === '\\' || character === '\0' ? '_' : encodeURIComponent(character)
}

/**
 * A file name as a segment of a part name with escapes only for letters. Readers based on Apache POI cannot open a
 * package with an escaped ASCII character (`%20`, `%23`, `%5B` …) in the name of a part.
 */
export function portableSegment(fileName: string): string {
  const plain = fileName
    .toWellFormed()
    .normalize('NFC')
    .replace(/[^\p{L}\p{M}\p{N}\-._~()+,=@!]/gu, '_')
  return partName(plain).slice(1)
}

/**
 * Part names of a package being written. No two are equivalent, and none extends another, as `/a/b` extends `/a`
 * (6.2.2.3).
 */
export class PartNames {
  readonly #parts = new Set<string>()
  readonly #folders = new Set<string>()
  /** Per used name the number to try next. */
  readonly #numbers = new Map<string, number>()

  /** @param reserved names that are never returned */
  constructor(reserved: readonly string[]) {
    for (const name of reserved) this.#add(name)
  }

  /** Reserves the part name, or a similar one if it is in use. */
  take(wanted: string): string {
    const [file = '', ...folders] = partName(wanted).slice(1).split('/').reverse()
    let path = ''
    for (const folder of folders.reverse()) {
      path = this.#free(path, ownFolder(folder, path), (key) => !this.#parts.has(key))
    }
    const name = this.#free(path, ownFolder(file, path), (key) => !this.#parts.has(key) && !this.#folders.has(key))
    this.#add(name)
    return name
  }

  /** `folder/segment`, with a number before the extension if it is in use. */
  #free(folder: string, segment: string, isFree: (key: string) => boolean): string {
    const name = `${folder}/${segment}`
    const key = loosePartKey(name)
    if (isFree(key)) return name
    const dot = segment.lastIndexOf('.')
    const end = dot > 0 ? dot : segment.length
    for (let number = this.#numbers.get(key) ?? 2; ; number++) {
      const numbered = `${folder}/${segment.slice(0, end)}-${number}${segment.slice(end)}`
      if (!isFree(loosePartKey(numbered))) continue
      this.#numbers.set(key, number)
      return numbered
    }
  }

  #add(name: string): void {
    const key = loosePartKey(name)
    this.#parts.add(key)
    for (let slash = key.indexOf('/', 1); slash > 0; slash = key.indexOf('/', slash + 1))
      this.#folders.add(key.slice(0, slash))
  }
}

/** Avoids names with a special meaning: `_rels` contains relationships, `c:` is a drive. */
function ownFolder(segment: string, folder: string): string {
  if (/^_rels$/i.test(segment)) return 'rels'
  return folder === '' ? segment.replace(/^([a-zA-Z]):/, '$1_') : segment
}
