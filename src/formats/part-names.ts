/**
 * Names of parts in a package, as the Open Packaging Conventions have them (ISO/IEC 29500-2, 6.2.2): an absolute path in
 * the characters of a URI. A name is written this way in the ZIP directory, in relationships, in content types and in
 * the documents alike, because readers compare these spellings as text.
 */

/** Part names are equivalent without regard to the case of ASCII letters (6.2.2.3); percent-encoding is spelling. */
export function partKey(name: string): string {
  return decodePartName(partName(name)).replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

/** Equal for names that people take for the same: in another case of any script, in composed or decomposed letters. */
export function loosePartKey(name: string): string {
  return decodePartName(partName(name)).normalize('NFC').toLowerCase()
}

/** A name for people. */
export function decodePartName(name: string): string {
  if (!name.includes('%')) return name
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

/** Characters that stand for themselves in a segment of a URI (RFC 3986, 3.3, `pchar`). */
const SEGMENT_CHARACTER = /[\w\-.~!$&'()*+,;=:@]/

/** Part names without escapes, which most are: no segment begins or ends with a dot. */
const PLAIN = /^(?:\/[\w\-~!$&'()*+,;=:@](?:[\w\-.~!$&'()*+,;=:@]*[\w\-~!$&'()*+,;=:@])?)+$/

/** Characters that are never percent-encoded (RFC 3986, 2.3, `unreserved`). */
const UNRESERVED = /[\w\-.~]/

/**
 * The name of a part for any text that is meant to be one, whether it is percent-encoded already or not. Applied to a
 * part name it changes nothing.
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

/** One segment; '' for one that no part name may have: empty, or nothing but dots. */
function encodeSegment(text: string): string {
  if (/^\.*$/.test(text)) return ''
  const encoded = text.replace(/%[0-9a-fA-F]{2}|[\s\S]/gu, (sign) =>
    sign.length === 3 ? keepEscape(sign) : encode(sign)
  )
  if (/^\.+$/.test(encoded)) return ''
  // No segment ends with a dot.
  return encoded.endsWith('.') ? `${encoded.slice(0, -1)}_` : encoded
}

/** An escape as it may stay: not of an unreserved character, a slash, a backslash or NUL (6.2.2.2). */
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
 * A file name as a segment of a part name that needs no escapes but those of letters. Readers that build on Apache POI
 * cannot open a package at all that has an escaped ASCII character (`%20`, `%23`, `%5B` …) in the name of a part.
 */
export function portableSegment(fileName: string): string {
  const plain = fileName
    .toWellFormed()
    .normalize('NFC')
    .replace(/[^\p{L}\p{M}\p{N}\-._~()+,=@!]/gu, '_')
  return partName(plain).slice(1)
}

/**
 * Part names of one package that is being written. No two are equivalent, and none continues another one, as
 * `/a/b` continues `/a` (6.2.2.3).
 */
export class PartNames {
  readonly #parts = new Set<string>()
  readonly #folders = new Set<string>()
  /** By a name that was taken, the number to try next. */
  readonly #numbers = new Map<string, number>()

  /** @param reserved names that are never given away */
  constructor(reserved: readonly string[]) {
    for (const name of reserved) this.#add(name)
  }

  /** The name, made a part name, or one like it where it is taken; it is taken then. */
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

  /** `folder/segment`, with a number before the extension where it is not free. */
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

/** What the package itself, or Windows, would take for something else: `_rels` holds relationships, `c:` is a drive. */
function ownFolder(segment: string, folder: string): string {
  if (/^_rels$/i.test(segment)) return 'rels'
  return folder === '' ? segment.replace(/^([a-zA-Z]):/, '$1_') : segment
}
