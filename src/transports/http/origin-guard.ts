/**
 * Keeps web pages of other sites from using the hub through a user's browser (CSRF, DNS rebinding). Only browsers send
 * `Origin` or `Sec-Fetch-Site`, so programs pass.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import { HubError } from '../../errors.ts'
import { isLoopback } from '../../security/loopback.ts'
import { isHostWithPort } from './base-url.ts'

const CACHE_ENTRIES = 100

export interface OriginGuardOptions {
  /** The address that the hub listens on. */
  readonly host: string
  /** Origin under which clients reach the hub; '' where unknown. */
  readonly publicUrl: string
  /** Further host names of the hub; '*' for any. */
  readonly allowedHosts: '*' | readonly string[]
  /** Web origins whose pages may make any request. */
  readonly origins: '*' | readonly string[]
}

export interface OriginGuard {
  /** @throws HubError for a `Host` that is not the hub's, and for an unsafe method requested by a page of another site */
  check(request: FastifyRequest): void
  /** For safe methods with further effects, e.g. a WebSocket handshake. @throws HubError Forbidden */
  checkOrigin(headers: IncomingHttpHeaders): void
}

export function originGuard(options: OriginGuardOptions): OriginGuard {
  const isOwnHost = hostCheck(options)
  const own = options.publicUrl === '' ? [] : [options.publicUrl]
  const trusted = options.origins === '*' ? '*' : new Set([...options.origins, ...own])

  function checkOrigin(headers: IncomingHttpHeaders): void {
    if (trusted === '*' || !isForeign(headers, trusted)) return
    const from = headers.origin === undefined ? 'another site' : headers.origin.slice(0, 200)
    throw new HubError('Forbidden', [`a page of ${from} may not use this hub unless CORS_ORIGIN names its origin`])
  }

  return {
    check: ({ headers, method }) => {
      if (headers.host !== undefined && !isOwnHost(headers.host)) {
        const name = headers.host.slice(0, 200)
        throw new HubError('Misdirected', [name, 'ask for it by its address, or name it in ALLOWED_HOSTS'])
      }
      if (!SAFE.has(method)) checkOrigin(headers)
    },
    checkOrigin
  }
}

/** Safe methods (RFC 9110, 9.2.1); whether a page may read the response is decided by CORS. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/**
 * Was the request sent by a page of another origin? `Sec-Fetch-Site` is the most reliable, as no proxy rewrites it, but
 * browsers only send it to https and to localhost. Otherwise `Origin` must equal `Host`. An opaque origin (`null`) is
 * foreign.
 */
function isForeign(headers: IncomingHttpHeaders, trusted: ReadonlySet<string>): boolean {
  const { origin, host = '', 'sec-fetch-site': from } = headers
  if (origin !== undefined && trusted.has(origin)) return false
  if (from !== undefined) return from !== 'same-origin' && from !== 'none'
  if (origin === undefined) return false
  const page = URL.parse(origin)
  // Normalised by URL, since only one of them may contain the default port.
  return page === null || page.host === '' || page.host !== URL.parse(`${page.protocol}//${host}`)?.host
}

/**
 * Checks `Host` against DNS rebinding: a page can make its own name resolve to this machine, and then has the hub's
 * origin. That is impossible with an address or `localhost`. A hub that does not only listen on loopback may have any
 * name, so nothing is checked unless names are configured.
 */
function hostCheck({ host, publicUrl, allowedHosts }: OriginGuardOptions): (header: string) => boolean {
  if (allowedHosts === '*' || (allowedHosts.length === 0 && !isLoopback(host))) return () => true
  const names = new Set(['localhost', host.toLowerCase(), ...allowedHosts.map((name) => name.toLowerCase())])
  if (publicUrl !== '') names.add(new URL(publicUrl).hostname)
  const known = new Map<string, boolean>()
  return (header) => {
    let isOwn = known.get(header)
    if (isOwn === undefined) {
      const name = nameIn(header)
      isOwn = name !== undefined && (isIP(name) !== 0 || names.has(name))
      if (known.size >= CACHE_ENTRIES) known.clear()
      known.set(header, isOwn)
    }
    return isOwn
  }
}

/** The host without port and brackets; undefined where `Host` is invalid. */
function nameIn(header: string): string | undefined {
  if (!isHostWithPort(header)) return undefined
  return URL.parse(`http://${header}`)
    ?.hostname.replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
}
