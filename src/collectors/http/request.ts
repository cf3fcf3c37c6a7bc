/** Requests to machines: to the address that was checked, bounded in time and size; redirects are not followed. */
import { type Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { type Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import { CollectorError, type SessionContext } from '../connector.ts'
import { authoritiesOf } from '../secrets.ts'
import type { SecurityScheme } from '../security-scheme.ts'
import { authenticate, digestHeader } from './authentication.ts'

export interface HttpRequest {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly scheme: SecurityScheme
  readonly body?: string
}

export interface Agents {
  readonly http: HttpAgent
  readonly https: HttpsAgent
}

export const MAX_BODY_BYTES = 1024 * 1024

/** No answer came: the machine is not reached, as opposed to one that refuses. */
export class NoAnswer extends CollectorError {}

/** The response once its headers are there. @throws CollectorError @throws NoAnswer */
export async function send(
  request: HttpRequest,
  { resolve, secret }: Pick<SessionContext, 'resolve' | 'secret'>,
  agents: Agents,
  signal: AbortSignal
): Promise<IncomingMessage> {
  const url = new URL(request.url)
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const address = await resolve(host, port)
  const { scheme } = request
  const known = scheme.scheme === 'nosec' ? '' : await secret(scheme.secret, { host, port })
  const headers: Record<string, string> = { ...request.headers, host: url.host }
  authenticate(scheme, known, url, headers)
  const ca = url.protocol === 'https:' ? await authoritiesOf(secret, { host, port }) : undefined
  const once = () => open({ ...request, url, headers }, { address, port, host, ca }, agents, signal)
  const response = await once()
  const challenge = response.headers['www-authenticate']
  if (response.statusCode !== 401 || scheme.scheme !== 'digest' || challenge === undefined) return response
  response.resume()
  headers.authorization = digestHeader(challenge, known, request.method, url.pathname + url.search)
  return once()
}

interface CheckedTarget {
  readonly address: string
  readonly port: number
  readonly host: string
  readonly ca: string | undefined
}

function open(
  { url, method, headers, body }: HttpRequest,
  { address, port, host, ca }: CheckedTarget,
  agents: Agents,
  signal: AbortSignal
): Promise<IncomingMessage> {
  const isHttps = url.protocol === 'https:'
  const options = {
    ...{ host: address, port, method, headers, signal, path: url.pathname + url.search },
    agent: isHttps ? agents.https : agents.http,
    // The name that the certificate has to be for, although the address is connected to.
    ...(isHttps && isIP(host) === 0 && { servername: host }),
    ...(ca !== undefined && { ca })
  }
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const sent = isHttps ? httpsRequest(options, resolve) : httpRequest(options, resolve)
  sent.on('error', (error) => reject(new NoAnswer(reasonOf(error, `${host}:${port}`), { cause: error })))
  sent.end(body)
  return promise
}

/** The text of a response. @throws CollectorError for one that is too long, or breaks off */
export async function readBody(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      bytes += part.length
      if (bytes > MAX_BODY_BYTES) {
        response.destroy()
        throw new CollectorError(`the answer is longer than ${MAX_BODY_BYTES} bytes`)
      }
      parts.push(part)
    }
  } catch (error) {
    if (error instanceof CollectorError) throw error
    throw new NoAnswer('the answer broke off', { cause: error })
  }
  return Buffer.concat(parts).toString()
}

/** @throws CollectorError for a response that is no success */
export function checkStatus({ statusCode = 0 }: IncomingMessage): void {
  if (statusCode >= 200 && statusCode < 300) return
  const more = statusCode >= 300 && statusCode < 400 ? ', and redirects are not followed' : ''
  throw new CollectorError(`the machine answers with status ${statusCode}${more}`)
}

function reasonOf(error: Error, target: string): string {
  const { code = '', name } = error as NodeJS.ErrnoException
  if (name === 'AbortError') return `${target} does not answer in time`
  const known: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'refuses connections',
    ECONNRESET: 'ended the connection',
    EHOSTUNREACH: 'is not reachable',
    ENETUNREACH: 'is in a network that is not reachable',
    ETIMEDOUT: 'does not answer'
  }
  return `${target} ${known[code] ?? `cannot be asked: ${error.message}`}`
}
