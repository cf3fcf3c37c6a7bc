/**
 * A value in the sender's spelling, if no JavaScript value is equivalent: a number that a double would round, or whose
 * spelling (`20.50`, `+5`) must be kept, or a text without quotes.
 */
export class Literal {
  readonly text: string
  /**
   * - `number`: a number by the syntax of the protocol;
   * - `bare`: from a payload without syntax: a number for numeric elements, a text for all others.
   */
  readonly kind: 'number' | 'bare'

  constructor(text: string, kind: Literal['kind'] = 'number') {
    this.text = text
    this.kind = kind
  }

  toString(): string {
    return this.text
  }

  toJSON(): string {
    return this.text
  }
}

/** A decimal number in the spellings of XML Schema, without INF and NaN. */
const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,9}))?$/

/** Maximal exponent written out, as in the smallest double: `1e999999999` must not exhaust memory. */
const MAX_DIGITS = 324

/** Is the text a finite number? */
export function isFiniteNumber(text: string): boolean {
  return isNumber(text) && Number.isFinite(Number(text))
}

/** Is the text a number of any size? */
export function isNumber(text: string): boolean {
  const [, , whole = '', fraction = ''] = NUMBER.exec(text) ?? []
  return whole !== '' || fraction !== ''
}

/** The number without an exponent; undefined if it is not a number, or has too many digits. */
export function writtenOut(text: string): string | undefined {
  const [, sign = '', whole = '', fraction = '', exponent] = NUMBER.exec(text) ?? []
  if (whole === '' && fraction === '') return undefined
  if (exponent === undefined) return text
  const minus = sign === '-' ? '-' : ''
  const digits = (whole + fraction).replace(/^0+/, '')
  if (digits === '') return '0'
  // Position of the point, counted from the first non-zero digit.
  const point = whole.length + Number(exponent) - (whole.length + fraction.length - digits.length)
  if (Math.abs(point) > MAX_DIGITS) return undefined
  if (point <= 0) return `${minus}0.${'0'.repeat(-point)}${digits}`
  if (point >= digits.length) return minus + digits.padEnd(point, '0')
  return `${minus}${digits.slice(0, point)}.${digits.slice(point)}`
}

/** The integer as digits only; undefined if it is not an integer. */
export function wholeDigits(text: string): string | undefined {
  if (/^-?\d+$/.test(text)) return text
  const written = writtenOut(text)
  if (written === undefined || !written.includes('.')) return written
  const [whole = '', fraction = ''] = written.split('.')
  if (/[1-9]/.test(fraction)) return undefined
  return /\d/.test(whole) ? whole : `${whole}0`
}
