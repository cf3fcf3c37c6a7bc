/** `read_values`: current values with their units and the times of their last samples. */
import { z } from 'zod'
import { meaningOf } from '../../../model/meaning.ts'
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
  type Query,
  RefusedByHub,
  submodelPath,
  Unanswerable
} from '../hub/requests.ts'
import { machinesOf, type Selected, select } from '../hub/selection.ts'
import { nowIn, timeText } from '../hub/times.ts'
import { conceptsOf } from './concepts.ts'
import { valueText } from './element-text.ts'
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

interface Part {
  readonly submodel: Submodel
  /** Path of its only element; absent: it is the whole. */
  readonly above?: string
}

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
  for (const { submodel, above } of submodels.found) {
    for (const { element, path: below, parent } of walk(submodel)) {
      const path = above === undefined ? below : above + below.slice(PLACE.length)
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
): Promise<{ readonly found: readonly Part[]; readonly hasMore: boolean }> {
  const { submodels, semanticIds } = selected
  seriesQuery(selected)
  if (submodels.length === 0) {
    const each = semanticIds.map((id) => ({ $eq: [{ $field: '$sme#semanticId' }, { $strVal: id }] }))
    const path = `${hub.port.apiPrefix}/query/submodels?limit=${MAX_SUBMODELS}`
    const page = await hub.write<{ result: Submodel[]; paging_metadata?: { cursor?: string } }>('POST', path, {
      $condition: each.length === 1 ? each[0] : { $or: each }
    })
    const found = (page?.result ?? []).filter(({ kind }) => kind !== 'Template').map((submodel) => ({ submodel }))
    return { found, hasMore: page?.paging_metadata?.cursor !== undefined }
  }
  const some = submodels.slice(0, MAX_SUBMODELS)
  const found = await inParallel(some, (id) => readable(hub, id, selected))
  return { found: found.flat(), hasMore: submodels.length > some.length }
}

/**
 * A submodel that is too large to be read as a whole is read by the paths that are named; one of which the caller may read
 * only elements, by these, or by those of its series.
 */
async function readable(hub: HubRequests, id: string, { submodels, paths }: Selected): Promise<readonly Part[]> {
  const named = paths.length > 0 && !paths.some(isPathPattern) ? paths : undefined
  try {
    return [{ submodel: await hub.api<Submodel>(submodelPath(id)) }]
  } catch (error) {
    const isHidden = error instanceof RefusedByHub && (error.status === 403 || error.status === 404)
    const isLarge = error instanceof Unanswerable && named !== undefined
    if (!isHidden && !isLarge) throw error
    const some = named ?? (await seriesOf(hub, { submodel: [id] })).map(({ path }) => path)
    const parts = await inParallel(some, (path) => ifAllowed(namedElement(hub, id, path)))
    const found = parts.filter((part) => part !== undefined)
    if (found.length > 0 || submodels.length > 1) return found
    throw error
  }
}

/** Of a submodel that is read by paths, each element stands alone, at this place. */
const PLACE = 'Element'

async function namedElement(hub: HubRequests, id: string, path: string): Promise<Part> {
  const element = await hub.api<SubmodelElement>(elementPath(id, path))
  return { above: path, submodel: { modelType: 'Submodel', id, submodelElements: [{ ...element, idShort: PLACE }] } }
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
  const listed = await seriesOf(hub, seriesQuery(selected))
  return new Map(listed.map((series) => [`${series.submodel} ${series.path}`, series]))
}

/** None where there are no samples, or too many series for one answer. */
async function seriesOf(hub: HubRequests, query: Query): Promise<readonly ListedSeries[]> {
  try {
    return (await hub.get<{ readonly result: readonly ListedSeries[] }>('/series', query)).result
  } catch (error) {
    if (error instanceof RefusedByHub && [400, 403, 404].includes(error.status)) return []
    throw error
  }
}
