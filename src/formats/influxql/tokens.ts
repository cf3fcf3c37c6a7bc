/** The tokens of InfluxQL. */
import { HubError } from '../../errors.ts'
import { EPOCHS } from './results.ts'

export type Token =
  | { readonly is: 'word' | 'name' | 'text' | 'sign'; readonly text: string }
  | { readonly is: 'number'; readonly text: string; readonly value: number }
  /** Nanoseconds. */
  | { readonly is: 'duration'; readonly text: string; readonly value: bigint }
  | { readonly is: 'end'; readonly text: '' }

/** Values of `$name` in a query. */
export type BoundValues = Readonly<Record<string, unknown>>

const END = { is: 'end', text: '' } as const
const SKIPPED = /(?:\s+|--[^\n]*|\/\*[\s\S]*?\*\/)*/y
const WORD = /[A-Za-z_]\w*/y
const DURATION = /(?:\d+(?:ns|u|µ|ms|s|m|h|d|w))+(?![\w.])/y
const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y
const SIGN = /=~|!~|!=|<>|<=|>=|::|[=<>+\-*/%&|^(),;.]/y
const BOUND = /\$(?:(\w+)|"([^"]+)")/y

const UNITS: Readonly<Record<string, bigint>> = {
  ...EPOCHS,
  d: 86_400_000_000_000n,
  w: 604_800_000_000_000n
}

/** Longest of a number within a duration. */
const MAX_DIGITS = 19

export class TokenReader {
  readonly #text: string
  readonly #bound: BoundValues
  #at = 0
  /** The next token, and where it ends. */
  #ahead: { readonly token: Token; readonly end: number } | undefined

  #last: { readonly token: Token; readonly start: number } | undefined

  constructor(text: string, bound: BoundValues = {}) {
    this.#text = text
    this.#bound = bound
  }

  peek(): Token {
    this.#ahead ??= this.#read()
    return this.#ahead.token
  }

  next(): Token {
    const token = this.peek()
    this.#last = { token, start: this.#skipped() }
    this.#at = this.#ahead?.end ?? this.#at
    this.#ahead = undefined
    return token
  }

  /** The words, in any case, if they come next; otherwise nothing is read. */
  skip(...words: readonly string[]): boolean {
    const { is, text } = this.peek()
    const [first = '', ...rest] = words
    if (is !== 'word' || text.toUpperCase() !== first) return false
    const before = this.#at
    this.next()
    if (rest.length === 0 || this.skip(...rest)) return true
    this.#at = before
    this.#ahead = undefined
    return false
  }

  skipSign(sign: string): boolean {
    const { is, text } = this.peek()
    if (is !== 'sign' || text !== sign) return false
    this.next()
    return true
  }

  expectSign(sign: string): void {
    if (!this.skipSign(sign)) throw this.unexpected(`"${sign}"`)
  }

  expectWord(word: string): void {
    if (!this.skip(word)) throw this.unexpected(word)
  }

  /** A name: quoted, or a word. */
  name(what: string): string {
    const { is, text } = this.peek()
    if (is !== 'name' && is !== 'word') throw this.unexpected(what)
    this.next()
    return text
  }

  /** An expression between slashes, if one comes next. A slash is a sign elsewhere, so only callers know. */
  pattern(): string | undefined {
    const start = this.#skipped()
    if (this.#text[start] !== '/') return undefined
    let pattern = ''
    for (let at = start + 1; at < this.#text.length; at++) {
      const character = this.#text[at] ?? ''
      if (character === '/') {
        this.#at = at + 1
        this.#ahead = undefined
        return pattern
      }
      if (character !== '\\') pattern += character
      else {
        const escaped = this.#text[++at] ?? ''
        pattern += escaped === '/' ? '/' : `\\${escaped}`
      }
    }
    throw syntaxError('the expression has no closing slash', this.#text, start)
  }

  /** @param found the token that is wrong, where it has been read */
  unexpected(expected: string, found: Token = this.peek()): HubError {
    const start = found === this.#last?.token ? this.#last.start : this.#skipped()
    return syntaxError(
      `expected ${expected}, found ${found.is === 'end' ? 'the end' : `"${found.text}"`}`,
      this.#text,
      start
    )
  }

  #skipped(): number {
    SKIPPED.lastIndex = this.#at
    SKIPPED.exec(this.#text)
    return SKIPPED.lastIndex
  }

  #read(): { readonly token: Token; readonly end: number } {
    const start = this.#skipped()
    const text = this.#text
    if (start >= text.length) return { token: END, end: start }
    const quote = text[start]
    if (quote === '"' || quote === "'") return this.#quoted(start, quote)
    const word = match(WORD, text, start)
    if (word !== undefined) return { token: { is: 'word', text: word }, end: start + word.length }
    const duration = match(DURATION, text, start)
    if (duration !== undefined) {
      return { token: { is: 'duration', text: duration, value: parseDuration(duration) }, end: start + duration.length }
    }
    const number = match(NUMBER, text, start)
    if (number !== undefined) {
      return { token: { is: 'number', text: number, value: Number(number) }, end: start + number.length }
    }
    const sign = match(SIGN, text, start)
    if (sign !== undefined)
      return { token: { is: 'sign', text: sign === '<>' ? '!=' : sign }, end: start + sign.length }
    if (quote === '$') return this.#boundValue(start)
    throw syntaxError(`"${quote}" is not understood`, text, start)
  }

  /** Escapes are those of InfluxQL: `\n`, `\\` and the quotes. */
  #quoted(start: number, quote: '"' | "'"): { readonly token: Token; readonly end: number } {
    let value = ''
    for (let at = start + 1; at < this.#text.length; at++) {
      const character = this.#text[at] ?? ''
      if (character === quote) return { token: { is: quote === '"' ? 'name' : 'text', text: value }, end: at + 1 }
      if (character === '\n') break
      if (character !== '\\') {
        value += character
        continue
      }
      const escaped = this.#text[++at] ?? ''
      if (escaped === 'n') value += '\n'
      else if (escaped === '\\' || escaped === '"' || escaped === "'") value += escaped
      else throw syntaxError(`"\\${escaped}" is no escape; a backslash is written \\\\`, this.#text, at)
    }
    throw syntaxError(`a quotation has no closing ${quote}`, this.#text, start)
  }

  #boundValue(start: number): { readonly token: Token; readonly end: number } {
    BOUND.lastIndex = start
    const [whole = '', bare, quoted] = BOUND.exec(this.#text) ?? []
    const name = bare ?? quoted ?? ''
    const value = Object.hasOwn(this.#bound, name) ? this.#bound[name] : undefined
    const end = start + whole.length
    if (typeof value === 'string') return { token: { is: 'text', text: value }, end }
    if (typeof value === 'number') return { token: { is: 'number', text: String(value), value }, end }
    if (typeof value === 'boolean') return { token: { is: 'word', text: String(value) }, end }
    throw syntaxError(`"params" has no text, number or boolean "${name}"`, this.#text, start)
  }
}

/** @returns nanoseconds */
function parseDuration(text: string): bigint {
  let length = 0n
  for (const [, count = '', unit = ''] of text.matchAll(/(\d+)(\D+)/g)) {
    if (count.length > MAX_DIGITS)
      throw new HubError('BadRequest', [`error parsing query: the duration ${text.slice(0, 60)} is too long`])
    length += BigInt(count) * (UNITS[unit] ?? 0n)
  }
  return length
}

function syntaxError(what: string, text: string, at: number): HubError {
  const before = text.slice(0, at)
  const line = before.split('\n').length
  const column = at - before.lastIndexOf('\n')
  return new HubError('BadRequest', [`error parsing query: ${what} at line ${line}, char ${column}`])
}

function match(expression: RegExp, text: string, at: number): string | undefined {
  expression.lastIndex = at
  return expression.exec(text)?.[0]
}
