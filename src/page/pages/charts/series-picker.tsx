/** Finds numeric values by their name, or by that of their submodel, and puts them into the chart. */
import { useState } from 'preact/hooks'
import type { Element, SubmodelDocument } from '../../../client/api/aas.ts'
import { listSubmodels, readSubmodel } from '../../../client/api/repository.ts'
import { querySubmodels, submodelCondition } from '../../../client/api/search.ts'
import type { SeriesName } from '../../../client/api/timeseries.ts'
import { MAX_SERIES } from '../../core/chart-address.ts'
import { textOf } from '../../core/format.ts'
import { isNumeric } from '../../core/format-value.ts'
import { hub } from '../../core/hub.ts'
import { useLoad } from '../../core/use-load.ts'
import { useTyped } from '../../core/use-typed.ts'
import { Failure } from '../../ui/failure.tsx'
import { Icon } from '../../ui/icon.tsx'
import { Loading } from '../../ui/loading.tsx'
import { elementName } from '../plant/parts/element-name.ts'
import { type Child, childrenWithPaths, rootsOf } from '../plant/parts/element-tree.ts'
import { chartMessages } from './messages.ts'

const MAX_SUBMODELS = 20
const MAX_FOUND = 60

interface Found extends SeriesName {
  readonly element: Element
  readonly label: string
  readonly within: string
}

export interface SeriesPickerProps {
  readonly chosen: readonly SeriesName[]
  readonly onChange: (series: readonly SeriesName[]) => void
  readonly onClose: () => void
}

export function SeriesPicker({ chosen, onChange, onClose }: SeriesPickerProps) {
  const text = chartMessages()
  const [wanted, setWanted] = useState('')
  const { typed, setTyped } = useTyped(wanted, setWanted)
  const { value: found, error } = useLoad(`series ${wanted}`, (signal) => findSeries(wanted, signal))
  const isChosen = (one: SeriesName) => chosen.some((other) => isSame(one, other))
  const toggle = (one: SeriesName) =>
    onChange(isChosen(one) ? chosen.filter((other) => !isSame(one, other)) : [...chosen, one])
  return (
    <search class="card series-picker" aria-label={text.add}>
      <div class="row">
        <label class="field spacer">
          <span>{text.search}</span>
          <input
            type="search"
            value={typed}
            placeholder={text.searchHint}
            onInput={({ currentTarget }) => setTyped(currentTarget.value)}
          />
        </label>
        <button type="button" class="icon-button" aria-label={text.close} title={text.close} onClick={onClose}>
          <Icon name="close" />
        </button>
      </div>
      {error !== undefined && <Failure error={error} />}
      {found === undefined && error === undefined && <Loading label={text.searching} />}
      {found?.length === 0 && <p class="muted">{text.nothing}</p>}
      <ul class="series-found">
        {found?.map((one) => (
          <li key={`${one.submodel} ${one.path}`}>
            <label class="row">
              <input
                type="checkbox"
                checked={isChosen(one)}
                disabled={!isChosen(one) && chosen.length >= MAX_SERIES}
                onChange={() => toggle({ submodel: one.submodel, path: one.path })}
              />
              <span>
                {elementName(one.element, one.path)} <code class="muted">{one.path}</code>
                <span class="series-within muted">{one.within}</span>
              </span>
            </label>
          </li>
        ))}
      </ul>
    </search>
  )
}

function isSame(one: SeriesName, other: SeriesName): boolean {
  return one.submodel === other.submodel && one.path === other.path
}

async function findSeries(wanted: string, signal: AbortSignal): Promise<Found[]> {
  const ids = await submodelsFor(wanted, signal)
  const submodels = await Promise.all(ids.map((id) => readSubmodel(hub(), id, signal)))
  // Templates have no history.
  const instances = submodels.filter(({ kind }) => kind !== 'Template')
  const all = instances.flatMap((submodel) => rootsOf(submodel).flatMap((child) => numericIn(submodel, child)))
  const text = wanted.toLowerCase()
  const matching = all.filter(({ label, path }) => `${label} ${path}`.toLowerCase().includes(text))
  // Where the submodel matches, all its values do.
  return (matching.length > 0 ? matching : all).slice(0, MAX_FOUND)
}

async function submodelsFor(wanted: string, signal: AbortSignal): Promise<readonly string[]> {
  const page = { limit: MAX_SUBMODELS, signal }
  const condition = wanted === '' ? undefined : submodelCondition(wanted, ['name', 'id', 'semanticId'])
  if (condition !== undefined) return (await querySubmodels(hub(), condition, page)).result
  return (await listSubmodels(hub(), page)).result.map(({ id }) => id)
}

function numericIn(submodel: SubmodelDocument, { element, path }: Child): Found[] {
  const below = childrenWithPaths(element, path).flatMap((child) => numericIn(submodel, child))
  if (element.modelType !== 'Property' || !isNumeric(element.valueType)) return below
  const label = textOf(element.displayName) ?? path
  const within = textOf(submodel.displayName) ?? submodel.idShort ?? ''
  return [
    { submodel: submodel.id, path, element, label, within: [within, submodel.id].filter(Boolean).join(' · ') },
    ...below
  ]
}
