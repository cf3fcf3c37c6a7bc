/** The value of a single element, parsed from its ValueOnly form and checked by the metamodel's rules. */
import { HubError, type Violation } from '../errors.ts'
import { describe, isLexical, isNumeric } from '../model/datatypes.ts'
import { defined } from '../model/defined.ts'
import { pointerTo } from '../model/document-path.ts'
import { excerptOf } from '../model/excerpt.ts'
import { Literal } from '../model/literal.ts'
import { patterns } from '../model/patterns.ts'
import type { DataTypeDefXsd, SubmodelElement } from '../model/types.ts'
import { type ValueMembers, valueMemberNames } from '../model/value-members.ts'
import { isNumber, toValueText } from '../model/value-text.ts'
import { validate } from './json.ts'

/** Where a value stands: the path of its element, and its JSON Pointer in the body. */
export interface ValueLocation {
  readonly path: string
  readonly pointer: string
}

/** Value members of a leaf element of which only the row is known. @throws HubError `Invalid` with every violation */
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
  throwIfAny(violations)
  return members
}

export function leafMembers(
  modelType: string,
  valueType: DataTypeDefXsd | undefined,
  body: unknown,
  place: ValueLocation,
  violations: Violation[]
): ValueMembers {
  switch (modelType) {
    case 'Property': {
      const value = lexicalOf(valueType ?? 'xs:string', body, place, violations)
      return value === undefined ? {} : { value }
    }
    case 'Range': {
      const sides = Object.entries(objectMembers(body, place, violations))
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
      const texts = Object.entries(objectMembers(mergeSingles(body, place, violations), place, violations))
      const value = texts.map(([language, text]) => ({ language, text }))
      return checked(modelType, { value: value.length > 0 ? value : undefined }, place, violations, (pointer) => {
        const [, index = ''] = /^\/value\/(\d+)/.exec(pointer) ?? []
        const language = pointerTo([texts[Number(index)]?.[0] ?? ''])
        return index === '' ? '' : Array.isArray(body) ? `/${index}${language}` : language
      })
    }
    case 'ReferenceElement':
      // The body is the member: /value/keys is /keys in the body.
      return checked(modelType, { value: body }, place, violations, (pointer) => pointer.replace(/^\/value/, ''))
    case 'File':
    case 'Blob':
    case 'RelationshipElement':
    case 'AnnotatedRelationshipElement':
    case 'BasicEventElement':
      return checked(modelType, objectMembers(body, place, violations), place, violations)
    default:
      violate(violations, place, 'ValueOnly', `an element of the kind ${modelType} has no value`)
      return {}
  }
}

/** The text of a value in this value type; undefined where {@link membersFromValue} would throw. */
export function lexicalText(valueType: DataTypeDefXsd, body: unknown): string | undefined {
  const text = toValueText(valueType, body)
  return text !== undefined && isLexical(valueType, text) && XML_TEXT.test(text) ? text : undefined
}

/** The text of a JSON value in this value type. */
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
 * Checks value members by the rules of the metamodel, as members of an element of their kind.
 * @param toSent maps a JSON Pointer in the element to one in the body
 */
function checked(
  modelType: string,
  found: ValueMembers,
  place: ValueLocation,
  violations: Violation[],
  toSent?: (pointer: string) => string
): ValueMembers {
  const observed = modelType === 'BasicEventElement' ? { direction: 'output', state: 'off' } : {}
  checkElement({ ...observed, ...defined(found), modelType }, found, place, violations, toSent)
  return found
}

export function checkElement(
  element: object,
  found: ValueMembers,
  place: ValueLocation,
  violations: Violation[],
  toSent = (pointer: string) => pointer
): void {
  const known = valueMemberNames((element as SubmodelElement).modelType)
  for (const name of Object.keys(found)) {
    if (known.includes(name)) continue
    violate(violations, place, 'ValueOnly', `there is no value "${name.slice(0, 60)}" here`)
  }
  for (const violation of validate('SubmodelElement', element)) {
    const pointer = place.pointer + toSent(violation.pointer)
    violations.push({ ...violation, pointer, ...(place.path !== '' && { idShortPath: place.path }) })
  }
}

/** Merges an array of objects with one member each into one object (Part 1 writes both forms). */
export function mergeSingles(body: unknown, place: ValueLocation, violations: Violation[]): unknown {
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
    if (all.has(name)) violate(violations, at, 'ValueOnly', `"${name.slice(0, 60)}" occurs twice in the array`)
    all.set(name, value)
  }
  return Object.fromEntries(all)
}

export function objectMembers(body: unknown, place: ValueLocation, violations: Violation[]): Record<string, unknown> {
  if (isObject(body)) return body
  violate(violations, place, 'ValueOnly', `a JSON object was expected; found ${excerptOf(body)}`)
  return {}
}

function isObject(body: unknown): body is Record<string, unknown> {
  return typeof body === 'object' && body !== null && !Array.isArray(body) && !(body instanceof Literal)
}

export function violate(violations: Violation[], { path, pointer }: ValueLocation, rule: string, text: string): void {
  violations.push({ pointer, rule, text, ...(path !== '' && { idShortPath: path }) })
}

export function throwIfAny(violations: readonly Violation[]): void {
  if (violations.length > 0) throw new HubError('Invalid', [violations.length], violations.slice(0, 20))
}
