/**
 * How the hub authenticates to a machine: by the security definition that the description refers to. The secret is in a
 * file that is named like the definition, or as its member `secret` says; see secrets.ts.
 */
import { createHash, randomBytes } from 'node:crypto'
import { keyValues } from '../../model/reference.ts'
import type { SubmodelElement } from '../../model/types.ts'
import { childrenOf } from '../../model/walk.ts'
import type { InterfaceDescription, InterfaceItem } from '../../operations/asset-interfaces/asset-interface.ts'
import { member, text } from '../../operations/asset-interfaces/members.ts'
import { CollectorError } from '../connector.ts'

export interface SecurityScheme {
  readonly scheme: 'nosec' | 'basic' | 'bearer' | 'digest' | 'apikey'
  /** Name of the file with the secret. */
  readonly secret: string
  /** Of an API key: where it goes, and under which name. */
  readonly place: 'header' | 'query'
  readonly name: string
}

const SCHEMES = ['nosec', 'basic', 'bearer', 'digest', 'apikey'] as const

const NO_SECURITY: SecurityScheme = { scheme: 'nosec', secret: '', place: 'header', name: '' }

/** The scheme of an item, or that of its interface. @throws CollectorError for one that is not supported */
export function schemeOf({ endpoint }: InterfaceDescription, { form }: InterfaceItem): SecurityScheme {
  const named = member(form, 'security') ?? member(endpoint, 'security')
  const [reference] = named === undefined ? [] : childrenOf(named)
  const definitions = member(endpoint, 'securityDefinitions')
  if (definitions === undefined) return NO_SECURITY
  const last =
    reference?.modelType === 'ReferenceElement' && reference.value !== undefined
      ? keyValues(reference.value).at(-1)
      : undefined
  const all = childrenOf(definitions)
  // A reference that leads to no definition, as in the published template: the only definition is meant.
  const definition = all.find(({ idShort }) => idShort === last) ?? (all.length === 1 ? all[0] : undefined)
  return definition === undefined ? NO_SECURITY : readScheme(definition)
}

function readScheme(definition: SubmodelElement): SecurityScheme {
  const given = text(member(definition, 'scheme')) ?? (definition.idShort ?? '').replace(/_sc$/, '')
  const scheme = SCHEMES.find((known) => known === given.toLowerCase())
  if (scheme === undefined) throw new CollectorError(`the security scheme ${given} is not supported`)
  return {
    scheme,
    secret: text(member(definition, 'secret')) ?? definition.idShort ?? '',
    place: text(member(definition, 'in')) === 'query' ? 'query' : 'header',
    name: text(member(definition, 'name')) ?? (scheme === 'apikey' ? 'X-API-Key' : 'Authorization')
  }
}

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
