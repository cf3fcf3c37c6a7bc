/** Where the places of the API are routed in a hub that holds many assets, and how else they may be spelled. */
import type { Service } from '../../operations/api-request.ts'
import { aliasPathsOf, type Endpoint, endpoints } from '../../operations/mounts.ts'
import { serviceEndpoints } from '../../operations/profiles.ts'
import type { Content } from '../../operations/request-query.ts'
import type { Verb } from '../../operations/table.ts'

export interface Route {
  readonly verb: Verb
  /** Below the API root, with parameters in braces: `/submodels/{submodelIdentifier}/$value`. */
  readonly path: string
  /** What is there; its own path may be spelled otherwise. */
  readonly place: Endpoint
  readonly row: Endpoint['definition']
  readonly content: Content
  /** How many segments of the path are the mount. */
  readonly depth: number
  /** Absent: the hub as a whole. */
  readonly service?: Service
}

/**
 * Where the services beside the hub have their addresses: each is the base URL of an Asset Administration Shell Service,
 * of a Submodel Service, or of a repository of submodel templates (Part 2, service specifications).
 */
const SERVICES: readonly (readonly [service: Service, base: string])[] = [
  ['aas', '/aas-services/{aasIdentifier}'],
  ['submodel', '/submodel-services/{submodelIdentifier}'],
  ['templates', '/template-repository']
]

/** Everything that is routed; spelled as the standard spells it, a route's path ends with that of its place. */
export function routes(): Route[] {
  return endpoints.flatMap((place) => [place.path, ...aliasPathsOf(place)].flatMap((path) => [...at(path, place)]))
}

/** Is it found at the address of the hub as well, beside the standard's API? Files are uploaded to the hub, not to the API. */
export function isBesideApi(row: Endpoint['definition']): boolean {
  return row.own === true && row.takes === 'file'
}

/** The address of a single asset's service that `path` belongs below; undefined where it belongs below none. */
export function serviceOf(path: string): string | undefined {
  const [, first] = path.split('/', 2)
  return SERVICES.find(([service]) => service === first)?.[1]
}

function* at(path: string, place: Endpoint): Generator<Route> {
  const { verb, definition: row, content, mount } = place
  const route = (base: string) => ({
    verb,
    path: base + path,
    place,
    row,
    content,
    depth: (base + mount.path).split('/').length - 1
  })
  // The interfaces of a single asset are at no address of a hub that holds many.
  if (serviceOf(mount.path) === undefined) yield route('')
  for (const [service, base] of SERVICES) if (serviceEndpoints[service](place)) yield { ...route(base), service }
}
