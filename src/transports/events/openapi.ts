/** `/events` as the OpenAPI document tells of it: the parameters that query.ts reads, and what is answered. */
import { changeKinds } from '../../consumers/subscriptions/subscription.ts'
import { choice, type DocumentedParameters, type ExtensionPath, text, texts } from '../http/extension-endpoint.ts'
import { ref } from '../http/openapi-schemas.ts'
import { MACHINE } from '../schemas/sample-schemas.ts'

/** What a parameter that is one of a few words may be. */
export const choices = {
  content: ['value', 'full'],
  presentation: ['REGULAR', 'FULL', 'COMPACT'],
  envelope: ['plain', 'cloudevents', 'feed'],
  overflow: ['conflate', 'disconnect']
} as const

/** Seconds that a page may wait for its first event. */
export const MAX_WAIT_S = 60

const flag = (description: string) => ({ description, schema: { type: 'boolean', default: false } })
const whole = (description: string, more: object = {}) => ({
  description,
  schema: { type: 'integer', minimum: 0, ...more }
})

export const eventParameters = {
  shell: texts('Ids of shells: their own changes and those of their submodels; as they are, or in base64url'),
  submodel: texts('Ids of submodels; as they are, or in base64url', MACHINE),
  path: texts('idShortPaths; `*` is any one step or index, `**` any number of steps', 'CycleTime', 'Axis.**'),
  semanticId: texts('First key of the semanticId of the element, of one around it, or of the submodel'),
  kind: {
    description: 'What the change is about',
    schema: { type: 'array', items: { type: 'string', enum: changeKinds } },
    example: ['value', 'structure']
  },
  cursor: text('Go on behind this: `next` of the page before, or the id of an event'),
  lastEventId: text('The same, by the name that the Event Feed has for it'),
  since: text('Go on behind this cursor, or from this time (ISO 8601)', '2026-11-24T03:00:00Z'),
  limit: { ...whole('Most events on a page', { minimum: 1 }), example: 10 },
  wait: { ...whole('Seconds to wait for the first event of a page', { maximum: MAX_WAIT_S }), example: 0 },
  content: choice('`full` adds the element, or the document, as it is now', choices.content),
  presentation: choice(
    'The same, as the Event Feed has it: COMPACT is `value`, the others are `full`',
    choices.presentation
  ),
  envelope: choice(
    'How an event is written: `plain`; as CloudEvents in the types of async-aas; or in those of the Event Feed, which a page has where nothing is said',
    choices.envelope
  ),
  columns: flag('Samples that came together stay together, as columns'),
  snapshot: flag('Of a stream: begin with the current state of all that is selected'),
  interval: whole('Of a stream, milliseconds: at most one update per element in each'),
  window: whole('Of a stream, milliseconds to gather before sending'),
  overflow: choice('Of a stream: what becomes of a reader that lags too far', choices.overflow),
  buffer: whole('Of a stream: bytes that its reader may lag behind')
} as const satisfies DocumentedParameters

export const eventPaths: readonly ExtensionPath[] = [
  {
    path: '/events',
    below: 'api',
    get: {
      operationId: 'GetEvents',
      tag: 'Events',
      summary: 'What happens, page by page or as a stream',
      description:
        'By `Accept: text/event-stream` the answer is Server-Sent Events without end, else one page of a feed. Both go on from any cursor, and tell where something was lost.',
      query: eventParameters,
      headers: {
        'Last-Event-ID': text('The cursor that a stream goes on behind, as browsers send it when they come back')
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
                  '`data` is an event in the envelope asked for, `id` the cursor behind it; the events `subscribed`, `snapshot`, `lost` and `closed` tell of the subscription itself'
              }
            }
          }
        }
      },
      refuses: ['BadRequest', 'Unavailable', 'Internal']
    }
  },
  {
    path: '/.well-known/event-feed.json',
    below: 'both',
    get: {
      operationId: 'GetEventFeedCapabilities',
      tag: 'Events',
      summary: 'What the feed can do',
      description: 'In the form of the Event Feed that is proposed for the standard.',
      gives: { 200: { description: 'Done', content: { 'application/json': { schema: { type: 'object' } } } } },
      refuses: ['Internal']
    }
  }
]
