/** The collection plan in force: that of a file, which stays, or of a stored submodel, which may change. */
import { pointsOfSubmodel } from '../../formats/collection-plan/plan-submodel.ts'
import type { PlannedPoint } from '../../model/collection/planned-point.ts'
import type { Submodel } from '../../model/types.ts'
import type { SeriesName } from '../../store/series.ts'
import type { Store } from '../../store/store.ts'

export type PlanOrigin =
  | { readonly points: readonly PlannedPoint[] }
  | {
      /** Identifier of the submodel. */
      readonly submodel: string
    }

export class PlanSource {
  readonly #store: Store
  readonly #origin: PlanOrigin
  #points: readonly PlannedPoint[] = []
  #byName: ReadonlyMap<string, PlannedPoint> = new Map()
  /** Why nothing is planned; undefined where that is no defect. */
  defect: string | undefined

  constructor(store: Store, origin: PlanOrigin) {
    this.#store = store
    this.#origin = origin
    if ('points' in origin) this.#use(origin.points)
  }

  get points(): readonly PlannedPoint[] {
    return this.#points
  }

  find({ submodel, path }: SeriesName): PlannedPoint | undefined {
    return this.#byName.get(`${path} ${submodel}`)
  }

  /** Is the plan stored in this submodel? */
  isStoredIn(submodel: string): boolean {
    return 'submodel' in this.#origin && this.#origin.submodel === submodel
  }

  /** Reads the stored plan again; one that is wrong plans nothing. */
  async load(): Promise<void> {
    if (!('submodel' in this.#origin)) return
    const { submodel: id } = this.#origin
    try {
      const document = await this.#store.document('Submodel', id)
      this.defect = document === undefined ? `the submodel "${id}" is not stored` : undefined
      this.#use(document === undefined ? [] : pointsOfSubmodel(JSON.parse(document.bytes.toString()) as Submodel))
    } catch (error) {
      this.defect = `the submodel "${id}": ${(error as Error).message}`
      this.#use([])
    }
  }

  #use(points: readonly PlannedPoint[]): void {
    this.#points = points
    this.#byName = new Map(points.map((point) => [`${point.path} ${point.submodel}`, point]))
  }
}
