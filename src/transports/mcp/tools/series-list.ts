/** The series that a tool is about, named by their machines. */
import type { ListedSeries } from '../../series/series.ts'
import { type HubRequests, Unanswerable } from '../hub/requests.ts'
import { type ElementSelection, machinesOf, type Selected, select } from '../hub/selection.ts'

/** A column of `/timeseries`. */
export interface NamedSeries extends ListedSeries {
  /** idShort of the shell; of a submodel without one, its id. */
  readonly machine: string
}

export interface SelectedSeries {
  readonly series: readonly NamedSeries[]
  /** Parameters of `/timeseries` whose columns are these series. */
  readonly query: Readonly<Record<string, readonly string[]>>
}

/** Names in a message. */
const MAX_NAMED = 8

/** @param most series that the tool can answer for @throws Unanswerable */
export async function selectSeries(
  hub: HubRequests,
  selection: ElementSelection,
  most: number,
  language?: string
): Promise<SelectedSeries> {
  const selected = await select(hub, selection)
  const query = seriesQuery(selected)
  const { result } = await hub.get<{ readonly result: readonly ListedSeries[] }>('/series', {
    ...query,
    ...(language !== undefined && { language })
  })
  if (result.length > most) {
    const some = [...new Set(result.map(({ path }) => path))].slice(0, MAX_NAMED)
    throw new Unanswerable(
      `These are ${result.length} series, at most ${most} fit into an answer: name "path" (there are ${some.join(', ')} …), "machine" or "semanticId"`
    )
  }
  const machines = await machinesOf(
    hub,
    result.map(({ submodel }) => submodel),
    selected.shells
  )
  return { query, series: result.map((one) => ({ ...one, machine: machines.get(one.submodel) ?? one.submodel })) }
}

/** @throws Unanswerable where nothing is selected */
export function seriesQuery({ submodels, paths, semanticIds, shells }: Selected): SelectedSeries['query'] {
  if (submodels.length === 0 && semanticIds.length === 0) {
    throw new Unanswerable(
      shells.length > 0
        ? 'The machine has no submodels'
        : 'Name "machine", "submodel" or "semanticId": "find" knows which there are'
    )
  }
  return { submodel: submodels, path: paths, semanticId: semanticIds }
}
