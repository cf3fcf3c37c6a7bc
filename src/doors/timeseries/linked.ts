/** What a web page asks for that draws a linked segment: the variables of a submodel of IDTA 02008. */
import { HubError } from '../../errors.ts'
import type { Table } from '../../formats/tables/table.ts'
import { gridOf } from '../../model/grid.ts'
import type { Submodel } from '../../model/types.ts'
import type { LinkedRequest } from '../../operations/history/linked.ts'
import { type TableOptions, tableOf } from '../../operations/history/table.ts'
import { variablesOf } from '../../operations/history/variables.ts'
import type { Hub } from '../../operations/hub.ts'
import { timeSeriesOf } from '../../operations/segments/series.ts'

export async function linkedTable(
  { store, history }: Pick<Hub, 'store' | 'history'>,
  asked: LinkedRequest,
  options: TableOptions
): Promise<Table> {
  const { submodel: id, variable: name, from, to, every } = asked
  const document = await store.document('Submodel', id)
  if (document === undefined) throw new HubError('NotFound', ['Submodel', id])
  const shown = timeSeriesOf(JSON.parse(document.bytes.toString()) as Submodel)
  const wanted = shown?.variables.filter((variable) => name === undefined || variable.name === name) ?? []
  if (wanted.length === 0) throw new HubError('NotFound', ['A variable of time series', name ?? id])
  const variables = await Promise.all(
    wanted.map(async ({ name, series }) => {
      const request = { submodels: [series.submodel], paths: [series.path], semanticIds: [] }
      const [found] = await variablesOf(store, history, request)
      return { ...series, modelType: 'Property', type: 'text' as const, ...found, name }
    })
  )
  const request = {
    variables,
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    // A page that names the width of a bucket draws one point for each.
    ...(every !== undefined && { grid: gridOf(every), aggregates: ['mean'] as const })
  }
  const table = await tableOf(history, request, options)
  // A page looks for the variable, whatever was made of its values.
  const columns = table.columns.map((column, place) => ({ ...column, name: variables[place - 1]?.name ?? column.name }))
  return { ...table, columns }
}
