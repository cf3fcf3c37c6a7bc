/** The routes of a running hub beside those of the standard, as its router lists them. */
import { routes } from '../../src/transports/http/routes.ts'
import type { Running } from './harness.ts'

export interface ServedRoute {
  readonly verb: string
  /** With parameters as the router has them: `/page/:name`. */
  readonly path: string
}

/** The paths of the standard, as the router knows them. */
export const standardPaths: ReadonlySet<string> = new Set(
  routes().map(({ path }) => `/api/v3${path.replace(/\{(\w+)\}/g, ':$1')}`)
)

/** Without HEAD and OPTIONS. A path that answers 405 itself is asked for its methods. */
export async function servedRoutes(hub: Running): Promise<ServedRoute[]> {
  const steps: string[] = []
  const found: ServedRoute[] = []
  for (const line of hub.server.app.printRoutes({ commonPrefix: false }).split('\n')) {
    const [, indent = '', step = '', all = ''] = /^([ │]*)[├└]── (.*?) \((.+)\)$/.exec(line) ?? []
    if (all === '') continue
    steps.splice(indent.length / 4, steps.length, step)
    const path = `/${steps.join('').replace(/^\/+/, '')}`
    if (standardPaths.has(path)) continue
    const allow = all.includes('OPTIONS') && (await hub.ask('OPTIONS', hub.url + path)).headers.get('allow')
    const verbs = (allow || all).split(', ').filter((verb) => verb !== 'HEAD' && verb !== 'OPTIONS')
    found.push(...verbs.map((verb) => ({ verb, path })))
  }
  return found
}
