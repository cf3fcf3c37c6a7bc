/** Creates and compares references. */
import type { Step } from './path.ts'
import type { KeyTypes, Reference, Submodel } from './types.ts'
import { type Container, child } from './walk.ts'

/** A model reference to an identifiable. */
export function referenceTo(
  type: 'AssetAdministrationShell' | 'Submodel' | 'ConceptDescription',
  id: string
): Reference {
  return { type: 'ModelReference', keys: [{ type, value: id }] }
}

/** A model reference to an element, one key per step; below a list the key's value is the index. [AASd-128] */
export function referenceToElement(submodel: Submodel, path: readonly Step[]): Reference {
  const keys: NonNullable<Reference['keys']> = [{ type: 'Submodel', value: submodel.id }]
  let here: Container | undefined = submodel
  for (const step of path) {
    here = here && child(here, step)
    keys.push({ type: (here?.modelType ?? 'SubmodelElement') as KeyTypes, value: String(step) })
  }
  return { type: 'ModelReference', keys }
}

/**
 * A text for value matching (Part 1, "Matching strategies"), to index and compare references: the same key values in the
 * same order; key types and referredSemanticId do not count.
 */
export function matchKey(reference: Reference): string {
  return JSON.stringify(keyValues(reference))
}

/** Do two references match by value? */
export function equalKeys(one: Reference, other: Reference): boolean {
  const { keys = [] } = one
  const { keys: others = [] } = other
  return keys.length === others.length && keys.every((key, index) => key.value === others[index]?.value)
}

/** The values of the keys; '' for a key without one (in leniently stored documents). */
export function keyValues(reference: Reference): string[] {
  return (reference.keys ?? []).map(({ value = '' }) => value)
}
