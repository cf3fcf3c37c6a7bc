/** Declaration of `/series`. */
import type { ExtensionEndpoint } from '../http/extension-endpoint.ts'
import { ref } from '../http/openapi-schemas.ts'
import { seriesParameters } from '../timeseries/parameters.ts'

const { submodel, path, semanticId, language } = seriesParameters

/** Those of `/timeseries` that select series. */
export const selectionParameters = { submodel, path, semanticId, language }

export const seriesEndpoint = {
  path: '/series',
  below: 'hub',
  get: {
    operationId: 'GetSeries',
    right: 'READ',
    kinds: ['Submodel'],
    tag: 'Time Series',
    summary: 'The series of the history, each with its unit, its extent and its latest sample',
    description:
      'At most 1,000, in the order in which they are the columns of `/timeseries` for the same parameters. `count` may count a sample twice that came twice.',
    query: selectionParameters,
    gives: { 200: { description: 'The series', content: { 'application/json': { schema: ref('SeriesList') } } } },
    refuses: ['BadRequest', 'NotFound', 'Unavailable', 'Internal']
  }
} as const satisfies ExtensionEndpoint
