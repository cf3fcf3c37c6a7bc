/** From a request to a call: everything that is prepared once per route, so that a request costs little. */
import type { FastifyRequest } from 'fastify'
import { HubError } from '../../errors.ts'
import type { ApiRequest } from '../../operations/api-request.ts'
import type { RequestQuery } from '../../operations/request-query.ts'
import { readAccept, readRange, readTags } from './headers.ts'
import { decodeHandle, decodeId, decodePath, decodeStoredPath } from './identifiers.ts'
import { type Limits, parseQuery, type QueryParams, queryReader } from './parameters.ts'
import type { Route } from './routes.ts'

type Writable<Type> = { -readonly [Name in keyof Type]: Type[Name] }
type Parameter = 'aasIdentifier' | 'submodelIdentifier' | 'cdIdentifier' | 'packageId' | 'handleId' | 'idShortPath'

export interface CallOptions extends Limits {
  readonly prefix: string
  readonly root: (request: FastifyRequest) => string
  /** Elements may be stored whose idShort is none. */
  readonly lenient?: boolean
}

const NO_PARAMETERS: QueryParams = new Map()

/** The query of a request: what follows `?`. @throws HubError BadRequest */
export function queryOf({ raw: { url = '' } }: FastifyRequest): QueryParams {
  const mark = url.indexOf('?')
  if (mark === -1 || mark === url.length - 1) return NO_PARAMETERS
  const hash = url.indexOf('#', mark)
  return parseQuery(url.slice(mark + 1, hash === -1 ? url.length : hash))
}

/** Prepares what makes calls of a route's requests; it throws HubError for what is malformed, and reads no body. */
export function callReader(
  { row, content, path, depth, service }: Route,
  { prefix, root, lenient, ...limits }: CallOptions
): (request: FastifyRequest, given: QueryParams) => Writable<ApiRequest> {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as Parameter)
  const readQuery = queryReader(row, content, limits)
  const readPath = lenient === true ? decodeStoredPath : decodePath
  const emptyQuery: RequestQuery = Object.freeze({ limit: limits.defaultLimit })
  // Where there is a choice of media types, the operation chooses.
  const givesJson = row.gives !== undefined && row.gives !== 'file' && row.media === undefined

  return (request, given) => {
    const { headers } = request
    const accept = readAccept(headers.accept)
    // Before anything is changed: an answer that cannot be given must not follow a write.
    if (givesJson && !accept.json) throw new HubError('NotAcceptable', ['application/json'])
    const call: Writable<ApiRequest> = {
      definition: row,
      content,
      query: given === NO_PARAMETERS ? emptyQuery : readQuery(given),
      accept: accept.types,
      base: root(request),
      mount: mountOf(request.raw.url ?? '', prefix.length, depth)
    }
    if (service !== undefined) call.service = service
    const parameters = request.params as Record<string, string>
    for (const name of names) {
      const text = parameters[name] ?? ''
      if (name === 'idShortPath') call.idShortPath = readPath(text, name)
      else if (name === 'handleId') call.handleId = decodeHandle(text)
      else call[name] = decodeId(text, name)
    }
    const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch, range } = headers
    if (ifMatch !== undefined) call.ifMatch = readTags(ifMatch, false)
    if (ifNoneMatch !== undefined) call.ifNoneMatch = readTags(ifNoneMatch, true)
    // Files have no tag that an If-Range could name; only GET knows ranges (RFC 9110, 14.2).
    if (range !== undefined && headers['if-range'] === undefined && row.gives === 'file' && request.method === 'GET') {
      const asked = readRange(range)
      if (asked !== undefined) call.range = asked
    }
    return call
  }
}

/** The first segments of a path, from `start` on, as they were written. */
function mountOf(url: string, start: number, segments: number): string {
  let end = start
  for (let count = 0; count < segments; count++) {
    end = url.indexOf('/', end + 1)
    if (end === -1) break
  }
  // Where the mount is all there is a query may follow it, in which there may be slashes.
  return before(before(end === -1 ? url.slice(start) : url.slice(start, end), '?'), '#')
}

function before(text: string, sign: string): string {
  const at = text.indexOf(sign)
  return at === -1 ? text : text.slice(0, at)
}
