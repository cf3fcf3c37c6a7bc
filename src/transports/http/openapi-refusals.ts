/** Which refusals a caller of an operation must be ready for; every other one is told of by `default`. */
import { type ErrorName, errorTable } from '../../errors.ts'
import type { JsonSchema } from '../../formats/json-schema.ts'
import type { Endpoint } from '../../operations/mounts.ts'
import type { Interface } from '../../operations/table.ts'
import { ref } from './openapi-schemas.ts'

const RESULT = { 'application/json': { schema: ref('Result') } } as const

/** The refusals that documents name, with what each means to a caller. */
const meanings = {
  BadRequest: 'The address, a parameter or the body is malformed, or the outcome would break a rule of the standard',
  Unauthorized: 'Credentials are missing or not valid',
  Forbidden: 'The caller may not do this',
  NotFound: 'What the path names does not exist',
  MethodNotAllowed: 'The element is of a kind that does not know this',
  NotAcceptable: 'None of the media types asked for can be given',
  Conflict: 'There is one already, or somebody else changed it at the same time',
  PreconditionFailed: 'It is not, or no longer, what If-Match or If-None-Match expects',
  TooLarge: 'The body is larger than the server takes',
  UnsupportedMediaType: 'The body is of a media type that is not accepted here',
  KeyReused: 'The Idempotency-Key came before with other content',
  UpgradeRequired: 'This is for a WebSocket only',
  TooManyRequests: 'The hub is behind with what it was sent before; Retry-After says when to come again',
  Unavailable: 'The store does not answer; Retry-After says when to come again',
  StorageFull: 'There is no room left on the disk',
  Internal: 'The server failed; its log says more under the correlationId'
} as const satisfies Partial<Record<ErrorName, string>>

export type RefusalName = keyof typeof meanings

/** The components that {@link refusals} refers to. */
export const refusalResponses: Readonly<Record<string, JsonSchema>> = {
  ...Object.fromEntries(
    Object.entries(meanings).map(([name, description]) => [name, { description, content: RESULT }])
  ),
  Refusal: {
    description: 'Refused, or failed; each message names the place, the rule, what was expected and what was found',
    content: RESULT
  }
}

/** Responses by status. @param path the whole path in the document, as it may begin with the address of a service */
export function refusalsOf(place: Endpoint, path: string): Readonly<Record<string, JsonSchema>> {
  const names: RefusalName[] = ['BadRequest', 'Unauthorized', 'Forbidden', 'Internal']
  if (namesMore(place, path)) names.push('NotFound')
  if (/\/(attachment|invoke|invoke-async)$/.test(place.definition.path)) names.push('MethodNotAllowed')
  if ((place.definition.media?.length ?? 0) > 1) names.push('NotAcceptable')
  if (place.definition.verb === 'POST' && place.definition.right === 'CREATE' && !NEVER_THERE.has(place.definition.on))
    names.push('Conflict')
  if (isGuarded(place)) names.push('PreconditionFailed')
  if (place.definition.takes !== undefined) names.push('TooLarge', 'UnsupportedMediaType')
  return refusals(names)
}

/** Responses by status, with one for all that are not named. */
export function refusals(names: readonly RefusalName[]): Readonly<Record<string, JsonSchema>> {
  const named = names.map((name) => [errorTable[name][0], { $ref: `#/components/responses/${name}` }])
  return { ...Object.fromEntries(named), default: { $ref: '#/components/responses/Refusal' } }
}

/** Does `If-Match` hold for the operation? It guards documents and what is in them. */
export function isGuarded({ definition: row }: Endpoint): boolean {
  return DOCUMENTS.has(row.on) && ['PUT', 'PATCH', 'DELETE'].includes(row.verb)
}

const DOCUMENTS: ReadonlySet<Interface> = new Set([
  'Shell',
  'Submodel',
  'ConceptDescription',
  'ShellDescriptor',
  'SubmodelDescriptor'
])

/** Nothing stands in the way at once: the one tells of it later, the other replaces. */
const NEVER_THERE: ReadonlySet<Interface> = new Set(['Bulk', 'Discovery'])

/** Is anything named that must be there? PUT creates the last thing that it names, but no parents of an element. */
function namesMore({ definition: row, success }: Endpoint, path: string): boolean {
  if (row.gives === 'file' || row.path.endsWith('/thumbnail')) return true
  const count = path.match(/\{\w+\}/g)?.length ?? 0
  const creates = row.verb === 'PUT' && success.includes(201) && !path.endsWith('/{idShortPath}')
  // Links may be given to a shell that is unknown here (Part 2, Discovery).
  return count > (creates || row.name === 'PostAllAssetLinksById' ? 1 : 0)
}
