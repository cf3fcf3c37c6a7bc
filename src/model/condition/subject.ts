/** What a query asks for, and which roots its conditions may speak of. */
import type { Documents } from '../types.ts'
import type { Root } from './grammar.ts'
import type { Field } from './tree.ts'

export type Subject = keyof Documents

/** A root that is a document; `$sme` begins at `$sm`. */
export type OwnRoot = Exclude<Root, '$sme'>

export interface Place {
  /** The root that stands for the subject. */
  readonly root: OwnRoot
  /** The root of what belongs to it: the submodels of a shell, the shells of a submodel. */
  readonly joined?: OwnRoot
}

export const subjects: Readonly<Record<Subject, Place>> = {
  AssetAdministrationShell: { root: '$aas', joined: '$sm' },
  Submodel: { root: '$sm', joined: '$aas' },
  ConceptDescription: { root: '$cd' },
  AssetAdministrationShellDescriptor: { root: '$aasdesc' },
  SubmodelDescriptor: { root: '$smdesc' }
}

export function ownRoot({ root }: Field): OwnRoot {
  return root === '$sme' ? '$sm' : root
}

/** Can this field be read here? */
export function belongs(field: Field, { root, joined }: Place): boolean {
  const own = ownRoot(field)
  return own === root || own === joined
}
