/** The routes of the standard's endpoints in a hub that holds many assets, with the spellings of other releases. */
import type { Service } from '../../operations/api-request.ts'
import { type ApiEndpoint, aliasPathsOf, endpoints } from '../../operations/mounts.ts'
import { serviceEndpoints } from '../../operations/profiles.ts'
import type { Content } from '../../operations/request-query.ts'
import type { Verb } from '../../operations/table.ts'

export interface Route {
  readonly verb: Verb
  /** Below the API root, with parameters in braces: `/submodels/{submodelIdentifier}/$value`. */
  readonly path: string
  /** May have a path of another spelling. */
  readonly endpoint: ApiEndpoint
  readonly definition: ApiEndpoint['definition']
  readonly content: Content
  /** Number of path segments of the mount. */
  readonly depth: number
  /** Absent: the hub as a whole. */
  readonly service?: Service
}

/**
 * Addresses of the services beside the hub: each is the base URL of an Asset Administration Shell Service, of a Submodel
 * Service, or of a repository of submodel templates (Part 2, service specifications).
 */
const SERVICES: readonly (readonly [service: Service, base: string])[] = [
  ['aas', '/aas-services/{aasIdentifier}'],
  ['submodel', '/submodel-services/{submodelIdentifier}'],
  ['templates', '/template-repository']
]

/** Every route. In the standard's own spelling, the path of a route ends with that of its endpoint. */
export function routes(): Route[] {
  return endpoints.flatMap((endpoint) =>
    [endpoint.path, ...aliasPathsOf(endpoint)].flatMap((path) => [...routesOf(path, endpoint)])
  )
}

/** Is it served below the hub's root as well as below the API root? Files are uploaded to the hub. */
export function isAlsoAtRoot(definition: ApiEndpoint['definition']): boolean {
  return definition.own === true && definition.takes === 'file'
}

/** The base path of the service that `path` belongs to; undefined for a path of the hub. */
export function serviceBaseOf(path: string): string | undefined {
  const [, first] = path.split('/', 2)
  return SERVICES.find(([service]) => service === first)?.[1]
}

/** A path with parameters in braces as Fastify spells it. */
export function fastifyPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1')
}

function* routesOf(path: string, endpoint: ApiEndpoint): Generator<Route> {
  const { verb, definition, content, mount } = endpoint
  const route = (base: string) => ({
    verb,
    path: base + path,
    endpoint,
    definition,
    content,
    depth: (base + mount.path).split('/').length - 1
  })
  // Interfaces of a single asset are only served below the address of a service.
  if (serviceBaseOf(mount.path) === undefined) yield route('')
  for (const [service, base] of SERVICES) if (serviceEndpoints[service](endpoint)) yield { ...route(base), service }
}
