/**
 * ValueOnly (Part 1, "Format ValueOnly"; digest 4.5), serialized: the values of elements without their structure, from
 * documents and from element rows.
 */

import { isFloating, isLexical, isNumeric } from '../model/datatypes.ts'
import { defined } from '../model/defined.ts'
import { childrenMember } from '../model/fields.ts'
import { writtenOut } from '../model/literal.ts'
import { trimEnd, trimStart } from '../model/trim.ts'
import type { DataTypeDefXsd, LangString, SubmodelElement } from '../model/types.ts'
import { readValueMembers, type ValueMembers } from '../model/value-members.ts'
import { type Container, childrenOf } from '../model/walk.ts'

export interface ValueModifiers {
  readonly level?: 'deep' | 'core'
  readonly extent?: 'withBlobValue' | 'withoutBlobValue'
}

/** The value of an element or a submodel; undefined if it has none. */
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
      return { ...defined({ statements, entityType, globalAssetId, specificAssetIds }) }
    }
    case 'AnnotatedRelationshipElement': {
      const annotations = childrenOf(container).length === 0 ? undefined : byIdShort(container, shape)
      return leafValue(container.modelType, undefined, defined({ ...readValueMembers(container), annotations }))
    }
    case 'Blob': {
      const { contentType, value } = container
      return leafValue(
        'Blob',
        undefined,
        defined({ contentType, value: shape.extent === 'withBlobValue' ? value : undefined })
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
 * The value of a leaf element as JSON text, straight from its row, in the default extent.
 * @param members value members as stored JSON
 */
export function valueOfRow(modelType: string, valueType: string | undefined, members: string): string | undefined {
  if (members === '{}') return undefined
  if (modelType === 'Property') {
    const text = plainValue(members)
    const type = valueType as DataTypeDefXsd | undefined
    if (text !== undefined && type !== undefined) {
      // The stored spelling of such a number is JSON's; so is a text without escapes.
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

/** The text of stored members that need no parsing: of one value without escapes. */
export function plainValue(members: string): string | undefined {
  if (!members.startsWith(PLAIN_START) || members.includes('\\')) return undefined
  const end = members.length - PLAIN_END.length
  return members.indexOf('"', PLAIN_START.length) === end && members.endsWith(PLAIN_END)
    ? members.slice(PLAIN_START.length, end)
    : undefined
}

const PLAIN_START = '{"value":"'
const PLAIN_END = '"}'

/** Numbers that JSON.stringify spells the same: few digits, no exponent, no leading or trailing zeros. */
const PLAIN_NUMBER = /^(?!-0$)-?(?:0|[1-9]\d{0,8})(?:\.\d{0,5}[1-9])?$/

/** @param level the parent's; with `core` the children appear without their own children */
function byIdShort(container: Container, { level, extent }: ValueModifiers): Record<string, unknown> {
  const entries: [string, unknown][] = []
  for (const element of childrenOf(container)) {
    // A leniently stored element may lack an idShort; ValueOnly cannot represent it.
    if (element.idShort === undefined) continue
    const value = level === 'core' ? coreValue(element, extent) : toValue(element, defined({ extent }))
    if (value !== undefined) entries.push([element.idShort, value])
  }
  const values = Object.fromEntries(entries)
  // If two children share an idShort, the path leads to the first; so must the name here.
  return Object.keys(values).length === entries.length ? values : Object.fromEntries(entries.toReversed())
}

/** Positions are kept: an element without a value becomes null; a list without any value is left out. */
function byIndex(elements: readonly SubmodelElement[], { level, extent }: ValueModifiers): unknown[] | undefined {
  const values = elements.map((element) =>
    level === 'core' ? coreValue(element, extent) : toValue(element, defined({ extent }))
  )
  if (values.length > 0 && values.every((value) => value === undefined)) return undefined
  return values.map((value) => value ?? null)
}

function coreValue(element: SubmodelElement, extent: ValueModifiers['extent']): unknown {
  const member = childrenMember(element.modelType)
  return toValue(member === undefined ? element : { ...element, [member]: undefined }, defined({ extent }))
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
 * A text of a value type as JSON; as a string if JSON would lose a digit, or if it is not a value of its type (possible
 * in leniently stored documents).
 */
function scalar(valueType: DataTypeDefXsd, text: string): string | number | boolean {
  if (!isLexical(valueType, text)) return text
  if (valueType === 'xs:boolean') return text === 'true' || text === '1'
  if (!isNumeric(valueType)) return text
  return exactNumber(valueType, text) ?? text
}

/** A numeral as a number; undefined if a digit would be lost, or it is not finite. */
export function exactNumber(valueType: DataTypeDefXsd, text: string): number | undefined {
  const number = Number(text)
  if (!Number.isFinite(number)) return undefined
  if (isFloating(valueType)) return number
  // Beyond 2^53-1 two integers may be the same double.
  if (Number.isInteger(number) && !Number.isSafeInteger(number)) return undefined
  // Doubles keep fifteen digits.
  const isExact = text.length <= 15 || significant(text) === significant(writtenOut(String(number)) ?? '')
  return isExact ? number : undefined
}

/** Significant digits: no plus sign, no leading zeros, no trailing zeros after the point. */
function significant(text: string): string {
  const [whole = '', fraction = ''] = trimStart(text, '+-0').split('.')
  const digits = trimEnd(fraction, '0')
  return `${text.startsWith('-') && (whole !== '' || digits !== '') ? '-' : ''}${whole}.${digits}`
}
