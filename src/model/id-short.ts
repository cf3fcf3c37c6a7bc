/**
 * Names that others give to a signal, as idShorts [AASd-002], so that each name has one idShort and each idShort one name.
 *
 * A name that is an idShort of at least two characters stays as it is. In any other every character that may not stand
 * where it does is written as its code point, `_xHHHH_` with four to six hexadecimal digits; as the first character,
 * where no underscore may stand, `xHHHH_`. `temp-` is `temp_x002D_`, `1st` is `x0031_st`, `온도` is `xC628__xB3C4_`, `x`
 * is `x0078_`. What looks like such an escape in a name is escaped itself. Where this is longer than an idShort may be,
 * its end is replaced by `_h` and a digest of the name, which cannot be read back.
 */
import { hash } from 'node:crypto'

/** [Part 1, NameType] */
const MAX_LENGTH = 128

const DIGEST_LENGTH = 32
const KEPT_LENGTH = MAX_LENGTH - DIGEST_LENGTH - '_h'.length

const PLAIN = /^[a-zA-Z][a-zA-Z0-9_-]*[a-zA-Z0-9_]$/
/** Only what an underscore follows, or what becomes one, could be read as an escape. */
const ESCAPE = /(?:^|_)x[0-9A-F]{4,6}(?=[^a-zA-Z0-9])/
const SHORTENED = new RegExp(`^.{${KEPT_LENGTH}}_h[0-9a-f]{${DIGEST_LENGTH}}$`)

/** Does a name become an idShort as it is? */
function isUnescaped(name: string): boolean {
  return PLAIN.test(name) && name.length <= MAX_LENGTH && !ESCAPE.test(name) && !SHORTENED.test(name)
}

/** The idShort of a name that is not empty. */
export function idShortOf(name: string): string {
  if (isUnescaped(name)) return name
  const text = escaped(name)
  return text.length <= MAX_LENGTH && !SHORTENED.test(name) ? text : shortened(name, text)
}

/** The name of which {@link idShortOf} made this; undefined where only a digest of it is left. */
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

/** One letter alone is an idShort in release 3.0 only. */
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
