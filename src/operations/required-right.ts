/** The right that an endpoint requires, and the documents that it acts on (Part 4). */
import type { Subject as DocumentKind } from '../model/condition/subject.ts'
import { parseStoredPath } from '../model/path.ts'
import { type RequiredRight, rightsOf } from '../security/rights.ts'
import type { AccessTarget } from '../security/target.ts'
import type { ApiEndpoint } from './mounts.ts'
import type { Interface, OperationDefinition } from './table.ts'

/** A reference only names what it points to, and some mounts never create what is put there. */
export function rightOf({ definition, content, mount }: ApiEndpoint): RequiredRight {
  const { right, verb, path } = definition
  if (content === 'reference') return 'VIEW'
  if (mount.permanent && verb === 'PUT' && path === '' && typeof right === 'object' && 'present' in right) {
    return right.present
  }
  return right
}

/** Does it neither change nor start anything? */
export function isReadOnly({ right }: OperationDefinition): boolean {
  return rightsOf(right).every((one) => one === 'READ' || one === 'VIEW')
}

/** Does it start an operation, or ask for one that was started? */
export function isExecution({ right }: OperationDefinition): boolean {
  return rightsOf(right).includes('EXECUTE')
}

/** The kinds of document that an endpoint acts on; empty where it acts on none, e.g. `/description`. */
export function kindsOf({ definition }: ApiEndpoint): readonly DocumentKind[] {
  const { on, path } = definition
  if (on !== 'Bulk' && on !== 'Queries' && on !== 'Check') return kindsByInterface[on]
  if (path === '/upload') return identifiables
  const kind = kindsByPath[path]
  return kind === undefined ? [] : [kind]
}

const kindsByPath: Readonly<Record<string, DocumentKind>> = {
  '/shells': 'AssetAdministrationShell',
  '/submodels': 'Submodel',
  '/concept-descriptions': 'ConceptDescription',
  '/shell-descriptors': 'AssetAdministrationShellDescriptor',
  '/submodel-descriptors': 'SubmodelDescriptor'
}

const shells = ['AssetAdministrationShell'] as const
const submodels = ['Submodel'] as const
const identifiables = ['AssetAdministrationShell', 'Submodel', 'ConceptDescription'] as const

const kindsByInterface: Readonly<Record<Exclude<Interface, 'Bulk' | 'Queries' | 'Check'>, readonly DocumentKind[]>> = {
  Shells: shells,
  Shell: shells,
  Submodels: submodels,
  Submodel: submodels,
  ConceptDescriptions: ['ConceptDescription'],
  ConceptDescription: ['ConceptDescription'],
  ShellDescriptors: ['AssetAdministrationShellDescriptor'],
  ShellDescriptor: ['AssetAdministrationShellDescriptor'],
  SubmodelDescriptors: ['SubmodelDescriptor'],
  SubmodelDescriptor: ['SubmodelDescriptor'],
  // The asset links of shells.
  Discovery: shells,
  // Everything that a file holds.
  Packages: identifiables,
  Package: identifiables,
  Serialization: identifiables,
  Upload: identifiables,
  Description: [],
  Validation: submodels,
  Validations: submodels,
  Schema: submodels,
  ShellChanges: shells,
  SubmodelChanges: submodels,
  ConceptDescriptionChanges: ['ConceptDescription'],
  ShellDescriptorChanges: ['AssetAdministrationShellDescriptor'],
  ShellHistory: shells,
  SubmodelHistory: submodels,
  ShellSigned: shells,
  SubmodelSigned: submodels,
  ConceptDescriptionSigned: ['ConceptDescription'],
  AsyncPackages: identifiables
}

/** What a request acts on, one target for each kind of document. @param params decoded path parameters */
export function targetsOf(
  endpoint: ApiEndpoint,
  params: Readonly<Record<string, string>>,
  routes: readonly string[]
): AccessTarget[] {
  const kinds = kindsOf(endpoint)
  if (kinds.length === 0) return [{ routes }]
  const [only, ...others] = kinds
  if (only === undefined || others.length > 0) return kinds.map((kind) => ({ routes, kind }))
  const id = params[identifierOf[only]]
  const path = params.idShortPath === undefined ? undefined : parseStoredPath(params.idShortPath)
  return [{ routes, kind: only, ...(id !== undefined && { id }), ...(path && { path }) }]
}

const identifierOf: Readonly<Record<DocumentKind, string>> = {
  AssetAdministrationShell: 'aasIdentifier',
  Submodel: 'submodelIdentifier',
  ConceptDescription: 'cdIdentifier',
  AssetAdministrationShellDescriptor: 'aasIdentifier',
  SubmodelDescriptor: 'submodelIdentifier'
}
