/**
 * Maps points of the line protocol to elements. Without a mapping file, the tag `submodel` is the id of the submodel, or
 * else the measurement is its idShort; the field is the idShortPath.
 *
 * A mapping file is a JSON list of rules; the first that matches counts.
 *
 * ```json
 * [{ "measurement": "press*", "submodel": "urn:plant:{tag.line}:press", "path": "{measurement}.{field}" }]
 * ```
 *
 * `measurement` is a pattern with `*`; absent, it matches any. In `submodel` and `path`, `{measurement}`, `{field}` and
 * `{tag.NAME}` are replaced; a point without such a tag does not match.
 */
import { readFileSync } from 'node:fs'
import type { Clock } from '../../clock.ts'
import type { LinePoint } from '../../formats/line-protocol.ts'
import { hasPieces } from '../../model/wildcard.ts'
import type { Store } from '../../store/store.ts'

export interface LineRule {
  readonly measurement?: string
  readonly submodel: string
  readonly path: string
}

/**
 * The submodel of a point and the paths of its fields; or the reason why there is none. After `until` (on the monotonic
 * clock) points like this may have another submodel.
 */
export type PointTarget =
  | { readonly submodel: string; path(field: string): string; readonly until: number }
  | { readonly unknown: string }

export type PointTargetFinder = (point: LinePoint) => Promise<PointTarget>

/** Finds the id of the only submodel with an idShort, valid `until` a time, or the reason why there is none. */
export type SubmodelFinder = (
  idShort: string
) => Promise<{ readonly id: string; readonly until: number } | { readonly unknown: string }>

/** Bounds of the cache of idShorts. */
const CACHE_TTL_MS = 1000
const CACHE_ENTRIES = 10_000

export function pointTargetFinder(findSubmodel: SubmodelFinder, rules: readonly LineRule[] = []): PointTargetFinder {
  const matchers = rules.map((rule) => ({ rule, pieces: (rule.measurement ?? '*').split('*') }))

  return async (point) => {
    for (const { rule, pieces } of matchers) {
      if (!hasPieces(point.measurement, pieces)) continue
      const submodel = fillTemplate(rule.submodel, point, '')
      if (submodel === undefined || fillTemplate(rule.path, point, '') === undefined) continue
      return { submodel, path: (field) => fillTemplate(rule.path, point, field) ?? '', until: Number.POSITIVE_INFINITY }
    }
    const id = point.tags.get('submodel')
    if (id !== undefined) return { submodel: id, path: (field) => field, until: Number.POSITIVE_INFINITY }
    const found = await findSubmodel(point.measurement)
    if ('id' in found) return { submodel: found.id, path: (field) => field, until: found.until }
    return { unknown: `${found.unknown}; the tag "submodel" can name one by its id` }
  }
}

export function submodelFinder(store: Store, clock: Clock): SubmodelFinder {
  const known = new Map<string, { readonly until: number; readonly found: Awaited<ReturnType<SubmodelFinder>> }>()
  return async (idShort) => {
    const before = known.get(idShort)
    if (before !== undefined && before.until > clock.monotonic()) return before.found
    const { items } = await store.documents('Submodel', [['idShort', idShort]], { limit: 2 })
    const [only, another] = items
    const several = another === undefined ? 'no submodel has' : 'several submodels have'
    const isOne = only !== undefined && another === undefined
    const until = clock.monotonic() + CACHE_TTL_MS
    const found = isOne ? { id: only.id, until } : { unknown: `${several} the idShort "${idShort}"` }
    if (known.size >= CACHE_ENTRIES) known.clear()
    known.set(idShort, { until, found })
    return found
  }
}

/** Reads a mapping file. @throws Error naming what is wrong with it */
export function readLineRules(file: string): readonly LineRule[] {
  const rules: unknown = JSON.parse(readFileSync(file, 'utf8'))
  if (!Array.isArray(rules)) throw new Error(`${file}: a list of rules was expected`)
  for (const [index, rule] of rules.entries()) {
    const { measurement, submodel, path } = (rule ?? {}) as Partial<LineRule>
    const isRule = typeof submodel === 'string' && typeof path === 'string' && path.includes('{field}')
    if (!isRule || (measurement !== undefined && typeof measurement !== 'string')) {
      throw new Error(`${file}: rule ${index} needs the texts "submodel" and "path", the path with {field} in it`)
    }
  }
  return rules as LineRule[]
}

function fillTemplate(template: string, { measurement, tags }: LinePoint, field: string): string | undefined {
  let complete = true
  const text = template.replace(/\{(measurement|field|tag\.([^}]+))\}/g, (_, name: string, tag: string | undefined) => {
    if (name === 'measurement') return measurement
    if (name === 'field') return field
    const value = tags.get(tag ?? '')
    complete &&= value !== undefined
    return value ?? ''
  })
  return complete ? text : undefined
}
