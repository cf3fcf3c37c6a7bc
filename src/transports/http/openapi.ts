/**
 * OpenAPI documents, derived from the table of operations: one per profile, and one for the hub as a whole, including the
 * extension endpoints that the transports declare.
 */

import type { JsonSchema } from '../../formats/json-schema.ts'
import type { Service } from '../../operations/api-request.ts'
import type { ApiEndpoint } from '../../operations/mounts.ts'
import { operationIdOf, semanticIdsOf } from '../../operations/names.ts'
import { operationsOf, type Profile, type ProfileOperation, profiles, profileUri } from '../../operations/profiles.ts'
import { rightOf } from '../../operations/required-right.ts'
import type { Verb } from '../../operations/table.ts'
import { documentedRight } from '../../security/rights.ts'
import { documented, type ExtensionEndpoint, extensionVerbs } from './extension-endpoint.ts'
import {
  bodyExample,
  commonExample,
  type EndpointAtPath,
  exampleOf,
  fileExample,
  formExample,
  responseExample
} from './openapi-examples.ts'
import { parameterIn, parameterNames, parameterOf, string, strings } from './openapi-parameters.ts'
import { refusalResponses, refusalsOf } from './openapi-refusals.ts'
import { ref, schemasFor } from './openapi-schemas.ts'
import { securityRequirements, securitySchemes } from './openapi-security.ts'
import { isAlsoAtRoot, routes } from './routes.ts'
import { uploadMediaTypes } from './upload.ts'

export interface OpenApi {
  readonly openapi: '3.1.0'
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly servers: readonly ServerAddress[]
  readonly tags: readonly { readonly name: string }[]
  readonly security?: typeof securityRequirements
  readonly paths: Readonly<Record<string, PathItem>>
  readonly components: Readonly<Record<string, Readonly<Record<string, JsonSchema>>>>
  readonly 'x-profile-identifier'?: string
}

export interface PathItem extends Readonly<Partial<Record<Lowercase<Verb>, PathOperation>>> {
  /** For paths that are not only served below the root of the API. */
  readonly servers?: readonly ServerAddress[]
}

interface ServerAddress {
  readonly url: string
}

export interface PathOperation {
  readonly operationId: string
  readonly [member: string]: unknown
}

const RELEASE = '3.1.2'

export function profileDocument(profile: Profile): OpenApi {
  const { service, number } = profile
  const title = `${words(service.replace('ServiceSpecification', ''))} Service, ${number}`
  const operations = operationsOf(profile).map((operation) => ({ ...operation, path: operation.endpoint.path }))
  const description = `Asset Administration Shell, Part 2: API, release ${RELEASE}: what the profile ${profileUri(profile)} asks for.`
  const info = { title, version: RELEASE, description }
  return { ...documentOf(info, '/api/v3', operations), 'x-profile-identifier': profileUri(profile) }
}

/**
 * The document of the hub as a whole.
 * @param prefix path of the API
 * @param extensions endpoints beside the standard's operations
 * @param version of the hub
 */
export function hubDocument(prefix: string, extensions: readonly ExtensionEndpoint[], version: string): OpenApi {
  const info = { title: 'AAS Hub', version, description: ABOUT_HUB }
  let made: OpenApi | undefined
  // When it is read first: few starts of a hub are for its document, and it is most of what they would compute.
  const document = () => {
    made ??= documentOf(info, prefix, operationsOfHub(), extensions)
    return made
  }
  return {
    openapi: '3.1.0',
    info,
    servers: [{ url: prefix }],
    get tags() {
      return document().tags
    },
    get paths() {
      return document().paths
    },
    get components() {
      return { ...document().components, securitySchemes }
    },
    security: securityRequirements
  }
}

function operationsOfHub(): DocumentedEndpoint[] {
  const known = new Set<string>()
  return routes()
    .filter(({ path, endpoint }) => path.endsWith(endpoint.path))
    .map(({ path, endpoint, service }) => {
      const { operationId, semanticIds } = nameOf(endpoint)
      const id = known.has(operationId) ? operationId + operationIdSuffix(endpoint, service) : operationId
      known.add(id)
      return { endpoint, path, operationId: id, semanticIds }
    })
}

const ABOUT_HUB = [
  `The API of the Asset Administration Shell (Part 2, release ${RELEASE}), and the hub's own endpoints.`,
  'The messages of the WebSocket `/stream` are in [/asyncapi.json](/asyncapi.json).',
  'Identifiers in paths are base64url of their UTF-8. The examples use the sample plant, which `npm run demo` loads.'
].join('\n\n')

/** Makes operationIds unique in the document: where the standard uses one for several endpoints, the service is added. */
function operationIdSuffix({ mount }: ApiEndpoint, service: Service | undefined): string {
  if (service !== undefined) return SERVICE_NAMES[service]
  return mount.path === '/submodels/{submodelIdentifier}' ? '_SubmodelRepo' : ''
}

const SERVICE_NAMES: Readonly<Record<Service, string>> = {
  aas: '_AasService',
  submodel: '_SubmodelService',
  templates: '_TemplateRepository'
}

/** The name in the first profile that has the endpoint; the hub's own operations are in no profile. */
function nameOf(endpoint: ApiEndpoint): { operationId: string; semanticIds: readonly string[] } {
  const profile = profiles.find(({ has }) => has(endpoint))
  const service = profile?.service ?? ''
  return { operationId: operationIdOf(endpoint, service), semanticIds: semanticIdsOf(endpoint, service) }
}

interface DocumentedEndpoint extends ProfileOperation {
  readonly path: string
}

function documentOf(
  info: OpenApi['info'],
  prefix: string,
  operations: readonly DocumentedEndpoint[],
  extensions: readonly ExtensionEndpoint[] = []
): OpenApi {
  const paths: Record<string, PathItem> = {}
  for (const operation of operations) {
    const { path, endpoint } = operation
    const servers = isAlsoAtRoot(endpoint.definition) ? { servers: serversOf('both', prefix) } : {}
    paths[path] = { ...servers, ...paths[path], [endpoint.verb.toLowerCase()]: operationOf(operation) }
  }
  for (const extension of extensions) {
    const { path, pathParameters, below } = extension
    const operations = extensionVerbs.flatMap((verb) => {
      const operation = extension[verb]
      return operation === undefined ? [] : [[verb, documented(operation, pathParameters)]]
    })
    paths[path] = { ...(below !== 'api' && { servers: serversOf(below, prefix) }), ...Object.fromEntries(operations) }
  }
  const schemas = [...JSON.stringify(paths).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(
    ([, name = '']) => name
  )
  const tags = [...operations.map(({ endpoint }) => tagOf(endpoint)), ...extensions.flatMap(tagsOf)]
  const parameters = new Set(operations.flatMap(parameterNames))
  const refusals = new Set(
    [...JSON.stringify(paths).matchAll(/"\$ref":"#\/components\/responses\/(\w+)"/g)].map(([, name = '']) => name)
  )
  return {
    openapi: '3.1.0',
    info,
    servers: [{ url: prefix }],
    tags: [...new Set(tags)].map((name) => ({ name })),
    paths,
    components: {
      parameters: Object.fromEntries(
        [...parameters].sort().map((name) => [name, parameterOf(name, commonExample(name))])
      ),
      responses: Object.fromEntries(Object.entries(refusalResponses).filter(([name]) => refusals.has(name))),
      schemas: schemasFor(['Result', ...schemas])
    }
  }
}

/** Programs that use one server only take the first. */
function serversOf(below: ExtensionEndpoint['below'], prefix: string): ServerAddress[] {
  return below === 'hub' ? [{ url: '/' }] : [{ url: '/' }, { url: prefix }]
}

function operationOf({ endpoint, path, operationId, semanticIds }: DocumentedEndpoint): PathOperation {
  const { definition } = endpoint
  const parameters = parameterNames({ endpoint, path })
  const body = requestBodyOf({ endpoint, path })
  return {
    operationId,
    tags: [tagOf(endpoint)],
    summary: summaryOf(endpoint),
    'x-semanticIds': semanticIds,
    'x-right': documentedRight(rightOf(endpoint)),
    ...(definition.name === 'GetAllAssetAdministrationShellIdsByAssetLink' && { deprecated: true }),
    ...(parameters.length > 0 && {
      parameters: parameters.map((name) => parameterIn(name, { endpoint, path }))
    }),
    ...(body !== undefined && { requestBody: body }),
    responses: {
      ...Object.fromEntries(endpoint.success.map((status) => [String(status), responseOf(endpoint, status)])),
      ...refusalsOf(endpoint, path)
    }
  }
}

function requestBodyOf(target: EndpointAtPath): JsonSchema | undefined {
  const { definition, content } = target.endpoint
  if (definition.takes === undefined) return undefined
  if (definition.takes !== 'file') {
    const body = { schema: schemaOf(definition.takes, content), ...exampleOf(bodyExample(target)) }
    return { required: true, content: { 'application/json': body } }
  }
  const example = formExample(target.endpoint)
  const isPackage = ['Packages', 'Package', 'AsyncPackages'].includes(definition.on)
  // Swagger UI fills in a form from the examples of its members, not from that of the whole.
  const properties = {
    ...(isPackage && { aasIds: { ...strings, example: example.aasIds } }),
    fileName: { ...string, example: example.fileName },
    file: BINARY
  }
  const form = { 'multipart/form-data': { schema: { type: 'object', required: ['file'], properties }, example } }
  const bare = uploadMediaTypes.map((type) => [type, { schema: BINARY, ...exampleOf(fileExample(type)) }])
  return { required: true, content: { ...form, ...(definition.own && Object.fromEntries(bare)) } }
}

const BINARY: JsonSchema = { type: 'string', format: 'binary' }

/** A successful response; 204 and 302 have no body, and 202 only where the operation returns a handle. */
function responseOf(endpoint: ApiEndpoint, status: number): JsonSchema {
  const { definition } = endpoint
  const hasBody = status === 200 || status === 201 || (status === 202 && definition.gives !== undefined)
  const content = hasBody ? contentOf(endpoint) : undefined
  const hasLocation =
    status === 302 || status === 202 || (status === 201 && !definition.own && definition.on !== 'Discovery')
  const Location = { description: 'URL of the resource', schema: { type: 'string', format: 'uri' } }
  return {
    description: DESCRIPTIONS[status] ?? 'Done',
    ...(hasLocation && { headers: { Location } }),
    ...(content !== undefined && { content })
  }
}

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  200: 'Done',
  201: 'Created',
  202: 'Accepted; the Location reports the progress',
  204: 'Done, without a body',
  302: 'Finished; the result is at the Location'
}

function contentOf(endpoint: ApiEndpoint): JsonSchema | undefined {
  const { definition, content } = endpoint
  if (definition.gives === undefined) return undefined
  if (definition.gives !== 'file') {
    const schema = definition.paged ? pageOf(definition, content) : schemaOf(definition.gives, content)
    const types = definition.media ?? ['application/json']
    return Object.fromEntries(
      types.map((type) => [
        type,
        type.endsWith('json') ? { schema, ...exampleOf(responseExample(endpoint)) } : { schema: string }
      ])
    )
  }
  // A stored file has the media type that it was stored with.
  const known = definition.media ?? []
  const media = known.includes('application/octet-stream') ? [...known, '*/*'] : known
  const types = media.map((type) => {
    const json = type === 'application/json' ? ref('Environment') : BINARY
    return [type, { schema: json }]
  })
  return Object.fromEntries(types)
}

function pageOf({ name, on, gives = '' }: ApiEndpoint['definition'], content: ApiEndpoint['content']): JsonSchema {
  const metadata = on === 'Queries' ? 'QueryResultPagingMetadata' : 'PagedResultPagingMetadata'
  const item = content === 'path' ? ref('PathItem') : schemaOf(gives, content)
  const items = on === 'Queries' ? { anyOf: [item, { type: 'string' }] } : item
  // One object for the values of a submodel's elements, but a list for those of several submodels (digest, section 8).
  const result =
    name === 'GetAllSubmodelElements' && content === 'value' ? ref('SubmodelValue') : { type: 'array', items }
  return {
    type: 'object',
    required: ['paging_metadata', 'result'],
    properties: { paging_metadata: ref(metadata), result }
  }
}

function schemaOf(type: string, content: ApiEndpoint['content']): JsonSchema {
  if (type.endsWith('[]')) return { type: 'array', items: ref(type.slice(0, -2)) }
  if (content === 'reference') return ref('Reference')
  if (content === 'path') return { type: 'array', items: ref('PathItem') }
  if (content === 'metadata') return ref(`${type}Metadata`)
  if (content === 'value') return ref(type.startsWith('Operation') ? `${type}ValueOnly` : `${type}Value`)
  return ref(type)
}

function tagsOf(endpoint: ExtensionEndpoint): string[] {
  return extensionVerbs.flatMap((verb) => endpoint[verb]?.tag ?? [])
}

function tagOf({ definition }: ApiEndpoint): string {
  return words(definition.on)
}

function summaryOf({ definition, content }: ApiEndpoint): string {
  const name = words(definition.name)
  return content === 'normal' ? name : `${name} ($${content})`
}

/** `GetSubmodelElementByPath` as words. */
function words(name: string): string {
  return name.replace(/(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, ' ')
}
