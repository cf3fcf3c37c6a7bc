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
    const series = await seriesOf(hub, seriesQuery(selected))
    const leaves = await leavesOf(hub, { selected, series, limit })
    if (leaves.rows.length === 0) {
      if (leaves.refusal !== undefined) throw leaves.refusal
      throw new Unanswerable('No element with a value is there: "describe" shows the paths of a submodel')
    }
    const latest = new Map(series.map((one) => [`${one.submodel} ${one.path}`, one]))
    const [machines, concepts] = await Promise.all([
      machinesOf(
        hub,
        leaves.rows.map(({ submodel }) => submodel),
        selected.shells
      ),
      conceptsOf(
        hub,
        leaves.rows.flatMap(({ meaning }) => meaning ?? []),
        language
      )
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

interface LeafRequest {
  readonly selected: Selected
  /** Of what is selected. */
  readonly series: readonly ListedSeries[]
  readonly limit: number
}

interface Leaves {
  readonly rows: readonly Leaf[]
  readonly hasMore: boolean
  /** Why the only submodel was not read. */
  readonly refusal?: RefusedByHub | undefined
}

async function leavesOf(hub: HubRequests, { selected, series, limit }: LeafRequest): Promise<Leaves> {
  const isWanted = wantedBy(selected)
  const rows: Leaf[] = []
  const seen = new Set<string>()
  const { found, hasMore, refusal } = await submodelsOf(hub, selected)
  const isFull = (parts: readonly Part[]): boolean => {
    for (const { submodel, above } of parts) {
      for (const { element, path: below, parent } of walk(submodel)) {
        const path = above === undefined ? below : above + below.slice(PLACE.length)
        const key = `${submodel.id} ${path}`
        if (seen.has(key)) continue
        seen.add(key)
        if (valueText(element, undefined) === undefined || element.modelType === 'Operation') continue
        const meaning = meaningOf(element, parent)
        if (!isWanted(path, meaning)) continue
        if (rows.length === limit) return true
        rows.push({ submodel: submodel.id, path, element, meaning })
      }
    }
    return false
  }
  if (isFull(found) || hasMore) return { rows, hasMore: true, refusal }
  // A caller may read an element, but not the submodel or what is between them: a submodel does not show it.
  const apart = series.filter(({ submodel, path }) => !seen.has(`${submodel} ${path}`))
  const some = apart.slice(0, limit - rows.length + 1)
  const parts = await inParallel(some, ({ submodel, path }) => ifAllowed(namedElement(hub, submodel, path)))
  return { rows, hasMore: isFull(parts.filter((part) => part !== undefined)), refusal }
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

interface FoundParts {
  readonly found: readonly Part[]
  readonly hasMore: boolean
  readonly refusal?: RefusedByHub | undefined
}

async function submodelsOf(hub: HubRequests, selected: Selected): Promise<FoundParts> {
  const { submodels, semanticIds, paths } = selected
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
  const each = await inParallel(some, (id) => readable(hub, id, paths))
  const refusal = each.length === 1 ? each[0]?.refusal : undefined
  return { found: each.flatMap(({ found }) => found), hasMore: submodels.length > some.length, refusal }
}

/**
 * A submodel that is too large to be read as a whole, or that the caller may not read as a whole, is read by the paths that
 * are named.
 */
async function readable(hub: HubRequests, id: string, paths: readonly string[]): Promise<Omit<FoundParts, 'hasMore'>> {
  const named = paths.some(isPathPattern) ? [] : paths
  try {
    return { found: [{ submodel: await hub.api<Submodel>(submodelPath(id)) }] }
  } catch (error) {
    const isHidden = error instanceof RefusedByHub && (error.status === 403 || error.status === 404)
    const isLarge = error instanceof Unanswerable && named.length > 0
    if (!isHidden && !isLarge) throw error
    const parts = await inParallel(named, (path) => ifAllowed(namedElement(hub, id, path)))
    return { found: parts.filter((part) => part !== undefined), refusal: isHidden ? error : undefined }
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

/** None where there are no samples, or too many series for one answer. */
async function seriesOf(hub: HubRequests, query: Query): Promise<readonly ListedSeries[]> {
  try {
    return (await hub.get<{ readonly result: readonly ListedSeries[] }>('/series', query)).result
  } catch (error) {
    if (error instanceof RefusedByHub && [400, 403, 404].includes(error.status)) return []
    throw error
  }
}
