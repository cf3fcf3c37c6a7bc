/**
 * Maps names of signals to idShorts [AASd-002], one to one.
 *
 * A name that is an idShort of at least two characters is unchanged. In any other name each character that is not allowed
 * at its position is escaped as its code point, `_xHHHH_` with four to six hexadecimal digits; as the first character,
 * where an underscore is not allowed, `xHHHH_`. `temp-` is `temp_x002D_`, `1st` is `x0031_st`, `온도` is `xC628__xB3C4_`,
 * `x` is `x0078_`. A part of a name that looks like an escape is escaped too. If the result is too long for an idShort,
 * its end is replaced by `_h` and a digest of the name, which is irreversible.
 */
import { hash } from 'node:crypto'

/** [Part 1, NameType] */
const MAX_LENGTH = 128

const DIGEST_LENGTH = 32
const KEPT_LENGTH = MAX_LENGTH - DIGEST_LENGTH - '_h'.length

const PLAIN = /^[a-zA-Z][a-zA-Z0-9_-]*[a-zA-Z0-9_]$/
/** Only followed by an underscore, or by a character that becomes one, can this be read as an escape. */
const ESCAPE = /(?:^|_)x[0-9A-F]{4,6}(?=[^a-zA-Z0-9])/
const SHORTENED = new RegExp(`^.{${KEPT_LENGTH}}_h[0-9a-f]{${DIGEST_LENGTH}}$`)

/** Is the name its own idShort? */
function isUnescaped(name: string): boolean {
  return PLAIN.test(name) && name.length <= MAX_LENGTH && !ESCAPE.test(name) && !SHORTENED.test(name)
}

/** The idShort of a non-empty name. */
export function idShortOf(name: string): string {
  if (isUnescaped(name)) return name
  const text = escaped(name)
  return text.length <= MAX_LENGTH && !SHORTENED.test(name) ? text : shortened(name, text)
}

/** The name from which {@link idShortOf} made this; undefined if only a digest is left. */
export function nameOfIdShort(idShort: string): string | undefined {
  if (SHORTENED.test(idShort)) return undefined
  return idShort.replace(/^x([0-9A-F]{4,6})_|_x([0-9A-F]{4,6})_/g, (_, first: string | undefined, other: string) =>
    String.fromCodePoint(Number.parseInt(first ?? other, 16))
  )
}

function escaped(name: string): string {
  const signs = [...name]
  return signs
    .map((sign, at) => {
      if (at === 0) return mayBegin(name, signs.length) ? sign : `x${hexOf(sign)}_`
      const mayStand = sign === '-' ? at < signs.length - 1 : /[a-zA-Z0-9_]/.test(sign)
      return mayStand && !(sign === '_' && looksEscaped(signs, at)) ? sign : `_x${hexOf(sign)}_`
    })
    .join('')
}

/** A single letter is an idShort only in release 3.0. */
function mayBegin(name: string, length: number): boolean {
  return length > 1 && /^[a-zA-Z]/.test(name) && !/^x[0-9A-F]{4,6}(?=[^a-zA-Z0-9])/.test(name)
}

function looksEscaped(signs: readonly string[], at: number): boolean {
  return /^_x[0-9A-F]{4,6}(?=[^a-zA-Z0-9])/.test(signs.slice(at, at + 9).join(''))
}

function hexOf(sign: string): string {
  return (sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
}

function shortened(name: string, escaped: string): string {
  return `${escaped.slice(0, KEPT_LENGTH)}_h${hash('sha256', name).slice(0, DIGEST_LENGTH)}`
}
