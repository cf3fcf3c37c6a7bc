/** Declaration of `/dataset`. */
import { HubError } from '../../errors.ts'
import { type Interval, parseInterval } from '../../model/interval.ts'
import {
  documentChoice,
  documentText,
  type ExtensionEndpoint,
  type QueryDeclaration
} from '../http/extension-endpoint.ts'
import { parseChoice } from '../http/parameters.ts'
import { seriesParameters } from '../timeseries/parameters.ts'

const formats = ['csv', 'parquet'] as const

const SECOND_NS = 1_000_000_000n

const contents = ['archive', 'guidebook'] as const

/** Beside those that select the series. */
export const archiveParameters = {
  content: {
    ...documentChoice('The whole archive, or its guidebook alone as Markdown', contents, 'archive'),
    parse: parseChoice(contents)
  },
  format: {
    ...documentChoice('Format of the table', formats, 'csv'),
    parse: ([text]) => {
      const format = formats.find((format) => format === text)
      if (format === undefined) throw new HubError('BadRequest', [`"format" is ${formats.join(' or ')}`])
      return format
    }
  },
  purpose: {
    ...documentText('Purpose of the data, for the guidebook', 'Prediction of cycle times'),
    parse: ([text = '']) => text
  },
  period: {
    ...documentText('One file per period, in the notation of `interval` and the time zone', 'P1D'),
    parse: ([text = '']): Interval => {
      const interval = parseInterval(text)
      if (interval === undefined || (interval.unit === 'nanosecond' && interval.count < SECOND_NS)) {
        throw new HubError('BadRequest', ['"period" is a duration of a second or more, such as PT1H, P1D, P1W or P1M'])
      }
      return interval
    }
  }
} as const satisfies QueryDeclaration

export const datasetEndpoint = {
  path: '/dataset',
  below: 'both',
  get: {
    operationId: 'GetDataset',
    right: 'READ',
    kinds: ['Submodel'],
    tag: 'Time Series',
    summary: 'The same table as an archive with its documentation',
    description:
      'The table, a dictionary of its columns, a guidebook in Korean and English, a submodel of the template AI Dataset (IDTA 02058), and the environment of the series.',
    query: { ...seriesParameters, ...archiveParameters },
    gives: {
      200: {
        description: 'The archive',
        content: {
          'application/zip': { schema: { type: 'string', format: 'binary' } },
          'text/markdown': { schema: { type: 'string' } }
        }
      }
    },
    refuses: ['BadRequest', 'NotFound', 'Unavailable', 'Internal']
  }
} as const satisfies ExtensionEndpoint
