/** The methods of each path: for OPTIONS, for 405 and its `Allow` (RFC 9110, 15.5.6). */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { HubError } from '../../errors.ts'
import { fastifyPath, type Route } from './routes.ts'

type MethodsByPath = ReadonlyMap<string, ReadonlySet<string>>

/** By paths as Fastify spells them. */
export function methodsByPath(routes: readonly Route[]): MethodsByPath {
  const paths = new Map<string, Set<string>>()
  for (const { path, verb } of routes) {
    const url = fastifyPath(path)
    const methods = paths.get(url) ?? new Set()
    paths.set(url, methods.add(verb))
    if (verb === 'GET') methods.add('HEAD')
  }
  return paths
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE']

/** Answers OPTIONS with the methods of a path, and every other method with 405. */
export function refuseOtherMethods(app: FastifyInstance, url: string, methods: ReadonlySet<string>): void {
  const allow = [...methods, 'OPTIONS'].join(', ')
  app.route({ method: 'OPTIONS', url, handler: async (_, reply) => reply.code(204).header('allow', allow).send() })
  const refuse = async (request: FastifyRequest, reply: FastifyReply) => {
    reply.header('allow', allow)
    throw new HubError('MethodNotAllowed', [request.method, request.url.split('?', 1)[0] ?? '', allow])
  }
  const others = METHODS.filter((method) => !methods.has(method))
  app.route({ method: others, url, exposeHeadRoute: false, onRequest: refuse, handler: refuse })
}

/**
 * Finds the methods of a requested path; undefined where there is no such path. Only needed for methods that are not
 * routed anywhere, such as PROPFIND, so it compares one path after the other.
 */
export function allowedMethods(prefix: string, paths: MethodsByPath): (path: string) => string[] | undefined {
  return (path) => {
    if (!path.startsWith(prefix)) return undefined
    const segments = path.slice(prefix.length).replace(/\/+$/, '').split('/')
    for (const [known, methods] of paths) {
      const pattern = known.split('/')
      const matches =
        pattern.length === segments.length &&
        pattern.every((segment, at) => segment.startsWith(':') || segment === segments[at])
      if (matches) return [...methods, 'OPTIONS']
    }
    return undefined
  }
}
