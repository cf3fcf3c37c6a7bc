/** The identity providers that the hub trusts: a JSON list, a superset of BaSyx Go's trust list. */
import { type ClaimMapping, parsePointer } from './claims.ts'

export interface PageClient {
  readonly clientId: string
  /** Scopes that it asks for, separated by spaces. */
  readonly scope: string
}

export interface TrustedIssuer {
  readonly issuer: string
  /** A token must be for one of these; empty: not checked. */
  readonly audiences: readonly string[]
  /** A token must have all of these. */
  readonly scopes: readonly string[]
  /** JSON pointers to the claims that hold scopes. */
  readonly scopeClaims: readonly string[]
  readonly discoveryUrl: string
  /** Undefined: found by discovery. */
  readonly jwksUri?: string
  readonly algorithms: readonly string[]
  readonly mappings: readonly ClaimMapping[]
  /** The client that the hub's page is at this issuer; undefined: users do not sign in there. */
  readonly page?: PageClient
}

/** Those with a public key. With a symmetric one, every holder of the public key of a provider could sign. */
const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
] as const

const MEMBERS = [
  ...['issuer', 'audience', 'scopes', 'jwksUri', 'algorithms', 'claims', 'page'],
  // Of BaSyx Go.
  ...['discoveryUrl', 'scopeClaims', 'claimMappings']
] as const

/** @throws Error that names the place and what was expected */
export function parseTrustList(text: string): TrustedIssuer[] {
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch {
    // Its message quotes the file, which may be another one, with a secret.
    throw new Error('this is not JSON')
  }
  if (!Array.isArray(list)) throw new Error('a JSON list of objects with "issuer" was expected')
  const issuers = list.map((entry, index) => parseIssuer(entry, `/${index}`))
  const names = issuers.map(({ issuer }) => issuer)
  const repeated = names.findIndex((name, index) => names.indexOf(name) !== index)
  if (repeated !== -1) throw new Error(`/${repeated}/issuer: ${names[repeated]} is listed twice`)
  return issuers
}

function parseIssuer(entry: unknown, at: string): TrustedIssuer {
  if (!isObject(entry)) throw new Error(`${at}: an object with "issuer" was expected`)
  const unknown = Object.keys(entry).find((name) => !(MEMBERS as readonly string[]).includes(name))
  if (unknown !== undefined) throw new Error(`${at}/${unknown}: not known; there are ${MEMBERS.join(', ')}`)
  const issuer = url(entry.issuer, `${at}/issuer`)
  const { jwksUri, discoveryUrl } = entry
  return {
    issuer,
    audiences: texts(entry.audience, `${at}/audience`),
    scopes: texts(entry.scopes, `${at}/scopes`),
    scopeClaims:
      entry.scopeClaims === undefined ? ['/scope', '/scp'] : pointers(entry.scopeClaims, `${at}/scopeClaims`),
    discoveryUrl:
      discoveryUrl === undefined || discoveryUrl === ''
        ? `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
        : url(discoveryUrl, `${at}/discoveryUrl`),
    ...(jwksUri !== undefined && { jwksUri: url(jwksUri, `${at}/jwksUri`) }),
    algorithms: entry.algorithms === undefined ? ALGORITHMS : algorithms(entry.algorithms, `${at}/algorithms`),
    mappings: [
      ...claimPointers(entry.claims, `${at}/claims`),
      ...claimMappings(entry.claimMappings, `${at}/claimMappings`)
    ],
    ...(entry.page !== undefined && { page: pageClient(entry.page, `${at}/page`) })
  }
}

function pageClient(value: unknown, at: string): PageClient {
  const { clientId, scope = 'openid profile', ...others } = isObject(value) ? value : {}
  if (typeof clientId !== 'string' || clientId === '') {
    throw new Error(`${at}: an object with "clientId", and "scope" if need be, was expected`)
  }
  if (typeof scope !== 'string' || scope === '') throw new Error(`${at}/scope: scopes in one text were expected`)
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw new Error(`${at}/${unknown}: not known; there are clientId, scope`)
  return { clientId, scope }
}

function claimPointers(value: unknown, at: string): ClaimMapping[] {
  if (value === undefined) return []
  if (!isObject(value)) throw new Error(`${at}: an object of claim names and JSON pointers was expected`)
  return Object.entries(value).map(([target, sources]) => {
    return { target, mode: 'any', sources: pointers(sources, `${at}/${target}`) }
  })
}

function claimMappings(value: unknown, at: string): ClaimMapping[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw new Error(`${at}: a list was expected`)
  return value.map((entry: unknown, index) => {
    const here = `${at}/${index}`
    if (!isObject(entry) || typeof entry.target !== 'string' || entry.target === '') {
      throw new Error(`${here}: an object with "target", "mode" and "sources" was expected`)
    }
    const { target, mode } = entry
    if (mode !== 'list' && mode !== 'scalar') throw new Error(`${here}/mode: list or scalar was expected`)
    if (target === 'scopes' || target.startsWith('basyx.')) throw new Error(`${here}/target: ${target} is reserved`)
    return { target: `basyx.${target}`, mode, sources: pointers(entry.sources, `${here}/sources`) }
  })
}

function algorithms(value: unknown, at: string): string[] {
  const list = texts(value, at)
  const wrong = list.find((name) => !(ALGORITHMS as readonly string[]).includes(name))
  if (wrong !== undefined || list.length === 0) {
    throw new Error(`${at}: some of ${ALGORITHMS.join(', ')} were expected; found ${wrong ?? 'none'}`)
  }
  return list
}

function pointers(value: unknown, at: string): string[] {
  const list = texts(value, at)
  const wrong = list.find((pointer) => parsePointer(pointer) === undefined || pointer === '')
  if (wrong !== undefined || list.length === 0) {
    throw new Error(`${at}: JSON pointers such as /realm_access/roles were expected; found ${wrong ?? 'none'}`)
  }
  return list
}

/** A text, or a list of texts. */
function texts(value: unknown, at: string): string[] {
  const list: unknown[] = value === undefined || value === '' ? [] : Array.isArray(value) ? value : [value]
  if (list.some((one) => typeof one !== 'string' || one === '')) throw new Error(`${at}: texts were expected`)
  return list as string[]
}

function url(value: unknown, at: string): string {
  const parsed = typeof value === 'string' ? URL.parse(value) : null
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol)) throw new Error(`${at}: a URL was expected`)
  return value as string
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
