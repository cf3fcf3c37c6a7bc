/** `GET /dataset`: the table of `/timeseries` as an archive with its documentation, for training elsewhere. */
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Clock } from '../../clock.ts'
import { HubError } from '../../errors.ts'
import { fromMilliseconds } from '../../model/time.ts'
import { DATASET_TASK, type DatasetTask, datasetArchive } from '../../operations/dataset/archive.ts'
import { costOfTable } from '../../operations/history/heavy.ts'
import { variablesOf } from '../../operations/history/variables.ts'
import { visibleSources } from '../../operations/history/visible-history.ts'
import type { OperationContext } from '../../operations/operation-context.ts'
import { historySources } from '../../operations/remote/remote-history.ts'
import { storeSources } from '../../operations/remote/remote-store.ts'
import type { TimeSlice } from '../../time-slice.ts'
import { type EndpointRequest, serve } from '../http/extension-endpoint.ts'
import { seriesParameters } from '../timeseries/parameters.ts'
import { withSlices } from '../timeseries/sliced-response.ts'
import { refuseUnknown, tableQueryOf } from '../timeseries/table-query.ts'
import { archiveParameters, datasetEndpoint } from './endpoint.ts'

export interface DatasetOptions {
  readonly hub: Pick<OperationContext, 'store' | 'history' | 'threads'>
  readonly clock: Clock
  readonly apiPrefix: string
  /** The URL under which clients reach the hub. */
  readonly source: () => string
}

export async function dataset(app: FastifyInstance, options: DatasetOptions): Promise<void> {
  serve(app, options.apiPrefix, datasetEndpoint, { get: (received) => sendArchive(options, received) })
}

async function sendArchive(
  { hub, clock, source }: DatasetOptions,
  { access, reply, params, query: parse }: EndpointRequest<(typeof datasetEndpoint)['get']>
): Promise<FastifyReply> {
  const { store, history } = visibleSources(hub, access)
  refuseUnknown(params, Object.keys(seriesParameters), Object.keys(archiveParameters))
  const query = parse()
  const { format = 'csv', purpose = '', period, timeFormat, content = 'archive' } = query
  const isGuidebook = content === 'guidebook'
  const { series, shape } = tableQueryOf(query, fromMilliseconds(clock.milliseconds()))
  if (timeFormat !== undefined && format !== 'csv') throw new HubError('BadRequest', ['"timeFormat" is for CSV'])
  const variables = await variablesOf(store, history, series)
  const task = {
    shape,
    variables,
    format,
    purpose,
    source: source(),
    isGuidebook,
    ...(period !== undefined && { period })
  }
  return withSlices(reply, async (slice, signal) => {
    const archive = await archiveOf({ store, history, threads: hub.threads }, task, slice, signal)
    if (isGuidebook) return reply.type('text/markdown; charset=utf-8').header('cache-control', 'no-store').send(archive)
    return reply
      .type('application/zip')
      .header('cache-control', 'no-store')
      .header('content-disposition', 'attachment; filename="dataset.zip"')
      .send(archive)
  })
}

/** A heavy one is made in a thread of the pool. */
async function archiveOf(
  { store, history, threads }: DatasetOptions['hub'],
  task: DatasetTask,
  slice: TimeSlice,
  signal: AbortSignal
): Promise<Readable> {
  const isInThread = await threads.takes(() => costOfTable(history, task.variables, task.shape, undefined))
  if (!isInThread) return datasetArchive(store, history, task, { slice, signal })
  const sources = { ...storeSources(store), ...historySources(history) }
  const { bytes } = await threads.run({ task: DATASET_TASK, input: task, sources, signal })
  return Readable.from(bytes, { objectMode: false })
}
