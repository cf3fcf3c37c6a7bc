/** Writes AAS XML as a stream of text, one identifiable at a time. */
import { type Field, heirsOf } from '../model/fields.ts'
import type { Identifiable } from '../model/types.ts'
import { listSteps } from './environment-lists.ts'
import type { MetamodelRelease } from './releases.ts'
import { elementName, NAMESPACE_OF, writtenFieldsOf } from './xml-names.ts'

/**
 * Writes an environment.
 * @param identifiables grouped: shells, submodels, concept descriptions; in their form of the release
 */
export async function* writeXml(
  identifiables: AsyncIterable<Identifiable>,
  release: MetamodelRelease = '3.1'
): AsyncGenerator<string> {
  yield `<?xml version="1.0" encoding="UTF-8"?>\n<environment xmlns="${NAMESPACE_OF[release]}">`
  for await (const { opens, closes, document } of listSteps(identifiables)) {
    if (closes !== undefined) yield `</${closes}>`
    if (opens !== undefined) yield `<${opens}>`
    if (document !== undefined) yield instance(document, document.modelType, release)
  }
  yield '</environment>\n'
}

/** One object in the element of its class. */
function instance(object: object, className: string, release: MetamodelRelease): string {
  const name = elementName(className)
  return `<${name}>${content(object, className, release)}</${name}>`
}

/** The members of an object, in the order of the XML Schema. */
function content(object: object, className: string, release: MetamodelRelease): string {
  const members = object as Readonly<Record<string, unknown>>
  const fields = writtenFieldsOf(className, release)
  let text = ''
  let written = members.modelType === className ? 1 : 0
  for (const field of fields) {
    const value = members[field.name]
    if (value === undefined) continue
    text += `<${field.name}>${member(value, field, release)}</${field.name}>`
    written++
  }
  return Object.keys(members).length === written ? text : text + leftOut(members, fields, { className, release })
}

/** A comment with the members that this release of AAS XML cannot express, so that they are not lost silently. */
function leftOut(
  members: Readonly<Record<string, unknown>>,
  fields: readonly Field[],
  { className, release }: { readonly className: string; readonly release: MetamodelRelease }
): string {
  const known = new Set(fields.map(({ name }) => name))
  const rest = Object.entries(members).filter(
    ([name, value]) => !known.has(name) && value !== undefined && !(name === 'modelType' && value === className)
  )
  return rest.length === 0 ? '' : comment(Object.fromEntries(rest), release)
}

function comment(json: unknown, release: MetamodelRelease): string {
  // Two hyphens would end the comment.
  const text = JSON.stringify(json).replaceAll('--', '-\\u002d').replace(FOREIGN, '\uFFFD')
  return `<!-- not in AAS ${release} XML: ${text} -->`
}

function member(value: unknown, field: Field, release: MetamodelRelease): string {
  if (Array.isArray(value)) return value.map((item) => listItem(item, field, release)).join('')
  if (typeof value !== 'object' || value === null) return escapeText(String(value))
  // A choice is wrapped in an element that names its class.
  return field.sort === 'choice'
    ? instance(value, classNameOf(value, field), release)
    : content(value, field.type, release)
}

/** Only in leniently stored documents an item is no object. */
function listItem(item: unknown, field: Field, release: MetamodelRelease): string {
  return typeof item === 'object' && item !== null
    ? instance(item, classNameOf(item, field), release)
    : comment(item, release)
}

/** The class that the document names, if a member of this type may hold it; in lenient documents it may be anything. */
function classNameOf(value: object, field: Field): string {
  const { modelType } = value as { modelType?: unknown }
  return typeof modelType === 'string' && heirsOf(field.type).includes(modelType) ? modelType : field.type
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#xD;' }

/** Characters not allowed in XML 1.0 [AASd-130]; only leniently stored documents contain them. */
const FOREIGN = /[\0-\x08\v\f\x0E-\x1F\uFFFE\uFFFF]/g

/** An unescaped carriage return would be read as a line feed (XML 1.0, 2.11). */
function escapeText(text: string): string {
  return text.replace(FOREIGN, '\uFFFD').replace(/[&<>\r]/g, (sign) => ESCAPES[sign] ?? sign)
}
