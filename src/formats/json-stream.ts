/** AAS JSON, read as a stream: the lists of an environment are cut into their items, so that only one is in memory. */
import { HubError } from '../errors.ts'
import type { Identifiable } from '../model/types.ts'
import { CLASS_OF_GROUP } from './groups.ts'
import { parseJson } from './json.ts'
import type { Found, ReadLimits } from './package.ts'

const KNOWN = new Set<string>([...CLASS_OF_GROUP.values()])

/**
 * Reads an environment, or a single shell, submodel or concept description.
 * @param origin what the file is called in messages
 * @throws HubError at the first place where this is not AAS JSON
 */
export async function* readJson(
  bytes: AsyncIterable<Uint8Array>,
  origin: string,
  limits: ReadLimits
): AsyncGenerator<Found> {
  const cutter = new Cutter(origin, limits)
  for await (const part of bytes) {
    cutter.write(Buffer.from(part.buffer, part.byteOffset, part.byteLength))
    yield* cutter.take()
  }
  cutter.close()
  yield* cutter.take()
}

const [QUOTE, BACKSLASH, OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET, COMMA, COLON] = Buffer.from('"\\{}[],:')

/**
 * Follows strings and brackets only; what an item says is JSON.parse's matter. Depth 0 is outside, 1 within the root
 * object, 2 within one of its lists; what opens at depth 2 is an item.
 */
class Cutter {
  readonly #origin: string
  readonly #limits: ReadLimits
  readonly #found: Found[] = []
  /** Bytes of the value that is being collected. */
  #parts: Buffer[] = []
  #size = 0
  #depth = 0
  #inString = false
  #escaped = false
  /** Name of the root's member that is being read. */
  #member: string | undefined
  #index = 0
  #ended = false
  /** Members of a root that is no environment but a document of its own, as JSON text. */
  #own: string[] = []

  constructor(origin: string, limits: ReadLimits) {
    this.#origin = origin
    this.#limits = limits
  }

  write(part: Buffer): void {
    let start = 0
    for (let at = 0; at < part.length; at++) {
      const sign = part[at]
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false
        else if (sign === BACKSLASH) this.#escaped = true
        else if (sign === QUOTE) this.#inString = false
        continue
      }
      if (sign === QUOTE) {
        if (this.#depth === 0) this.#refuse('a JSON object was expected')
        this.#inString = true
      } else if (sign === OPEN_BRACE || sign === OPEN_BRACKET) {
        if (this.#depth === 0) {
          if (sign !== OPEN_BRACE || this.#ended) this.#refuse('a JSON object was expected')
          if (this.#collect(part, start, at).trim() !== '') this.#refuse('a JSON object was expected')
          start = at + 1
        } else if (this.#depth === 1 && sign === OPEN_BRACKET && this.#isList()) {
          if (this.#collect(part, start, at).trim() !== '') this.#refuse(`${this.#member} was expected to be a list`)
          start = at + 1
        }
        this.#depth++
        if (this.#depth > this.#limits.depth) this.#refuse(`it is nested more than ${this.#limits.depth} deep`)
      } else if (sign === CLOSE_BRACE || sign === CLOSE_BRACKET) {
        if (this.#depth === 2 && this.#isList()) {
          if (sign !== CLOSE_BRACKET) this.#refuse(`the list ${this.#member} is not closed`)
          this.#item(this.#collect(part, start, at), false)
          start = at + 1
        } else if (this.#depth === 1) {
          if (sign !== CLOSE_BRACE) this.#refuse('the object is not closed')
          this.#endMember(this.#collect(part, start, at))
          start = at + 1
          this.#ended = true
        }
        this.#depth--
        if (this.#depth < 0) this.#refuse('a bracket closes that was not opened')
      } else if (sign === COMMA) {
        if (this.#depth === 2 && this.#isList()) {
          this.#item(this.#collect(part, start, at), true)
          start = at + 1
        } else if (this.#depth === 1) {
          this.#endMember(this.#collect(part, start, at))
          start = at + 1
        }
      } else if (sign === COLON && this.#depth === 1) {
        this.#startMember(this.#collect(part, start, at))
        start = at + 1
      }
    }
    this.#keep(part.subarray(start))
  }

  close(): void {
    if (!this.#ended || this.#depth !== 0 || this.#inString) this.#refuse('it ends before its JSON does')
    if (this.#text().trim() !== '') this.#refuse('something stands behind the JSON object')
    if (this.#own.length === 0) return
    const document = this.#parse(`{${this.#own.join(',')}}`, '') as { modelType?: unknown }
    const { modelType } = document
    if (typeof modelType !== 'string' || !KNOWN.has(modelType)) {
      this.#refuse(
        `it is neither an environment nor a shell, submodel or concept description; it has ${this.#own
          .map((member) => member.slice(0, 40))
          .join(', ')
          .slice(0, 200)}`
      )
    }
    this.#found.push({ document, className: modelType as Identifiable['modelType'], origin: `${this.#origin}: ` })
  }

  take(): Found[] {
    return this.#found.splice(0)
  }

  #isList(): boolean {
    return this.#member !== undefined && CLASS_OF_GROUP.has(this.#member)
  }

  /** An item of a list ends; `more` tells that another must follow. */
  #item(text: string, more: boolean): void {
    const className = CLASS_OF_GROUP.get(this.#member ?? '')
    if (className === undefined) return
    if (text.trim() === '') {
      if (more || this.#index > 0) this.#refuse(`in ${this.#member} an item is missing`)
      return
    }
    const place = `/${this.#member}/${this.#index}`
    this.#found.push({ document: this.#parse(text, place), className, origin: `${this.#origin} ${place}` })
    this.#index++
  }

  #startMember(text: string): void {
    const name = this.#parse(text, 'a member name')
    if (this.#member !== undefined || typeof name !== 'string') this.#refuse('a member name was expected')
    this.#member = name as string
    this.#index = 0
  }

  #endMember(text: string): void {
    const name = this.#member
    this.#member = undefined
    if (name === undefined) {
      if (text.trim() !== '') this.#refuse(`a member was expected; found ${text.trim().slice(0, 60)}`)
      return
    }
    if (!CLASS_OF_GROUP.has(name)) this.#own.push(`${JSON.stringify(name)}:${text}`)
    else if (text.trim() !== '') this.#refuse(`${name} was expected to be a list; found ${text.trim().slice(0, 60)}`)
  }

  #parse(text: string, place: string): unknown {
    try {
      return parseJson(text)
    } catch (error) {
      if (!(error instanceof HubError)) throw error
      return this.#refuse(`${place}: ${error.message}`)
    }
  }

  #collect(part: Buffer, start: number, end: number): string {
    this.#keep(part.subarray(start, end))
    const text = this.#text()
    this.#parts = []
    this.#size = 0
    return text
  }

  #keep(part: Buffer): void {
    if (part.length === 0) return
    this.#size += part.length
    if (this.#size > this.#limits.itemBytes) this.#refuse(`one document is larger than ${this.#limits.itemBytes} bytes`)
    this.#parts.push(part)
  }

  #text(): string {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(this.#parts))
    } catch {
      throw new HubError('BadRequest', [`${this.#origin} is not UTF-8`])
    }
  }

  #refuse(text: string): never {
    throw new HubError('BadRequest', [`${this.#origin} is not AAS JSON: ${text}`])
  }
}
