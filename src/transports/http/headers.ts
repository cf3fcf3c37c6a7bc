/** Parsers of request headers. Malformed headers count as absent (RFC 9110). */
import type { ApiRequest } from '../../operations/api-request.ts'

export interface AcceptedTypes {
  /** Media types, best first, in lower case and without parameters. */
  readonly types: readonly string[]

  readonly json: boolean

  /** The parameter `version` of a media type, where it has one: the release of the metamodel. */
  readonly versions?: ReadonlyMap<string, string>
}

const ACCEPT_ANYTHING: AcceptedTypes = { types: ['*/*'], json: true }

/** Clients send few different headers. */
const parsedHeaders = new Map<string, AcceptedTypes>()
const CACHE_ENTRIES = 100
const MAX_CACHED_LENGTH = 1024

/** `Accept` (RFC 9110, 12.5.1). */
export function readAccept(header: string | undefined): AcceptedTypes {
  if (header === undefined || header === '*/*' || header === '') return ACCEPT_ANYTHING
  const known = parsedHeaders.get(header)
  if (known !== undefined) return known
  const accept = parseAccept(header)
  if (parsedHeaders.size >= CACHE_ENTRIES) parsedHeaders.clear()
  if (header.length <= MAX_CACHED_LENGTH) parsedHeaders.set(header, accept)
  return accept
}

function parseAccept(header: string): AcceptedTypes {
  const weights = new Map<string, number>()
  const versions = new Map<string, string>()
  for (const range of header.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    if (!/^[^\s/]+\/[^\s/]+$/.test(type)) continue
    const q = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1)
    const weight = q >= 0 && q <= 1 ? q : 0
    const version = parameters.find((parameter) => parameter.startsWith('version='))?.slice('version='.length)
    const isBest = weight > (weights.get(type) ?? -1)
    if (version !== undefined && isBest) versions.set(type, version.replace(/^"(.*)"$/, '$1'))
    else if (isBest) versions.delete(type)
    weights.set(type, Math.max(weights.get(type) ?? 0, weight))
  }
  if (weights.size === 0) return ACCEPT_ANYTHING
  const types = [...weights].filter(([, q]) => q > 0).sort(([, one], [, other]) => other - one)
  // An exact type precedes a wildcard: "application/json;q=0, */*" excludes JSON.
  const json = weights.get('application/json') ?? weights.get('application/*') ?? weights.get('*/*') ?? 0
  return { types: types.map(([type]) => type), json: json > 0, ...(versions.size > 0 && { versions }) }
}

/** Codings that `Accept-Encoding` names and does not refuse by `q=0` (RFC 9110, 12.5.3), in lower case. */
export function acceptedEncodings(header = ''): ReadonlySet<string> {
  const entries = header.toLowerCase().split(',')
  const accepted = entries.filter((entry) => !/;\s*q=0(\.0*)?\s*$/.test(entry))
  return new Set(accepted.map((entry) => entry.split(';', 1)[0]?.trim() ?? ''))
}

/**
 * The revisions in `If-Match` or `If-None-Match`. The latter compares weakly, so that tags count that a proxy made weak
 * (RFC 9110, 13.1). Tags that the hub did not issue match nothing.
 */
export function readTags(header: string, weakComparison: boolean): '*' | readonly number[] {
  if (header.trim() === '*') return '*'
  return header.split(',').flatMap((tag) => {
    const [, weak, digits] = /^\s*(W\/)?"(\d{1,15})(?:-zstd|-gzip)?"\s*$/.exec(tag) ?? []
    return digits === undefined || (weak !== undefined && !weakComparison) ? [] : [Number(digits)]
  })
}

/** A single byte range or suffix. Lists of ranges are ignored, as RFC 9110 (14.2) allows. */
export function readRange(header: string): ApiRequest['range'] {
  const [, from, to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/i.exec(header.trim()) ?? []
  if (from === undefined || (from === '' && to === '')) return undefined
  if (from === '') return { suffix: Number(to) }
  const start = Number(from)
  if (to === '') return { start }
  const end = Number(to)
  return start <= end ? { start, end } : undefined
}
