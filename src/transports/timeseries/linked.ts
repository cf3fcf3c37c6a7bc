/** Tables for web pages that draw a linked segment: the variables of a submodel of IDTA 02008. */
import { HubError } from '../../errors.ts'
import type { Table, TableColumn } from '../../formats/tables/table.ts'
import { timeGrid } from '../../model/time-grid.ts'
import { parse } from '../../operations/documents.ts'
import type { LinkedQuery } from '../../operations/history/linked-query.ts'
import { type TableOptions, type TableRequest, tableOf, tablesOf } from '../../operations/history/table.ts'
import { type Variable, variablesOf } from '../../operations/history/variables.ts'
import type { OperationContext } from '../../operations/operation-context.ts'
import { type RecordVariable, timeSeriesOf } from '../../operations/time-series/series.ts'

type Sources = Pick<OperationContext, 'store' | 'history'>

/** @throws HubError `NotFound` where there is no such variable */
export async function linkedTableRequest(hub: Sources, query: LinkedQuery): Promise<TableRequest> {
  const { submodel: id, variable: name, from, to, every } = query
  const document = await hub.store.document('Submodel', id)
  if (document === undefined) throw new HubError('NotFound', ['Submodel', id])
  const shown = timeSeriesOf(parse(document, 'Submodel'))
  const wanted = shown?.variables.filter((variable) => name === undefined || variable.name === name) ?? []
  if (wanted.length === 0) throw new HubError('NotFound', ['A variable of time series', name ?? id])
  return {
    variables: await sourcesOf(hub, wanted),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    // The page draws one point for each bucket.
    ...(every !== undefined && { grid: timeGrid(every), aggregates: ['mean'] as const })
  }
}

/** A column for each variable. */
export async function linkedTable({ history }: Sources, request: TableRequest, options: TableOptions): Promise<Table> {
  return renamed(await tableOf(history, request, options), request)
}

/** A table for each variable. */
export async function linkedTables(
  { history }: Sources,
  request: TableRequest,
  options: TableOptions
): Promise<AsyncGenerator<Table>> {
  const tables = await tablesOf(history, request, options)
  return (async function* () {
    let index = 0
    for await (const table of tables) {
      const variable = request.variables[index++]
      yield renamed(table, { variables: variable === undefined ? [] : [variable] })
    }
  })()
}

/** Names columns after their variables, also where they hold aggregates. */
function renamed(table: Table, { variables }: Pick<TableRequest, 'variables'>): Table {
  const columns = table.columns.map(
    // The first column is the time.
    (column, index): TableColumn => ({ ...column, name: variables[index - 1]?.name ?? column.name })
  )
  return { ...table, columns }
}

/** The series of the variables; a missing one becomes an empty column. */
async function sourcesOf({ store, history }: Sources, wanted: readonly RecordVariable[]): Promise<Variable[]> {
  const existing = new Map<string, Variable>()
  const keyOf = (submodel: string, path: string) => JSON.stringify([submodel, path])
  for (const id of new Set(wanted.map(({ series }) => series.submodel))) {
    const paths = wanted.filter(({ series }) => series.submodel === id).map(({ series }) => series.path)
    for (const one of await variablesOf(store, history, { submodels: [id], paths, semanticIds: [] }).catch(none)) {
      existing.set(keyOf(id, one.path), one)
    }
  }
  return wanted.map(({ name, series }) => ({
    ...series,
    modelType: 'Property',
    type: 'text' as const,
    ...existing.get(keyOf(series.submodel, series.path)),
    name
  }))
}

function none(error: unknown): readonly Variable[] {
  if (error instanceof HubError && error.name === 'NotFound') return []
  throw error
}
