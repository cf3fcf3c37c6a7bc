/** Turns HTTP requests into API requests. What depends on the route alone is prepared once, to keep requests cheap. */
import type { FastifyRequest } from 'fastify'
import { HubError } from '../../errors.ts'
import type { ApiRequest } from '../../operations/api-request.ts'
import type { RequestQuery } from '../../operations/request-query.ts'
import type { Verb } from '../../operations/table.ts'
import { BoundedCache } from '../../security/bounded-cache.ts'
import { readAccept, readRange, readTags } from './headers.ts'
import { decodeHandle, decodeId, decodePath, decodeStoredPath } from './identifiers.ts'
import { type PageLimits, parseQuery, type QueryParams, queryParser } from './parameters.ts'
import type { Route } from './routes.ts'

type Writable<Type> = { -readonly [Name in keyof Type]: Type[Name] }
type PathParameter = 'aasIdentifier' | 'submodelIdentifier' | 'cdIdentifier' | 'packageId' | 'handleId' | 'idShortPath'

export interface RequestOptions extends PageLimits {
  readonly prefix: string
  readonly root: (request: FastifyRequest) => string
  /** Accept paths with idShorts that the standard does not allow: such elements may have been stored leniently. */
  readonly lenient?: boolean
}

const NO_PARAMETERS: QueryParams = new Map()

/** What a path says, which is the same for each request to it. */
type PathParts = Pick<ApiRequest, PathParameter | 'mount'>

interface KnownPath {
  /** Of its route; the same path may be another route's for another method. */
  readonly names: readonly PathParameter[]
  readonly parts: PathParts
}

/** Approximate bytes of the paths known for one method. */
const KNOWN_BYTES = 4 * 2 ** 20
/** Of one path beside its text, which it contains twice: encoded and decoded. */
const KNOWN_OVERHEAD_BYTES = 200

/** Paths that were decoded lately: clients read and write the same ones again and again. */
const knownPaths: { readonly [Of in Verb]?: BoundedCache<KnownPath> } = {
  GET: new BoundedCache(KNOWN_BYTES),
  PATCH: new BoundedCache(KNOWN_BYTES)
}

/** The query of a request. @throws HubError BadRequest */
export function queryParamsOf({ raw: { url = '' } }: FastifyRequest): QueryParams {
  const mark = url.indexOf('?')
  if (mark === -1 || mark === url.length - 1) return NO_PARAMETERS
  const hash = url.indexOf('#', mark)
  return parseQuery(url.slice(mark + 1, hash === -1 ? url.length : hash))
}

/** Returns the parser for requests of a route. It throws HubError where they are malformed, and reads no body. */
export function requestReader(
  { definition, content, path, depth, service }: Route,
  { prefix, root, lenient, ...limits }: RequestOptions
): (request: FastifyRequest, params: QueryParams) => Writable<ApiRequest> {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as PathParameter)
  const parseApiQuery = queryParser(definition, content, limits)
  const readPath = lenient === true ? decodeStoredPath : decodePath
  const emptyQuery: RequestQuery = Object.freeze({ limit: limits.defaultLimit })
  // Where there are several media types, the operation chooses.
  const givesJson = definition.gives !== undefined && definition.gives !== 'file' && definition.media === undefined

  const known = knownPaths[definition.verb]

  return (request, params) => {
    const { headers } = request
    const accept = readAccept(headers.accept)
    // Checked first: a write must not be followed by a refusal to answer.
    if (givesJson && !accept.json) throw new HubError('NotAcceptable', ['application/json'])
    const apiRequest: Writable<ApiRequest> = {
      ...pathParts(request, params),
      definition,
      content,
      query: params === NO_PARAMETERS ? emptyQuery : parseApiQuery(params),
      accept: accept.types,
      base: root(request)
    }
    if (accept.versions !== undefined) apiRequest.acceptedVersions = accept.versions
    if (service !== undefined) apiRequest.service = service
    const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch, range } = headers
    if (ifMatch !== undefined) apiRequest.ifMatch = readTags(ifMatch, false)
    if (ifNoneMatch !== undefined) apiRequest.ifNoneMatch = readTags(ifNoneMatch, true)
    // Files have no ETag that If-Range could name; ranges are defined for GET only (RFC 9110, 14.2).
    const hasRange = range !== undefined && headers['if-range'] === undefined
    if (hasRange && definition.gives === 'file' && request.method === 'GET') {
      const parsed = readRange(range)
      if (parsed !== undefined) apiRequest.range = parsed
    }
    return apiRequest
  }

  function pathParts(request: FastifyRequest, params: QueryParams): PathParts {
    const { url = '' } = request.raw
    const found = known?.get(url)
    if (found?.names === names) return found.parts
    const parts = decodeParts(url, request.params as Record<string, string>)
    // With a query the variants would be too many.
    if (params === NO_PARAMETERS) known?.set(url, { names, parts }, KNOWN_OVERHEAD_BYTES + 2 * url.length)
    return parts
  }

  function decodeParts(url: string, parameters: Record<string, string>): PathParts {
    const parts: Writable<PathParts> = { mount: mountOf(url, prefix.length, depth) }
    for (const name of names) {
      const text = parameters[name] ?? ''
      if (name === 'idShortPath') parts.idShortPath = readPath(text, name)
      else if (name === 'handleId') parts.handleId = decodeHandle(text)
      else parts[name] = decodeId(text, name)
    }
    return parts
  }
}

/** The first segments of a path from `start` on, as the client wrote them. */
function mountOf(url: string, start: number, segments: number): string {
  let end = start
  for (let count = 0; count < segments; count++) {
    end = url.indexOf('/', end + 1)
    if (end === -1) break
  }
  // If the path is the mount alone, a query may follow it, which may contain slashes.
  return before(before(end === -1 ? url.slice(start) : url.slice(start, end), '?'), '#')
}

function before(text: string, sign: string): string {
  const at = text.indexOf(sign)
  return at === -1 ? text : text.slice(0, at)
}
