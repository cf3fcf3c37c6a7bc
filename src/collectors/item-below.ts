/** Items for parts of a value. */
import type { InterfaceItem } from '../operations/asset-interfaces/asset-interface.ts'

const MAX_STEPS = 1000

/** Of an item and a step: the same for all its samples. */
const known = new WeakMap<InterfaceItem, Map<string, InterfaceItem>>()

/** The item for elements below its own. @param step `.name` or `[index]`, or several; '': the item itself */
export function itemBelow(item: InterfaceItem, step: string): InterfaceItem {
  if (step === '') return item
  let steps = known.get(item)
  // Names in messages are those of their senders.
  if (steps === undefined || steps.size > MAX_STEPS) {
    steps = new Map()
    known.set(item, steps)
  }
  let found = steps.get(step)
  if (found === undefined) {
    found = { ...item, sinks: item.sinks.map(({ submodel, path }) => ({ submodel, path: `${path}${step}` })) }
    steps.set(step, found)
  }
  return found
}
