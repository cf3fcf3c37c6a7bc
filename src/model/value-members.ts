/**
 * The value members of an element: those that `$metadata` leaves out and a value write replaces. They are stored apart
 * from the structure, because values change a thousand times a second and structure a few times a year.
 */
import { declarationOf } from './fields.ts'
import type { SubmodelElement } from './types.ts'

/** Value members by their names, e.g. `{ value: '21.5' }` of a Property or `{ min: '0', max: '5' }` of a Range. */
export type ValueMembers = Readonly<Record<string, unknown>>

/** The names of the value members of a kind, in document order; none for Capability, Operation and pure containers. */
export function valueMemberNames(modelType: string): readonly string[] {
  return declarationOf(modelType)?.values ?? []
}

/** The value members of an element. */
export function readValueMembers(element: SubmodelElement): ValueMembers {
  const members: Record<string, unknown> = {}
  for (const name of valueMemberNames(element.modelType)) {
    const held = (element as unknown as Record<string, unknown>)[name]
    if (held !== undefined) members[name] = held
  }
  return members
}

/** Sets the value members of an element; absent ones are removed. */
export function writeValueMembers(element: SubmodelElement, members: ValueMembers): void {
  const open = element as unknown as Record<string, unknown>
  for (const name of valueMemberNames(element.modelType)) {
    if (members[name] === undefined) delete open[name]
    else open[name] = members[name]
  }
}
