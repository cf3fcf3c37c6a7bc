/** The subjects of queries and the roots available for each. */
import type { Documents } from '../types.ts'
import type { FieldIdentifier } from './condition.ts'
import type { Root } from './grammar.ts'

export type Subject = keyof Documents

/** A root that is a document; `$sme` begins at `$sm`. */
export type DocumentRoot = Exclude<Root, '$sme'>

export interface SubjectRoots {
  /** The root of the subject. */
  readonly root: DocumentRoot
  /** The root of joined documents: the submodels of a shell, the shells of a submodel. */
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

/** Does the field belong to these roots? */
export function isReadable(field: FieldIdentifier, { root, joined }: SubjectRoots): boolean {
  const own = documentRoot(field)
  return own === root || own === joined
}
