/** The error responses that an OpenAPI document lists for an operation; `default` stands for all others. */
import { type ErrorName, errorTable } from '../../errors.ts'
import type { JsonSchema } from '../../formats/json-schema.ts'
import type { ApiEndpoint } from '../../operations/mounts.ts'
import type { Interface } from '../../operations/table.ts'
import { rightsOf } from '../../security/rights.ts'
import { ref } from './openapi-schemas.ts'

const RESULT = { 'application/json': { schema: ref('Result') } } as const

/** The listed errors, with their meaning for a client. */
const meanings = {
  BadRequest: 'The path, a parameter or the body is malformed, or the result would violate a rule of the standard',
  Unauthorized: 'Credentials are missing or invalid',
  Forbidden: 'The client is not allowed to do this',
  NotFound: 'What the path names does not exist',
  MethodNotAllowed: 'Not supported by elements of this kind',
  NotAcceptable: 'None of the accepted media types is available',
  Conflict: 'It already exists, or was changed concurrently',
  PreconditionFailed: 'If-Match or If-None-Match does not hold',
  TooLarge: 'The body exceeds the limit of the server',
  UnsupportedMediaType: 'The media type of the body is not supported',
  KeyReused: 'The Idempotency-Key was used before with other content',
  UpgradeRequired: 'Only available as a WebSocket',
  TooManyRequests: 'The hub is still busy with earlier samples; retry after Retry-After',
  Unavailable: 'The store does not answer; retry after Retry-After',
  StorageFull: 'The disk is full',
  Internal: 'An error of the server; its log has details under the correlationId'
} as const satisfies Partial<Record<ErrorName, string>>

export type RefusalName = keyof typeof meanings

/** The response components that {@link refusals} refers to. */
export const refusalResponses: Readonly<Record<string, JsonSchema>> = {
  ...Object.fromEntries(
    Object.entries(meanings).map(([name, description]) => [name, { description, content: RESULT }])
  ),
  Refusal: {
    description: 'Refused or failed; each message names the place, the rule, what was expected and what was found',
    content: RESULT
  }
}

/** Responses by status. @param path in the document, which may begin with the address of a service */
export function refusalsOf(endpoint: ApiEndpoint, path: string): Readonly<Record<string, JsonSchema>> {
  const { definition } = endpoint
  const names: RefusalName[] = ['BadRequest', 'Unauthorized', 'Forbidden', 'Internal']
  if (mayBeMissing(endpoint, path)) names.push('NotFound')
  if (/\/(attachment|invoke|invoke-async)$/.test(definition.path)) names.push('MethodNotAllowed')
  if ((definition.media?.length ?? 0) > 1) names.push('NotAcceptable')
  if (
    definition.verb === 'POST' &&
    rightsOf(definition.right).includes('CREATE') &&
    !NEVER_IN_CONFLICT.has(definition.on)
  )
    names.push('Conflict')
  if (takesIfMatch(endpoint)) names.push('PreconditionFailed')
  if (definition.takes !== undefined) names.push('TooLarge', 'UnsupportedMediaType')
  return refusals(names)
}

/** Responses by status, with a `default`. */
export function refusals(names: readonly RefusalName[]): Readonly<Record<string, JsonSchema>> {
  const named = names.map((name) => [errorTable[name][0], { $ref: `#/components/responses/${name}` }])
  return { ...Object.fromEntries(named), default: { $ref: '#/components/responses/Refusal' } }
}

/** Is `If-Match` evaluated? It guards documents and their contents. */
export function takesIfMatch({ definition }: ApiEndpoint): boolean {
  return DOCUMENTS.has(definition.on) && ['PUT', 'PATCH', 'DELETE'].includes(definition.verb)
}

const DOCUMENTS: ReadonlySet<Interface> = new Set([
  'Shell',
  'Submodel',
  'ConceptDescription',
  'ShellDescriptor',
  'SubmodelDescriptor'
])

/** Bulk operations report a conflict in their result, and discovery replaces. */
const NEVER_IN_CONFLICT: ReadonlySet<Interface> = new Set(['Bulk', 'Discovery'])

/** Does the path name anything that must exist? PUT creates what it names last, but no parents of an element. */
function mayBeMissing({ definition, success }: ApiEndpoint, path: string): boolean {
  if (definition.gives === 'file' || definition.path.endsWith('/thumbnail')) return true
  const count = path.match(/\{\w+\}/g)?.length ?? 0
  const creates = definition.verb === 'PUT' && success.includes(201) && !path.endsWith('/{idShortPath}')
  // Links may be added for a shell that is not stored here (Part 2, Discovery).
  return count > (creates || definition.name === 'PostAllAssetLinksById' ? 1 : 0)
}
