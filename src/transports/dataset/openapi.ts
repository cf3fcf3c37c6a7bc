/** `/dataset` as the OpenAPI document tells of it, with the parameters that dataset.ts reads. */
import { choice, type DocumentedParameters, type ExtensionPath, text } from '../http/extension-endpoint.ts'
import { seriesParameters } from '../timeseries/openapi.ts'

/** How the table in an archive may be written. */
export const formats = ['csv', 'parquet'] as const

/** Beside those that say which series. */
export const archiveParameters = {
  format: choice('How the table is written', formats, 'csv'),
  purpose: text('What the data are meant for, as the guidebook tells it', 'Prediction of cycle times'),
  period: text('A file of its own for each period, as `interval` has them, in the time zone', 'P1D')
} as const satisfies DocumentedParameters

export const datasetPaths: readonly ExtensionPath[] = [
  {
    path: '/dataset',
    below: 'both',
    get: {
      operationId: 'GetDataset',
      tag: 'Time Series',
      summary: 'The same table as an archive for those who train elsewhere',
      description:
        'The table, a dictionary of its columns, a guidebook in Korean and English, the filled submodel of the template AI Dataset (IDTA 02058), and the environment that the series came from.',
      query: { ...seriesParameters, ...archiveParameters },
      gives: {
        200: {
          description: 'The archive',
          content: { 'application/zip': { schema: { type: 'string', format: 'binary' } } }
        }
      },
      refuses: ['BadRequest', 'NotFound', 'Unavailable', 'Internal']
    }
  }
]
