/** What callers show to prove who they are, the same for every transport. */
import { HubError } from '../../errors.ts'

/** Longest token, key or password that is looked at, in characters. */
const MAX_LENGTH = 16_384

export type Credentials =
  | { readonly is: 'none' }
  /** A JWT of an identity provider, or an API key. */
  | { readonly is: 'token'; readonly token: string }
  /** Of a local user; an API key may stand in place of the password. */
  | { readonly is: 'password'; readonly user: string; readonly password: string }
  /** The session cookie. `csrf`: the CSRF token that came with an unsafe method; undefined: none is needed. */
  | { readonly is: 'session'; readonly session: string; readonly csrf?: string }
  | { readonly is: 'certificate'; readonly certificate: ClientCertificate }

/** A client certificate that the TLS handshake has verified, or found not to be trusted. */
export interface ClientCertificate {
  /** Why it is not trusted; may come while the connection is open. */
  problem: string | undefined
  /** Attributes of the subject, e.g. `CN`, `O`, `OU`; several values of one as a list. */
  readonly subject: Readonly<Record<string, string | readonly string[]>>
  /** SHA-256 of the certificate, in upper-case hexadecimal, separated by colons. */
  readonly fingerprint: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

export const NO_CREDENTIALS: Credentials = { is: 'none' }

/** @throws HubError `Unauthorized` */
export function parseAuthorization(header: string): Credentials {
  const [, scheme = '', value = ''] = /^([A-Za-z]+) +(\S+) *$/.exec(header.slice(0, MAX_LENGTH)) ?? []
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return bearerToken(value)
    case 'basic':
      return parseBasic(value)
    // Clients of InfluxDB 2; those of 1.8 write `user:password` here.
    case 'token':
      return parsePassword(value) ?? bearerToken(value)
    default:
      throw unauthorized('the header Authorization is not "Bearer TOKEN", "Basic …" or "Token TOKEN"')
  }
}

/** A token or API key. @throws HubError `Unauthorized` */
export function bearerToken(token: string): Credentials {
  if (token === '' || token.length > MAX_LENGTH) throw unauthorized(`a token has 1 to ${MAX_LENGTH} characters`)
  return { is: 'token', token }
}

export function unauthorized(reason: string): HubError {
  return new HubError('Unauthorized', [reason])
}

/** [RFC 7617] */
function parseBasic(value: string): Credentials {
  const parsed = /^[A-Za-z0-9+/_-]+=*$/.test(value) && parsePassword(Buffer.from(value, 'base64').toString('utf8'))
  if (!parsed) throw unauthorized('after "Basic" the base64 of user:password was expected')
  return parsed
}

function parsePassword(text: string): Credentials | undefined {
  const at = text.indexOf(':')
  return at === -1 ? undefined : { is: 'password', user: text.slice(0, at), password: text.slice(at + 1) }
}
