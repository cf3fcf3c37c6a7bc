/** `read_values`: current values with their units and the times of their last samples. */
import { z } from 'zod'
import { compilePath, isPathPattern } from '../../../model/path-pattern.ts'
import { parseTime } from '../../../model/time.ts'
import type { Submodel, SubmodelElement } from '../../../model/types.ts'
import { walk } from '../../../model/walk.ts'
import type { ListedSeries } from '../../series/series.ts'
import {
  elementPath,
  type HubRequests,
  ifAllowed,
  inParallel,
  RefusedByHub,
  submodelPath,
  Unanswerable
} from '../hub/requests.ts'
import { machinesOf, type Selected, select } from '../hub/selection.ts'
import { nowIn, timeText } from '../hub/times.ts'
import { conceptsOf } from './concepts.ts'
import { meaningOf, valueText } from './element-text.ts'
import { hoisted } from './rows.ts'
import { seriesQuery } from './series-list.ts'
import { language, limit, period, selection, tool } from './tool.ts'

const MAX_SUBMODELS = 100

export const readValues = tool({
  name: 'read_values',
  title: 'Current values',
  description:
    'Current values with unit and the time of the last sample (null: as written in the document), e.g. {"machine":["Press01"],"submodel":["OperationalData"]} or {"semanticId":["CycleTime"]} over all machines.',
  input: z.strictObject({ ...selection, timezone: period.timezone, language, limit: limit(500, 100) }),
  run: async ({ hub, clock }, { language, limit, timezone, ...wanted }) => {
    const { zone } = nowIn(clock.milliseconds(), timezone)
    const selected = await select(hub, wanted)
    const leaves = await leavesOf(hub, selected, limit)
    if (leaves.rows.length === 0) {
      throw new Unanswerable('No element with a value is there: "describe" shows the paths of a submodel')
    }
    const [machines, concepts, latest] = await Promise.all([
      machinesOf(
        hub,
        leaves.rows.map(({ submodel }) => submodel),
        selected.shells
      ),
      conceptsOf(
        hub,
        leaves.rows.flatMap(({ meaning }) => meaning ?? []),
        language
      ),
      latestOf(hub, selected)
    ])
    const rows = leaves.rows.map(({ submodel, path, element, meaning }) => {
      const value = shownValue(element, language)
      const last = latest.get(`${submodel} ${path}`)
      // A value that was written without a time is newer than samples that came late.
      const time = String(last?.value) === String(value) ? parseTime(last?.to) : undefined
      const unit = concepts.get(meaning ?? '')?.unit ?? ''
      return [machines.get(submodel) ?? submodel, path, value, unit, time === undefined ? null : timeText(time, zone)]
    })
    return {
      ...hoisted(['machine', 'path', 'value', 'unit', 'time'], rows),
      ...(leaves.hasMore && { more: `There are more: raise "limit", or name "path"` })
    }
  }
})

interface Leaf {
  readonly submodel: string
  readonly path: string
  readonly element: SubmodelElement
  readonly meaning: string | undefined
}

async function leavesOf(
  hub: HubRequests,
  selected: Selected,
  limit: number
): Promise<{ readonly rows: readonly Leaf[]; readonly hasMore: boolean }> {
  const isWanted = wantedBy(selected)
  const rows: Leaf[] = []
  const submodels = await submodelsOf(hub, selected)
  for (const submodel of submodels.found) {
    for (const { element, path, parent } of walk(submodel)) {
      if (valueText(element, undefined) === undefined || element.modelType === 'Operation') continue
      const meaning = meaningOf(element, parent)
      if (!isWanted(path, meaning)) continue
      if (rows.length === limit) return { rows, hasMore: true }
      rows.push({ submodel: submodel.id, path, element, meaning })
    }
  }
  return { rows, hasMore: submodels.hasMore }
}

/** Of a list or collection everything in it is wanted. */
function wantedBy({ paths, semanticIds }: Selected): (path: string, meaning: string | undefined) => boolean {
  const patterns = paths.filter(isPathPattern).map(compilePath)
  const plain = paths.filter((path) => !isPathPattern(path))
  const isBelow = (path: string, above: string) => path.startsWith(above) && /^[.[]/.test(path.slice(above.length))
  return (path, meaning) => {
    const isNamed =
      paths.length === 0 ||
      plain.some((one) => one === path || isBelow(path, one)) ||
      patterns.some((pattern) => pattern.matches(path))
    return isNamed && (semanticIds.length === 0 || semanticIds.includes(meaning ?? ''))
  }
}

async function submodelsOf(
  hub: HubRequests,
  selected: Selected
): Promise<{ readonly found: readonly Submodel[]; readonly hasMore: boolean }> {
  const { submodels, semanticIds } = selected
  seriesQuery(selected)
  if (submodels.length === 0) {
    const each = semanticIds.map((id) => ({ $eq: [{ $field: '$sme#semanticId' }, { $strVal: id }] }))
    const path = `${hub.port.apiPrefix}/query/submodels?limit=${MAX_SUBMODELS}`
    const page = await hub.write<{ result: Submodel[]; paging_metadata?: { cursor?: string } }>('POST', path, {
      $condition: each.length === 1 ? each[0] : { $or: each }
    })
    const found = (page?.result ?? []).filter(({ kind }) => kind !== 'Template')
    return { found, hasMore: page?.paging_metadata?.cursor !== undefined }
  }
  const some = submodels.slice(0, MAX_SUBMODELS)
  const found = await inParallel(some, (id) => readable(hub, id, selected))
  return { found: found.filter((one) => one !== undefined), hasMore: submodels.length > some.length }
}

/** A submodel that is too large to be read is read by the paths that are named. */
async function readable(hub: HubRequests, id: string, { submodels, paths }: Selected): Promise<Submodel | undefined> {
  try {
    return await hub.api<Submodel>(submodelPath(id))
  } catch (error) {
    const isNamedAlone = submodels.length === 1
    if (error instanceof RefusedByHub && [403, 404].includes(error.status) && !isNamedAlone) return undefined
    const isLarge = error instanceof Unanswerable && paths.length > 0 && !paths.some(isPathPattern)
    if (!isLarge) throw error
    const elements = await inParallel(paths, (path) => ifAllowed(namedElement(hub, id, path)))
    return { modelType: 'Submodel', id, submodelElements: elements.filter((one) => one !== undefined) }
  }
}

async function namedElement(hub: HubRequests, id: string, path: string): Promise<SubmodelElement> {
  const element = await hub.api<SubmodelElement>(elementPath(id, path))
  return { ...element, idShort: path }
}

/** Numbers as JSON has them, where that is exact. */
function shownValue(element: SubmodelElement, language: string | undefined): string | number | boolean {
  const text = valueText(element, language) ?? ''
  if (element.modelType !== 'Property') return text
  if (element.valueType === 'xs:boolean') return text === 'true' || text === '1'
  const number = Number(text)
  return NUMERIC.test(element.valueType ?? '') && text !== '' && Number.isFinite(number) && isExact(text, number)
    ? number
    : text
}

const NUMERIC = /^xs:(double|float|decimal|.*(byte|short|int|long|integer))$/i

function isExact(text: string, number: number): boolean {
  return !Number.isInteger(number) || Number.isSafeInteger(number) || /[.eE]/.test(text)
}

/** The last sample by submodel and path; of what was never sampled there is none. */
async function latestOf(hub: HubRequests, selected: Selected): Promise<ReadonlyMap<string, ListedSeries>> {
  const listed = await hub.get<{ result: readonly ListedSeries[] }>('/series', seriesQuery(selected)).catch((error) => {
    // There are no samples, or too many series for one answer.
    if (error instanceof RefusedByHub && [400, 403, 404].includes(error.status)) return { result: [] }
    throw error
  })
  return new Map(listed.result.map((series) => [`${series.submodel} ${series.path}`, series]))
}
