/** `GET /series`: which series of the history there are, and the latest sample of each. */
import type { FastifyInstance } from 'fastify'
import type { ColumnType } from '../../formats/tables/table.ts'
import { lengthOf, qualityAt, timeAt } from '../../model/samples.ts'
import { formatTime } from '../../model/time.ts'
import { cellAt } from '../../operations/history/cells.ts'
import type { History } from '../../operations/history/history.ts'
import { type Variable, variablesOf } from '../../operations/history/variables.ts'
import { visibleSources } from '../../operations/history/visible-history.ts'
import type { OperationContext } from '../../operations/operation-context.ts'
import { serve } from '../http/extension-endpoint.ts'
import { withSlices } from '../timeseries/sliced-response.ts'
import { refuseUnknown } from '../timeseries/table-query.ts'
import { selectionParameters, seriesEndpoint } from './endpoint.ts'

export interface SeriesOptions {
  readonly hub: Pick<OperationContext, 'store' | 'history'>
  readonly apiPrefix: string
}

/** A series as `/series` lists it. */
export interface ListedSeries {
  /** As its column in a table of the same series. */
  readonly name: string
  readonly submodel: string
  readonly path: string
  /** Of its values in tables. */
  readonly type: ColumnType
  readonly valueType?: string
  readonly unit?: string
  readonly semanticId?: string
  readonly label?: string
  /** Absent, as what follows: there are no samples. */
  readonly from?: string
  readonly to?: string
  readonly count?: number
  /** Text where a number would be rounded. */
  readonly value?: number | boolean | string
  readonly quality?: string
}

export async function series(app: FastifyInstance, { hub, apiPrefix }: SeriesOptions): Promise<void> {
  serve(app, apiPrefix, seriesEndpoint, {
    get: ({ access, reply, params, query: parse }) => {
      refuseUnknown(params, Object.keys(selectionParameters))
      const { submodel = [], path = [], semanticId = [], language } = parse()
      const { store, history } = visibleSources(hub, access)
      return withSlices(reply, async (slice) => {
        const selected = { submodels: submodel, paths: path, semanticIds: semanticId }
        const variables = await variablesOf(store, history, {
          ...selected,
          ...(language !== undefined && { language })
        })
        const result: ListedSeries[] = []
        for (const variable of variables) {
          result.push(await listed(history, variable))
          if (slice.isOver()) await slice.pause()
        }
        return reply.header('cache-control', 'no-store').send({ result })
      })
    }
  })
}

async function listed(history: History, variable: Variable): Promise<ListedSeries> {
  const { modelType: _, ...named } = variable
  const span = await history.spanOf(variable)
  if (span === undefined) return named
  const { from, to, count } = span
  const last = (await history.latest(variable, 1)).at(-1)
  const extent = { ...named, from: formatTime(from), to: formatTime(to), count }
  if (last === undefined) return extent
  const index = lengthOf(last) - 1
  const cell = cellAt(last, index, variable)
  const quality = qualityAt(last, index)
  return {
    ...{ ...extent, to: formatTime(timeAt(last, index)) },
    ...(cell !== undefined && { value: jsonOf(cell) }),
    ...(quality !== undefined && { quality })
  }
}

/** What JSON has no number for is text. */
function jsonOf(cell: number | bigint | boolean | string): number | boolean | string {
  if (typeof cell === 'bigint') return Number.isSafeInteger(Number(cell)) ? Number(cell) : String(cell)
  return typeof cell === 'number' && !Number.isFinite(cell) ? String(cell) : cell
}
