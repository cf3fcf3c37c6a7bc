/** Structure and current values, put together again. */
import { join as joinPath } from '../model/path.ts'
import type { Submodel } from '../model/types.ts'
import { writeValueMembers } from '../model/value-members.ts'
import { type Container, childrenOf, walk } from '../model/walk.ts'

/**
 * Puts current values into a submodel; one walk, whatever their number.
 * @param values the value members as JSON, by idShortPath; used up
 */
export function joinValues(submodel: Submodel, values: Map<string, string>): void {
  if (values.size === 0 || fill(submodel, '', values)) return
  // What is left belongs to elements that are addressed by their index though they stand in no list.
  for (const { element, path } of walk(submodel)) {
    const value = values.get(path)
    if (value !== undefined) writeValueMembers(element, JSON.parse(value))
  }
}

/**
 * Every reader of a submodel comes by here, so an idShort is taken for the step that leads to the element (walk.ts says
 * when it is not). Of two siblings with the same one the first, to which it leads, has used the value up.
 * @returns whether all values have found their place
 */
function fill(container: Container, containerPath: string, values: Map<string, string>): boolean {
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
    if (values.size === 0 || fill(element, path, values)) return true
  }
  return false
}
