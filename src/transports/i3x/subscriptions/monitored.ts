/** What a subscription monitors, and as which objects changes are reported. */
import type { LogPosition } from '../../../consumers/subscriptions/log-position.ts'
import type { Selection } from '../../../consumers/subscriptions/subscription.ts'
import { formatPath, isWithin, parseStoredPath } from '../../../model/path.ts'
import { compilePath } from '../../../model/path-pattern.ts'
import type { SeriesName } from '../../../store/series.ts'
import { elementIdOf } from '../objects/element-id.ts'
import type { Part } from '../objects/loaded-submodel.ts'

export interface MonitoredObject {
  readonly elementId: string
  /** Undefined of a shell, which has no value that could change. */
  readonly series: SeriesName | undefined
  /** 0: without limit. */
  readonly maxDepth: number
  /** Changes count from here on … */
  readonly from: LogPosition
  /** … and up to here, where it was unregistered: what was queued before is still delivered. */
  readonly until?: LogPosition
}

/** Monitored objects of one subscription. */
export const MAX_MONITORED = 10_000
/** With more paths, all changes of the submodels are read and filtered here. */
const MAX_PATTERNS = 100

export class MonitoredObjects {
  readonly #objects = new Map<string, MonitoredObject>()
  /** Unregistered, but perhaps with changes that are not acknowledged. */
  #ended: MonitoredObject[] = []
  readonly #bySubmodel = new Map<string, MonitoredObject[]>()
  /** By submodel and path of what changed; cleared with every change of what is monitored. */
  readonly #reported = new Map<string, readonly (readonly [MonitoredObject, SeriesName])[]>()

  get size(): number {
    return this.#objects.size
  }

  get all(): Iterable<MonitoredObject> {
    return this.#objects.values()
  }

  get(elementId: string): MonitoredObject | undefined {
    return this.#objects.get(elementId)
  }

  add(object: MonitoredObject): void {
    this.#objects.set(object.elementId, object)
    this.#index()
  }

  /** @param until the end of the log @returns whether it was monitored */
  end(elementId: string, until: LogPosition): boolean {
    const object = this.#objects.get(elementId)
    if (object === undefined) return false
    this.#objects.delete(elementId)
    this.#ended.push({ ...object, until })
    this.#index()
    return true
  }

  /** Forgets objects of which everything is acknowledged. */
  forgetEnded(acknowledged: LogPosition): void {
    const left = this.#ended.filter(({ until }) => until !== undefined && isBefore(acknowledged, until))
    if (left.length === this.#ended.length) return
    this.#ended = left
    this.#index()
  }

  /** Selects at least the changes that are reported; undefined: there are none. */
  get selection(): Selection | undefined {
    const submodels = [...this.#bySubmodel.keys()]
    if (submodels.length === 0) return undefined
    const paths = patternsOf([...this.#objects.values(), ...this.#ended])
    return { submodels, kinds: ['value'], ...(paths !== undefined && { paths }) }
  }

  /** The objects as which a change is reported: the element itself, or what it is a component of. */
  reportedAs(changed: SeriesName, at: LogPosition): readonly SeriesName[] {
    const key = `${changed.path}#${changed.submodel}`
    let reported = this.#reported.get(key)
    if (reported === undefined) {
      const objects = this.#bySubmodel.get(changed.submodel) ?? []
      reported = objects.flatMap((object) => {
        const path = reportedPath(object, changed.path)
        return path === undefined ? [] : [[object, { submodel: changed.submodel, path }] as const]
      })
      if (this.#reported.size >= MAX_MONITORED) this.#reported.clear()
      this.#reported.set(key, reported)
    }
    const found = new Map<string, SeriesName>()
    for (const [{ from, until }, series] of reported) {
      if (isBefore(at, from) || (until !== undefined && !isBefore(at, until))) continue
      found.set(elementIdOf(series.submodel, series.path), series)
    }
    return [...found.values()]
  }

  #index(): void {
    this.#reported.clear()
    this.#bySubmodel.clear()
    for (const object of [...this.#objects.values(), ...this.#ended]) {
      if (object.series === undefined) continue
      const { submodel } = object.series
      this.#bySubmodel.set(submodel, [...(this.#bySubmodel.get(submodel) ?? []), object])
    }
  }
}

/** Is a position before another? */
export function isBefore(one: LogPosition, other: LogPosition): boolean {
  return one.seq < other.seq || (one.seq === other.seq && one.index < other.index)
}

/** The parts as which the values of an object are reported, by the same rule as changes. @param depth 0: without limit */
export function* reportedParts(part: Part, depth: number): Generator<Part> {
  if (part.children.length === 0 || depth === 1) yield part
  else for (const child of part.children) yield* reportedParts(child, depth === 0 ? 0 : depth - 1)
}

/** Undefined where the change is of something else. */
function reportedPath({ series, maxDepth }: MonitoredObject, changed: string): string | undefined {
  if (series === undefined) return undefined
  const { path } = series
  if (path !== '' && path !== changed && !isWithin(changed, path)) return undefined
  if (maxDepth === 0) return changed
  const steps = parseStoredPath(changed) ?? []
  const above = path === '' ? 0 : (parseStoredPath(path)?.length ?? 0)
  return formatPath(steps.slice(0, above + maxDepth - 1))
}

/** Undefined where whole submodels are monitored, or too much, or what no pattern can name. */
function patternsOf(objects: readonly MonitoredObject[]): readonly string[] | undefined {
  const paths = new Set(objects.flatMap(({ series }) => (series === undefined ? [] : [series.path])))
  if (paths.has('') || paths.size > MAX_PATTERNS) return undefined
  const patterns = [...paths].map((path) => `${path}.**`)
  try {
    for (const pattern of patterns) compilePath(pattern)
    return patterns
  } catch {
    return undefined
  }
}
