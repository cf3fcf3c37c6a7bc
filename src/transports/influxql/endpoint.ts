/** Declaration of `/query`. */
import { HubError } from '../../errors.ts'
import { EPOCHS } from '../../formats/influxql/results.ts'
import type { BoundValues } from '../../formats/influxql/tokens.ts'
import {
  documentChoice,
  documentCount,
  documentText,
  type ExtensionEndpoint,
  type ExtensionOperation,
  type ParsedQuery,
  type QueryDeclaration,
  type QueryParameter
} from '../http/extension-endpoint.ts'
import { ref } from '../http/openapi-schemas.ts'
import { isBlank, type QueryParams } from '../http/parameters.ts'

/** Media type and bound of a form. */
export const FORM = 'application/x-www-form-urlencoded'
export const MAX_FORM_BYTES = 256 * 1024

/** Rows of a chunk where the client does not say how many. */
export const CHUNK_ROWS = 10_000
const MAX_CHUNK_ROWS = 1_000_000

const epochs = Object.keys(EPOCHS) as (keyof typeof EPOCHS)[]

/** In the URL, or in the form of a POST. */
export const queryParameters = {
  q: { ...documentText('InfluxQL; statements are separated by semicolons', 'SHOW DATABASES'), parse: first },
  epoch: {
    ...documentChoice(
      'Times as numbers of this unit since 1970; otherwise JSON has RFC 3339 and CSV nanoseconds',
      epochs
    ),
    parse: (values) => (isBlank(values) ? undefined : epochOf(first(values)))
  },
  chunked: {
    description: 'A JSON document for each chunk of rows, one a line',
    schema: { type: 'boolean', default: false },
    parse: (values) => first(values) === 'true'
  },
  chunk_size: { ...documentCount('Rows of a chunk'), parse: parseChunkSize },
  params: { ...documentText('Values of `$name` in the query, as a JSON object', '{}'), parse: parseBound },
  db: { ...documentText('Database: any name', 'plant'), parse: first },
  rp: { ...documentText('Retention policy: any name', 'autogen'), parse: first },
  pretty: { ...documentText('Makes no difference', 'false'), parse: first }
} as const satisfies QueryDeclaration

/** From the URL and the form together. @throws HubError `BadRequest` */
export function parametersOf(params: QueryParams): ParsedQuery<typeof queryParameters> {
  const parsed: Record<string, unknown> = {}
  for (const [name, { parse }] of Object.entries(queryParameters) as [string, QueryParameter][]) {
    const values = params.get(name)
    if (values !== undefined) parsed[name] = parse(values, name)
  }
  return parsed
}

const gives: ExtensionOperation['gives'] = {
  200: {
    description: 'The results, in the order of the statements',
    content: { 'application/json': { schema: ref('InfluxQlResults') }, 'text/csv': { schema: { type: 'string' } } }
  },
  ...Object.fromEntries(
    Object.entries({
      400: 'The query is malformed, or holds what is not answered',
      401: 'The hub asks for credentials',
      403: 'No rule grants the caller READ of submodels',
      413: 'The form is too large',
      500: 'An error of the server',
      503: 'The hub is busy; retry after Retry-After'
    }).map(([status, description]) => [
      status,
      { description, content: { 'application/json': { schema: ref('InfluxDbError') } } }
    ])
  )
}

const operation = {
  // Clients ask for their database before they write; what shows data requires READ (influxql.ts).
  right: 'PUBLIC',
  kinds: ['Submodel'],
  tag: 'Time Series',
  description:
    'The measurement is the idShort of a submodel, its fields are the idShortPaths of its elements; tags are `submodel` and `shell` (their ids) and `asset` (the globalAssetId). SELECT and SHOW of what is stored require READ; SHOW DATABASES, SHOW RETENTION POLICIES and CREATE DATABASE nothing.',
  query: queryParameters,
  gives,
  refuses: []
} as const satisfies Partial<ExtensionOperation>

export const queryEndpoint = {
  path: '/query',
  below: 'hub',
  get: { ...operation, operationId: 'InfluxQl', summary: 'The history, for Grafana and clients of InfluxDB 1.x' },
  post: { ...operation, operationId: 'InfluxQlByForm', summary: 'The same, with the parameters in a form' }
} as const satisfies ExtensionEndpoint

/** Of a repeated parameter the first occurrence counts. */
function first([text = '']: readonly string[]): string {
  return text
}

function epochOf(text: string): keyof typeof EPOCHS {
  const known = epochs.find((epoch) => epoch === text)
  if (known === undefined)
    throw new HubError('BadRequest', [`"epoch" is one of ${epochs.join(', ')}; found "${text.slice(0, 60)}"`])
  return known
}

function parseChunkSize(values: readonly string[]): number {
  const text = first(values)
  const size = /^\d{1,9}$/.test(text) ? Number(text) : 0
  // As InfluxDB does with what is no size.
  return size === 0 ? CHUNK_ROWS : Math.min(size, MAX_CHUNK_ROWS)
}

function parseBound(values: readonly string[]): BoundValues {
  const text = first(values)
  if (text === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as BoundValues
  } catch {
    // Reported like what is no object.
  }
  throw new HubError('BadRequest', ['"params" is a JSON object with the values of names in the query'])
}
