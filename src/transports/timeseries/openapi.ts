/** `/timeseries` as the OpenAPI document tells of it, with the parameters that parameters.ts reads. */

import { timeFormats } from '../../formats/tables/time-format.ts'
import { mediaTypeOf, type TableFormat, writers } from '../../formats/tables/writers.ts'
import { AGGREGATES } from '../../operations/history/aggregate.ts'
import { ALIGNMENTS } from '../../operations/history/table.ts'
import {
  choice,
  type DocumentedContent,
  type DocumentedParameters,
  type ExtensionPath,
  text,
  texts
} from '../http/extension-endpoint.ts'
import { ref } from '../http/openapi-schemas.ts'
import { MACHINE } from '../schemas/sample-schemas.ts'

/** Rows of a page; whoever wants more takes all of them as a stream. */
export const MOST = 100_000

/** What the body of a POST is, and how many bytes it has at most. */
export const FLUX = 'application/vnd.flux'
export const LONGEST_QUERY = 16_384

const BINARY: ReadonlySet<TableFormat> = new Set(['parquet', 'arrow'])
const formats = Object.keys(writers) as TableFormat[]

/** Which series, from when to when, and what is made of them; without `limit` and `cursor` also of a data set. */
export const seriesParameters = {
  submodel: texts('Ids of submodels: all series in them, or those that `path` and `semanticId` name', MACHINE),
  path: texts('idShortPaths; `*` is any one step or index, `**` any number of steps', 'CycleTime'),
  semanticId: texts('First key of the semanticId of the elements'),
  from: text('From this time on: ISO 8601, or milliseconds since 1970', '2026-11-24T03:00:00Z'),
  to: text('Up to and with this time', '2026-11-24T04:00:00Z'),
  interval: text(
    'Width of a bucket, or of the grid: a number with `ns`, `us`, `ms`, `s`, `m`, `h`, `d`, `w`, `mo` or `y`, or a duration of ISO 8601. Weeks (from Monday), months and years are those of the calendar',
    '1s'
  ),
  timezone: text(
    'Where days, weeks, months and hours begin, and in which CSV, JSON and NDJSON write times: a name of the IANA database, or an offset; without, UTC',
    'Asia/Seoul'
  ),
  timeFormat: choice(
    'How CSV, JSON and NDJSON write times: ISO 8601; local time that spreadsheets read as a time, to the millisecond; or a number since 1970',
    timeFormats,
    'iso'
  ),
  aggregate: {
    description: 'What each bucket tells, also by comma',
    schema: { type: 'array', items: { type: 'string', enum: AGGREGATES } },
    example: ['mean', 'count']
  },
  align: choice(
    'How values get onto the grid: none, the last one before, or a line between neighbours',
    ALIGNMENTS,
    'none'
  ),
  quality: {
    description: 'With a column of qualities beside each series, as it was measured',
    schema: { type: 'boolean', default: false }
  },
  language: text('The language in which CSV and data sets name their columns', 'ko')
} as const satisfies DocumentedParameters

export const tableParameters = {
  ...seriesParameters,
  limit: {
    description:
      'Most rows of a page, of which a very wide table has fewer; without, all of them come as one stream, of a grid 10,000,000 at most',
    schema: { type: 'integer', minimum: 1, maximum: MOST },
    example: 1000
  },
  cursor: text('Where the page before ended: it is in its `Link`, and in its `metadata`'),
  format: choice('How the table is written; goes before `Accept`', formats)
} as const satisfies DocumentedParameters

/** What the Query of a linked segment says beside `submodel`, `from` and `to` (operations/history/linked-query.ts). */
const linkedParameters: DocumentedParameters = {
  variable: text('Of a linked segment (IDTA 02008): the idShort of a variable in `Metadata/Record`'),
  every: text('Of a linked segment: the width of a bucket as Flux has it, such as `250ms`; a bucket tells its mean')
}

const contents = Object.fromEntries(formats.map((format) => [mediaTypeOf(format), contentOf(format)]))

function contentOf(format: TableFormat): DocumentedContent {
  if (format === 'json') return { schema: ref('Table') }
  return { schema: { type: 'string', ...(BINARY.has(format) && { format: 'binary' }) } }
}

export const timeseriesPaths: readonly ExtensionPath[] = [
  {
    path: '/timeseries',
    below: 'both',
    get: {
      operationId: 'GetTimeSeries',
      tag: 'Time Series',
      summary: 'The history as one wide table',
      description:
        'A column for the time and one for each series: as it was measured; in buckets, by `interval` and `aggregate`; or on a common grid, by `interval` and `align`. With `variable` or `every` it is the Query of a linked segment (IDTA 02008).',
      query: { ...tableParameters, ...linkedParameters },
      gives: {
        200: {
          description: 'The table',
          headers: {
            Link: { description: 'With `limit`, where there is more: the next page', schema: { type: 'string' } }
          },
          content: contents
        }
      },
      refuses: ['BadRequest', 'NotFound', 'NotAcceptable', 'Unavailable', 'Internal']
    },
    post: {
      operationId: 'QueryTimeSeries',
      tag: 'Time Series',
      summary: 'The history as web pages draw it',
      description:
        'The Query of a linked segment (IDTA 02008) as the body; the answer is the annotated CSV of InfluxDB.',
      takes: {
        [FLUX]: {
          schema: { type: 'string', maxLength: LONGEST_QUERY },
          examples: {
            query: {
              summary: 'One variable in buckets of a second',
              value:
                'submodel=https://plant.example/sm/imm-01/time-series&variable=CycleTime&from=-1h&to=now()&every=1s'
            }
          }
        }
      },
      gives: { 200: { description: 'The table', content: { [mediaTypeOf('flux')]: contentOf('flux') } } },
      refuses: ['BadRequest', 'NotFound', 'TooLarge', 'UnsupportedMediaType', 'Unavailable', 'Internal']
    }
  }
]
