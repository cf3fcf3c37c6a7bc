/** The request headers that operations hear of, parsed. Malformed ones are as good as absent, as RFC 9110 has it. */
import type { ApiRequest } from '../../operations/api-request.ts'

export interface Accept {
  /** Media types, best first, in lower case and without parameters. */
  readonly types: readonly string[]
  /** May the answer be JSON? */
  readonly json: boolean
}

const ACCEPT_ANYTHING: Accept = { types: ['*/*'], json: true }

/** Clients send few different ones. */
const accepts = new Map<string, Accept>()
const CACHE_ENTRIES = 100

/** `Accept` (RFC 9110, 12.5.1). */
export function readAccept(header: string | undefined): Accept {
  if (header === undefined || header === '*/*' || header === '') return ACCEPT_ANYTHING
  const known = accepts.get(header)
  if (known !== undefined) return known
  const accept = parseAccept(header)
  if (accepts.size >= CACHE_ENTRIES) accepts.clear()
  if (header.length <= 1024) accepts.set(header, accept)
  return accept
}

function parseAccept(header: string): Accept {
  const weights = new Map<string, number>()
  for (const range of header.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    if (!/^[^\s/]+\/[^\s/]+$/.test(type)) continue
    const q = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1)
    weights.set(type, Math.max(weights.get(type) ?? 0, q >= 0 && q <= 1 ? q : 0))
  }
  if (weights.size === 0) return ACCEPT_ANYTHING
  const types = [...weights].filter(([, q]) => q > 0).sort(([, one], [, other]) => other - one)
  // What is named exactly goes before a wildcard: "application/json;q=0, */*" excludes JSON.
  const json = weights.get('application/json') ?? weights.get('application/*') ?? weights.get('*/*') ?? 0
  return { types: types.map(([type]) => type), json: json > 0 }
}

/**
 * Revisions of an `If-Match`, or of an `If-None-Match`, which compares weakly, so that tags count that a proxy marked
 * weak (RFC 9110, 13.1). Tags that the hub did not give out match nothing.
 */
export function readTags(header: string, weakly: boolean): '*' | readonly number[] {
  if (header.trim() === '*') return '*'
  return header.split(',').flatMap((tag) => {
    const [, weak, digits] = /^\s*(W\/)?"(\d{1,15})(?:-zstd|-gzip)?"\s*$/.exec(tag) ?? []
    return digits === undefined || (weak !== undefined && !weakly) ? [] : [Number(digits)]
  })
}

/** One range of bytes, or so many at the end; a list of ranges may be ignored, and is (RFC 9110, 14.2). */
export function readRange(header: string): ApiRequest['range'] {
  const [, from, to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/i.exec(header.trim()) ?? []
  if (from === undefined || (from === '' && to === '')) return undefined
  if (from === '') return { suffix: Number(to) }
  const start = Number(from)
  if (to === '') return { start }
  const end = Number(to)
  return start <= end ? { start, end } : undefined
}
