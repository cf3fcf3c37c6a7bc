/** Joins a submodel's structure with its current values. */
import { join as joinPath } from '../model/path.ts'
import type { Submodel } from '../model/types.ts'
import { writeValueMembers } from '../model/value-members.ts'
import { type Container, childrenOf, walk } from '../model/walk.ts'

/**
 * Sets current values in a submodel, in one walk.
 * @param values the value members as JSON, by idShortPath; emptied
 */
export function joinValues(submodel: Submodel, values: Map<string, string>): void {
  if (values.size === 0 || fillValues(submodel, '', values)) return
  // The rest belongs to elements that are addressed by index although they are not in a list.
  for (const { element, path } of walk(submodel)) {
    const value = values.get(path)
    if (value !== undefined) writeValueMembers(element, JSON.parse(value))
  }
}

/**
 * Hot path of every submodel read: takes an idShort as the path step, without the checks of walk.ts. Of two siblings with
 * the same idShort, the first, to which the path leads, takes the value.
 * @returns whether all values were set
 */
function fillValues(container: Container, containerPath: string, values: Map<string, string>): boolean {
  const children = childrenOf(container)
  const isList = container.modelType === 'SubmodelElementList'
  for (let index = 0; index < children.length; index++) {
    const element = children[index]
    if (element === undefined) continue
    const { idShort } = element
    const isName = !isList && idShort !== undefined && !/[.[]/.test(idShort)
    const path = joinPath(containerPath, isName ? idShort : index)
    const value = values.get(path)
    if (value !== undefined) {
      writeValueMembers(element, JSON.parse(value))
      values.delete(path)
    }
    if (values.size === 0 || fillValues(element, path, values)) return true
  }
  return false
}
