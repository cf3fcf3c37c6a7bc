/** AAS JSON, read as a stream: the lists of an environment are cut into items, so that only one is in memory. */
import { HubError, type Violation } from '../errors.ts'
import type { Identifiable } from '../model/types.ts'
import { refuseEarlierJson } from './earlier-releases.ts'
import { CLASS_OF_LIST } from './environment-lists.ts'
import { emptyListNote, type FoundDocument, type ReadLimits } from './environment-source.ts'
import { parseJson } from './json.ts'
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  JsonScanner,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE
} from './json-scanner.ts'

/**
 * Reads an environment, or a single shell, submodel or concept description.
 * @param origin name of the file in messages
 * @param notes receives findings outside of the documents
 * @throws HubError at the first position where this is not AAS JSON
 */
export async function* readJson(
  bytes: AsyncIterable<Uint8Array>,
  origin: string,
  limits: ReadLimits,
  notes: Violation[] = []
): AsyncGenerator<FoundDocument> {
  const cutter = new EnvironmentCutter(origin, limits, notes)
  for await (const part of bytes) {
    cutter.write(Buffer.from(part.buffer, part.byteOffset, part.byteLength))
    yield* cutter.take()
  }
  cutter.close()
  yield* cutter.take()
}

const IDENTIFIABLE_CLASSES = new Set<string>(CLASS_OF_LIST.values())
/** Position in the root object; unchanged within an item of a list. */
type CutterState = 'before' | 'first name' | 'name' | 'value' | 'list' | 'after list' | 'after'

/**
 * Cuts by structural characters only; JSON.parse reads the items. Depth 0 is outside, 1 within the root object, 2 within
 * one of its lists; an object that opens at depth 2 is an item.
 */
class EnvironmentCutter {
  readonly #origin: string
  readonly #limits: ReadLimits
  readonly #found: FoundDocument[] = []
  /** Bytes of the text being collected. */
  #parts: Buffer[] = []
  #size = 0
  #state: CutterState = 'before'
  #depth = 0
  readonly #scanner = new JsonScanner('{}[],:')
  /** Name of the root's member being read. */
  #member = ''
  #index = 0
  readonly #lists = new Set<string>()
  /** Members of a root that is a single document instead of an environment, as JSON text. */
  readonly #own: string[] = []
  #ownSize = 0
  /** References found in `submodels`: a shell has a member of the same name. */
  readonly #references: FoundDocument[] = []
  #items = 0

  readonly #notes: Violation[]
  readonly #emptyLists: string[] = []

  constructor(origin: string, limits: ReadLimits, notes: Violation[]) {
    this.#origin = origin
    this.#limits = limits
    this.#notes = notes
  }

  write(part: Buffer): void {
    let start = 0
    for (let at = this.#scanner.next(part, 0); at < part.length; at = this.#scanner.next(part, at + 1)) {
      if (this.#sign(part, start, at)) start = at + 1
    }
    this.#keep(part.subarray(start))
  }

  close(): void {
    if (this.#state !== 'after') this.#refuse('it ends in the middle of its JSON')
    if (!isBlank(this.#text())) this.#refuse('there is more text after the JSON object')
    if (this.#own.length === 0) {
      for (const reference of this.#references) this.#found.push(reference)
      this.#notes.push(...this.#emptyLists.map((group) => emptyListNote(this.#origin, group)))
    } else this.#found.push(this.#single())
  }

  take(): FoundDocument[] {
    return this.#found.splice(0)
  }

  /** @returns whether the text up to this character was consumed */
  #sign(part: Buffer, start: number, at: number): boolean {
    switch (part[at]) {
      case QUOTE:
        if (this.#depth === 0) this.#refuse('a JSON object was expected')
        return false
      case OPEN_BRACE:
      case OPEN_BRACKET:
        return this.#open(part, start, at)
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        return this.#close(part, start, at)
      case COMMA:
        if (this.#depth === 2 && this.#state === 'list') this.#item(this.#collect(part, start, at), true)
        else if (this.#depth === 1) this.#endMember(this.#collect(part, start, at), true)
        else return false
        return true
      case COLON:
        if (this.#depth !== 1) return false
        this.#startMember(this.#collect(part, start, at))
        return true
      default:
        return false
    }
  }

  #open(part: Buffer, start: number, at: number): boolean {
    let taken = false
    if (this.#depth === 0) {
      // TextDecoder has removed a byte order mark.
      if (this.#state !== 'before' || part[at] !== OPEN_BRACE || !isBlank(this.#collect(part, start, at)))
        this.#refuse('a JSON object was expected')
      this.#state = 'first name'
      taken = true
    } else if (this.#depth === 1 && part[at] === OPEN_BRACKET && this.#state === 'value') {
      if (CLASS_OF_LIST.has(this.#member)) {
        if (!isBlank(this.#collect(part, start, at))) this.#refuse(`${this.#member} was expected to be a list`)
        this.#state = 'list'
        taken = true
      }
    }
    this.#depth++
    if (this.#depth > this.#limits.depth) this.#refuse(`it is nested more than ${this.#limits.depth} deep`)
    return taken
  }

  #close(part: Buffer, start: number, at: number): boolean {
    this.#depth--
    if (this.#depth === 1 && this.#state === 'list') {
      if (part[at] !== CLOSE_BRACKET) this.#refuse(`the list ${this.#member} is not closed`)
      this.#item(this.#collect(part, start, at), false)
      if (this.#index === 0) this.#emptyLists.push(this.#member)
      this.#state = 'after list'
      return true
    }
    if (this.#depth === 0) {
      if (part[at] !== CLOSE_BRACE) this.#refuse('the object is not closed')
      this.#endMember(this.#collect(part, start, at), false)
      this.#state = 'after'
      return true
    }
    if (this.#depth < 0) this.#refuse('a closing bracket has no opening one')
    return false
  }

  #startMember(text: string): void {
    const name = this.#parse(text, 'a member name')
    if ((this.#state !== 'first name' && this.#state !== 'name') || typeof name !== 'string')
      this.#refuse('a member name was expected')
    this.#member = name as string
    if (this.#lists.has(this.#member)) this.#refuse(`${this.#member} occurs twice`)
    if (CLASS_OF_LIST.has(this.#member)) this.#lists.add(this.#member)
    this.#index = 0
    this.#state = 'value'
  }

  /** A member of the root ends. @param more another member must follow */
  #endMember(text: string, more: boolean): void {
    const empty = this.#state === 'first name' && !more
    if (this.#state === 'value') {
      if (CLASS_OF_LIST.has(this.#member))
        this.#refuse(`${this.#member} was expected to be a list; found ${text.trim().slice(0, 60)}`)
      this.#keepOwn(`${JSON.stringify(this.#member)}:${text}`)
    } else if ((this.#state !== 'after list' && !empty) || !isBlank(text)) {
      this.#refuse(`a member was expected; found "${text.trim().slice(0, 60)}"`)
    }
    this.#state = 'name'
  }

  /** An item of a list ends. @param more another item must follow */
  #item(text: string, more: boolean): void {
    const className = CLASS_OF_LIST.get(this.#member)
    if (className === undefined) return
    if (isBlank(text)) {
      if (more || this.#index > 0) this.#refuse(`in ${this.#member} an item is missing`)
      return
    }
    const place = `/${this.#member}/${this.#index}`
    const found: FoundDocument = { document: this.#parse(text, place), className, origin: `${this.#origin} ${place}` }
    refuseEarlierJson(found.document, this.#origin)
    this.#index++
    if (className === 'Submodel' && isReference(found.document)) {
      this.#references.push(found)
      this.#count(text.length)
    } else {
      this.#found.push(found)
      this.#items++
    }
  }

  #keepOwn(text: string): void {
    this.#own.push(text)
    this.#count(text.length)
  }

  #count(size: number): void {
    this.#ownSize += size
    if (this.#ownSize > this.#limits.itemBytes) this.#tooLarge()
  }

  /** The root as a single document. */
  #single(): FoundDocument {
    const document = this.#parse(`{${this.#own.join(',')}}`, '') as Record<string, unknown>
    const { modelType } = document
    refuseEarlierJson(document, this.#origin)
    if (this.#items > 0 || typeof modelType !== 'string' || !IDENTIFIABLE_CLASSES.has(modelType)) {
      const names = this.#own.map((member) => member.slice(0, 40)).join(', ')
      const what = 'it is neither an environment nor a shell, submodel or concept description'
      return this.#refuse(`${what}; it has ${names.slice(0, 200)}`)
    }
    if (this.#lists.has('submodels')) document.submodels = this.#references.map((reference) => reference.document)
    return { document, className: modelType as Identifiable['modelType'], origin: `${this.#origin}: ` }
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
    if (this.#size > this.#limits.itemBytes) this.#tooLarge()
    this.#parts.push(part)
  }

  #text(): string {
    const [first] = this.#parts
    const bytes = this.#parts.length === 1 && first !== undefined ? first : Buffer.concat(this.#parts)
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: this.#state !== 'before' }).decode(bytes)
    } catch {
      throw new HubError('BadRequest', [`${this.#origin} is not UTF-8`])
    }
  }

  #tooLarge(): never {
    throw new HubError('TooLarge', [`In ${this.#origin} one document is larger than ${this.#limits.itemBytes} bytes`])
  }

  #refuse(text: string): never {
    throw new HubError('BadRequest', [`${this.#origin} is not AAS JSON: ${text}`])
  }
}

/** Only JSON's white space (RFC 8259, 2). */
function isBlank(text: string): boolean {
  return !/[^ \t\r\n]/.test(text)
}

function isReference(document: unknown): boolean {
  return (
    typeof document === 'object' &&
    document !== null &&
    Object.hasOwn(document, 'keys') &&
    !Object.hasOwn(document, 'modelType')
  )
}
