/** AAS XML, written as a stream of text, one identifiable at a time. */
import { type Field, fieldsOf } from '../model/fields.ts'
import type { Identifiable } from '../model/types.ts'
import { grouped } from './groups.ts'
import { elementName, NAMESPACE } from './xml-names.ts'

/**
 * Writes an environment.
 * @param identifiables grouped: shells, submodels, concept descriptions
 */
export async function* writeXml(identifiables: AsyncIterable<Identifiable>): AsyncGenerator<string> {
  yield `<?xml version="1.0" encoding="UTF-8"?>\n<environment xmlns="${NAMESPACE}">`
  for await (const { opens, closes, document } of grouped(identifiables)) {
    if (closes !== undefined) yield `</${closes}>`
    if (opens !== undefined) yield `<${opens}>`
    if (document !== undefined) yield instance(document, document.modelType)
  }
  yield '</environment>\n'
}

/** One object within the element of its class. */
function instance(object: object, className: string): string {
  const name = elementName(className)
  return `<${name}>${content(object, className)}</${name}>`
}

/** The members of an object, in the order of the XML Schema. */
function content(object: object, className: string): string {
  let text = ''
  for (const field of fieldsOf(className)) {
    const value = (object as Record<string, unknown>)[field.name]
    if (value !== undefined) text += `<${field.name}>${member(value, field)}</${field.name}>`
  }
  return text
}

function member(value: unknown, field: Field): string {
  if (Array.isArray(value)) return value.map((item) => instance(item, classNameOf(item, field))).join('')
  if (typeof value !== 'object' || value === null) return escapeText(String(value))
  // A choice says by an element of its own which class it is.
  return field.sort === 'choice' ? instance(value, classNameOf(value, field)) : content(value, field.type)
}

function classNameOf(value: object, field: Field): string {
  return (value as { modelType?: string }).modelType ?? field.type
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#xD;' }

/** What XML 1.0 cannot carry at all [AASd-130]; only a document that was taken leniently has such. */
const FOREIGN = /[\0-\x08\v\f\x0E-\x1F\uFFFE\uFFFF]/g

/** A bare carriage return would be read back as a line feed (XML 1.0, 2.11). */
function escapeText(text: string): string {
  return text.replace(FOREIGN, '\uFFFD').replace(/[&<>\r]/g, (sign) => ESCAPES[sign] ?? sign)
}
