/** Structure and current values, put together again. */
import type { Submodel } from '../model/types.ts'
import { writeValue } from '../model/values.ts'
import { walk } from '../model/walk.ts'

/**
 * Puts current values into a submodel; one walk, whatever their number.
 * @param values the value members as JSON, by idShortPath; used up by the walk, so that of two elements with the same
 * path (an invalid document, loaded leniently) the first gets it, which is the one that the path leads to
 */
export function join(submodel: Submodel, values: Map<string, string>): void {
  if (values.size === 0) return
  for (const { element, path } of walk(submodel)) {
    const value = values.get(path)
    if (value === undefined) continue
    writeValue(element, JSON.parse(value))
    values.delete(path)
    if (values.size === 0) return
  }
}
