/** Where the places of the API are routed in a hub that holds many assets, and how else they may be spelled. */
import type { Content } from '../../operations/call.ts'
import { aliasesOf, type Place, places } from '../../operations/mounts.ts'
import type { Verb } from '../../operations/table.ts'

export interface Route {
  readonly verb: Verb
  /** Below the API root, with parameters in braces: `/submodels/{submodelIdentifier}/$value`. */
  readonly path: string
  readonly row: Place['row']
  readonly content: Content
  /** How many segments of the path are the mount. */
  readonly depth: number
}

/**
 * `/aas` and `/submodel` are the interfaces of one asset: each is found below an address of its own, which is the base
 * URL of an Asset Administration Shell Service or of a Submodel Service (Part 2, service specifications).
 */
const SERVICES: Readonly<Record<string, string>> = {
  '/aas': '/aas-services/{aasIdentifier}',
  '/submodel': '/submodel-services/{submodelIdentifier}'
}

/** Everything that is routed. */
export function routes(): Route[] {
  return places.flatMap((place) =>
    [place.path, ...aliasesOf(place)].flatMap((path) => basesOf(place.mount.path).map((base) => at(base, path, place)))
  )
}

/** The address of a single asset's service that `path` belongs below; undefined where it belongs below none. */
export function serviceOf(path: string): string | undefined {
  const [, first] = path.split('/', 2)
  return Object.hasOwn(SERVICES, `/${first}`) ? SERVICES[`/${first}`] : undefined
}

function basesOf(mount: string): string[] {
  const service = serviceOf(mount)
  if (service !== undefined) return [service]
  // Every service offers these two (Part 2, profiles).
  return mount === '/serialization' || mount === '/description' ? ['', ...Object.values(SERVICES)] : ['']
}

function at(base: string, path: string, { verb, row, content, mount }: Place): Route {
  return { verb, path: base + path, row, content, depth: (base + mount.path).split('/').length - 1 }
}
