/**
 * InfluxDB's line protocol, as most gateways push it: `measurement,tag=value field=1.5,other=2i 1700000000000000000`.
 * A line is read in one pass; what is not understood is told by what was expected and where.
 */

export interface Point {
  readonly measurement: string
  readonly tags: ReadonlyMap<string, string>
  readonly fields: readonly Field[]
  /** In the unit of the request; absent where the line tells none. */
  readonly time: string | undefined
}

export interface Field {
  readonly name: string
  /** Numbers whose digits JavaScript would change stay text. */
  readonly value: number | string | boolean
}

/** @returns undefined for a blank line or a comment. @throws LineError */
export function parseLine(line: string): Point | undefined {
  if (BLANK.test(line)) return undefined
  const reader = new Reader(line)
  const measurement = reader.name(', ', 'a measurement')
  const tags = new Map<string, string>()
  while (reader.takes(',')) {
    const name = reader.name('=', 'the name of a tag')
    reader.expect('=')
    tags.set(name, reader.name(', ', `the value of the tag "${name}"`))
  }
  reader.spaces('a space and then fields')
  const fields: Field[] = []
  do {
    const name = reader.name('=', 'the name of a field')
    reader.expect('=')
    fields.push({ name, value: reader.value(name) })
  } while (reader.takes(','))
  const time = reader.time()
  return { measurement, tags, fields, time }
}

/** What is wrong with a line. */
export class LineError extends Error {
  override readonly name = 'LineError'
}

const BLANK = /^\s*(#|$)/

class Reader {
  readonly #line: string
  #at = 0

  constructor(line: string) {
    this.#line = line
    while (line[this.#at] === ' ') this.#at++
  }

  takes(sign: string): boolean {
    if (this.#line[this.#at] !== sign) return false
    this.#at++
    return true
  }

  expect(sign: string): void {
    if (!this.takes(sign)) throw this.#wrong(`"${sign}"`)
  }

  spaces(what: string): void {
    if (this.#line[this.#at] !== ' ') throw this.#wrong(what)
    while (this.#line[this.#at] === ' ') this.#at++
  }

  /** Up to one of these signs; a backslash takes the meaning from a sign that has one. */
  name(ends: string, what: string): string {
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

  value(name: string): Field['value'] {
    if (this.#line[this.#at] === '"') return this.#text(name)
    const start = this.#at
    while (this.#at < this.#line.length && this.#line[this.#at] !== ',' && this.#line[this.#at] !== ' ') this.#at++
    const text = this.#line.slice(start, this.#at)
    const value = plain(text)
    if (value !== undefined) return value
    this.#at = start
    throw this.#wrong(
      `the value of the field "${name}": a number, a whole one with i or u, a text in quotes, true or false`
    )
  }

  time(): string | undefined {
    const rest = this.#line.slice(this.#at).trim()
    if (rest === '') return undefined
    if (this.#line[this.#at] === ' ' && /^-?\d{1,19}$/.test(rest)) return rest
    throw this.#wrong('a comma and another field, or a space and the time as a whole number')
  }

  #text(name: string): string {
    const start = ++this.#at
    let escaped = false
    for (; this.#at < this.#line.length; this.#at++) {
      const sign = this.#line[this.#at]
      if (sign === '\\') {
        escaped = true
        this.#at++
      } else if (sign === '"') {
        const text = this.#line.slice(start, this.#at++)
        return escaped ? text.replace(/\\(["\\])/g, '$1') : text
      }
    }
    throw this.#wrong(`the quote that ends the text of the field "${name}"`)
  }

  #wrong(expected: string): LineError {
    const found = this.#line.slice(this.#at, this.#at + 30)
    return new LineError(
      `column ${this.#at + 1}: expected ${expected}; found ${found === '' ? 'the end of the line' : `"${found}"`}`
    )
  }
}

const ESCAPED = ',= \\'

const TRUE = new Set(['t', 'T', 'true', 'True', 'TRUE'])
const FALSE = new Set(['f', 'F', 'false', 'False', 'FALSE'])
const FLOAT = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/

function plain(text: string): Field['value'] | undefined {
  if (FLOAT.test(text)) return number(text)
  if (/^-?\d{1,20}[iu]$/.test(text)) return number(text.slice(0, -1))
  if (TRUE.has(text)) return true
  return FALSE.has(text) ? false : undefined
}

function number(text: string): number | string {
  const value = Number(text)
  return String(value) === text ? value : text
}
