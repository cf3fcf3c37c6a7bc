/** Interprets the query of `/events`. */
import type { SubscriptionRequest } from '../../consumers/subscriptions/subscription.ts'
import { parseSubscriptionRequest } from '../../consumers/subscriptions/subscription-request.ts'
import { HubError } from '../../errors.ts'
import { decodeCursor } from '../../model/cursor.ts'
import type { ParsedQuery } from '../http/extension-endpoint.ts'
import type { eventParameters } from './endpoint.ts'

export interface EventQuery {
  readonly subscription: SubscriptionRequest
  readonly envelope: 'plain' | 'cloudevents' | 'feed'
  /** Maximum number of events on a page. */
  readonly limit: number
  /** How long a page may wait for its first event. */
  readonly waitMs: number
}

export interface QueryOptions {
  readonly defaultLimit: number
  readonly maxLimit: number
  /** Of a stream, or of a page: the default envelopes differ. */
  readonly isStream: boolean
  /** `Last-Event-ID`, which precedes the cursor in the query. */
  readonly lastEventId?: string
}

type Query = ParsedQuery<typeof eventParameters>

/** @throws HubError `BadRequest` naming the parameter */
export function eventQueryOf(query: Query, options: QueryOptions): EventQuery {
  const { defaultLimit, maxLimit, isStream, lastEventId } = options
  const { shell, submodel, path, semanticId, kind, presentation, limit = defaultLimit, wait = 0 } = query
  const select = defined({ shells: shell, submodels: submodel, paths: path, semanticIds: semanticId, kinds: kind })
  const envelope = query.envelope ?? (isStream ? 'plain' : 'feed')
  const content = presentation === undefined ? query.content : contentOf(presentation)
  const subscription = parseSubscriptionRequest({
    ...(Object.keys(select).length > 0 && { select }),
    ...sinceOf(query, lastEventId),
    ...defined({
      snapshot: query.snapshot,
      columns: query.columns,
      interval: query.interval,
      window: query.window,
      buffer: query.buffer
    }),
    // The Event Feed's default is REGULAR.
    content: content ?? (envelope === 'feed' ? 'full' : 'value'),
    overflow: query.overflow
  })
  return { subscription, envelope, limit: Math.min(limit, maxLimit), waitMs: 1000 * wait }
}

function contentOf(presentation: string): 'value' | 'full' {
  return presentation === 'COMPACT' ? 'value' : 'full'
}

/** Clients name the cursor in different ways; the header comes first. */
function sinceOf(query: Query, lastEventId: string | undefined): { since?: string } {
  if (lastEventId !== undefined) return { since: checkedCursor('Last-Event-ID', lastEventId) }
  const [name, ...others] = RESUME_PARAMETERS.filter((name) => query[name] !== undefined)
  if (name === undefined) return {}
  if (others.length > 0)
    throw new HubError('BadRequest', [`The parameters ${name} and ${others[0]} exclude each other`])
  const text = query[name] ?? ''
  return { since: name === 'since' ? text : checkedCursor(name, text) }
}

const RESUME_PARAMETERS = ['cursor', 'lastEventId', 'since'] as const

function checkedCursor(name: string, text: string): string {
  if (decodeCursor(text) !== undefined) return text
  throw new HubError('BadRequest', [`${name} is not a cursor of this hub`])
}

function defined(members: object): object {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}
