/** The URL under which a client reaches the hub. */
import type { FastifyRequest } from 'fastify'

/** A host name or an address, with or without a port; any other `Host` is not repeated in a response. */
const HOST = /^[a-zA-Z0-9._-]+(:\d{1,5})?$|^\[[0-9a-fA-F:.]+\](:\d{1,5})?$/

const CACHE_ENTRIES = 100

/**
 * Returns a function that gives the URL of the API root as the sender of a request reached it, without trailing slash.
 * @param publicUrl origin under which clients reach the hub; '' to derive it from the request
 * @param prefix path of the API
 */
export function baseUrlReader(publicUrl: string, prefix: string): (request: FastifyRequest) => string {
  const hosts = new Map<string, boolean>()
  return (request) => {
    const origin = publicUrl === '' ? `${request.protocol}://${hostOf(request)}` : publicUrl
    return origin + usedPrefix(request.originalUrl, prefix)
  }

  function hostOf(request: FastifyRequest): string {
    const { host } = request
    let isValid = hosts.get(host)
    if (isValid === undefined) {
      isValid = typeof host === 'string' && isHostWithPort(host)
      if (hosts.size >= CACHE_ENTRIES) hosts.clear()
      hosts.set(host, isValid)
    }
    return isValid ? host : localAddress(request)
  }
}

/** A host name or an address, with or without a port. */
export function isHostWithPort(host: string): boolean {
  return HOST.test(host)
}

/** The prefix with the release that the client put after it, if any (see rewrite-url.ts). */
function usedPrefix(url: string, prefix: string): string {
  const at = prefix.length
  if (url.charCodeAt(at) !== 0x2e || !url.startsWith(prefix)) return prefix
  return url.slice(0, at + 2)
}

function localAddress({ socket }: FastifyRequest): string {
  const { localAddress = 'localhost', localPort } = socket
  return `${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${localPort}`
}
