/** Declaration of `/events` and of its capabilities. */
import { changeKinds } from '../../consumers/subscriptions/subscription.ts'
import { HubError } from '../../errors.ts'
import {
  allKinds,
  documentChoice,
  documentText,
  documentTexts,
  type ExtensionEndpoint,
  type QueryDeclaration
} from '../http/extension-endpoint.ts'
import { decodeId } from '../http/identifiers.ts'
import { ref } from '../http/openapi-schemas.ts'
import { isBlank, readBoolean, singleValue } from '../http/parameters.ts'
import { MACHINE } from '../schemas/sample-schemas.ts'

/** How long a page may wait for its first event. */
export const MAX_WAIT_S = 60

/** Query parameters of `/events`. */
export const eventParameters = {
  shell: {
    ...documentTexts('Ids of shells: changes of the shells and of their submodels; plain or base64url'),
    parse: parseIds
  },
  submodel: { ...documentTexts('Ids of submodels; plain or base64url', MACHINE), parse: parseIds },
  path: {
    ...documentTexts('idShortPaths; `*` is any one step or index, `**` any number of steps', 'CycleTime', 'Axis.**'),
    parse: all
  },
  semanticId: {
    ...documentTexts('First key of the semanticId of the element, of an ancestor, or of the submodel'),
    parse: all
  },
  kind: {
    description: 'Kinds of changes',
    schema: { type: 'array', items: { type: 'string', enum: changeKinds } },
    example: ['value', 'structure'],
    parse: all
  },
  cursor: {
    ...documentText('Continue after this cursor: `next` of the previous page, or the id of an event'),
    parse: nonBlank
  },
  lastEventId: { ...documentText('The same, as named by the Event Feed'), parse: nonBlank },
  since: {
    ...documentText('Continue after this cursor, or from this time (ISO 8601)', '2026-11-24T03:00:00Z'),
    parse: nonBlank
  },
  limit: { ...wholeNumber('Maximum number of events on a page', { minimum: 1 }), example: 10 },
  wait: { ...wholeNumber('Seconds to wait for the first event of a page', { maximum: MAX_WAIT_S }), example: 0 },
  content: choice('`full` adds the current element or document', ['value', 'full']),
  presentation: choice('The same, as named by the Event Feed: COMPACT is `value`, the others are `full`', [
    'REGULAR',
    'FULL',
    'COMPACT'
  ]),
  envelope: choice(
    'Format of events: `plain`; CloudEvents with the types of async-aas; or with those of the Event Feed, which is the default of a page',
    ['plain', 'cloudevents', 'feed']
  ),
  columns: flag('Samples that were pushed together stay together, as columns'),
  snapshot: flag('Stream only: begin with the current state of the selection'),
  interval: wholeNumber('Stream only, in milliseconds: at most one update per element in each interval'),
  window: wholeNumber('Stream only, in milliseconds: collect events before sending'),
  overflow: choice('Stream only: what happens when the client lags too far behind', ['conflate', 'disconnect']),
  buffer: wholeNumber('Stream only: bytes that the client may lag behind')
} as const satisfies QueryDeclaration

export const eventsEndpoint = {
  path: '/events',
  // The Event Feed has it at the root, beside its capabilities.
  below: 'both',
  get: {
    operationId: 'GetEvents',
    right: 'READ',
    kinds: allKinds,
    tag: 'Events',
    summary: 'Changes, page by page or as a stream',
    description:
      'With `Accept: text/event-stream` the response is an endless stream of Server-Sent Events, otherwise one page of a feed. Both continue from any cursor, and report a gap.',
    query: eventParameters,
    headers: {
      'Last-Event-ID': documentText('Cursor that a stream continues after; browsers send it when they reconnect')
    },
    gives: {
      200: {
        description: 'Events in the order of the log',
        content: {
          'application/json': { schema: ref('EventPage') },
          'text/event-stream': {
            schema: {
              type: 'string',
              description:
                '`data` is an event in the requested envelope, `id` the cursor after it; the events `subscribed`, `snapshot`, `lost` and `closed` are about the subscription itself'
            }
          }
        }
      }
    },
    refuses: ['BadRequest', 'Unavailable', 'Internal'],
    head: false
  }
} as const satisfies ExtensionEndpoint

export const capabilitiesEndpoint = {
  path: '/.well-known/event-feed.json',
  below: 'both',
  get: {
    operationId: 'GetEventFeedCapabilities',
    right: 'READ',
    kinds: allKinds,
    tag: 'Events',
    summary: 'Capabilities of the feed',
    description: 'In the form of the Event Feed proposed for the standard.',
    gives: { 200: { description: 'Done', content: { 'application/json': { schema: { type: 'object' } } } } },
    refuses: ['Internal']
  }
} as const satisfies ExtensionEndpoint

function all(values: readonly string[]): readonly string[] {
  return values
}

/** Ids as they are, or in base64url as in a path; a text that can be read as both selects both. */
function parseIds(values: readonly string[], name: string): readonly string[] {
  return values.flatMap((text) => {
    try {
      return [text, decodeId(text, name)]
    } catch {
      return text
    }
  })
}

/** Undefined for a blank parameter, as clients send `cursor=` for their first page. */
function nonBlank(values: readonly string[], name: string): string | undefined {
  return isBlank(values) ? undefined : singleValue(values, name)
}

function flag(description: string) {
  return { description, schema: { type: 'boolean', default: false }, parse: readBoolean }
}

function choice<const Choice extends string>(description: string, choices: readonly Choice[]) {
  return {
    ...documentChoice(description, choices),
    parse: (values: readonly string[], name: string): Choice => {
      const text = singleValue(values, name)
      const found = choices.find((one) => one === text)
      if (found === undefined) {
        throw new HubError('BadRequest', [`The parameter ${name}: ${choices.join(' or ')} was expected`])
      }
      return found
    }
  }
}

function wholeNumber(description: string, bounds: { readonly minimum?: number; readonly maximum?: number } = {}) {
  const { minimum = 0, maximum } = bounds
  return {
    description,
    schema: { type: 'integer', minimum: 0, ...bounds },
    parse: (values: readonly string[], name: string): number | undefined => {
      if (isBlank(values)) return undefined
      const text = singleValue(values, name)
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
      if (value >= minimum && value <= (maximum ?? Number.MAX_SAFE_INTEGER)) return value
      const range = maximum === undefined ? `from ${minimum} on` : `from ${minimum} to ${maximum}`
      throw new HubError('BadRequest', [`The parameter ${name}: a whole number ${range} was expected`])
    }
  }
}
