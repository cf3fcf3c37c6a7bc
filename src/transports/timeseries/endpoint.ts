/** Declaration of `/timeseries`. */
import { mediaTypeOf, type TableFormat } from '../../formats/tables/writers.ts'
import type { DocumentedContent, ExtensionEndpoint } from '../http/extension-endpoint.ts'
import { ref } from '../http/openapi-schemas.ts'
import { linkedParameters, tableFormats, tableParameters } from './parameters.ts'

/** Media type and bound of the body of a POST. */
export const FLUX = 'application/vnd.flux'
export const MAX_QUERY_BYTES = 16_384

const BINARY: ReadonlySet<TableFormat> = new Set(['parquet', 'arrow'])

const contents = Object.fromEntries(tableFormats.map((format) => [mediaTypeOf(format), contentOf(format)]))

function contentOf(format: TableFormat): DocumentedContent {
  if (format === 'json') return { schema: ref('Table') }
  return { schema: { type: 'string', ...(BINARY.has(format) && { format: 'binary' }) } }
}

export const timeseriesEndpoint = {
  path: '/timeseries',
  below: 'both',
  get: {
    operationId: 'GetTimeSeries',
    right: 'READ',
    kinds: ['Submodel'],
    tag: 'Time Series',
    summary: 'The history as one wide table',
    description:
      'A column for the time and one for each series: raw samples; buckets, with `interval` and `aggregate`; or a common grid, with `interval` and `align`. With `variable` or `every` it is the Query of a linked segment (IDTA 02008).',
    query: { ...tableParameters, ...linkedParameters },
    gives: {
      200: {
        description: 'The table',
        headers: {
          Link: { description: 'With `limit`, if there are more rows: the next page', schema: { type: 'string' } }
        },
        content: contents
      }
    },
    refuses: ['BadRequest', 'NotFound', 'NotAcceptable', 'Unavailable', 'Internal']
  },
  post: {
    operationId: 'QueryTimeSeries',
    right: 'READ',
    kinds: ['Submodel'],
    tag: 'Time Series',
    summary: 'The history for web pages that draw linked segments',
    description: 'The body is the Query of a linked segment (IDTA 02008); the response is annotated CSV of InfluxDB.',
    takes: {
      [FLUX]: {
        schema: { type: 'string', maxLength: MAX_QUERY_BYTES },
        examples: {
          query: {
            summary: 'One variable in buckets of a second',
            value: 'submodel=https://plant.example/sm/imm-01/time-series&variable=CycleTime&from=-1h&to=now()&every=1s'
          }
        }
      }
    },
    gives: { 200: { description: 'The table', content: { [mediaTypeOf('flux')]: contentOf('flux') } } },
    refuses: ['BadRequest', 'NotFound', 'TooLarge', 'UnsupportedMediaType', 'Unavailable', 'Internal']
  }
} as const satisfies ExtensionEndpoint
