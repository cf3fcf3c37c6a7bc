/** Declarations of the endpoints of InfluxDB. */
import type { DocumentedResponse, ExtensionEndpoint, ExtensionOperation } from '../http/extension-endpoint.ts'
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
  get: operation('Ping', 'Is there a server for the line protocol?', { 204: { description: 'Yes' } })
} as const satisfies ExtensionEndpoint

export const healthEndpoint = {
  path: '/health',
  below: 'hub',
  get: operation('InfluxDbHealth', 'Is the server ready for writes?', {
    200: json('Yes', 'InfluxDbHealth'),
    503: json('The store does not answer', 'InfluxDbHealth')
  })
} as const satisfies ExtensionEndpoint

export const fluxEndpoint = {
  path: '/api/v2/query',
  below: 'hub',
  post: operation('Flux', 'Not supported; the message says where to read instead', {
    501: json('Flux is not supported', 'InfluxDbErrorV2')
  })
} as const satisfies ExtensionEndpoint

export const bucketsEndpoint = {
  path: '/api/v2/buckets',
  below: 'hub',
  get: {
    ...operation('InfluxDbBuckets', 'A bucket of any name', { 200: json('The bucket', 'InfluxDbBuckets') }),
    query: { name: { ...documentText('Name of the bucket', 'plant'), parse: first } }
  }
} as const satisfies ExtensionEndpoint

export const orgsEndpoint = {
  path: '/api/v2/orgs',
  below: 'hub',
  get: {
    ...operation('InfluxDbOrganizations', 'An organization of any name', {
      200: json('The organization', 'InfluxDbOrganizations')
    }),
    query: { org: { ...documentText('Name of the organization', 'plant'), parse: first } }
  }
} as const satisfies ExtensionEndpoint

export const influxEndpoints: readonly ExtensionEndpoint[] = [
  writeEndpoint,
  writeV2Endpoint,
  pingEndpoint,
  healthEndpoint,
  fluxEndpoint,
  bucketsEndpoint,
  orgsEndpoint
]

function writeOperation(operationId: string, errorSchema: string) {
  const refused = (description: string) => json(description, errorSchema)
  return {
    operationId,
    right: { absent: 'CREATE', present: 'UPDATE' },
    kinds: ['Submodel'],
    tag: 'Samples',
    summary: "Push InfluxDB's line protocol, as to InfluxDB",
    description:
      'The tag `submodel` of a point is the id of the submodel, or else the measurement is its idShort; a field is an idShortPath. Valid points are stored even if others are refused.',
    query: lineParameters,
    headers: ingestHeaders,
    takes: Object.fromEntries(LINE_TYPES.map((type) => [type, lineContent])),
    gives: {
      204: { description: 'Everything is durable' },
      400: refused('Some points were refused, the others are durable; or the request is malformed'),
      413: refused('A line is too long'),
      415: refused('The compression or charset of the body is not supported'),
      422: refused('The Idempotency-Key was used before with other content'),
      429: refused('The hub is busy; retry after Retry-After'),
      500: refused('An error of the server'),
      503: refused('The store does not answer; retry after Retry-After'),
      507: refused('The disk is full')
    },
    refuses: []
  } as const satisfies ExtensionOperation
}

function operation(operationId: string, summary: string, gives: ExtensionOperation['gives']) {
  const description = 'For clients of InfluxDB, which request it before they write.'
  return { operationId, right: 'PUBLIC', tag: 'Samples', summary, description, gives, refuses: [] } as const
}

function json(description: string, schema: string): DocumentedResponse {
  return { description, content: { [JSON_TYPE]: { schema: ref(schema) } } }
}

/** Of a repeated parameter the first occurrence counts. */
function first([text = '']: readonly string[]): string {
  return text
}
