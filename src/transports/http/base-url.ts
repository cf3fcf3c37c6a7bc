/** Under which address the hub is spoken to. */
import type { FastifyRequest } from 'fastify'

/** Names and addresses with a port; anything else in `Host` is not repeated. */
const HOST = /^[a-zA-Z0-9._-]+(:\d{1,5})?$|^\[[0-9a-fA-F:.]+\](:\d{1,5})?$/

const CACHE_ENTRIES = 100

/**
 * Prepares what tells the URL of the API root as the caller of a request reached it, without a slash at the end.
 * @param publicUrl where others reach the hub; '' to go by the request
 * @param prefix path of the API
 */
export function rootOf(publicUrl: string, prefix: string): (request: FastifyRequest) => string {
  const hosts = new Map<string, boolean>()
  return (request) => {
    const origin = publicUrl === '' ? `${request.protocol}://${hostOf(request)}` : publicUrl
    return origin + usedPrefix(request.originalUrl, prefix)
  }

  function hostOf(request: FastifyRequest): string {
    const { host } = request
    let isPlain = hosts.get(host)
    if (isPlain === undefined) {
      isPlain = typeof host === 'string' && isPlainHost(host)
      if (hosts.size >= CACHE_ENTRIES) hosts.clear()
      hosts.set(host, isPlain)
    }
    return isPlain ? host : localAddress(request)
  }
}

/** Is it a name or an address, perhaps with a port? */
export function isPlainHost(host: string): boolean {
  return HOST.test(host)
}

/** `.0` and `.1` after the prefix are other names of the same API (aliases of release 3.0 and 3.1). */
const VERSION = /^\.[01](?=$|[/?#])/

/** The path to route: aliases and encoded `$` become what is routed. */
export function rewrite(url: string, prefix: string): string {
  let path = url
  if (path.charCodeAt(0) !== 0x2f) path = path.replace(/^[a-z]+:\/\/[^/?#]*/i, '')
  if (path.startsWith(`${prefix}.`) && VERSION.test(path.slice(prefix.length))) {
    path = prefix + path.slice(prefix.length + 2)
  }
  // Clients that escape every segment send `%24value`.
  return path.includes('%24') ? path.replaceAll('%24', '$') : path
}

function usedPrefix(url: string, prefix: string): string {
  const at = prefix.length
  if (url.charCodeAt(at) !== 0x2e || !url.startsWith(prefix)) return prefix
  return url.slice(0, at + 2)
}

function localAddress({ socket }: FastifyRequest): string {
  const { localAddress = 'localhost', localPort } = socket
  return `${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${localPort}`
}
