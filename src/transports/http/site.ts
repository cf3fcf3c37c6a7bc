/**
 * Keeps web pages of other sites from using the hub through the browser of somebody who may. Nothing but a browser sends
 * `Origin` or `Sec-Fetch-Site`, so programs pass.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import { HubError } from '../../errors.ts'
import { isPlainHost } from './base-url.ts'

export interface SiteOptions {
  /** Address that the hub listens on. */
  readonly host: string
  /** Where others reach the hub, without path; '' where that is not known. */
  readonly publicUrl: string
  /** Names under which the hub is reached besides; '*' for any. */
  readonly allowedHosts: '*' | readonly string[]
  /** Web origins whose pages may do everything. */
  readonly origins: '*' | readonly string[]
}

export interface Site {
  /** @throws HubError for a name that is not ours, and for a change that a page of another site asks for */
  admit(request: FastifyRequest): void
  /** The same for what a safe method begins, such as a WebSocket. @throws HubError Forbidden */
  admitPage(headers: IncomingHttpHeaders): void
}

export function site(options: SiteOptions): Site {
  const isOurs = hostCheck(options)
  const own = options.publicUrl === '' ? [] : [options.publicUrl]
  const trusted = options.origins === '*' ? '*' : new Set([...options.origins, ...own])

  function admitPage(headers: IncomingHttpHeaders): void {
    if (trusted === '*' || !isForeign(headers, trusted)) return
    const from = headers.origin === undefined ? 'another site' : headers.origin.slice(0, 200)
    throw new HubError('Forbidden', [`a page of ${from} may not use this hub unless CORS_ORIGIN names its origin`])
  }

  return {
    admit: ({ headers, method }) => {
      if (headers.host !== undefined && !isOurs(headers.host)) {
        const name = headers.host.slice(0, 200)
        throw new HubError('Misdirected', [name, 'ask for it by its address, or name it in ALLOWED_HOSTS'])
      }
      if (!SAFE.has(method)) admitPage(headers)
    },
    admitPage
  }
}

/** Methods that change nothing (RFC 9110, 9.2.1); who may read the answer is CORS's matter. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/**
 * Was a page of another origin the sender? `Sec-Fetch-Site` says it best, as no proxy between rewrites it; it is only
 * sent to https and to this machine. Else the origin must be the one that was asked. An opaque origin (`null`) is foreign.
 */
function isForeign(headers: IncomingHttpHeaders, trusted: ReadonlySet<string>): boolean {
  const { origin, host = '', 'sec-fetch-site': from } = headers
  if (origin !== undefined && trusted.has(origin)) return false
  if (from !== undefined) return from !== 'same-origin' && from !== 'none'
  if (origin === undefined) return false
  const page = URL.parse(origin)
  // Spelled alike, since only one of both may name the port that the scheme has anyway.
  return page === null || page.host === '' || page.host !== URL.parse(`${page.protocol}//${host}`)?.host
}

/**
 * A page can make a name of its own lead to this machine (DNS rebinding), and is of the same origin as the hub then. An
 * address cannot be made so, nor can `localhost`. What listens on other networks too may have any name there.
 */
function hostCheck({ host, publicUrl, allowedHosts }: SiteOptions): (header: string) => boolean {
  if (allowedHosts === '*' || (allowedHosts.length === 0 && !isLoopback(host))) return () => true
  const names = new Set(['localhost', host.toLowerCase(), ...allowedHosts.map((name) => name.toLowerCase())])
  if (publicUrl !== '') names.add(new URL(publicUrl).hostname)
  const known = new Map<string, boolean>()
  return (header) => {
    let isOurs = known.get(header)
    if (isOurs === undefined) {
      const name = nameIn(header)
      isOurs = name !== undefined && (isIP(name) !== 0 || names.has(name))
      if (known.size >= REMEMBERED) known.clear()
      known.set(header, isOurs)
    }
    return isOurs
  }
}

const REMEMBERED = 100

/** The name of a `Host` without its port, or the address without brackets; undefined where it is neither. */
function nameIn(header: string): string | undefined {
  if (!isPlainHost(header)) return undefined
  return URL.parse(`http://${header}`)
    ?.hostname.replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
