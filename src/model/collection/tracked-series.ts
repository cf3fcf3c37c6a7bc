/** A series of which figures are kept. */
import type { PointFigures } from './point-figures.ts'

export interface TrackedSeries {
  readonly submodel: string
  readonly path: string
  readonly figures: PointFigures
}
