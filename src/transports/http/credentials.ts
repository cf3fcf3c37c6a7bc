/** The credentials of a request over HTTP; the first that is found counts. */
import type { TLSSocket } from 'node:tls'
import type { FastifyRequest } from 'fastify'
import {
  bearerToken,
  type ClientCertificate,
  type Credentials,
  NO_CREDENTIALS,
  parseAuthorization
} from '../../security/identity/credentials.ts'

export const SESSION_COOKIE = 'aas-hub-session'
const SESSION_PATH = '/security/session'

/** Where clients of InfluxDB 1.x put user and password into the query. */
const INFLUX_PATHS: ReadonlySet<string> = new Set(['/write', '/query', '/ping', '/api/v2/write'])

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/** @throws HubError `Unauthorized` where they are malformed */
export function credentialsOf({ headers, url, method, raw: { socket } }: FastifyRequest): Credentials {
  if (headers.authorization !== undefined) return parseAuthorization(headers.authorization)
  const token = bearerProtocol(headers['sec-websocket-protocol'])
  if (token !== undefined) return bearerToken(token)
  const key = headers['x-api-key']
  if (key !== undefined) return bearerToken(String(key))
  const at = url.indexOf('?')
  if (at !== -1 && INFLUX_PATHS.has(url.slice(0, at))) {
    const query = new URLSearchParams(url.slice(at))
    const password = query.get('p')
    if (password !== null) return { is: 'password', user: query.get('u') ?? '', password }
  }
  // A new login replaces the session.
  const isLogin = method === 'POST' && url === SESSION_PATH
  const session = isLogin ? undefined : sessionOf({ headers })
  if (session !== undefined) {
    if (SAFE_METHODS.has(method)) return { is: 'session', session }
    return { is: 'session', session, csrf: String(headers['x-csrf-token'] ?? '') }
  }
  return certificateOf(socket) ?? NO_CREDENTIALS
}

/** The value of the session cookie [RFC 6265, 5.4]. */
export function sessionOf({ headers: { cookie } }: Pick<FastifyRequest, 'headers'>): string | undefined {
  if (cookie === undefined) return undefined
  for (const pair of cookie.split(';', 50)) {
    const at = pair.indexOf('=')
    if (pair.slice(0, at).trim() === SESSION_COOKIE) return pair.slice(at + 1).trim()
  }
  return undefined
}

/** How a page sends a token with the handshake of a WebSocket, as it cannot set headers. */
function bearerProtocol(protocols: string | undefined): string | undefined {
  const found = protocols?.split(',').find((name) => name.trim().startsWith(BEARER_PROTOCOL))
  return found?.trim().slice(BEARER_PROTOCOL.length)
}

const BEARER_PROTOCOL = 'bearer.'

/** By socket, as all requests on a connection have the same. */
const certificates = new WeakMap<object, Credentials | 'none'>()

/** Connections whose certificates have to be shown again. */
const distrusted = new WeakSet<object>()

/** To be called when the certificate of an open connection may have been revoked. */
export function distrustCertificate(socket: object): void {
  const credentials = certificateOf(socket)
  if (credentials?.is !== 'certificate') return
  distrusted.add(socket)
  credentials.certificate.problem =
    'the trusted authorities, or what they have revoked, have changed since this connection was opened; connect again'
}

/** Does the connection have to be opened again? */
export function isDistrusted(socket: object): boolean {
  return distrusted.has(socket)
}

function certificateOf(socket: object): Credentials | undefined {
  if (!('getPeerCertificate' in socket)) return undefined
  const known = certificates.get(socket)
  if (known !== undefined) return known === 'none' ? undefined : known
  const certificate = readCertificate(socket as TLSSocket)
  const credentials = certificate && ({ is: 'certificate', certificate } as const)
  certificates.set(socket, credentials ?? 'none')
  return credentials
}

function readCertificate(socket: TLSSocket): ClientCertificate | undefined {
  const { subject, fingerprint256, valid_to: validTo } = socket.getPeerCertificate()
  // An empty object where the client has sent none.
  if (subject === undefined) return undefined
  return {
    problem: socket.authorized ? undefined : problemOf(String(socket.authorizationError)),
    subject: subject as unknown as ClientCertificate['subject'],
    fingerprint: fingerprint256,
    expiresAt: Date.parse(validTo)
  }
}

/** What OpenSSL found wrong with a certificate, by its code; all else means that no trusted authority has signed it. */
const problems: Readonly<Record<string, string>> = {
  CERT_REVOKED: 'the client certificate was revoked',
  CERT_HAS_EXPIRED: 'the client certificate has expired',
  CERT_NOT_YET_VALID: 'the client certificate is not valid yet',
  CRL_HAS_EXPIRED:
    'the list of revoked certificates of its authority has expired, so no client certificate is accepted',
  CRL_NOT_YET_VALID: 'the list of revoked certificates of its authority is not valid yet',
  UNABLE_TO_GET_CRL: 'there is no list of revoked certificates of the authority that issued the client certificate'
}

function problemOf(code: string): string {
  return problems[code] ?? 'the client certificate is not of a certification authority that is trusted here'
}
