/** The address of the page of the plant: what is looked for, and what is selected. */
import { linkTo, navigate, replaceRoute, route } from '../../../core/router.ts'

const PATH = 'plant'

/** What the list shows. */
export const VIEWS = ['assets', 'hierarchy', 'submodels'] as const
export type PlantView = (typeof VIEWS)[number]

export interface PlantSelection {
  readonly shell?: string | undefined
  readonly submodel?: string | undefined
  /** idShortPath of an element. */
  readonly path?: string | undefined
}

/** With the list as it is. */
export function linkToSelection({ shell, submodel, path }: PlantSelection): string {
  const { view, q, by } = route.value.params
  return linkTo(PATH, { view, q, by, shell, submodel, path })
}

export function select({ shell, submodel, path }: PlantSelection): void {
  const { view, q, by } = route.peek().params
  navigate(PATH, { view, q, by, shell, submodel, path })
}

/** Changes the list; the selection stays. */
export function changeList(changed: { readonly view?: PlantView; readonly q?: string; readonly by?: string }): void {
  replaceRoute(PATH, { ...route.peek().params, ...changed })
}
