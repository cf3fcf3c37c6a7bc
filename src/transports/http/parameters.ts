/** Query parameters of the standard's operations. Parameters that an operation does not define are ignored. */

import { HubError } from '../../errors.ts'
import { parseJson, validate } from '../../formats/json.ts'
import { releases } from '../../formats/releases.ts'
import { enumerations } from '../../model/metamodel.ts'
import { parseTime } from '../../model/time.ts'
import type { Reference, SpecificAssetId } from '../../model/types.ts'
import { languages } from '../../operations/report-language.ts'
import type { Content, RequestQuery } from '../../operations/request-query.ts'
import type { OperationDefinition } from '../../operations/table.ts'
import { decodeId, decodeText, excerpt } from './identifiers.ts'

export interface PageLimits {
  /** Entries on a page where the client sends no limit. */
  readonly defaultLimit: number
  /** A larger limit is reduced to this. */
  readonly maxLimit: number
}

/** The values of each parameter, in the order of the query. */
export type QueryParams = ReadonlyMap<string, readonly string[]>

/** Of a reference in base64url. [AASa-002] */
const MAX_REFERENCE_LENGTH = 3072

/**
 * Parses a query string.
 * @param text what follows the `?`
 * @throws HubError BadRequest where percent-encoding is broken
 */
export function parseQuery(text: string): QueryParams {
  const params = new Map<string, string[]>()
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = unescaped(equals === -1 ? pair : pair.slice(0, equals))
    const value = equals === -1 ? '' : unescaped(pair.slice(equals + 1))
    const values = params.get(name)
    if (values === undefined) params.set(name, [value])
    else values.push(value)
  }
  return params
}

/** Returns the parser for the query of an operation. It throws HubError BadRequest. */
export function queryParser(
  definition: OperationDefinition,
  content: Content,
  { defaultLimit, maxLimit }: PageLimits
): (params: QueryParams) => RequestQuery {
  const names = definition.query ?? []
  const takesExisting = names.includes('existing')
  const forbidden = definition.verb === 'GET' ? (FORBIDDEN_MODIFIERS[content] ?? []) : []
  return (params) => {
    for (const [name, which] of forbidden) {
      const value = params.get(name)?.find((value) => which === undefined || value === which)
      if (value !== undefined) throw new HubError('BadRequest', [`${name}=${excerpt(value)} is not for $${content}`])
    }
    const query: { -readonly [Name in keyof RequestQuery]: RequestQuery[Name] } = { limit: defaultLimit }
    for (const name of names) {
      const values = params.get(name)
      if (values === undefined || (BLANK_MEANS_ABSENT.has(name) && isBlank(values))) continue
      Object.assign(query, { [name]: readers[name](values, name) })
    }
    if (takesExisting && query.existing === undefined && ignoresDuplicates(params)) query.existing = 'keep'
    if (query.limit > maxLimit) query.limit = maxLimit
    return query
  }
}

/**
 * Parameters for which an empty value means absent: clients send `cursor=` for their first page. An empty filter is
 * refused, since without it everything would match.
 */
const BLANK_MEANS_ABSENT: ReadonlySet<string> = new Set<keyof RequestQuery>([
  'limit',
  'cursor',
  'level',
  'extent',
  'includeConceptDescriptions',
  'version',
  'existing',
  'form',
  'createdFrom',
  'updatedFrom',
  'date'
])

export function isBlank(values: readonly string[]): boolean {
  return values.every((value) => value === '')
}

/** The web UI of Eclipse BaSyx sends this instead of `existing=keep`. */
function ignoresDuplicates(params: QueryParams): boolean {
  const values = params.get('ignore-duplicates')
  return values !== undefined && !isBlank(values) && readBoolean(values, 'ignore-duplicates')
}

/** Modifiers that a content forbids (Part 2, "Modifiers"): with any value, or with the named one. */
const FORBIDDEN_MODIFIERS: { readonly [Of in Content]?: readonly (readonly [name: string, value?: string])[] } = {
  metadata: [['level'], ['extent', 'withBlobValue']],
  reference: [['level', 'deep']]
}

type ParameterReader<Value> = (values: readonly string[], name: string) => Value

const readers: { readonly [Name in keyof RequestQuery]-?: ParameterReader<NonNullable<RequestQuery[Name]>> } = {
  limit: readLimit,
  cursor: readText, // [AASa-001]
  level: oneOf('deep', 'core'),
  extent: oneOf('withBlobValue', 'withoutBlobValue'),
  idShort: readText,
  semanticId: readReference,
  isCaseOf: readReference,
  dataSpecificationRef: readReference,
  assetIds: readAssetIds,
  assetKind: oneOf(...enumerations.AssetKind),
  assetType: readId,
  aasId: readId,
  aasIds: readIds,
  submodelIds: readIds,
  includeConceptDescriptions: readBoolean,
  version: oneOf(...releases),
  createdFrom: readTime,
  updatedFrom: readTime,
  date: readTime,
  existing: oneOf('refuse', 'replace', 'keep'),
  result: oneOf('valid', 'invalid', 'noTemplate'),
  language: oneOf(...languages),
  template: readText,
  form: oneOf('normal', 'value')
}

/** `true` or `false` in any case. @throws HubError BadRequest */
export function readBoolean(values: readonly string[], name: string): boolean {
  const text = singleValue(values, name)
  if (text.toLowerCase() === 'true') return true
  if (text.toLowerCase() === 'false') return false
  throw unexpected(name, 'true or false', text)
}

/** The value of a parameter that must not be repeated. @throws HubError BadRequest */
export function singleValue(values: readonly string[], name: string): string {
  const [value = '', ...others] = values
  if (others.length === 0) return value
  throw new HubError('BadRequest', [`The parameter ${name} is given ${values.length} times`])
}

/** A number of items on a page. @throws HubError BadRequest */
export function parseCount(values: readonly string[], name: string): number {
  const text = singleValue(values, name)
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new HubError('BadRequest', [`"${name}" is a whole number from 1 on`])
  return Number(text)
}

/** Parses one of the choices. */
export function parseChoice<const Choice extends string>(choices: readonly Choice[]) {
  return (values: readonly string[], name: string): Choice => {
    const text = singleValue(values, name)
    const found = choices.find((one) => one === text)
    if (found === undefined) throw new HubError('BadRequest', [`"${name}" is ${choices.join(' or ')}`])
    return found
  }
}

/** Nanoseconds since 1970; undefined where it is no time. A plus that is not percent-encoded arrives as a space. */
export function parseQueryTime(text: string): bigint | undefined {
  return parseTime(text) ?? parseTime(text.replace(/ (\d\d:\d\d)$/, '+$1'))
}

function readLimit(values: readonly string[], name: string): number {
  const text = singleValue(values, name)
  const limit = /^\d+$/.test(text) ? Number(text) : 0
  if (limit < 1) throw unexpected(name, 'a whole number from 1 on', text)
  return limit
}

function readText(values: readonly string[], name: string): string {
  const text = singleValue(values, name)
  if (text === '') throw new HubError('BadRequest', [`The parameter ${name} is empty`])
  return text
}

function oneOf<const Choice extends string>(...choices: Choice[]): ParameterReader<Choice> {
  return (values, name) => {
    const text = singleValue(values, name)
    const choice = choices.find((choice) => choice === text)
    if (choice === undefined) throw unexpected(name, choices.join(' or '), text)
    return choice
  }
}

function readTime(values: readonly string[], name: string): bigint {
  const text = singleValue(values, name)
  const time = parseQueryTime(text)
  if (time === undefined)
    throw unexpected(name, 'a time of ISO 8601 with its offset, as 2026-05-28T10:15:30.250Z,', text)
  return time
}

function readId(values: readonly string[], name: string): string {
  return decodeId(singleValue(values, name), name)
}

/** Repeated parameters, as in the official OpenAPI documents, or a list with commas, as in the text of the standard. */
function readIds(values: readonly string[], name: string): readonly string[] {
  return split(values).map((text) => decodeId(text, name))
}

function readReference(values: readonly string[], name: string): Reference {
  const text = singleValue(values, name)
  if (text.length > MAX_REFERENCE_LENGTH) {
    throw new HubError('BadRequest', [`The parameter ${name} is longer than ${MAX_REFERENCE_LENGTH} characters`])
  }
  return checkedReference(decodeJson(text, name), name)
}

/** Objects, repeated or separated by commas; or one array of them. */
function readAssetIds(values: readonly string[], name: string): readonly SpecificAssetId[] {
  return split(values).flatMap((text) => {
    const decoded = decodeJson(text, name)
    return (Array.isArray(decoded) ? decoded : [decoded]).map((item: unknown) => readAssetId(item, name))
  })
}

// Not validated as a SpecificAssetId: `globalAssetId`, a reserved name [AASd-116], is valid as a filter.
function readAssetId(item: unknown, parameter: string): SpecificAssetId {
  const { name, value, externalSubjectId } = (item ?? {}) as Record<string, unknown>
  if (typeof name !== 'string' || typeof value !== 'string' || name === '' || value === '') {
    throw unexpected(parameter, 'objects with the texts "name" and "value"', JSON.stringify(item))
  }
  if (externalSubjectId === undefined) return { name, value }
  return { name, value, externalSubjectId: checkedReference(externalSubjectId, parameter) }
}

function checkedReference(value: unknown, name: string): Reference {
  const violations = validate('Reference', value)
  if (violations.length === 0) return value as Reference
  const texts = violations.map(({ pointer, text, rule }) => `${pointer === '' ? '' : `${pointer}: `}${text} [${rule}]`)
  throw new HubError('BadRequest', [`The parameter ${name} is not a Reference: ${texts.join('; ')}`])
}

function decodeJson(text: string, name: string): unknown {
  const json = decodeText(text, name)
  try {
    return parseJson(json)
  } catch (error) {
    throw error instanceof HubError ? new HubError('BadRequest', [`The parameter ${name}: ${error.message}`]) : error
  }
}

function split(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(','))
}

function unexpected(name: string, expected: string, found: string): HubError {
  return new HubError('BadRequest', [`The parameter ${name}: ${expected} was expected; found "${excerpt(found)}"`])
}

/** A plus is a space, as in forms. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text.includes('+') ? text.replaceAll('+', ' ') : text)
  } catch {
    throw new HubError('BadRequest', [`The query holds percent-encoding that is not UTF-8: "${excerpt(text)}"`])
  }
}
