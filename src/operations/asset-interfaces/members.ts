/** Elements of a submodel by their idShort, as the templates of asset interfaces are read. */
import type { Step } from '../../model/path.ts'
import type { SubmodelElement } from '../../model/types.ts'
import { type Container, childrenOf } from '../../model/walk.ts'

export function member(container: Container | undefined, idShort: string): SubmodelElement | undefined {
  return container && childrenOf(container).find((element) => element.idShort === idShort)
}

/** The value of a Property; undefined where it is absent or empty. */
export function text(element: SubmodelElement | undefined): string | undefined {
  return element?.modelType === 'Property' && element.value !== undefined && element.value !== ''
    ? element.value
    : undefined
}

/** Below a list the value of a key is an index [AASd-128]; no idShort begins with a digit. */
export function stepOf(value: string): Step {
  return /^\d+$/.test(value) ? Number(value) : value
}
