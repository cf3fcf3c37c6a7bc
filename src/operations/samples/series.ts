/** Finds the element of a series by its name: an idShortPath, or names from which the idShorts were generated. */
import { idShortOf } from '../../model/id-short.ts'
import type { ElementRow, Store } from '../../store/store.ts'

/** Whether a name looks like a generated idShort; a false positive only changes the order of look-ups. */
const GENERATED_ID_SHORT = /(?:^|[_.])x[0-9A-F]{4}|_h[0-9a-f]{32}/

/** The element's row; undefined if there is none. */
export async function findSeries(store: Store, submodel: string, name: string): Promise<ElementRow | undefined> {
  // A name that looks generated is first taken as a name, from which another idShort is generated.
  const looksGenerated = GENERATED_ID_SHORT.test(name)
  const exact = looksGenerated ? undefined : await store.element(submodel, name)
  if (exact !== undefined) return exact
  for (const path of new Set([pathOf(name, stepWithIndexes), pathOf(name, idShortOf)])) {
    const row = path === name ? undefined : await store.element(submodel, path)
    if (row !== undefined) return row
  }
  return looksGenerated ? store.element(submodel, name) : undefined
}

/** The same if it is in memory; undefined says nothing. */
export function findCachedSeries(store: Store, submodel: string, name: string): ElementRow | undefined {
  return GENERATED_ID_SHORT.test(name) ? undefined : store.cachedElement?.(submodel, name)
}

/** The steps of a name, separated by dots; a name with an empty step is a single one. */
export function stepsOf(name: string): readonly string[] {
  const steps = name.split('.')
  return steps.includes('') ? [name] : steps
}

/** Splits a step into its name and the indexes after it, such as `[0][1]`, usually none. */
export function indexesOf(step: string): { readonly name: string; readonly indexes: string } {
  let end = step.length
  while (step[end - 1] === ']') {
    const start = step.lastIndexOf('[', end)
    if (start < 1 || !/^(?:0|[1-9]\d{0,15})$/.test(step.slice(start + 1, end - 1))) break
    end = start
  }
  return { name: step.slice(0, end), indexes: step.slice(end) }
}

function pathOf(name: string, idShortFor: (step: string) => string): string {
  return name === '' ? '' : stepsOf(name).map(idShortFor).join('.')
}

function stepWithIndexes(step: string): string {
  const { name, indexes } = indexesOf(step)
  return idShortOf(name) + indexes
}
