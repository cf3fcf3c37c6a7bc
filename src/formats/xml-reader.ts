/** AAS XML, read as a stream: one identifiable at a time, in its JSON form. */
import { SaxesParser, type SaxesTagNS } from 'saxes'
import { HubError, type Violation } from '../errors.ts'
import { allPrimitives, type ClassName, declarationOf, type Field } from '../model/fields.ts'
import { refuseEarlierNamespace } from './earlier-releases.ts'
import { CLASS_OF_LIST } from './environment-lists.ts'
import { emptyListNote, type FoundDocument, type ReadLimits } from './environment-source.ts'
import { classOf, elementName, membersOf, NAMESPACES } from './xml-names.ts'

/**
 * @param bytes UTF-8; another encoding is refused
 * @param origin name of the file in messages
 * @param notes receives findings outside of the documents
 * @throws HubError `Invalid` at the first position where this is not AAS XML
 */
export async function* readXml(
  bytes: AsyncIterable<Uint8Array>,
  origin: string,
  limits: ReadLimits,
  notes: Violation[] = []
): AsyncGenerator<FoundDocument> {
  const reader = new EnvironmentXmlReader(origin, limits, notes)
  const decoder = new TextDecoder('utf-8', { fatal: true })
  for await (const part of bytes) {
    reader.write(decode(decoder, part, origin))
    yield* reader.take()
  }
  reader.write(decode(decoder, undefined, origin))
  reader.close()
  yield* reader.take()
}

/** An open XML element; its kind decides what it may contain. */
type Frame =
  | { is: 'environment'; groups: Set<string> }
  | { is: 'group'; className: FoundDocument['className']; isEmpty: boolean }
  | { is: 'object'; className: ClassName; object: Record<string, unknown> }
  | { is: 'list'; field: Field; items: unknown[] }
  | { is: 'choice'; field: Field; held?: object }
  | { is: 'text'; field: Field; text: string }

const MAX_ATTRIBUTES = 32

class EnvironmentXmlReader {
  readonly #parser = new SaxesParser({ xmlns: true })
  readonly #frames: Frame[] = []
  readonly #origin: string
  readonly #limits: ReadLimits
  readonly #found: FoundDocument[] = []
  /** Characters of the identifiable being read. */
  #size = 0
  #attributes = 0
  #began = 0

  readonly #notes: Violation[]

  constructor(origin: string, limits: ReadLimits, notes: Violation[]) {
    this.#origin = origin
    this.#limits = limits
    this.#notes = notes
    this.#parser.on('error', (error) => this.#refuse(error.message.replace(/^\d+:\d+: /, '')))
    // Custom entities could exhaust memory; AAS XML does not need a document type.
    this.#parser.on('doctype', () => this.#refuse('a document type (<!DOCTYPE …>) is not allowed'))
    this.#parser.on('xmldecl', ({ encoding }) => {
      if (encoding !== undefined && !/^(utf-8|us-ascii)$/i.test(encoding))
        this.#refuse(`the encoding UTF-8 was expected; the file says "${encoding}"`)
    })
    // AAS XML has attributes only for namespaces and the schema location.
    this.#parser.on('opentagstart', () => {
      this.#attributes = 0
    })
    this.#parser.on('attribute', () => {
      if (++this.#attributes > MAX_ATTRIBUTES) this.#refuse(`an element has more than ${MAX_ATTRIBUTES} attributes`)
    })
    this.#parser.on('opentag', (tag) => this.#open(tag))
    this.#parser.on('closetag', (tag) => this.#close(tag))
    this.#parser.on('text', (text) => this.#text(text))
    this.#parser.on('cdata', (text) => this.#text(text))
  }

  write(text: string): void {
    this.#parser.write(text)
    this.#size += text.length
    if (this.#size > this.#limits.itemBytes)
      this.#refuse(`one document is larger than ${this.#limits.itemBytes} characters`)
  }

  close(): void {
    this.#parser.close()
  }

  take(): FoundDocument[] {
    return this.#found.splice(0)
  }

  #open(tag: SaxesTagNS): void {
    if (!NAMESPACES.includes(tag.uri)) {
      refuseEarlierNamespace(tag.uri, this.#origin)
      this.#refuse(`<${tag.name}> is of the namespace "${tag.uri}"; expected ${NAMESPACES[0]}`)
    }
    if (this.#frames.length >= this.#limits.depth)
      this.#refuse(`elements are nested more than ${this.#limits.depth} deep`)
    const parent = this.#frames.at(-1)
    this.#frames.push(parent === undefined ? this.#root(tag.local) : this.#within(parent, tag.local))
  }

  #root(name: string): Frame {
    if (name === 'environment') return { is: 'environment', groups: new Set() }
    return this.#refuse(`<environment> was expected; found <${name}>`)
  }

  #within(parent: Frame, name: string): Frame {
    switch (parent.is) {
      case 'environment': {
        const className = CLASS_OF_LIST.get(name)
        if (className === undefined) return this.#refuse(`<${name}> cannot stand in an environment`)
        if (parent.groups.has(name)) this.#refuse(`<${name}> stands here twice`)
        parent.groups.add(name)
        return { is: 'group', className, isEmpty: true }
      }
      case 'group': {
        if (name !== elementName(parent.className))
          this.#refuse(`<${elementName(parent.className)}> was expected; found <${name}>`)
        parent.isEmpty = false
        this.#size = 0
        this.#began = this.#parser.line
        return this.#object(parent.className)
      }
      case 'object': {
        const field = membersOf(parent.className).get(name)
        if (field === undefined) return this.#refuse(`<${elementName(parent.className)}> has no member <${name}>`)
        if (Object.hasOwn(parent.object, name)) this.#refuse(`<${name}> stands here twice`)
        return this.#member(field)
      }
      case 'list':
      case 'choice': {
        const className = classOf(name, parent.field.type)
        if (className === undefined) return this.#refuse(`<${name}> cannot stand in <${parent.field.name}>`)
        if (parent.is === 'choice' && parent.held !== undefined)
          this.#refuse(`<${parent.field.name}> holds more than one element`)
        return this.#object(className)
      }
      case 'text':
        return this.#refuse(`<${parent.field.name}> holds text; found <${name}>`)
    }
  }

  #member(field: Field): Frame {
    if (field.many) return { is: 'list', field, items: [] }
    if (field.sort === 'choice') return { is: 'choice', field }
    if (field.sort === 'class') return this.#object(field.type as ClassName)
    return { is: 'text', field, text: '' }
  }

  #object(className: ClassName): Frame {
    const modelType = declarationOf(className)?.modelType ? { modelType: className } : {}
    return { is: 'object', className, object: modelType }
  }

  #close(tag: SaxesTagNS): void {
    const frame = this.#frames.pop() as Frame
    const parent = this.#frames.at(-1)
    if (frame.is === 'group' && frame.isEmpty) this.#notes.push(emptyListNote(this.#origin, tag.local))
    if (parent === undefined || parent.is === 'environment') return
    const value = this.#valueOf(frame)
    if (parent.is === 'group') {
      const origin = `${this.#origin} line ${this.#began}: `
      this.#found.push({ document: value, className: parent.className, origin, namespace: tag.uri })
    } else if (parent.is === 'object') parent.object[tag.local] = value
    else if (parent.is === 'list') parent.items.push(value)
    else if (parent.is === 'choice') parent.held = value as object
  }

  #valueOf(frame: Frame): unknown {
    switch (frame.is) {
      case 'object':
        return frame.object
      case 'list':
        return frame.items
      case 'choice':
        return frame.held ?? this.#refuse(`<${frame.field.name}> is empty`)
      case 'text':
        return this.#primitive(frame.text, frame.field.type)
      default:
        return undefined
    }
  }

  #primitive(text: string, type: string): string | boolean {
    const { json, base64 } = allPrimitives.get(type) ?? {}
    if (json === 'boolean') return this.#boolean(text)
    // xs:base64Binary may contain line breaks (XML Schema part 2, 3.2.16), JSON's base64 may not (RFC 4648, 3.1).
    return base64 === true ? text.replace(/[ \t\r\n]+/g, '') : text
  }

  #boolean(text: string): boolean {
    const trimmed = text.trim()
    if (trimmed === 'true' || trimmed === '1') return true
    if (trimmed === 'false' || trimmed === '0') return false
    return this.#refuse(`true or false was expected; found "${trimmed.slice(0, 60)}"`)
  }

  /** Only white space is allowed between elements. */
  #text(text: string): void {
    const frame = this.#frames.at(-1)
    if (frame?.is === 'text') frame.text += text
    else if (/[^ \t\r\n]/.test(text)) this.#refuse(`text was not expected here; found "${text.trim().slice(0, 60)}"`)
  }

  #refuse(text: string): never {
    const pointer = `${this.#origin} line ${this.#parser.line}, column ${this.#parser.column}: `
    // The text may contain a name as long as the file.
    throw new HubError('Invalid', [1], [{ pointer, rule: 'XML', text: text.slice(0, 300) }])
  }
}

function decode(decoder: TextDecoder, part: Uint8Array | undefined, origin: string): string {
  try {
    return decoder.decode(part, { stream: part !== undefined })
  } catch {
    throw new HubError('BadRequest', [`${origin} is not UTF-8`])
  }
}
