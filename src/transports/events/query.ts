/** What the query of `/events` asks for. */

import type { SubscriptionRequest } from '../../consumers/subscriptions/subscription.ts'
import { parseSubscriptionRequest } from '../../consumers/subscriptions/subscription-request.ts'
import { HubError } from '../../errors.ts'
import { decodeCursor } from '../../model/cursor.ts'
import { decodeId } from '../http/identifiers.ts'
import { isBlank, type QueryParams, readBoolean, singleValue } from '../http/parameters.ts'
import { choices, type eventParameters, MAX_WAIT_S } from './openapi.ts'

export interface EventQuery {
  readonly wish: SubscriptionRequest
  readonly envelope: 'plain' | 'cloudevents' | 'feed'
  /** Most events of a page. */
  readonly limit: number
  /** Milliseconds that a page may wait for its first event. */
  readonly wait: number
}

/** Nothing is read that the document does not tell of. */
type Name = keyof typeof eventParameters

export interface QueryOptions {
  readonly defaultLimit: number
  readonly maxLimit: number
  /** Of a stream or of a page, which are read by different people. */
  readonly isStream: boolean
  /** The cursor that a client which lost its connection holds (`Last-Event-ID`); goes before the query's. */
  readonly resume?: string
}

/** @throws HubError `BadRequest` naming the parameter */
export function readEventQuery(given: QueryParams, options: QueryOptions): EventQuery {
  const { defaultLimit, maxLimit, isStream, resume } = options
  if (given.has('filter')) {
    const instead = 'select by shell, submodel, path, semanticId and kind'
    throw new HubError('BadRequest', [`The parameter filter is not understood here; ${instead}`])
  }
  const presentation = choice(given, 'presentation')
  const select = {
    ...listed('shells', ids(given, 'shell')),
    ...listed('submodels', ids(given, 'submodel')),
    ...listed('paths', all(given, 'path')),
    ...listed('semanticIds', all(given, 'semanticId')),
    ...listed('kinds', all(given, 'kind'))
  }
  const envelope = choice(given, 'envelope') ?? (isStream ? 'plain' : 'feed')
  const content = presentation === undefined ? choice(given, 'content') : contentOf(presentation)
  const wish = parseSubscriptionRequest({
    ...(Object.keys(select).length > 0 && { select }),
    ...sinceOf(given, resume),
    ...flag(given, 'snapshot'),
    ...flag(given, 'columns'),
    ...number(given, 'interval'),
    ...number(given, 'window'),
    ...number(given, 'buffer'),
    // REGULAR is what the feed gives where nothing is said.
    content: content ?? (envelope === 'feed' ? 'full' : 'value'),
    overflow: choice(given, 'overflow')
  })
  return {
    wish,
    envelope,
    limit: Math.min(whole(given, 'limit', 1, Number.MAX_SAFE_INTEGER) ?? defaultLimit, maxLimit),
    wait: 1000 * (whole(given, 'wait', 0, MAX_WAIT_S) ?? 0)
  }
}

function contentOf(presentation: string): 'value' | 'full' {
  return presentation === 'COMPACT' ? 'value' : 'full'
}

/** As they are, or in base64url as in a path; what reads as both may be either. */
function ids(given: QueryParams, name: Name): readonly string[] | undefined {
  return all(given, name)?.flatMap((text) => {
    try {
      return [text, decodeId(text, name)]
    } catch {
      return text
    }
  })
}

function all(given: QueryParams, name: Name): readonly string[] | undefined {
  return given.get(name)
}

/** The first of the ways in which clients name the place to go on from. */
function sinceOf(given: QueryParams, resume: string | undefined): { since?: string } {
  if (resume !== undefined) return { since: cursor('Last-Event-ID', resume) }
  const [name, ...others] = RESUME_PARAMETERS.filter((name) => !isBlank(given.get(name) ?? []))
  if (name === undefined) return {}
  if (others.length > 0)
    throw new HubError('BadRequest', [`The parameters ${name} and ${others[0]} exclude each other`])
  const text = singleValue(given.get(name) ?? [], name)
  return { since: name === 'since' ? text : cursor(name, text) }
}

const RESUME_PARAMETERS: readonly Name[] = ['cursor', 'lastEventId', 'since']

function cursor(name: string, text: string): string {
  if (decodeCursor(text) !== undefined) return text
  throw new HubError('BadRequest', [`${name} is no cursor that this hub has given out`])
}

function listed<Name extends string>(name: Name, texts: readonly string[] | undefined) {
  return texts === undefined ? {} : { [name]: texts }
}

function flag(given: QueryParams, name: Name) {
  const values = given.get(name)
  return values === undefined ? {} : { [name]: readBoolean(values, name) }
}

function number(given: QueryParams, name: Name) {
  const value = whole(given, name, 0, Number.MAX_SAFE_INTEGER)
  return value === undefined ? {} : { [name]: value }
}

function whole(given: QueryParams, name: Name, least: number, most: number): number | undefined {
  const values = given.get(name)
  if (values === undefined || isBlank(values)) return undefined
  const text = singleValue(values, name)
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`
  throw new HubError('BadRequest', [`The parameter ${name}: a whole number ${range} was expected`])
}

function choice<Of extends keyof typeof choices>(
  given: QueryParams,
  name: Of
): (typeof choices)[Of][number] | undefined {
  const values = given.get(name)
  if (values === undefined) return undefined
  const text = singleValue(values, name)
  const found = choices[name].find((one) => one === text)
  if (found === undefined)
    throw new HubError('BadRequest', [`The parameter ${name}: ${choices[name].join(' or ')} was expected`])
  return found
}
