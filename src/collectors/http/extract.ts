/** Finds values in what a machine answers. */

import type { Quality } from '../../model/samples.ts'
import { parseTime } from '../../model/time.ts'
import { CollectorError } from '../connector.ts'

/** A value with what was sent beside it. */
export interface ExtractedValue {
  /** Undefined: there is none at this place. */
  readonly value: unknown
  readonly time?: bigint
  readonly quality?: Quality
}

/** Whole numbers beyond what a double holds exactly become bigints. @throws CollectorError */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, exactly)
  } catch {
    throw new CollectorError('the answer is no JSON')
  }
}

/** The third argument is newer than the types of the second one. */
function exactly(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  const source = context?.source ?? ''
  return /^-?\d+$/.test(source) ? BigInt(source) : value
}

/** Steps to a place: names of members, and indexes. */
export type Place = readonly string[]

/**
 * The place that a fragment names: a JSON Pointer (RFC 6901), `/axis/0/speed`, or a JSONPath of names and indexes
 * (RFC 9535), `$.axis[0].speed`.
 * @throws CollectorError
 */
export function parsePlace(fragment: string): Place {
  if (fragment === '') return []
  if (fragment.startsWith('/')) {
    return fragment
      .slice(1)
      .split('/')
      .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  }
  const steps: string[] = []
  const rest = fragment
    .slice(1)
    .replace(/\.([\p{L}_][\p{L}\d_-]*)|\[(\d+)\]|\['([^'\]]+)'\]|\["([^"\]]+)"\]/gu, (_all, ...found) => {
      steps.push(found.slice(0, 4).find((step) => step !== undefined))
      return ''
    })
  if (!fragment.startsWith('$') || rest !== '') {
    throw new CollectorError(`${fragment} is neither a JSON Pointer nor a JSONPath of names and indexes`)
  }
  return steps
}

/** The value at a place; of an object with a `value` also its time and quality. */
export function extract(json: unknown, place: Place): ExtractedValue {
  let found = json
  for (const step of place) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, step)) return { value: undefined }
    found = (found as Record<string, unknown>)[step]
  }
  if (found === null) return { value: undefined }
  if (typeof found !== 'object' || Array.isArray(found) || !Object.hasOwn(found, 'value')) return { value: found }
  const { value, quality, q = quality, time, timestamp, ts } = found as Record<string, unknown>
  const sent = parseTime(time ?? timestamp ?? ts, 'ms')
  const known = qualityOf(q)
  return {
    value: value ?? undefined,
    ...(sent !== undefined && { time: sent }),
    ...(known !== undefined && { quality: known })
  }
}

function qualityOf(sent: unknown): Quality | undefined {
  const text = String(sent ?? '').toLowerCase()
  return text === 'uncertain' || text === 'bad' ? text : undefined
}

/** The object that has a value at a place, to be sent to a machine. */
export function wrap(value: unknown, place: Place): unknown {
  return place.reduceRight<unknown>((inner, step) => ({ [step]: inner }), value)
}
