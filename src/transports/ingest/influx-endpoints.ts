/** Declarations of the endpoints of InfluxDB. */
import type {
  DocumentedResponse,
  ExtensionEndpoint,
  ExtensionOperation,
  QueryDeclaration
} from '../http/extension-endpoint.ts'
import { documentText } from '../http/extension-endpoint.ts'
import { ref } from '../http/openapi-schemas.ts'
import { JSON_TYPE, LINE_TYPES } from './media-types.ts'
import { ingestHeaders, lineContent, lineParameters } from './parameters.ts'

export const writeEndpoint = {
  path: '/write',
  below: 'hub',
  post: writeOperation('WritePoints', 'InfluxDbError')
} as const satisfies ExtensionEndpoint

export const writeV2Endpoint = {
  path: '/api/v2/write',
  below: 'hub',
  post: writeOperation('WritePointsV2', 'InfluxDbErrorV2')
} as const satisfies ExtensionEndpoint

export const pingEndpoint = {
  path: '/ping',
  below: 'hub',
  get: operation('Ping', 'Is there something that takes the line protocol?', { 204: { description: 'There is' } })
} as const satisfies ExtensionEndpoint

export const healthEndpoint = {
  path: '/health',
  below: 'hub',
  get: operation('InfluxDbHealth', 'Can it be written to?', {
    200: json('Yes', 'InfluxDbHealth'),
    503: json('The store does not answer', 'InfluxDbHealth')
  })
} as const satisfies ExtensionEndpoint

const queryParameters = {
  q: { ...documentText('InfluxQL', 'SHOW DATABASES'), parse: first }
} as const satisfies QueryDeclaration

const queryResponses = {
  200: json('SHOW DATABASES, or CREATE DATABASE, which does nothing', 'InfluxQlResults'),
  400: json('Everything else; says where to read instead', 'InfluxDbError')
}

export const queryEndpoint = {
  path: '/query',
  below: 'hub',
  get: {
    ...operation('InfluxQl', 'What clients of InfluxDB 1.x ask before they write', queryResponses),
    query: queryParameters
  },
  post: {
    ...operation('InfluxQlByForm', 'The same, with `q` in a form', queryResponses),
    query: queryParameters
  }
} as const satisfies ExtensionEndpoint

export const fluxEndpoint = {
  path: '/api/v2/query',
  below: 'hub',
  post: operation('Flux', 'Not answered; says where to read instead', {
    501: json('There is no Flux here', 'InfluxDbErrorV2')
  })
} as const satisfies ExtensionEndpoint

export const bucketsEndpoint = {
  path: '/api/v2/buckets',
  below: 'hub',
  get: {
    ...operation('InfluxDbBuckets', 'The bucket of any name', { 200: json('It is there', 'InfluxDbBuckets') }),
    query: { name: { ...documentText('The bucket that is looked for', 'plant'), parse: first } }
  }
} as const satisfies ExtensionEndpoint

export const orgsEndpoint = {
  path: '/api/v2/orgs',
  below: 'hub',
  get: {
    ...operation('InfluxDbOrganizations', 'The organization of any name', {
      200: json('It is there', 'InfluxDbOrganizations')
    }),
    query: { org: { ...documentText('The organization that is looked for', 'plant'), parse: first } }
  }
} as const satisfies ExtensionEndpoint

export const influxEndpoints: readonly ExtensionEndpoint[] = [
  writeEndpoint,
  writeV2Endpoint,
  pingEndpoint,
  healthEndpoint,
  queryEndpoint,
  fluxEndpoint,
  bucketsEndpoint,
  orgsEndpoint
]

function writeOperation(operationId: string, errorSchema: string) {
  const refused = (description: string) => json(description, errorSchema)
  return {
    operationId,
    tag: 'Samples',
    summary: "Push InfluxDB's line protocol, as its senders know it",
    description:
      'The tag `submodel` of a point, or else its measurement, names the submodel (by id, or by idShort), a field the idShortPath. What is right is kept where something is wrong.',
    query: lineParameters,
    headers: ingestHeaders,
    takes: Object.fromEntries(LINE_TYPES.map((type) => [type, lineContent])),
    gives: {
      204: { description: 'Everything is durable' },
      400: refused('Some points were refused, the others are durable; or the request is malformed'),
      413: refused('A line is too long'),
      415: refused('The body is packed or encoded in a way that is not taken'),
      422: refused('The Idempotency-Key came before with other content'),
      429: refused('The hub is behind; Retry-After says when to come again'),
      500: refused('The server failed'),
      503: refused('The store does not answer; Retry-After says when to come again'),
      507: refused('There is no room left on the disk')
    },
    refuses: []
  } as const satisfies ExtensionOperation
}

function operation(operationId: string, summary: string, gives: ExtensionOperation['gives']) {
  const description = 'For clients of InfluxDB, which ask so before they write.'
  return { operationId, tag: 'Samples', summary, description, gives, refuses: [] } as const
}

function json(description: string, schema: string): DocumentedResponse {
  return { description, content: { [JSON_TYPE]: { schema: ref(schema) } } }
}

/** Of a repeated parameter the first occurrence counts. */
function first([text = '']: readonly string[]): string {
  return text
}
