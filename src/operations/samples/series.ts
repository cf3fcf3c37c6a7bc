/** Which element the samples of a name belong to: the one at this idShortPath, or the one whose idShort is made of the name. */
import { idShortOf } from '../../model/id-short.ts'
import type { ElementRow, Store } from '../../store/store.ts'

/** Cheap, as every sample is asked; where it is wrong the order alone changes in which elements are looked for. */
const LOOKS_MADE = /(?:^|[_.])x[0-9A-F]{4}|_h[0-9a-f]{32}/

/** The element's row, or undefined where the name has none. */
export async function findSeries(store: Store, submodel: string, name: string): Promise<ElementRow | undefined> {
  // What looks like a made idShort is first of all a name, which has another one.
  const looksMade = LOOKS_MADE.test(name)
  const exact = looksMade ? undefined : await store.element(submodel, name)
  if (exact !== undefined) return exact
  for (const path of new Set([pathOf(name, stepWithIndexes), pathOf(name, idShortOf)])) {
    const row = path === name ? undefined : await store.element(submodel, path)
    if (row !== undefined) return row
  }
  return looksMade ? store.element(submodel, name) : undefined
}

/** The steps of a name are parted by dots, of which none may be empty; otherwise it is one step. */
export function stepsOf(name: string): readonly string[] {
  const steps = name.split('.')
  return steps.includes('') ? [name] : steps
}

/** A step in two: its name, and the indexes behind it, `[0][1]`, of which there are mostly none. */
export function indexesOf(step: string): { readonly name: string; readonly indexes: string } {
  let end = step.length
  while (step[end - 1] === ']') {
    const start = step.lastIndexOf('[', end)
    if (start < 1 || !/^(?:0|[1-9]\d{0,15})$/.test(step.slice(start + 1, end - 1))) break
    end = start
  }
  return { name: step.slice(0, end), indexes: step.slice(end) }
}

function pathOf(name: string, made: (step: string) => string): string {
  return name === '' ? '' : stepsOf(name).map(made).join('.')
}

function stepWithIndexes(step: string): string {
  const { name, indexes } = indexesOf(step)
  return idShortOf(name) + indexes
}
