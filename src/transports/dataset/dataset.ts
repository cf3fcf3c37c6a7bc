/** `GET /dataset`: the series that `/timeseries` would show, as an archive for those who train elsewhere. */
import type { FastifyInstance } from 'fastify'
import { HubError } from '../../errors.ts'
import { writers } from '../../formats/tables/writers.ts'
import { parseInterval } from '../../model/interval.ts'
import { type TimeGrid, timeGrid } from '../../model/time-grid.ts'
import type { TimeZone } from '../../model/time-zone.ts'
import { datasetArchive } from '../../operations/dataset/archive.ts'
import { variablesOf } from '../../operations/history/variables.ts'
import type { OperationContext } from '../../operations/operation-context.ts'
import { seriesParameters } from '../timeseries/openapi.ts'
import { readParameters } from '../timeseries/parameters.ts'
import { reading } from '../timeseries/reading.ts'
import { type archiveParameters, formats } from './openapi.ts'

export interface DatasetOptions {
  readonly hub: Pick<OperationContext, 'store' | 'history'>
  readonly apiPrefix: string
  /** Address of the hub as others reach it. */
  readonly source: () => string
}

export async function dataset(app: FastifyInstance, { hub, apiPrefix, source }: DatasetOptions): Promise<void> {
  const { store, history } = hub
  for (const url of [`${apiPrefix}/dataset`, '/dataset']) {
    app.get(url, async (request, reply) => {
      const given = new URL(request.url, 'http://hub').searchParams
      const format = formatOf(taken(given, 'format') ?? 'csv')
      const purpose = taken(given, 'purpose') ?? ''
      const length = taken(given, 'period')
      const { series, shape, language, times } = readParameters(given, seriesParameters)
      const period = periodOf(length, times.zone)
      if (given.has('timeFormat') && format !== 'csv') throw new HubError('BadRequest', ['"timeFormat" is for CSV'])
      const variables = await variablesOf(store, history, { ...series, ...(language !== undefined && { language }) })
      const asked = {
        request: { ...shape, variables },
        writer: writers[format],
        purpose,
        times,
        source: source(),
        ...(period !== undefined && { period })
      }
      return reading(reply, async (slice, signal) => {
        const archive = await datasetArchive(store, history, asked, { slice, signal })
        return reply
          .type('application/zip')
          .header('cache-control', 'no-store')
          .header('content-disposition', 'attachment; filename="dataset.zip"')
          .send(archive)
      })
    })
  }
}

/** Takes out what the parameters of `/timeseries` do not know. */
function taken(given: URLSearchParams, name: keyof typeof archiveParameters): string | undefined {
  const text = given.get(name)
  given.delete(name)
  return text ?? undefined
}

function formatOf(text: string): (typeof formats)[number] {
  const format = formats.find((format) => format === text)
  if (format === undefined) throw new HubError('BadRequest', [`"format" is ${formats.join(' or ')}`])
  return format
}

function periodOf(text: string | undefined, zone: TimeZone | undefined): TimeGrid | undefined {
  if (text === undefined) return undefined
  const interval = parseInterval(text)
  if (interval === undefined || (interval.unit === 'nanosecond' && interval.count < SECOND)) {
    throw new HubError('BadRequest', ['"period" is a duration of a second or more, such as PT1H, P1D, P1W or P1M'])
  }
  return timeGrid(interval, zone)
}

const SECOND = 1_000_000_000n
