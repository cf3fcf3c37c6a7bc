/** Query parameters: text in, the members of `Query` out. What a row does not name is ignored. */
import { HubError } from '../../errors.ts'
import { parseJson, validate } from '../../formats/json.ts'
import { enumerations } from '../../model/metamodel.ts'
import type { Reference, SpecificAssetId } from '../../model/types.ts'
import type { Content, RequestQuery } from '../../operations/request-query.ts'
import type { OperationDefinition } from '../../operations/table.ts'
import { decodeId, decodeText, excerpt } from './identifiers.ts'

export interface Limits {
  /** Entries on a page when the caller does not say how many. */
  readonly defaultLimit: number
  /** A greater wish is cut down to this. */
  readonly maxLimit: number
}

/** Values of each parameter, in the order in which they were given. */
export type QueryParams = ReadonlyMap<string, readonly string[]>

/** The longest reference, in base64url. [AASa-002] */
const MAX_REFERENCE_LENGTH = 3072

/**
 * Takes a query string apart.
 * @param text what follows the `?`
 * @throws HubError BadRequest where percent-encoding is broken
 */
export function parseQuery(text: string): QueryParams {
  const given = new Map<string, string[]>()
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = unescaped(equals === -1 ? pair : pair.slice(0, equals))
    const value = equals === -1 ? '' : unescaped(pair.slice(equals + 1))
    const values = given.get(name)
    if (values === undefined) given.set(name, [value])
    else values.push(value)
  }
  return given
}

/** Prepares what reads the query of a row in one content. @returns a function that throws HubError BadRequest */
export function queryReader(
  row: OperationDefinition,
  content: Content,
  { defaultLimit, maxLimit }: Limits
): (given: QueryParams) => RequestQuery {
  const names = row.query ?? []
  const takesExisting = names.includes('existing')
  const unfit = row.verb === 'GET' ? (FORBIDDEN_MODIFIERS[content] ?? []) : []
  return (given) => {
    for (const [name, which] of unfit) {
      const value = given.get(name)?.find((value) => which === undefined || value === which)
      if (value !== undefined) throw new HubError('BadRequest', [`${name}=${excerpt(value)} is not for $${content}`])
    }
    const query: { -readonly [Name in keyof RequestQuery]: RequestQuery[Name] } = { limit: defaultLimit }
    for (const name of names) {
      const values = given.get(name)
      if (values === undefined || (BLANK.has(name) && isBlank(values))) continue
      Object.assign(query, { [name]: readers[name](values, name) })
    }
    if (takesExisting && query.existing === undefined && ignoresDuplicates(given)) query.existing = 'keep'
    if (query.limit > maxLimit) query.limit = maxLimit
    return query
  }
}

/**
 * Parameters that say how, and not which: an empty one is as good as absent, as clients send `cursor=` with their first
 * page. An empty filter is refused, since without it everything would match.
 */
const BLANK: ReadonlySet<string> = new Set<keyof RequestQuery>([
  'limit',
  'cursor',
  'level',
  'extent',
  'includeConceptDescriptions',
  'existing',
  'form'
])

export function isBlank(values: readonly string[]): boolean {
  return values.every((value) => value === '')
}

/** What the web page of Eclipse BaSyx says in place of `existing=keep`. */
function ignoresDuplicates(given: QueryParams): boolean {
  const values = given.get('ignore-duplicates')
  return values !== undefined && !isBlank(values) && readBoolean(values, 'ignore-duplicates')
}

/** Modifiers that a content forbids (Part 2, "Modifiers"): any value, or the one that is named. */
const FORBIDDEN_MODIFIERS: { readonly [Of in Content]?: readonly (readonly [name: string, value?: string])[] } = {
  metadata: [['level'], ['extent', 'withBlobValue']],
  reference: [['level', 'deep']]
}

type Reader<Value> = (values: readonly string[], name: string) => Value

const readers: { readonly [Name in keyof RequestQuery]-?: Reader<NonNullable<RequestQuery[Name]>> } = {
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
  existing: oneOf('refuse', 'replace', 'keep'),
  result: oneOf('valid', 'invalid', 'noTemplate'),
  template: readText,
  form: oneOf('normal', 'value')
}

/** `true` or `false` in any case. @throws HubError BadRequest */
export function readBoolean(values: readonly string[], name: string): boolean {
  const text = single(values, name)
  if (text.toLowerCase() === 'true') return true
  if (text.toLowerCase() === 'false') return false
  throw wrong(name, 'true or false', text)
}

/** The only value of a parameter that can have one. @throws HubError BadRequest */
export function single(values: readonly string[], name: string): string {
  const [value = '', ...others] = values
  if (others.length === 0) return value
  throw new HubError('BadRequest', [`The parameter ${name} is given ${values.length} times`])
}

function readLimit(values: readonly string[], name: string): number {
  const text = single(values, name)
  const limit = /^\d+$/.test(text) ? Number(text) : 0
  if (limit < 1) throw wrong(name, 'a whole number from 1 on', text)
  return limit
}

function readText(values: readonly string[], name: string): string {
  const text = single(values, name)
  if (text === '') throw new HubError('BadRequest', [`The parameter ${name} is empty`])
  return text
}

function oneOf<const Choice extends string>(...choices: Choice[]): Reader<Choice> {
  return (values, name) => {
    const text = single(values, name)
    const choice = choices.find((choice) => choice === text)
    if (choice === undefined) throw wrong(name, choices.join(' or '), text)
    return choice
  }
}

function readId(values: readonly string[], name: string): string {
  return decodeId(single(values, name), name)
}

/** Repeated, as the OpenAPI documents have it, or by comma, as the prose has it. */
function readIds(values: readonly string[], name: string): readonly string[] {
  return split(values).map((text) => decodeId(text, name))
}

function readReference(values: readonly string[], name: string): Reference {
  const text = single(values, name)
  if (text.length > MAX_REFERENCE_LENGTH) {
    throw new HubError('BadRequest', [`The parameter ${name} is longer than ${MAX_REFERENCE_LENGTH} characters`])
  }
  return reference(decodeJson(text, name), name)
}

/** Objects, repeated or by comma; or one array of them. */
function readAssetIds(values: readonly string[], name: string): readonly SpecificAssetId[] {
  return split(values).flatMap((text) => {
    const decoded = decodeJson(text, name)
    return (Array.isArray(decoded) ? decoded : [decoded]).map((item: unknown) => readAssetId(item, name))
  })
}

// Not held to the whole class: `globalAssetId` is reserved as a name [AASd-116], and asked for by that name here.
function readAssetId(item: unknown, parameter: string): SpecificAssetId {
  const { name, value, externalSubjectId } = (item ?? {}) as Record<string, unknown>
  if (typeof name !== 'string' || typeof value !== 'string' || name === '' || value === '') {
    throw wrong(parameter, 'objects with the texts "name" and "value"', JSON.stringify(item))
  }
  if (externalSubjectId === undefined) return { name, value }
  return { name, value, externalSubjectId: reference(externalSubjectId, parameter) }
}

function reference(value: unknown, name: string): Reference {
  const violations = validate('Reference', value)
  if (violations.length === 0) return value as Reference
  const texts = violations.map(({ pointer, text, rule }) => `${pointer === '' ? '' : `${pointer}: `}${text} [${rule}]`)
  throw new HubError('BadRequest', [`The parameter ${name} is no Reference: ${texts.join('; ')}`])
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

function wrong(name: string, expected: string, found: string): HubError {
  return new HubError('BadRequest', [`The parameter ${name}: ${expected} was expected; found "${excerpt(found)}"`])
}

/** A plus is a space, as forms and most clients write it. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text.includes('+') ? text.replaceAll('+', ' ') : text)
  } catch {
    throw new HubError('BadRequest', [`The query holds percent-encoding that is no UTF-8: "${excerpt(text)}"`])
  }
}
