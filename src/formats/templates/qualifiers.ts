/**
 * The rules that the qualifiers of a template's element set for an instance, in all spellings that published templates
 * use. Types and values follow the guideline "How to write a submodel template specification" and its predecessors.
 */
import { isBoolean, isNumeric } from '../../model/datatypes.ts'
import type { DataTypeDefXsd, Qualifier } from '../../model/types.ts'
import { type NumericRange, parseRanges } from './numeric-ranges.ts'

export interface Cardinality {
  readonly min: number
  readonly max: number
  /** As written in the template: `SMT/Cardinality=One`. */
  readonly clause: string
}

/** A set of values by list or by pattern. */
export interface AllowedValues {
  readonly values?: readonly string[]
  readonly pattern?: string
  readonly clause: string
}

export interface QualifierRules {
  readonly cardinality: Cardinality | undefined
  /** The element repeats an ancestor, which defines it. */
  readonly recursive: boolean
  /** Names of groups of which only one element may exist. */
  readonly eitherOr: readonly string[]
  readonly allowed: AllowedValues | undefined
  readonly ranges: { readonly intervals: readonly NumericRange[]; readonly clause: string } | undefined
  readonly idShort: { readonly pattern: string; readonly clause: string } | undefined
  /** The instance chooses the idShort. */
  readonly freeIdShort: boolean
  readonly languages: readonly { readonly language: string; readonly clause: string }[]
  readonly length: { readonly min: number; readonly max: number; readonly clause: string } | undefined
}

/**
 * All rules of the qualifiers. A qualifier that cannot be parsed is ignored: a template may contain prose anywhere.
 * SMT/AccessMode is ignored because it restricts writers, not values; SMT/InitialValue, DefaultValue and ExampleValue
 * because an instance may have any other value.
 */
export function readQualifiers(
  qualifiers: readonly Qualifier[],
  valueType: DataTypeDefXsd | undefined
): QualifierRules {
  const typed = qualifiers.map(({ type = '', value = '' }) => ({ name: plainName(type), type, value: value.trim() }))
  const all = (...names: string[]): typeof typed => typed.filter(({ name }) => names.includes(name))
  const cardinalities = all('cardinality', 'multiplicity')
  const isNumber = valueType !== undefined && isNumeric(valueType)
  return {
    cardinality: first(cardinalities, readCardinality),
    recursive: cardinalities.some(({ value }) => value.toLowerCase() === 'recursive'),
    eitherOr: all('eitheror').map(({ value }) => value),
    allowed:
      first(all('allowedvalue', 'allowedvalues'), (one) => readAllowed(one, valueType)) ??
      first(all('formchoices', 'enumeration'), (one) => readList(one, valueType)),
    // A pattern can express the order of numbers only.
    ranges: isNumber ? first(all('allowedrange'), readRanges) : undefined,
    idShort: first(all('allowedidshort', 'idshort'), readIdShort),
    freeIdShort: all('editidshort').some(({ value }) => value.toLowerCase() === 'true'),
    languages: all('requiredlang', 'requiredlangs').flatMap(({ type, value }) =>
      value
        .split(/[|;,]/)
        .map((language) => language.trim())
        .filter((language) => /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/.test(language))
        .map((language) => ({ language, clause: `${type}=${value}` }))
    ),
    length: first(all('length'), readLength)
  }
}

/** `SMT/Cardinality`, `Cardinality` and the typo `SMT/SMT/Cardinality` are one type. */
function plainName(type: string): string {
  return type
    .trim()
    .replace(/^(?:SMT\/)+/i, '')
    .toLowerCase()
}

interface TypedQualifier {
  readonly type: string
  readonly value: string
}

function first<Read>(
  qualifiers: readonly TypedQualifier[],
  read: (qualifier: TypedQualifier) => Read | undefined
): Read | undefined {
  for (const one of qualifiers) {
    const found = read(one)
    if (found !== undefined) return found
  }
  return undefined
}

const NUMBERS: Readonly<Record<string, number>> = {
  zero: 0,
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  many: Infinity
}

/** `One`, `ZeroToMany`, `ZerotoOne `, `TwoToMany`; also `0..1`, `1..*`. */
function readCardinality({ type, value }: TypedQualifier): Cardinality | undefined {
  const clause = `${type}=${value}`
  const [, low, high] = /^(\w+?)(?:\s*(?:to|\.\.)\s*(\w+|\*))?$/i.exec(value.replace(/\s+/g, '')) ?? []
  const min = count(low)
  const max = high === undefined ? min : count(high)
  return min === undefined || max === undefined || min === Infinity || max < min ? undefined : { min, max, clause }
}

function count(word = ''): number | undefined {
  if (/^\d{1,6}$/.test(word)) return Number(word)
  const name = word === '*' ? 'many' : word.toLowerCase()
  return Object.hasOwn(NUMBERS, name) ? NUMBERS[name] : undefined
}

/** By the guideline a POSIX regular expression; published templates also have lists like `good | bad | others`. */
function readAllowed(qualifier: TypedQualifier, valueType: DataTypeDefXsd | undefined): AllowedValues | undefined {
  const { type, value } = qualifier
  if (!/[\\^$*+?()[\]{}]|\.[*+]/.test(value)) return readList(qualifier, valueType)
  const pattern = expression(value)
  return pattern === undefined ? undefined : { pattern, clause: `${type}=${value}` }
}

function readList({ type, value }: TypedQualifier, valueType: DataTypeDefXsd | undefined): AllowedValues | undefined {
  const separator = ['|', ';', ','].find((character) => value.includes(character)) ?? '|'
  const values = value.split(separator).map((choice) => choice.trim())
  const found = values.filter((choice) => choice !== '')
  if (found.length === 0) return undefined
  if (valueType !== undefined && isBoolean(valueType)) {
    // Each boolean has two texts.
    if (found.includes('true')) found.push('1')
    if (found.includes('false')) found.push('0')
  }
  return { values: [...new Set(found)], clause: `${type}=${value}` }
}

function readRanges({ type, value }: TypedQualifier): QualifierRules['ranges'] {
  const intervals = parseRanges(value)
  return intervals === undefined ? undefined : { intervals, clause: `${type}=${value}` }
}

/** `Time[\d{2,3}]` means: Time and two or three digits. */
function readIdShort({ type, value }: TypedQualifier): QualifierRules['idShort'] {
  const meant = value.replace(/\[(\\d\{\d+(?:,\d*)?\})\]/g, '$1')
  const pattern = expression(meant)
  return pattern === undefined ? undefined : { pattern, clause: `${type}=${value}` }
}

const POSIX: Readonly<Record<string, string>> = {
  digit: '0-9',
  alpha: 'A-Za-z',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  xdigit: '0-9A-Fa-f',
  space: '\\s',
  blank: ' \\t'
}

/** The anchored form of a template's expression; undefined if it is not one. */
function expression(text: string): string | undefined {
  const bare = text.replace(/^\^/, '').replace(/(?<!\\)\$$/, '')
  const translated = bare.replace(/\[:(\w+):\]/g, (all, name: string) => POSIX[name] ?? all)
  // Nested quantifiers can take exponential time.
  if (translated.length > 1000 || /[*+}]\)[*+{]/.test(translated)) return undefined
  try {
    new RegExp(`^(?:${translated})$`)
    new RegExp(`^(?:${translated})$`, 'u')
    return `^(?:${translated})$`
  } catch {
    return undefined
  }
}

/** `10`: at most ten characters; `2..10` or `[2,10]`: from two to ten. */
function readLength({ type, value }: TypedQualifier): QualifierRules['length'] {
  const clause = `${type}=${value}`
  if (/^\d{1,9}$/.test(value)) return { min: 0, max: Number(value), clause }
  const [interval, ...others] = parseRanges(value) ?? []
  if (interval === undefined || others.length > 0) return undefined
  const min = Math.ceil(Number(interval.from ?? 0)) + (interval.exclusiveFrom ? 1 : 0)
  const max = interval.to === undefined ? Infinity : Math.floor(Number(interval.to)) - (interval.exclusiveTo ? 1 : 0)
  return min < 0 || max < min ? undefined : { min, max, clause }
}
