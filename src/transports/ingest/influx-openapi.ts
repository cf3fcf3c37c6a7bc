/** The addresses of InfluxDB as the OpenAPI document tells of them. */

import {
  type DocumentedContent,
  type DocumentedParameter,
  type DocumentedParameters,
  type DocumentedResponse,
  type ExtensionOperation,
  type ExtensionPath,
  text
} from '../http/extension-endpoint.ts'
import { ref } from '../http/openapi-schemas.ts'

const JSON_TYPE = 'application/json'

/** Media types of lines. */
export const LINE_TYPES = ['text/plain', 'application/vnd.influx', 'application/octet-stream'] as const

/** @param lines what is written @param headers of a body with samples @param precision of the times in it */
export function influxPaths(
  lines: DocumentedContent,
  headers: DocumentedParameters,
  precision: DocumentedParameter
): readonly ExtensionPath[] {
  return [
    { path: '/write', below: 'hub', post: write('WritePoints', 'InfluxDbError', lines, headers, precision) },
    { path: '/api/v2/write', below: 'hub', post: write('WritePointsV2', 'InfluxDbErrorV2', lines, headers, precision) },
    {
      path: '/ping',
      below: 'hub',
      get: asked('Ping', 'Is there something that takes the line protocol?', { 204: { description: 'There is' } })
    },
    {
      path: '/health',
      below: 'hub',
      get: asked('InfluxDbHealth', 'Can it be written to?', {
        200: json('Yes', 'InfluxDbHealth'),
        503: json('The store does not answer', 'InfluxDbHealth')
      })
    },
    {
      path: '/query',
      below: 'hub',
      get: query('InfluxQl', 'What clients of InfluxDB 1.x ask before they write'),
      post: query('InfluxQlByForm', 'The same, with `q` in a form')
    },
    {
      path: '/api/v2/query',
      below: 'hub',
      post: asked('Flux', 'Not answered; says where to read instead', {
        501: json('There is no Flux here', 'InfluxDbErrorV2')
      })
    },
    {
      path: '/api/v2/buckets',
      below: 'hub',
      get: {
        ...asked('InfluxDbBuckets', 'The bucket of any name', { 200: json('It is there', 'InfluxDbBuckets') }),
        query: { name: text('The bucket that is looked for', 'plant') }
      }
    },
    {
      path: '/api/v2/orgs',
      below: 'hub',
      get: {
        ...asked('InfluxDbOrganizations', 'The organization of any name', {
          200: json('It is there', 'InfluxDbOrganizations')
        }),
        query: { org: text('The organization that is looked for', 'plant') }
      }
    }
  ]
}

/** 204, or 400 as InfluxDB tells it. */
function write(
  operationId: string,
  schema: string,
  lines: DocumentedContent,
  headers: DocumentedParameters,
  precision: DocumentedParameter
): ExtensionOperation {
  const refused = (description: string) => json(description, schema)
  return {
    operationId,
    tag: 'Samples',
    summary: "Push InfluxDB's line protocol, as its senders know it",
    description:
      'The tag `submodel` of a point, or else its measurement, names the submodel (by id, or by idShort), a field the idShortPath. What is right is kept where something is wrong.',
    query: { precision },
    headers,
    takes: Object.fromEntries(LINE_TYPES.map((type) => [type, lines])),
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
  }
}

function query(operationId: string, summary: string): ExtensionOperation {
  return {
    ...asked(operationId, summary, {
      200: json('SHOW DATABASES, or CREATE DATABASE, which does nothing', 'InfluxQlResults'),
      400: json('Everything else; says where to read instead', 'InfluxDbError')
    }),
    query: { q: text('InfluxQL', 'SHOW DATABASES') }
  }
}

function asked(operationId: string, summary: string, gives: ExtensionOperation['gives']): ExtensionOperation {
  const description = 'For clients of InfluxDB, which ask so before they write.'
  return { operationId, tag: 'Samples', summary, description, gives, refuses: [] }
}

function json(description: string, schema: string): DocumentedResponse {
  return { description, content: { [JSON_TYPE]: { schema: ref(schema) } } }
}
