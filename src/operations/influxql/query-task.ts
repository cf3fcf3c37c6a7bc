/** The answer to InfluxQL, asked for by plain data, so that any thread can write it. */
import type { ResultOptions, ResultSeries, StatementResult } from '../../formats/influxql/results.ts'
import { writeResults } from '../../formats/influxql/results.ts'
import type { Statement } from '../../formats/influxql/syntax.ts'
import { timeZone } from '../../model/time-zone.ts'
import type { TimeSlice } from '../../time-slice.ts'
import { costOfTable } from '../history/heavy.ts'
import type { History } from '../history/history.ts'
import type { TableShape } from '../history/table-task.ts'
import { isOfStatistics } from './bucket-rows.ts'
import type { InfluxSources } from './measurements.ts'
import type { SelectPlan } from './plan.ts'
import { planSelect } from './plan-select.ts'
import { selectedSeries } from './select-rows.ts'
import { shownSeries } from './show.ts'

export interface QueryTask {
  readonly statements: readonly PlannedStatement[]
  readonly options: ResultOptions
}

/** What was read at once, or a plan. */
export type PlannedStatement = { readonly series: readonly ResultSeries[] } | { readonly plan: SelectPlan }

/** Name of the task in a pool of threads. */
export const QUERY_TASK = 'query'

/** Database that is listed; clients may name any other. */
export const DATABASE = 'aas-hub'

/** @param now nanoseconds since 1970 @throws HubError `BadRequest` for what is not answered */
export async function planStatement(
  sources: () => InfluxSources,
  statement: Statement,
  now: bigint,
  slice: TimeSlice
): Promise<PlannedStatement> {
  switch (statement.is) {
    case 'created':
      return { series: [] }
    case 'databases':
      return { series: [{ name: 'databases', columns: ['name'], rows: [[[DATABASE]]] }] }
    case 'retention policies': {
      const columns = ['name', 'duration', 'shardGroupDuration', 'replicaN', 'default']
      return { series: [{ columns, rows: [[['autogen', '0s', '168h0m0s', 1, true]]] }] }
    }
    case 'nothing':
      return { series: [{ columns: statement.columns, rows: [] }] }
    case 'select':
      return { plan: await planSelect(sources(), statement, now, slice) }
    default:
      return { series: await shownSeries(sources(), statement, slice) }
  }
}

export function writeQuery(history: History, task: QueryTask, slice: TimeSlice): AsyncGenerator<Uint8Array> {
  const results = task.statements.map((statement): StatementResult => {
    if ('series' in statement) return statement
    const zone = timeZone(statement.plan.zone)
    return { series: selectedSeries(history, statement.plan, slice), ...(zone !== undefined && { zone }) }
  })
  return writeResults(results, task.options)
}

/** What part it is of work that is worth a thread of its own. */
export async function costOfQuery(history: Pick<History, 'spanOf'>, { statements }: QueryTask): Promise<number> {
  let cost = 0
  for (const statement of statements) {
    if ('series' in statement) continue
    const { plan } = statement
    for (const { members } of plan.groups) {
      const variables = members.flatMap(({ fields }) => fields.filter((field) => field !== undefined))
      const { limit } = plan.limits
      const isLimited = plan.figures.length === 0 && limit !== undefined
      cost += await costOfTable(history, variables, shapeOf(plan, members), isLimited ? limit : undefined)
    }
  }
  return cost
}

/** The table of `/timeseries` that takes about as long. */
function shapeOf(plan: SelectPlan, members: SelectPlan['groups'][number]['members']): TableShape {
  const { figures, from, to, interval, zone } = plan
  const isAggregated = figures.length > 0 && isOfStatistics(plan, members)
  return {
    ...{ zone, timeFormat: 'iso', aggregates: isAggregated ? ['mean'] : [] },
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(interval !== undefined && { interval: { unit: 'nanosecond', count: interval.width } })
  }
}
