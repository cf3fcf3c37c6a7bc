/** Removes secrets from log lines and messages of the command line. */

const REDACTED = '[redacted]'

/** Parts of names whose values are secret. Compared in lower case, without `_`, `-` and `.`. */
const SECRETS = [
  'accesskey',
  'apikey',
  'assertion',
  'auth',
  'bearer',
  'clientsecret',
  'cookie',
  'credential',
  'jwt',
  'passphrase',
  'passwd',
  'password',
  'privatekey',
  'pwd',
  'secret',
  'session',
  'signature',
  'token'
]

/** Query parameters that are secret: of InfluxDB's clients, of signed URLs, of sign-ins. */
const SECRET_PARAMETERS: ReadonlySet<string> = new Set(['code', 'key', 'p', 'pass', 'sig'])

/** `user:password@` of a URL; MongoDB's may name several hosts after it. */
const USER = /\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/?#"'<>@]{1,1000}(?:@[^\s/?#"'<>@]{0,1000}){0,3}@/gi

/** `name=value` of a query, of a form or of an option; the name may be percent-encoded. */
const PAIR = /([?&]?)([A-Za-z0-9_.%-]{1,100})=([^&;#\s"'\\<>]+)/g

/** A member of JSON, and of JSON inside a JSON string. */
const MEMBER = /(")([A-Za-z0-9_.-]{1,100})"(\s{0,9}:\s{0,9})"(?:[^"\\]|\\.)*"/g
const INNER_MEMBER = /(\\")([A-Za-z0-9_.-]{1,100})\\"(\s{0,9}:\s{0,9})\\"(?:[^"\\]|\\[^"])*\\"/g

/** Value of an `Authorization` header. */
const SCHEME = /\b(Bearer|Basic|Digest|Token)\s+[A-Za-z0-9._~+/=:-]{6,}/gi

/** An API key, whose id helps to find it, and a JWT, wherever they occur. */
const API_KEY = /\b(aashub_[a-z0-9]{1,20}_)[A-Za-z0-9_-]{20,}/g
const JWT = /\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g

/** Takes time linear in the length of the text. */
export function redact(text: string): string {
  return text
    .replace(USER, `$1${REDACTED}@`)
    .replace(MEMBER, withoutValue)
    .replace(INNER_MEMBER, withoutValue)
    .replace(PAIR, (all, before, name) => {
      const isParameter = before !== '' && SECRET_PARAMETERS.has(decoded(name).toLowerCase())
      return isParameter || isSecret(decoded(name)) ? `${before}${name}=${REDACTED}` : all
    })
    .replace(SCHEME, `$1 ${REDACTED}`)
    .replace(API_KEY, `$1${REDACTED}`)
    .replace(JWT, REDACTED)
}

function withoutValue(all: string, quote: string, name: string, colon: string): string {
  return isSecret(name) ? `${quote}${name}${quote}${colon}${quote}${REDACTED}${quote}` : all
}

function isSecret(name: string): boolean {
  const plain = name.toLowerCase().replace(/[_.-]/g, '')
  return SECRETS.some((secret) => plain.includes(secret))
}

function decoded(name: string): string {
  if (!name.includes('%')) return name
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
