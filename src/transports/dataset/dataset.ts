/** `GET /dataset`: the table of `/timeseries` as an archive with its documentation, for training elsewhere. */
import type { FastifyInstance, FastifyReply } from 'fastify'
import { HubError } from '../../errors.ts'
import { writers } from '../../formats/tables/writers.ts'
import { timeGrid } from '../../model/time-grid.ts'
import { datasetArchive } from '../../operations/dataset/archive.ts'
import { variablesOf } from '../../operations/history/variables.ts'
import { visibleSources } from '../../operations/history/visible-history.ts'
import type { OperationContext } from '../../operations/operation-context.ts'
import { type EndpointRequest, serve } from '../http/extension-endpoint.ts'
import { seriesParameters } from '../timeseries/parameters.ts'
import { withSlices } from '../timeseries/sliced-response.ts'
import { refuseUnknown, tableQueryOf } from '../timeseries/table-query.ts'
import { archiveParameters, datasetEndpoint } from './endpoint.ts'

export interface DatasetOptions {
  readonly hub: Pick<OperationContext, 'store' | 'history'>
  readonly apiPrefix: string
  /** The URL under which clients reach the hub. */
  readonly source: () => string
}

export async function dataset(app: FastifyInstance, options: DatasetOptions): Promise<void> {
  serve(app, options.apiPrefix, datasetEndpoint, { get: (received) => sendArchive(options, received) })
}

async function sendArchive(
  { hub, source }: DatasetOptions,
  { access, reply, params, query: parse }: EndpointRequest<(typeof datasetEndpoint)['get']>
): Promise<FastifyReply> {
  const { store, history } = visibleSources(hub, access)
  refuseUnknown(params, Object.keys(seriesParameters), Object.keys(archiveParameters))
  const query = parse()
  const { format = 'csv', purpose = '', period, timeFormat } = query
  const { series, shape, times } = tableQueryOf(query)
  if (timeFormat !== undefined && format !== 'csv') throw new HubError('BadRequest', ['"timeFormat" is for CSV'])
  const variables = await variablesOf(store, history, series)
  const archiveRequest = {
    request: { ...shape, variables },
    writer: writers[format],
    purpose,
    times,
    source: source(),
    ...(period !== undefined && { period: timeGrid(period, times.zone) })
  }
  return withSlices(reply, async (slice, signal) => {
    const archive = await datasetArchive(store, history, archiveRequest, { slice, signal })
    return reply
      .type('application/zip')
      .header('cache-control', 'no-store')
      .header('content-disposition', 'attachment; filename="dataset.zip"')
      .send(archive)
  })
}
