/**
 * OpenAPI documents, derived from the table of operations: one per profile, and one for the hub as a whole with what its
 * doors declare beside the table.
 */
import type { JsonSchema } from '../../formats/json-schema.ts'
import { enumerations } from '../../model/metamodel.ts'
import type { Service } from '../../operations/api-request.ts'
import { type Endpoint, queryParametersOf } from '../../operations/mounts.ts'
import { operationIdOf, semanticIdsOf } from '../../operations/names.ts'
import { operationsOf, type Profile, type ProfileOperation, profiles, profileUri } from '../../operations/profiles.ts'
import type { Verb } from '../../operations/table.ts'
import { documented, type ExtensionPath } from './extension-endpoint.ts'
import { bodyExample, commonExample, fileExample, formExample, parameterExample } from './openapi-examples.ts'
import { isGuarded, refusalResponses, refusalsOf } from './openapi-refusals.ts'
import { ref, schemasFor } from './openapi-schemas.ts'
import { isBesideApi, routes } from './routes.ts'
import { uploadTypes } from './upload.ts'

export interface OpenApi {
  readonly openapi: '3.1.0'
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly servers: readonly Address[]
  readonly tags: readonly { readonly name: string }[]
  readonly paths: Readonly<Record<string, PathItem>>
  readonly components: Readonly<Record<string, Readonly<Record<string, JsonSchema>>>>
  readonly 'x-profile-identifier'?: string
}

export interface PathItem extends Readonly<Partial<Record<Lowercase<Verb>, PathOperation>>> {
  /** Where the path does not lie below the root of the API alone. */
  readonly servers?: readonly Address[]
}

interface Address {
  readonly url: string
}

export interface PathOperation {
  readonly operationId: string
  readonly [member: string]: unknown
}

const RELEASE = '3.1.2'

/** What a profile offers, as a document of its own. */
export function profileDocument(profile: Profile): OpenApi {
  const { service, number } = profile
  const title = `${words(service.replace('ServiceSpecification', ''))} Service, ${number}`
  const operations = operationsOf(profile).map((operation) => ({ ...operation, path: operation.endpoint.path }))
  const description = `Asset Administration Shell, Part 2: API, release ${RELEASE}: what the profile ${profileUri(profile)} asks for.`
  const info = { title, version: RELEASE, description }
  return { ...documentOf(info, '/api/v3', operations), 'x-profile-identifier': profileUri(profile) }
}

/**
 * Everything that the hub offers.
 * @param prefix path below which the API lies
 * @param own what is served beside the standard's operations
 * @param version of the hub
 */
export function hubDocument(prefix: string, own: readonly ExtensionPath[], version: string): OpenApi {
  const known = new Set<string>()
  const operations = routes()
    .filter(({ path, place }) => path.endsWith(place.path))
    .map(({ path, place, service }) => {
      const { operationId, semanticIds } = nameOf(place)
      const id = known.has(operationId) ? operationId + tellingOf(place, service) : operationId
      known.add(id)
      return { endpoint: place, path, operationId: id, semanticIds }
    })
  const info = { title: 'AAS Hub', version, description: ABOUT_HUB }
  return documentOf(info, prefix, operations, own)
}

const ABOUT_HUB = [
  `The API of the Asset Administration Shell (Part 2, release ${RELEASE}), and what the hub serves beside it.`,
  'The messages of the WebSocket `/stream` are in [/asyncapi.json](/asyncapi.json).',
  'Identifiers stand in addresses as base64url of their UTF-8. The examples speak of the sample plant, which `npm run demo` starts the hub with.'
].join('\n\n')

/** In one document an operationId stands once, so where the standard gives two places the same, the service is added. */
function tellingOf({ mount }: Endpoint, service: Service | undefined): string {
  if (service !== undefined) return SERVICE_NAMES[service]
  return mount.path === '/submodels/{submodelIdentifier}' ? '_SubmodelRepo' : ''
}

const SERVICE_NAMES: Readonly<Record<Service, string>> = {
  aas: '_AasService',
  submodel: '_SubmodelService',
  templates: '_TemplateRepository'
}

/** As the first profile names it that has it; the hub's own operations are in none. */
function nameOf(place: Endpoint): { operationId: string; semanticIds: readonly string[] } {
  const profile = profiles.find(({ has }) => has(place))
  const service = profile?.service ?? ''
  return { operationId: operationIdOf(place, service), semanticIds: semanticIdsOf(place, service) }
}

interface Placed extends ProfileOperation {
  readonly path: string
}

function documentOf(
  info: OpenApi['info'],
  prefix: string,
  operations: readonly Placed[],
  own: readonly ExtensionPath[] = []
): OpenApi {
  const paths: Record<string, PathItem> = {}
  for (const operation of operations) {
    const { path, endpoint: place } = operation
    const servers = isBesideApi(place.definition) ? { servers: addressesOf('both', prefix) } : {}
    paths[path] = { ...servers, ...paths[path], [place.verb.toLowerCase()]: operationOf(operation) }
  }
  for (const { path, below, get, post } of own) {
    paths[path] = {
      ...(below !== 'api' && { servers: addressesOf(below, prefix) }),
      ...(get !== undefined && { get: documented(get) }),
      ...(post !== undefined && { post: documented(post) })
    }
  }
  const schemas = [...JSON.stringify(paths).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(
    ([, name = '']) => name
  )
  const tags = [...operations.map(({ endpoint: place }) => tagOf(place)), ...own.flatMap(tagsOf)]
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

/** Programs that go to one address only take the first. */
function addressesOf(below: ExtensionPath['below'], prefix: string): Address[] {
  return below === 'hub' ? [{ url: '/' }] : [{ url: '/' }, { url: prefix }]
}

function operationOf({ endpoint: place, path, operationId, semanticIds }: Placed): PathOperation {
  const { definition: row } = place
  const parameters = parameterNames({ endpoint: place, path })
  const body = requestBodyOf({ endpoint: place, path })
  return {
    operationId,
    tags: [tagOf(place)],
    summary: summaryOf(place),
    'x-semanticIds': semanticIds,
    'x-right': row.right,
    ...(row.name === 'GetAllAssetAdministrationShellIdsByAssetLink' && { deprecated: true }),
    ...(parameters.length > 0 && {
      parameters: parameters.map((name) => parameterIn(name, { endpoint: place, path }))
    }),
    ...(body !== undefined && { requestBody: body }),
    responses: {
      ...Object.fromEntries(place.success.map((status) => [String(status), responseOf(place, status)])),
      ...refusalsOf(place, path)
    }
  }
}

function requestBodyOf(placed: Pick<Placed, 'endpoint' | 'path'>): JsonSchema | undefined {
  const { definition: row, content } = placed.endpoint
  if (row.takes === undefined) return undefined
  if (row.takes !== 'file') {
    const body = { schema: schemaOf(row.takes, content), ...exampleOf(bodyExample(placed)) }
    return { required: true, content: { 'application/json': body } }
  }
  const example = formExample(placed.endpoint)
  const isPackage = row.on === 'Packages' || row.on === 'Package'
  // Pages that fill in a form take the example of each member, not that of the whole.
  const properties = {
    ...(isPackage && { aasIds: { ...strings, example: example.aasIds } }),
    fileName: { ...string, example: example.fileName },
    file: BINARY
  }
  const form = { 'multipart/form-data': { schema: { type: 'object', required: ['file'], properties }, example } }
  const bare = uploadTypes.map((type) => [type, { schema: BINARY, ...exampleOf(fileExample(type)) }])
  return { required: true, content: { ...form, ...(row.own && Object.fromEntries(bare)) } }
}

function exampleOf(example: unknown): JsonSchema {
  return example === undefined ? {} : { example }
}

const BINARY: JsonSchema = { type: 'string', format: 'binary' }

/** The bodies of success: 201 and 200 give what the row gives, 202, 204 and 302 nothing. */
function responseOf(place: Endpoint, status: number): JsonSchema {
  const { definition: row } = place
  const gives = status === 200 || status === 201
  const content = gives ? contentOf(place) : undefined
  const moved = status === 302 || status === 202 || (status === 201 && !row.own && row.on !== 'Discovery')
  const Location = { description: 'Where it is', schema: { type: 'string', format: 'uri' } }
  return {
    description: DESCRIPTIONS[status] ?? 'Done',
    ...(moved && { headers: { Location } }),
    ...(content !== undefined && { content })
  }
}

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  200: 'Done',
  201: 'Created',
  202: 'Begun; the Location tells how it goes',
  204: 'Done; there is nothing to say',
  302: 'Ended; the result is at the Location'
}

function contentOf({ definition: row, content }: Endpoint): JsonSchema | undefined {
  if (row.gives === undefined) return undefined
  if (row.gives !== 'file') {
    const schema = row.paged ? pageOf(row, content) : schemaOf(row.gives, content)
    const types = row.media ?? ['application/json']
    return Object.fromEntries(types.map((type) => [type, { schema: type.endsWith('json') ? schema : string }]))
  }
  // A stored file is sent as what it was stored as.
  const media = row.media?.includes('application/octet-stream') ? [...row.media, '*/*'] : (row.media ?? [])
  const types = media.map((type) => {
    const json = type === 'application/json' ? ref('Environment') : BINARY
    return [type, { schema: json }]
  })
  return Object.fromEntries(types)
}

function pageOf({ name, on, gives = '' }: Endpoint['definition'], content: Endpoint['content']): JsonSchema {
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

function schemaOf(type: string, content: Endpoint['content']): JsonSchema {
  if (type.endsWith('[]')) return { type: 'array', items: ref(type.slice(0, -2)) }
  if (content === 'reference') return ref('Reference')
  if (content === 'path') return { type: 'array', items: ref('PathItem') }
  if (content === 'metadata') return ref(`${type}Metadata`)
  if (content === 'value') return ref(type.startsWith('Operation') ? `${type}ValueOnly` : `${type}Value`)
  return ref(type)
}

function parameterNames({ endpoint: place, path }: Pick<Placed, 'endpoint' | 'path'>): string[] {
  return [
    ...namesIn(path),
    ...queryParametersOf(place),
    ...(isBesideApi(place.definition) ? ['fileName'] : []),
    ...(isGuarded(place) ? ['IfMatch'] : [])
  ]
}

/** A parameter that all operations share, unless the operation has an example of its own for it. */
function parameterIn(name: string, placed: Pick<Placed, 'endpoint' | 'path'>): JsonSchema {
  const example = parameterExample(name, placed)
  return example === commonExample(name) ? { $ref: `#/components/parameters/${name}` } : parameterOf(name, example)
}

function parameterOf(name: string, example: unknown): JsonSchema {
  if (name === 'IfMatch') return IF_MATCH
  const inPath = PATH_PARAMETERS[name]
  if (inPath !== undefined) {
    const required = { name, in: 'path', required: true, description: inPath, schema: { type: 'string' } }
    return { ...required, ...exampleOf(example) }
  }
  return { name, in: 'query', ...QUERY_PARAMETERS[name], ...exampleOf(example) }
}

const IF_MATCH: JsonSchema = {
  name: 'If-Match',
  in: 'header',
  description: 'Only if it is still as it was read: the ETag of the answer then',
  schema: { type: 'string' }
}

const BASE64URL = 'base64url of the UTF-8 of the identifier, without padding'

const PATH_PARAMETERS: Readonly<Record<string, string>> = {
  aasIdentifier: BASE64URL,
  submodelIdentifier: BASE64URL,
  cdIdentifier: BASE64URL,
  packageId: BASE64URL,
  handleId: BASE64URL,
  idShortPath: 'idShorts and indexes, e.g. Sensors.Temperature or Motors[0].Speed; percent-encoded'
}

const string = { type: 'string' } as const
const strings = { type: 'array', items: string } as const

const QUERY_PARAMETERS: Readonly<Record<string, JsonSchema>> = {
  limit: { description: 'Most entries on a page', schema: { type: 'integer', minimum: 1 } },
  cursor: {
    description: 'Where the page before ended: its paging_metadata.cursor',
    schema: { type: 'string', minLength: 1 }
  },
  level: { description: 'How deep', schema: { type: 'string', enum: ['deep', 'core'], default: 'deep' } },
  extent: {
    description: 'With the values of Blobs or without',
    schema: { type: 'string', enum: ['withBlobValue', 'withoutBlobValue'], default: 'withoutBlobValue' }
  },
  idShort: { description: 'Exactly this idShort', schema: string },
  semanticId: { description: 'base64url of a Reference in JSON', schema: { type: 'string', maxLength: 3072 } },
  isCaseOf: { description: 'base64url of a Reference in JSON', schema: string },
  dataSpecificationRef: { description: 'base64url of a Reference in JSON', schema: string },
  assetIds: { description: 'base64url of a SpecificAssetId in JSON, each; all must match', schema: strings },
  assetKind: { description: 'Exactly this kind', schema: { type: 'string', enum: enumerations.AssetKind } },
  assetType: { description: BASE64URL, schema: string },
  aasId: { description: BASE64URL, schema: string },
  aasIds: { description: `${BASE64URL}, each`, schema: strings },
  submodelIds: { description: `${BASE64URL}, each`, schema: strings },
  includeConceptDescriptions: { description: 'With concept descriptions', schema: { type: 'boolean', default: true } },
  existing: {
    description: 'What becomes of documents that are already stored',
    schema: { type: 'string', enum: ['refuse', 'replace', 'keep'], default: 'refuse' }
  },
  fileName: { description: 'The name of a file that is sent as the body itself', schema: string },
  result: {
    description: 'Exactly this result',
    schema: { type: 'string', enum: ['valid', 'invalid', 'noTemplate'] }
  },
  template: { description: 'A template: its name, its semanticId, or the $id of its schema', schema: string },
  form: {
    description: 'The form of the submodel that the schema is for',
    schema: { type: 'string', enum: ['normal', 'value'], default: 'normal' }
  }
}

function namesIn(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
}

function tagsOf({ get, post }: ExtensionPath): string[] {
  return [get, post].flatMap((operation) => operation?.tag ?? [])
}

function tagOf({ definition: row }: Endpoint): string {
  return words(row.on)
}

function summaryOf({ definition: row, content }: Endpoint): string {
  return content === 'normal' ? words(row.name) : `${words(row.name)} ($${content})`
}

/** `GetSubmodelElementByPath` as words. */
function words(name: string): string {
  return name.replace(/(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, ' ')
}
