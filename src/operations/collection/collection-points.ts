/** The collection points of plan and reality, filtered, page by page, as far as the caller may read their elements. */
import type { PlannedPoint } from '../../model/collection/planned-point.ts'
import type { SampleSource } from '../../model/collection/sample-source.ts'
import type { TrackedSeries } from '../../model/collection/tracked-series.ts'
import type { Access } from '../../security/access.ts'
import { unlessDamaged } from '../../store/damage.ts'
import type { DocumentStore } from '../../store/document-store.ts'
import type { SeriesName } from '../../store/series.ts'
import type { TimeSlice } from '../../time-slice.ts'
import { readableSeries } from './readable-series.ts'
import { compare, type PointComparison, type PointVerdict } from './verdict.ts'

/** What is planned, and the figures of what is delivered; implemented in consumers/collection. */
export interface PlanAndFigures {
  readonly plan: {
    readonly points: readonly PlannedPoint[]
    find(series: SeriesName): PlannedPoint | undefined
    readonly defect: string | undefined
  }
  readonly size: number
  /** More series deliver than figures are kept of. */
  readonly isFull: boolean
  at(index: number): TrackedSeries | undefined
  find(series: SeriesName): TrackedSeries | undefined
  /** The sender of the last samples, where it is known. */
  sourceOf(series: TrackedSeries): SampleSource | undefined
  caughtUp(timeoutMs: number): Promise<boolean>
}

export interface PointFilter {
  readonly process?: string | undefined
  readonly machine?: string | undefined
  readonly submodel?: string | undefined
  readonly verdict?: PointVerdict | undefined
}

export interface CollectionPoint extends SeriesName, PointComparison {
  readonly planned: PlannedPoint | undefined
  /** Undefined: it never delivered. */
  readonly actual: TrackedSeries | undefined
  /** Where it stands in the order of all. */
  readonly position: number
}

export interface PointsRequest {
  readonly figures: PlanAndFigures
  readonly store: DocumentStore
  readonly access: Access | undefined
  readonly filter: PointFilter
  /** Microseconds since 1970. */
  readonly now: number
}

/** Planned points come before; their positions are below. */
const FIRST_UNPLANNED = 2 ** 32

/** The planned points in the order of the plan, then the unplanned ones. @param after position of the last one before */
export async function* collectionPoints(
  request: PointsRequest,
  after: number,
  slice: TimeSlice
): AsyncGenerator<CollectionPoint> {
  const isReadable = await readableSeries(request.store, request.access)
  for (const point of matching(request, after)) {
    if (slice.isOver()) await slice.pause()
    if (point !== undefined && (isReadable === 'all' || (await isReadable(point)))) yield point
  }
}

/** How many points there are of each verdict; undefined where not every caller may know that. */
export async function countVerdicts(
  request: PointsRequest,
  slice: TimeSlice
): Promise<Partial<Record<PointVerdict, number>> | undefined> {
  if ((await readableSeries(request.store, request.access)) !== 'all') return undefined
  const counts: Partial<Record<PointVerdict, number>> = {}
  for (const point of matching(request, 0)) {
    if (slice.isOver()) await slice.pause()
    if (point !== undefined) counts[point.verdict] = (counts[point.verdict] ?? 0) + 1
  }
  return counts
}

/** Is the element of a point that never delivered stored? */
export async function isElementStored(store: DocumentStore, { submodel, path }: SeriesName): Promise<boolean> {
  return (await unlessDamaged(store.element(submodel, path))) !== undefined
}

/** Undefined for those that do not match, so that the caller can pause between any two. */
function* matching({ figures, filter, now }: PointsRequest, after: number): Generator<CollectionPoint | undefined> {
  const { points } = figures.plan
  for (let index = after; index < points.length; index++) {
    const planned = points[index] as PlannedPoint
    yield pointOf(planned, planned, figures.find(planned), index + 1)
  }
  for (let index = Math.max(0, after - FIRST_UNPLANNED); index < figures.size; index++) {
    const actual = figures.at(index)
    if (actual === undefined || actual.figures.count === 0 || figures.plan.find(actual) !== undefined) yield undefined
    else yield pointOf(actual, undefined, actual, FIRST_UNPLANNED + index + 1)
  }

  function pointOf(
    { submodel, path }: SeriesName,
    planned: PlannedPoint | undefined,
    actual: TrackedSeries | undefined,
    position: number
  ): CollectionPoint | undefined {
    if (filter.process !== undefined && planned?.process !== filter.process) return undefined
    if (filter.machine !== undefined && planned?.machine !== filter.machine) return undefined
    if (filter.submodel !== undefined && submodel !== filter.submodel) return undefined
    const comparison = compare(planned, actual?.figures, now)
    if (filter.verdict !== undefined && comparison.verdict !== filter.verdict) return undefined
    return { submodel, path, planned, actual, position, ...comparison }
  }
}
