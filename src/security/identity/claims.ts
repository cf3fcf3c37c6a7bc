/** Claims of a token under names of our own: JSON pointers into the token (RFC 6901), as in BaSyx Go's trust list. */
import { unauthorized } from './credentials.ts'
import type { Claims } from './records.ts'

/** Names that only the hub gives: a token that brings one is refused. */
const RESERVED = ['basyx.', 'hub.'] as const

export interface ClaimMapping {
  readonly target: string
  /** `list`: all values of all sources. `scalar`: the single value of the first source there is. `any`: that, unchanged. */
  readonly mode: 'list' | 'scalar' | 'any'
  /** JSON pointers. */
  readonly sources: readonly string[]
}

/** @throws HubError `Unauthorized` where the token brings a name that is mapped or reserved, or a claim of a wrong shape */
export function mapClaims(token: Claims, mappings: readonly ClaimMapping[]): Claims {
  const claims: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(token)) {
    const isMapped = mappings.some(({ target, sources }) => target === name && !sources.includes(pointerTo(name)))
    if (isMapped || RESERVED.some((prefix) => name.startsWith(prefix))) {
      throw unauthorized(`the token brings the claim ${JSON.stringify(name.slice(0, 60))}, which only the hub gives`)
    }
    claims[name] = value
  }
  for (const mapping of mappings) {
    const value = mappedValue(token, mapping)
    if (value !== undefined) claims[mapping.target] = value
  }
  return claims
}

/** The scopes of a token, in the claims at these pointers: texts separated by blanks, or lists. */
export function scopesOf(token: Claims, pointers: readonly string[]): string[] {
  return [
    ...new Set(pointers.flatMap((pointer) => textsAt(token, pointer).flatMap((text) => text.split(/\s+/))))
  ].filter((scope) => scope !== '')
}

/** The steps of a JSON pointer; undefined where it is none. */
export function parsePointer(pointer: string): string[] | undefined {
  if (pointer === '') return []
  if (!pointer.startsWith('/') || /~(?![01])/.test(pointer)) return undefined
  return pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function mappedValue(token: Claims, { target, mode, sources }: ClaimMapping): unknown {
  if (mode === 'list') {
    const found = sources.filter((pointer) => valueAt(token, pointer) !== undefined)
    return found.length === 0 ? undefined : [...new Set(found.flatMap((pointer) => textsAt(token, pointer)))]
  }
  const value = sources.map((pointer) => valueAt(token, pointer)).find((one) => one !== undefined)
  if (mode === 'any' || value === undefined) return value
  const scalar = Array.isArray(value) && value.length === 1 ? value[0] : value
  if (!['string', 'number', 'boolean'].includes(typeof scalar)) {
    throw unauthorized(`the token has no single value for the claim ${target}`)
  }
  return scalar
}

function textsAt(token: Claims, pointer: string): string[] {
  const value = valueAt(token, pointer) ?? []
  const list = Array.isArray(value) ? value : [value]
  if (list.some((one) => typeof one !== 'string')) throw unauthorized(`the token has at ${pointer} more than texts`)
  return list as string[]
}

function valueAt(token: Claims, pointer: string): unknown {
  let here: unknown = token
  for (const step of parsePointer(pointer) ?? []) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return undefined
    here = (here as Record<string, unknown>)[step]
  }
  return here ?? undefined
}

function pointerTo(name: string): string {
  return `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
}
