/**
 * InfluxDB's line protocol: `measurement,tag=value field=1.5,other=2i 1700000000000000000`. A point ends with its line,
 * unless a quoted text contains line feeds; so the reader takes lines and remembers an open quote. Each line is read in
 * one pass.
 */
import { Literal } from '../model/literal.ts'
import type { DataTypeDefXsd } from '../model/types.ts'

export interface LinePoint {
  readonly measurement: string
  readonly tags: ReadonlyMap<string, string>
  readonly fields: readonly LineField[]
  /** In the unit of the request; undefined if the line has none. */
  readonly time: string | undefined
}

export interface LineField {
  readonly name: string
  /** A literal if JavaScript would write other digits than were sent. */
  readonly value: number | string | boolean | Literal
  /** The type by the syntax: a number is a float unless `i` or `u` follows. */
  readonly type: DataTypeDefXsd
}

/** A syntax error in a point. */
export class LineError extends Error {
  override readonly name = 'LineError'
}

/** Maximal number of tags, and of fields, of a point. */
export const MAX_FIELDS = 10_000

/** Characters of a multi-line point: an unclosed quote must not swallow the rest of the body. */
const MAX_POINT_LENGTH = 16 * 1024 * 1024
const LINE_OVERHEAD = 16

/** Parses a single line. @returns undefined for a blank line or a comment. @throws LineError */
export function parseLine(line: string): LinePoint | undefined {
  const reader = new PointReader()
  const point = reader.read(line)
  const error = reader.end()
  if (error !== undefined) throw error
  return point
}

const BLANK = /^\s*(#|$)/

/** Reads points, line by line. */
export class PointReader {
  #line = ''
  #at = 0
  #point: { measurement: string; tags: Map<string, string>; fields: LineField[] } | undefined
  /** The field and the lines so far of an unclosed text. */
  #open: { readonly name: string; readonly parts: string[] } | undefined
  /** Characters of the point so far, with an overhead per line: roughly its size in memory. */
  #length = 0
  /** A refused point has an unclosed quote: the next lines belong to it. */
  #isSkipping = false

  /** Does the next line belong to the same point? */
  get isOpen(): boolean {
    return this.#open !== undefined || this.#isSkipping
  }

  /**
   * Reads one line, without its line feed.
   * @returns the point that ends with it; undefined for a blank line or a comment, or while a quote is open
   * @throws LineError; the remaining lines of the same point are then skipped
   */
  read(line: string): LinePoint | undefined {
    this.#line = line
    this.#at = 0
    if (this.#isSkipping) {
      this.#isSkipping = !this.#closesQuotes(0, true)
      return undefined
    }
    this.#length = line.length + (this.#open === undefined ? 0 : this.#length + LINE_OVERHEAD)
    if (this.#open !== undefined && this.#length > MAX_POINT_LENGTH) {
      this.#open = undefined
      this.#isSkipping = !this.#closesQuotes(0, true)
      throw new LineError(`a point has at most ${MAX_POINT_LENGTH} characters; is a quote missing before these lines?`)
    }
    try {
      if (this.#open !== undefined) return this.#continue(this.#open)
      return BLANK.test(line) ? undefined : this.#begin()
    } catch (error) {
      this.#isSkipping = !this.#closesQuotes(this.#at, false)
      this.#open = undefined
      throw error
    }
  }

  /**
   * Skips a line that cannot be decoded.
   * @returns whether this refuses a point: not for comments and lines of an already refused point
   */
  skipLine(line: string): boolean {
    const [wasOpen, wasRefused] = [this.isOpen, this.#isSkipping]
    if (!wasOpen && BLANK.test(line)) return false
    this.#line = line
    this.#open = undefined
    this.#isSkipping = !this.#closesQuotes(0, wasOpen)
    return !wasRefused
  }

  /** Must be called after the last line. @returns an error if a text is still open */
  end(): LineError | undefined {
    const name = this.#open?.name
    this.#open = undefined
    this.#isSkipping = false
    this.#at = this.#line.length
    return name === undefined
      ? undefined
      : this.#wrong(`the quote that ends the text of the field "${name.slice(0, 60)}"`)
  }

  #begin(): LinePoint | undefined {
    while (this.#line[this.#at] === ' ') this.#at++
    const measurement = this.#name(', ', 'a measurement')
    const tags = new Map<string, string>()
    while (this.#takes(',')) {
      const name = this.#name('=', 'the name of a tag')
      this.#expect('=')
      if (tags.size === MAX_FIELDS) throw this.#tooMany('tags')
      tags.set(name, this.#name(', ', `the value of the tag "${name}"`))
    }
    this.#spaces('a space and then fields')
    this.#point = { measurement, tags, fields: [] }
    return this.#fields()
  }

  /** The remaining fields, and the time. */
  #fields(): LinePoint | undefined {
    const fields = this.#point?.fields ?? []
    do {
      if (fields.length === MAX_FIELDS) throw this.#tooMany('fields')
      const name = this.#name('=', 'the name of a field')
      this.#expect('=')
      if (this.#line[this.#at] === '"') {
        this.#at++
        if (!this.#text(name, [])) return undefined
      } else fields.push(this.#scalar(name))
    } while (this.#takes(','))
    const time = this.#time()
    return this.#point === undefined ? undefined : { ...this.#point, time }
  }

  /** Continues an open text. */
  #continue({ name, parts }: { name: string; parts: string[] }): LinePoint | undefined {
    if (!this.#text(name, parts)) return undefined
    if (this.#takes(',')) return this.#fields()
    const time = this.#time()
    return this.#point === undefined ? undefined : { ...this.#point, time }
  }

  /** Reads a text up to its quote. @returns false if it continues in the next line */
  #text(name: string, parts: string[]): boolean {
    const start = this.#at
    const end = quoteIn(this.#line, start)
    if (end < 0) {
      parts.push(this.#line.slice(start))
      this.#at = this.#line.length
      this.#open = { name, parts }
      return false
    }
    this.#open = undefined
    this.#at = end + 1
    const last = this.#line.slice(start, end)
    const text = parts.length === 0 ? last : `${parts.join('\n')}\n${last}`
    const value = text.includes('\\') ? text.replace(/\\(["\\])/g, '$1') : text
    this.#point?.fields.push({ name, value, type: 'xs:string' })
    return true
  }

  /** Are all quotes from here on closed, so that the point ends with the line? */
  #closesQuotes(from: number, isOpen: boolean): boolean {
    let open = isOpen
    for (let at = quoteIn(this.#line, from); at >= 0; at = quoteIn(this.#line, at + 1)) open = !open
    return !open
  }

  #takes(sign: string): boolean {
    if (this.#line[this.#at] !== sign) return false
    this.#at++
    return true
  }

  #expect(sign: string): void {
    if (!this.#takes(sign)) throw this.#wrong(`"${sign}"`)
  }

  #spaces(what: string): void {
    if (this.#line[this.#at] !== ' ') throw this.#wrong(what)
    while (this.#line[this.#at] === ' ') this.#at++
  }

  /** Reads up to one of these characters; a backslash escapes special characters. */
  #name(ends: string, what: string): string {
    const start = this.#at
    let escaped = false
    for (; this.#at < this.#line.length; this.#at++) {
      const sign = this.#line[this.#at] ?? ''
      if (sign === '\\' && ESCAPED.includes(this.#line[this.#at + 1] ?? '-')) {
        escaped = true
        this.#at++
      } else if (ends.includes(sign)) break
    }
    if (this.#at === start) throw this.#wrong(what)
    const text = this.#line.slice(start, this.#at)
    return escaped ? text.replace(/\\([,= \\])/g, '$1') : text
  }

  #scalar(name: string): LineField {
    const start = this.#at
    while (this.#at < this.#line.length && this.#line[this.#at] !== ',' && this.#line[this.#at] !== ' ') this.#at++
    const field = scalarOf(name, this.#line.slice(start, this.#at).trimEnd())
    if (field !== undefined) return field
    this.#at = start
    throw this.#wrong(
      `the value of the field "${name}": a number, a whole one with i or u, a text in quotes, true or false`
    )
  }

  #time(): string | undefined {
    const rest = this.#line.slice(this.#at).trim()
    if (rest === '') return undefined
    if (this.#line[this.#at] === ' ' && /^-?\d{1,19}$/.test(rest)) return rest
    throw this.#wrong('a comma and another field, or a space and the time as a whole number')
  }

  #tooMany(what: string): LineError {
    return new LineError(
      `column ${this.#at + 1}: a point has at most ${MAX_FIELDS} ${what}; send the others in points of their own`
    )
  }

  #wrong(expected: string): LineError {
    const found = this.#line.slice(this.#at, this.#at + 30)
    return new LineError(
      `column ${this.#at + 1}: expected ${expected}; found ${found === '' ? 'the end of the line' : `"${found}"`}`
    )
  }
}

/** Position of the next unescaped quote, or -1. */
function quoteIn(line: string, from: number): number {
  for (let at = line.indexOf('"', from); at >= 0; at = line.indexOf('"', at + 1)) {
    let backslashes = 0
    while (at - backslashes > from && line[at - backslashes - 1] === '\\') backslashes++
    if (backslashes % 2 === 0) return at
  }
  return -1
}

const ESCAPED = ',= \\'

const TRUE = new Set(['t', 'T', 'true', 'True', 'TRUE'])
const FALSE = new Set(['f', 'F', 'false', 'False', 'FALSE'])
const FLOAT = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/
const WHOLE = /^[+-]?\d{1,20}[iu]$/

function scalarOf(name: string, text: string): LineField | undefined {
  if (FLOAT.test(text)) return { name, value: number(text), type: 'xs:double' }
  if (WHOLE.test(text)) {
    return { name, value: number(text.slice(0, -1)), type: text.endsWith('i') ? 'xs:long' : 'xs:unsignedLong' }
  }
  if (TRUE.has(text)) return { name, value: true, type: 'xs:boolean' }
  return FALSE.has(text) ? { name, value: false, type: 'xs:boolean' } : undefined
}

function number(text: string): number | Literal {
  const value = Number(text)
  return String(value) === text ? value : new Literal(text)
}
