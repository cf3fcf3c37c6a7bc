/** What a query asks for, and which roots its conditions may speak of. */
import type { Documents } from '../types.ts'
import type { FieldIdentifier } from './condition.ts'
import type { Root } from './grammar.ts'

export type Subject = keyof Documents

/** A root that is a document; `$sme` begins at `$sm`. */
export type DocumentRoot = Exclude<Root, '$sme'>

export interface SubjectRoots {
  /** The root that stands for the subject. */
  readonly root: DocumentRoot
  /** The root of what belongs to it: the submodels of a shell, the shells of a submodel. */
  readonly joined?: DocumentRoot
}

export const subjects: Readonly<Record<Subject, SubjectRoots>> = {
  AssetAdministrationShell: { root: '$aas', joined: '$sm' },
  Submodel: { root: '$sm', joined: '$aas' },
  ConceptDescription: { root: '$cd' },
  AssetAdministrationShellDescriptor: { root: '$aasdesc' },
  SubmodelDescriptor: { root: '$smdesc' }
}

export function documentRoot({ root }: FieldIdentifier): DocumentRoot {
  return root === '$sme' ? '$sm' : root
}

/** Can this field be read here? */
export function isReadable(field: FieldIdentifier, { root, joined }: SubjectRoots): boolean {
  const own = documentRoot(field)
  return own === root || own === joined
}
