/**
 * ValueOnly (Part 1, "Format ValueOnly"; digest 4.5): what an element says, without what it is. Out from documents and
 * from element rows, and back in as writes to value members.
 */
import { HubError, type Violation } from '../errors.ts'
import { describe, isFloating, isLexical, isNumeric } from '../model/datatypes.ts'
import { pointerTo } from '../model/document-path.ts'
import { excerptOf } from '../model/excerpt.ts'
import { childrenMember } from '../model/fields.ts'
import { Literal, writtenOut } from '../model/literal.ts'
import { join, type Step } from '../model/path.ts'
import { patterns } from '../model/patterns.ts'
import { trimEnd, trimStart } from '../model/trim.ts'
import type { DataTypeDefXsd, Entity, LangString, SubmodelElement } from '../model/types.ts'
import { readValueMembers, type ValueMembers, valueMemberNames, writeValueMembers } from '../model/value-members.ts'
import { isNumber, toValueText } from '../model/value-text.ts'
import { type Container, childrenOf, stepsTo } from '../model/walk.ts'
import { validate } from './json.ts'

export interface ValueModifiers {
  readonly level?: 'deep' | 'core'
  readonly extent?: 'withBlobValue' | 'withoutBlobValue'
}

/** New value members of one element. */
export interface ValueWrite {
  readonly path: string
  /** The element in the document that the body was held against. */
  readonly element: SubmodelElement
  /** Those that the body named; others keep what they hold. */
  readonly members: ValueMembers
}

// ---- out

/** The value of an element or a submodel; undefined where it has none to show. */
export function toValue(container: Container, shape: ValueModifiers = {}): unknown {
  switch (container.modelType) {
    case 'Submodel':
    case 'SubmodelElementCollection':
      return byIdShort(container, shape)
    case 'SubmodelElementList':
      return byIndex(childrenOf(container), shape)
    case 'Entity': {
      const { entityType, globalAssetId, specificAssetIds } = container
      const statements = childrenOf(container).length === 0 ? undefined : byIdShort(container, shape)
      return { ...present({ statements, entityType, globalAssetId, specificAssetIds }) }
    }
    case 'AnnotatedRelationshipElement': {
      const annotations = childrenOf(container).length === 0 ? undefined : byIdShort(container, shape)
      return leafValue(container.modelType, undefined, present({ ...readValueMembers(container), annotations }))
    }
    case 'Blob': {
      const { contentType, value } = container
      return leafValue(
        'Blob',
        undefined,
        present({ contentType, value: shape.extent === 'withBlobValue' ? value : undefined })
      )
    }
    case 'Property':
    case 'Range':
      return leafValue(container.modelType, container.valueType, readValueMembers(container))
    case 'Capability':
    case 'Operation':
      return undefined
    default:
      return leafValue(container.modelType, undefined, readValueMembers(container))
  }
}

/**
 * JSON text of the value of a leaf element straight from its row, in the default extent.
 * @param members value members as JSON, as the store keeps them
 */
export function valueOfRow(modelType: string, valueType: string | undefined, members: string): string | undefined {
  if (members === '{}') return undefined
  if (modelType === 'Property') {
    const text = PLAIN_ROW.exec(members)?.[1]
    const type = valueType as DataTypeDefXsd | undefined
    if (text !== undefined && type !== undefined) {
      // What a number is written like is what JSON writes; so is a text without escapes.
      if (isNumeric(type)) {
        if (PLAIN_NUMBER.test(text) && isLexical(type, text)) return text
      } else if (type !== 'xs:boolean') return `"${text}"`
    }
  }
  const { value: bytes, ...rest } = JSON.parse(members)
  const held = bytes === undefined || modelType === 'Blob' ? rest : { ...rest, value: bytes }
  const value = leafValue(modelType, valueType as DataTypeDefXsd | undefined, held)
  return value === undefined ? undefined : JSON.stringify(value)
}

/** A row that needs no parser: one text without escapes. */
const PLAIN_ROW = /^\{"value":"([^"\\]*)"\}$/

/** Numbers that JSON.stringify spells the same: few digits, no exponent, no zeros in front or behind. */
const PLAIN_NUMBER = /^(?!-0$)-?(?:0|[1-9]\d{0,8})(?:\.\d{0,5}[1-9])?$/

/** @param level the parent's; with `core` the children are shown without theirs */
function byIdShort(container: Container, { level, extent }: ValueModifiers): Record<string, unknown> {
  const entries: [string, unknown][] = []
  for (const element of childrenOf(container)) {
    // What was taken leniently may have none; ValueOnly has no way to show it.
    if (element.idShort === undefined) continue
    const value = level === 'core' ? coreValue(element, extent) : toValue(element, present({ extent }))
    if (value !== undefined) entries.push([element.idShort, value])
  }
  const values = Object.fromEntries(entries)
  // Of two with the same idShort the path leads to the first, and so does the name here.
  return Object.keys(values).length === entries.length ? values : Object.fromEntries(entries.toReversed())
}

/** Positions are kept, so an element without a value leaves null; a list of nothing but such is left out. */
function byIndex(elements: readonly SubmodelElement[], { level, extent }: ValueModifiers): unknown[] | undefined {
  const values = elements.map((element) =>
    level === 'core' ? coreValue(element, extent) : toValue(element, present({ extent }))
  )
  if (values.length > 0 && values.every((value) => value === undefined)) return undefined
  return values.map((value) => value ?? null)
}

function coreValue(element: SubmodelElement, extent: ValueModifiers['extent']): unknown {
  const member = childrenMember(element.modelType)
  return toValue(member === undefined ? element : { ...element, [member]: undefined }, present({ extent }))
}

function leafValue(modelType: string, valueType: DataTypeDefXsd | undefined, members: ValueMembers): unknown {
  switch (modelType) {
    case 'Property': {
      const { value } = members
      return typeof value === 'string' && valueType !== undefined ? scalar(valueType, value) : undefined
    }
    case 'Range': {
      const limits = Object.entries(members).map(([side, text]) => [
        side,
        scalar(valueType ?? 'xs:string', String(text))
      ])
      return limits.length === 0 ? undefined : Object.fromEntries(limits)
    }
    case 'MultiLanguageProperty': {
      const { value } = members
      return Array.isArray(value)
        ? value.map(({ language = '', text }: LangString) => ({ [language]: text }))
        : undefined
    }
    case 'ReferenceElement':
      return members.value
    default:
      return Object.keys(members).length === 0 ? undefined : members
  }
}

/**
 * A text of a value type as JSON; as text where JSON would lose a digit of it, and where it is no value of its type
 * (a document that was taken leniently may hold such).
 */
function scalar(valueType: DataTypeDefXsd, text: string): string | number | boolean {
  if (!isLexical(valueType, text)) return text
  if (valueType === 'xs:boolean') return text === 'true' || text === '1'
  if (!isNumeric(valueType)) return text
  return exactNumber(valueType, text) ?? text
}

/** A numeral as a number; undefined where that loses a digit, or is no finite one. */
export function exactNumber(valueType: DataTypeDefXsd, text: string): number | undefined {
  const number = Number(text)
  if (!Number.isFinite(number)) return undefined
  if (isFloating(valueType)) return number
  // Beyond 2^53-1 two integers may be one number, so a reader could not tell which was meant.
  if (Number.isInteger(number) && !Number.isSafeInteger(number)) return undefined
  // Doubles keep fifteen digits.
  const isExact = text.length <= 15 || significant(text) === significant(writtenOut(String(number)) ?? '')
  return isExact ? number : undefined
}

/** The digits that matter: no sign of plus, no leading zeros, no trailing zeros behind the point. */
function significant(text: string): string {
  const [whole = '', fraction = ''] = trimStart(text, '+-0').split('.')
  const digits = trimEnd(fraction, '0')
  return `${text.startsWith('-') && (whole !== '' || digits !== '') ? '-' : ''}${whole}.${digits}`
}

// ---- in

/**
 * Holds a value body against a submodel or an element, recursively.
 * @param path idShortPath of `target`, empty for a submodel
 * @returns the writes that it asks for
 * @throws HubError `Invalid` with everything that does not fit; then nothing of it may be written
 */
export function fromValue(target: Container, body: unknown, path: string): ValueWrite[] {
  const reading: ValueWrites = { writes: [], violations: [] }
  read(target, body, { path, pointer: '' }, reading)
  refuse(reading.violations)
  return reading.writes
}

/** The same for a leaf of which only the row is known. */
export function membersFromValue(
  modelType: string,
  valueType: string | undefined,
  body: unknown,
  path = ''
): ValueMembers {
  const violations: Violation[] = []
  const members = leafMembers(
    modelType,
    valueType as DataTypeDefXsd | undefined,
    body,
    { path, pointer: '' },
    violations
  )
  refuse(violations)
  return members
}

/** Puts a write into the element of its document. */
export function applyWrite({ element, members }: ValueWrite): void {
  writeValueMembers(element, { ...readValueMembers(element), ...members })
}

interface ValueLocation {
  readonly path: string
  readonly pointer: string
}

interface ValueWrites {
  readonly writes: ValueWrite[]
  readonly violations: Violation[]
}

function read(target: Container, body: unknown, place: ValueLocation, reading: ValueWrites): void {
  switch (target.modelType) {
    case 'Submodel':
    case 'SubmodelElementCollection':
      readChildren(target, body, place, reading)
      return
    case 'SubmodelElementList':
      readList(target, body, place, reading)
      return
    case 'Entity':
      readEntity(target, body, place, reading)
      return
    case 'AnnotatedRelationshipElement': {
      const { annotations, ...relation } = members(body, place, reading.violations)
      if (annotations !== undefined) {
        const at = { ...place, pointer: `${place.pointer}/annotations` }
        readChildren(target, merged(annotations, at, reading.violations), at, reading)
      }
      if (Object.keys(relation).length > 0) readLeaf(target, relation, place, reading)
      return
    }
    case 'Capability':
    case 'Operation':
      violate(reading.violations, place, 'ValueOnly', `an element of the kind ${target.modelType} has no value`)
      return
    default:
      readLeaf(target, body, place, reading)
  }
}

function readChildren(target: Container, body: unknown, place: ValueLocation, reading: ValueWrites): void {
  const steps = stepsTo(target)
  // Of two with the same idShort the first counts, so it is entered last.
  const children = new Map(
    childrenOf(target)
      .map((element, index) => [element.idShort, { element, step: steps[index] as Step }] as const)
      .toReversed()
  )
  for (const [name, value] of Object.entries(members(body, place, reading.violations))) {
    const pointer = place.pointer + pointerTo([name])
    const found = children.get(name)
    if (found !== undefined) read(found.element, value, { path: join(place.path, found.step), pointer }, reading)
    else {
      const text = `there is no element "${name.slice(0, 60)}" here`
      violate(reading.violations, { pointer, path: place.path }, 'ValueOnly', text)
    }
  }
}

function readList(target: SubmodelElement, body: unknown, place: ValueLocation, reading: ValueWrites): void {
  const elements = childrenOf(target)
  if (!Array.isArray(body)) {
    violate(reading.violations, place, 'ValueOnly', `a JSON array was expected; found ${excerptOf(body)}`)
  } else if (body.length > elements.length) {
    const text = `the list has ${elements.length} elements; found values for ${body.length}`
    violate(reading.violations, place, 'ValueOnly', text)
  } else {
    for (const [index, element] of elements.entries()) {
      // null stands for an element without a value, see byIndex.
      if (index >= body.length || body[index] === null) continue
      const below = { path: join(place.path, index), pointer: `${place.pointer}/${index}` }
      read(element, body[index], below, reading)
    }
  }
}

function readEntity(target: Entity, body: unknown, place: ValueLocation, reading: ValueWrites): void {
  const { statements, ...own } = members(body, place, reading.violations)
  if (statements !== undefined) {
    readChildren(target, statements, { ...place, pointer: `${place.pointer}/statements` }, reading)
  }
  if (Object.keys(own).length === 0) return
  // Whether type and ids fit one another [AASd-014], only the whole of them shows.
  const { statements: _, ...alone } = target
  report({ ...alone, ...own, modelType: 'Entity' }, own, place, reading.violations)
  reading.writes.push({ path: place.path, element: target, members: own })
}

function readLeaf(element: SubmodelElement, body: unknown, place: ValueLocation, reading: ValueWrites): void {
  const valueType = 'valueType' in element ? element.valueType : undefined
  const found = leafMembers(element.modelType, valueType, body, place, reading.violations)
  reading.writes.push({ path: place.path, element, members: found })
}

function leafMembers(
  modelType: string,
  valueType: DataTypeDefXsd | undefined,
  body: unknown,
  place: ValueLocation,
  violations: Violation[]
): ValueMembers {
  switch (modelType) {
    case 'Property':
      return present({ value: lexicalOf(valueType ?? 'xs:string', body, place, violations) })
    case 'Range': {
      const sides = Object.entries(members(body, place, violations))
      for (const [side] of sides) {
        if (side !== 'min' && side !== 'max')
          violate(violations, place, 'ValueOnly', `a Range has min and max; found "${side.slice(0, 60)}"`)
      }
      return Object.fromEntries(
        sides.map(([side, limit]) => {
          const at = { ...place, pointer: `${place.pointer}/${side}` }
          return [side, lexicalOf(valueType ?? 'xs:string', limit, at, violations)]
        })
      )
    }
    case 'MultiLanguageProperty': {
      const texts = Object.entries(members(merged(body, place, violations), place, violations))
      const value = texts.map(([language, text]) => ({ language, text }))
      return checked(modelType, { value: value.length > 0 ? value : undefined }, place, violations, (pointer) => {
        const [, index = ''] = /^\/value\/(\d+)/.exec(pointer) ?? []
        const language = pointerTo([texts[Number(index)]?.[0] ?? ''])
        return index === '' ? '' : Array.isArray(body) ? `/${index}${language}` : language
      })
    }
    case 'ReferenceElement':
      // The body is the member: /value/keys is /keys in what was sent.
      return checked(modelType, { value: body }, place, violations, (pointer) => pointer.replace(/^\/value/, ''))
    case 'File':
    case 'Blob':
    case 'RelationshipElement':
    case 'AnnotatedRelationshipElement':
    case 'BasicEventElement':
      return checked(modelType, members(body, place, violations), place, violations)
    default:
      violate(violations, place, 'ValueOnly', `an element of the kind ${modelType} has no value`)
      return {}
  }
}

/** The text that a value stands for in this value type; undefined where it is none of it, see {@link membersFromValue}. */
export function lexicalText(valueType: DataTypeDefXsd, body: unknown): string | undefined {
  const text = toValueText(valueType, body)
  return text !== undefined && isLexical(valueType, text) && XML_TEXT.test(text) ? text : undefined
}

/** The text that a JSON value stands for in this value type. */
function lexicalOf(
  valueType: DataTypeDefXsd,
  body: unknown,
  place: ValueLocation,
  violations: Violation[]
): string | undefined {
  const text = toValueText(valueType, body)
  if (text === undefined || !isLexical(valueType, text)) {
    const hint = isNumber(body) && !isNumeric(valueType) && valueType !== 'xs:boolean' ? ', as a text in quotes' : ''
    violate(
      violations,
      place,
      'ValueDataType',
      `the value is of ${valueType}, which takes ${describe(valueType)}${hint}; found ${excerptOf(body)}`
    )
  } else if (!XML_TEXT.test(text)) {
    violate(violations, place, 'AASd-130', 'the text has a character that XML 1.0 cannot carry')
  }
  return text
}

const XML_TEXT = new RegExp(patterns.xmlText)

/**
 * Value members of a kind that the metamodel's own rules can judge: put into an element and checked as such.
 * @param sent where a place in the element is in what was sent
 */
function checked(
  modelType: string,
  found: ValueMembers,
  place: ValueLocation,
  violations: Violation[],
  sent?: (pointer: string) => string
): ValueMembers {
  const observed = modelType === 'BasicEventElement' ? { direction: 'output', state: 'off' } : {}
  report({ ...observed, ...present(found), modelType }, found, place, violations, sent)
  return found
}

function report(
  element: object,
  found: ValueMembers,
  place: ValueLocation,
  violations: Violation[],
  sent = (pointer: string) => pointer
): void {
  const known = valueMemberNames((element as SubmodelElement).modelType)
  for (const name of Object.keys(found)) {
    if (known.includes(name)) continue
    violate(violations, place, 'ValueOnly', `there is no value "${name.slice(0, 60)}" here`)
  }
  for (const violation of validate('SubmodelElement', element)) {
    const pointer = place.pointer + sent(violation.pointer)
    violations.push({ ...violation, pointer, ...(place.path !== '' && { idShortPath: place.path }) })
  }
}

/** An array of objects of one member each stands for the object of them all (Part 1 writes both forms). */
function merged(body: unknown, place: ValueLocation, violations: Violation[]): unknown {
  if (!Array.isArray(body)) return body
  const all = new Map<string, unknown>()
  for (const [index, one] of body.entries()) {
    const at = { ...place, pointer: `${place.pointer}/${index}` }
    const [first, ...more] = isObject(one) ? Object.entries(one) : []
    if (first === undefined || more.length > 0) {
      const text = `an object of one member was expected; found ${excerptOf(one)}`
      violate(violations, at, 'ValueOnly', text)
      continue
    }
    const [name, value] = first
    if (all.has(name)) violate(violations, at, 'ValueOnly', `"${name.slice(0, 60)}" stands in the array twice`)
    all.set(name, value)
  }
  return Object.fromEntries(all)
}

function members(body: unknown, place: ValueLocation, violations: Violation[]): Record<string, unknown> {
  if (isObject(body)) return body
  violate(violations, place, 'ValueOnly', `a JSON object was expected; found ${excerptOf(body)}`)
  return {}
}

function isObject(body: unknown): body is Record<string, unknown> {
  return typeof body === 'object' && body !== null && !Array.isArray(body) && !(body instanceof Literal)
}

function violate(violations: Violation[], { path, pointer }: ValueLocation, rule: string, text: string): void {
  violations.push({ pointer, rule, text, ...(path !== '' && { idShortPath: path }) })
}

function refuse(violations: readonly Violation[]): void {
  if (violations.length > 0) throw new HubError('Invalid', [violations.length], violations.slice(0, 20))
}

/** Without the members that are undefined. */
function present<Members extends object>(
  members: Members
): { [Name in keyof Members]?: Exclude<Members[Name], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, held]) => held !== undefined)) as never
}
