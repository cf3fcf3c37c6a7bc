/**
 * A value as its sender wrote it, where no JavaScript value says the same: a number that a double would round, or whose
 * spelling (`20.50`, `+5`) is to be kept, and a text that came without quotes.
 */
export class Literal {
  readonly text: string
  /**
   * - `number`: the sender's protocol says that this is a number;
   * - `bare`: a payload without any syntax: a number for elements that hold numbers, for all others the text that it is.
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

/** A number as people and programs write it; XML Schema knows the same spellings, and none else but INF and NaN. */
const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,9}))?$/

/** Zeros that an exponent may stand for, those of the largest double: `1e999999999` must not fill the memory. */
const MAX_DIGITS = 324

/** Does it read as a finite number? */
export function isFiniteNumber(text: string): boolean {
  return isNumber(text) && Number.isFinite(Number(text))
}

/** Does it read as a number, of whatever size? */
export function isNumber(text: string): boolean {
  const [, , whole = '', fraction = ''] = NUMBER.exec(text) ?? []
  return whole !== '' || fraction !== ''
}

/** The number without an exponent and with all of its digits; undefined where it is none, or has too many of them. */
export function writtenOut(text: string): string | undefined {
  const [, sign = '', whole = '', fraction = '', exponent] = NUMBER.exec(text) ?? []
  if (whole === '' && fraction === '') return undefined
  if (exponent === undefined) return text
  const minus = sign === '-' ? '-' : ''
  const digits = (whole + fraction).replace(/^0+/, '')
  if (digits === '') return '0'
  // Where the point is, counted from the first digit that is not zero.
  const point = whole.length + Number(exponent) - (whole.length + fraction.length - digits.length)
  if (Math.abs(point) > MAX_DIGITS) return undefined
  if (point <= 0) return `${minus}0.${'0'.repeat(-point)}${digits}`
  if (point >= digits.length) return minus + digits.padEnd(point, '0')
  return `${minus}${digits.slice(0, point)}.${digits.slice(point)}`
}

/** The number as digits alone; undefined where it is no whole number. */
export function wholeDigits(text: string): string | undefined {
  if (/^-?\d+$/.test(text)) return text
  const written = writtenOut(text)
  if (written === undefined || !written.includes('.')) return written
  const [whole = '', fraction = ''] = written.split('.')
  if (/[1-9]/.test(fraction)) return undefined
  return /\d/.test(whole) ? whole : `${whole}0`
}
