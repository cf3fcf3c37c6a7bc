/** `GET /dataset`: the series that `/timeseries` would show, as an archive for those who train elsewhere. */
import type { FastifyInstance } from 'fastify'
import { HubError } from '../../errors.ts'
import { writers } from '../../formats/tables/writers.ts'
import { milliseconds } from '../../model/duration.ts'
import { datasetArchive } from '../../operations/export/archive.ts'
import { variablesOf } from '../../operations/history/variables.ts'
import type { Hub } from '../../operations/hub.ts'
import { readParameters } from '../timeseries/parameters.ts'

export interface DatasetOptions {
  readonly hub: Pick<Hub, 'store' | 'history'>
  readonly apiPrefix: string
  /** Address of the hub as others reach it. */
  readonly source: () => string
}

export async function dataset(app: FastifyInstance, { hub, apiPrefix, source }: DatasetOptions): Promise<void> {
  const { store, history } = hub
  for (const url of [`${apiPrefix}/dataset`, '/dataset']) {
    app.get(url, async (request, reply) => {
      const given = new URL(request.url, 'http://hub').searchParams
      const format = taken(given, 'format') ?? 'csv'
      if (format !== 'csv' && format !== 'parquet') throw new HubError('BadRequest', ['"format" is csv or parquet'])
      const purpose = taken(given, 'purpose') ?? ''
      const period = periodOf(taken(given, 'period'))
      const { series, shape, language } = readParameters(given)
      const variables = await variablesOf(store, history, { ...series, ...(language !== undefined && { language }) })
      const archive = await datasetArchive(store, history, {
        request: { ...shape, variables },
        writer: writers[format],
        purpose,
        source: source(),
        ...(period !== undefined && { period })
      })
      return reply
        .type('application/zip')
        .header('cache-control', 'no-store')
        .header('content-disposition', 'attachment; filename="dataset.zip"')
        .send(archive)
    })
  }
}

/** Takes out what the parameters of `/timeseries` do not know. */
function taken(given: URLSearchParams, name: string): string | undefined {
  const text = given.get(name)
  given.delete(name)
  return text ?? undefined
}

/** Nanoseconds. */
function periodOf(text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined
  const length = milliseconds(text)
  if (length === undefined || length < 1000)
    throw new HubError('BadRequest', ['"period" is a duration such as P1D or PT1H'])
  return BigInt(length) * 1_000_000n
}
