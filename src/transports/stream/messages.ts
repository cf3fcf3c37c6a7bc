/**
 * The messages of `/stream`, each declared once with examples that a test sends or waits for. `openapi/asyncapi.json` is
 * derived from this list.
 */
import type { JsonSchema } from '../../formats/json-schema.ts'
import {
  column,
  cursor,
  each,
  event,
  flag,
  id,
  key,
  list,
  MACHINE,
  object,
  refusal,
  sample,
  select,
  text,
  violation,
  whole
} from '../schemas/sample-schemas.ts'

export interface MessageDeclaration {
  readonly name: string
  /** The sender. */
  readonly from: 'client' | 'hub'
  readonly summary: string
  readonly payload: JsonSchema
  readonly examples: readonly Readonly<Record<string, unknown>>[]
}

/** In the order of their use. */
export const messages: readonly MessageDeclaration[] = [
  hub('welcome', 'The first message of the hub, with its limits.', {
    payload: object(
      {
        version: { const: 1 },
        server: text,
        epoch: { type: 'string', description: 'Identifies the store that cursors belong to' },
        credit: { type: 'integer', description: 'Samples that may be unacknowledged before the hub stops reading' },
        messageLimit: { type: 'integer', description: 'Bytes' },
        heartbeat: { type: 'integer', description: 'Milliseconds between pings' },
        mustAuthenticate: { const: true, description: 'Only `token` is accepted; it must follow within 10 s' }
      },
      ['version', 'epoch', 'credit', 'messageLimit', 'heartbeat']
    ),
    examples: [
      {
        version: 1,
        server: '0.1.0',
        epoch: '6f1d0c3a9b5e7d42',
        credit: 100000,
        messageLimit: 16777216,
        heartbeat: 20000
      }
    ]
  }),
  client('push', 'Samples: one, one column, or a list of both. Members of the message are defaults for the list.', {
    payload: object({
      id,
      key,
      each,
      ...sample.properties,
      ...column.properties,
      samples: list({ anyOf: [sample, column] })
    }),
    examples: [
      {
        id: 1,
        submodel: MACHINE,
        path: 'CycleTime',
        time: '2026-11-24T03:00:00.000000001Z',
        value: 12.7,
        quality: 'good'
      },
      {
        id: 2,
        submodel: MACHINE,
        samples: [
          { path: 'State', value: 'running' },
          { path: 'ShotCount', value: 1204378 }
        ]
      },
      {
        id: 3,
        submodel: MACHINE,
        path: 'CycleTime',
        start: '2026-11-24T03:00:01Z',
        step: 100,
        values: [12.7, 12.8, 12.6]
      },
      {
        id: 4,
        key: 'gateway-7/42',
        each: true,
        submodel: MACHINE,
        samples: [
          { path: 'CycleTime', value: 12.7 },
          { path: 'Nothing', value: 1 }
        ]
      }
    ]
  }),
  hub('ack', 'Acknowledges the pushes that one commit made durable.', {
    payload: object(
      {
        cursor,
        seq: whole,
        acks: list(object({ id, accepted: whole, repeated: flag, refused: list(refusal) }, ['accepted']))
      },
      ['cursor', 'seq', 'acks']
    ),
    examples: [{ cursor: 'NmYxZDBjM2E5YjVlN2Q0Mi43', seq: 7, acks: [{ id: 1, accepted: 1 }] }]
  }),
  hub('refused', 'The message with this id was refused, with the reason.', {
    payload: object({ id, code: text, status: whole, text, violations: list(violation) }, ['code', 'status', 'text']),
    examples: [
      {
        id: 5,
        code: 'Invalid',
        status: 400,
        text: 'The document breaks 1 rules of the standard',
        violations: [{ pointer: '/0', idShortPath: 'ShotCount', rule: 'ValueDataType', text: 'the value is of xs:int' }]
      }
    ]
  }),
  client('subscribe', 'Subscribe to all changes, or to selected ones.', {
    payload: object(
      {
        id,
        select,
        snapshot: { type: 'boolean', description: 'Begin with the current state of all that is selected' },
        since: { type: 'string', description: 'Continue after this cursor, or from this time (ISO 8601)' },
        interval: { type: 'integer', description: 'Milliseconds: at most one update per element in each' },
        window: { type: 'integer', description: 'Milliseconds to collect events before sending them' },
        content: { enum: ['value', 'full'] },
        columns: { type: 'boolean', description: 'Samples that were pushed together stay together' },
        overflow: { enum: ['conflate', 'disconnect'], description: 'What happens when the client lags too far behind' },
        buffer: { type: 'integer', description: 'Bytes that the client may lag behind' }
      },
      ['id']
    ),
    examples: [
      { id: 'live', select: { submodels: [MACHINE], paths: ['CycleTime'] } },
      { id: 'all', select: { kinds: ['value', 'structure', 'validation'] }, columns: true, window: 50 },
      { id: 'slow', select: { paths: ['**'] }, snapshot: true, interval: 1000, overflow: 'conflate' }
    ]
  }),
  hub('subscribed', 'The subscription is active; events after the cursor follow.', {
    payload: object(
      {
        id,
        cursor,
        recovered: { type: 'boolean', description: 'False if events since `since` are no longer available' }
      },
      ['id', 'recovered']
    ),
    examples: [{ id: 'live', recovered: true, cursor: 'NmYxZDBjM2E5YjVlN2Q0Mi43' }]
  }),
  hub('event', 'Events, in the order of the log.', {
    payload: object(
      {
        sub: { ...id, description: 'Id of the subscription' },
        cursor: { ...cursor, description: 'After these events; resuming from it misses nothing' },
        snapshot: { enum: ['part', 'end'] },
        recovered: { const: false },
        conflated: { const: true },
        events: list(event)
      },
      ['sub', 'events']
    ),
    examples: [
      {
        sub: 'live',
        cursor: 'NmYxZDBjM2E5YjVlN2Q0Mi44',
        events: [
          {
            kind: 'value',
            submodel: MACHINE,
            path: 'CycleTime',
            value: 12.7,
            sourceTime: '2026-11-24T03:00:00.000Z',
            time: '2026-11-24T03:00:00.012Z'
          }
        ]
      }
    ]
  }),
  client('unsubscribe', 'Ends a subscription.', {
    payload: object({ id }, ['id']),
    examples: [{ id: 'live' }]
  }),
  hub('closed', 'A subscription ended; it can be resumed from the cursor.', {
    payload: object({ id, cursor, reason: { enum: ['unsubscribed', 'overflow', 'stopping', 'forbidden', 'failed'] } }, [
      'id',
      'reason'
    ]),
    examples: [{ id: 'live', reason: 'unsubscribed', cursor: 'NmYxZDBjM2E5YjVlN2Q0Mi45' }]
  }),
  client('ping', 'For clients that have no access to the pings of WebSocket.', {
    payload: object({ id }),
    examples: [{ id: 9 }]
  }),
  hub('pong', 'Answers a ping.', { payload: object({ id }), examples: [{ id: 9 }] }),
  client('token', 'Authenticates the connection, or renews its token while subscriptions go on.', {
    payload: object({ id, token: text }, ['token']),
    examples: [{ id: 10, token: 'eyJhbGciOiJub25lIn0.e30.' }]
  }),
  hub('accepted', 'The token was accepted.', {
    payload: object({
      id,
      expires: { type: 'string', description: 'When the credentials end (ISO 8601); the connection is closed then' }
    }),
    examples: [{ id: 10 }]
  }),
  hub('error', 'A frame was not a valid message; the connection stays open.', {
    payload: object({ id, text }, ['text']),
    examples: [{ text: '"type" is one of push, subscribe, unsubscribe, ping, token; found "shout"' }]
  }),
  hub(
    'store',
    'The store became unavailable, or available again. Meanwhile nothing is accepted and no events are sent; both resume by themselves.',
    { payload: object({ available: { type: 'boolean' } }, ['available']), examples: [{ available: false }] }
  ),
  hub('stopping', 'The hub is stopping; everything acknowledged is durable.', { payload: object({}), examples: [{}] })
]

function client(
  name: string,
  summary: string,
  more: Pick<MessageDeclaration, 'payload' | 'examples'>
): MessageDeclaration {
  return declared(name, 'client', summary, more)
}

function hub(
  name: string,
  summary: string,
  more: Pick<MessageDeclaration, 'payload' | 'examples'>
): MessageDeclaration {
  return declared(name, 'hub', summary, more)
}

function declared(
  name: string,
  from: MessageDeclaration['from'],
  summary: string,
  { payload, examples }: Pick<MessageDeclaration, 'payload' | 'examples'>
): MessageDeclaration {
  const { properties, required = [] } = payload as { properties: JsonSchema; required?: string[] }
  return {
    name,
    from,
    summary,
    payload: { ...payload, properties: { type: { const: name }, ...properties }, required: ['type', ...required] },
    examples: examples.map((example) => ({ type: name, ...example }))
  }
}

/** Close codes and their meaning here. */
export const closeCodes: Readonly<Record<number, string>> = {
  1001: 'The hub is stopping; reconnect',
  1002: 'A frame violates the WebSocket protocol',
  1006: 'No pong for longer than the heartbeat',
  1009: 'A message is larger than `messageLimit`',
  4401: 'The credentials are missing, have expired or are not valid any more; reconnect with others'
}
