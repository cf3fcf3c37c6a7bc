/** How requests show who sends them. */
import { createHash, randomBytes } from 'node:crypto'
import { CollectorError } from '../connector.ts'
import type { SecurityScheme } from '../security-scheme.ts'

/** Adds what a scheme needs to a request that is made for the first time. */
export function authenticate(scheme: SecurityScheme, secret: string, url: URL, headers: Record<string, string>): void {
  switch (scheme.scheme) {
    case 'basic':
      headers.authorization = `Basic ${Buffer.from(secret).toString('base64')}`
      break
    case 'bearer':
      headers.authorization = `Bearer ${secret}`
      break
    case 'apikey':
      if (scheme.place === 'query') url.searchParams.set(scheme.name, secret)
      else headers[scheme.name.toLowerCase()] = secret
      break
    default:
  }
}

/** Answers the challenge of a server by Digest (RFC 7616). @param secret `user:password` @throws CollectorError */
export function digestHeader(challenge: string, secret: string, method: string, uri: string): string {
  const fields = Object.fromEntries(
    [...challenge.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g)].map(([, name = '', quoted, bare]) => [
      name.toLowerCase(),
      quoted ?? bare ?? ''
    ])
  )
  const { realm = '', nonce = '', opaque, qop = '', algorithm = 'MD5' } = fields
  const hash = { MD5: 'md5', 'SHA-256': 'sha256' }[algorithm.toUpperCase()]
  if (!/^digest /i.test(challenge) || nonce === '' || hash === undefined || (qop !== '' && !/\bauth\b/.test(qop))) {
    throw new CollectorError('the machine asks for an authentication that is not supported')
  }
  const digest = (text: string) => createHash(hash).update(text).digest('hex')
  const at = secret.indexOf(':')
  const [user, password] = [secret.slice(0, at), secret.slice(at + 1)]
  const [first, second] = [digest(`${user}:${realm}:${password}`), digest(`${method}:${uri}`)]
  const cnonce = randomBytes(8).toString('hex')
  const response =
    qop === '' ? digest(`${first}:${nonce}:${second}`) : digest(`${first}:${nonce}:00000001:${cnonce}:auth:${second}`)
  const parts = [
    ...[`username="${user}"`, `realm="${realm}"`, `nonce="${nonce}"`, `uri="${uri}"`, `response="${response}"`],
    ...[`algorithm=${algorithm}`],
    ...(opaque === undefined ? [] : [`opaque="${opaque}"`]),
    ...(qop === '' ? [] : ['qop=auth', 'nc=00000001', `cnonce="${cnonce}"`])
  ]
  return `Digest ${parts.join(', ')}`
}
