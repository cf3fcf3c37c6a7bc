/** The changes of a commit by document, and the rights that they need there (Part 4). */
import type { SpooledText } from '../store/spooled-text.ts'
import type { Change, FileEntry } from '../store/store.ts'
import { PACKAGE_FILE } from './package-contents.ts'
import { type RequiredRight, type Right, rightsOf } from './rights.ts'
import type { DocumentKind } from './rule.ts'

type ChangeOf<Name extends Change['change']> = Extract<Change, { change: Name }>

/** What is done to one document. */
export interface DocumentWrite {
  readonly kind: DocumentKind
  readonly id: string
  created?: ChangeOf<'create'>
  replaced?: ChangeOf<'replace'>
  deleted?: true
  readonly values: (ChangeOf<'value'> | ChangeOf<'samples'>)[]
  /** Links to files that are attached, or removed. */
  readonly links: string[]
  /** Rights to the document that changes of its asset links need. */
  readonly assetLinks: Right[]
}

/** A right that must cover a part of the document before and after the commit, as far as there is one then. */
export interface Need {
  readonly right: Right
  /** `all` of it, the `frame` of what is outside all elements, or an element by its idShortPath. */
  readonly part: 'all' | 'frame' | { readonly path: string }
}

/** Kinds that no caller writes through operations. */
const INTERNAL: ReadonlySet<string> = new Set([
  ...['Validation', 'Job', 'SparkplugBirth', 'Credential', 'AccessRules', 'CollectionFigures'],
  ...['ComplianceReport', 'SigningKey', 'Usage', 'ComplianceDrop', 'ComplianceRun', 'Revision']
])

/** What is done to one package. */
export interface PackageWrite {
  readonly id: string
  /** To what it holds before and after. */
  readonly right: Right
  /** The new package, and what is said of it. */
  file?: FileEntry
  json?: string | SpooledText
}

export interface CommitWrites {
  readonly documents: readonly DocumentWrite[]
  readonly packages: readonly PackageWrite[]
}

export function writesOf(changes: readonly Change[]): CommitWrites {
  const documents = new Map<string, DocumentWrite>()
  const packages = new Map<string, PackageWrite>()
  for (const change of changes) add(change)
  return { documents: [...documents.values()], packages: [...packages.values()] }

  function add(change: Change): void {
    switch (change.change) {
      case 'value':
      case 'samples':
        writeOf('Submodel', change.submodel).values.push(change)
        break
      case 'create':
      case 'replace':
      case 'delete':
      case 'attach':
      case 'detach':
        if (INTERNAL.has(change.kind)) throw new Error(`${change.kind} "${change.id}" is not written by callers`)
        if (change.kind === 'Package') addPackage(change)
        else if (change.kind === 'AssetLinks') writeOf(SHELL, change.id).assetLinks.push(rightOfChange(change.change))
        else addDocument(change, writeOf(change.kind as DocumentKind, change.id))
    }
  }

  function addPackage(change: DocumentChange): void {
    const write = packages.get(change.id) ?? { id: change.id, right: rightOfChange(change.change) }
    packages.set(change.id, write)
    const file = change.change === 'attach' ? change.files.find(({ name }) => name === PACKAGE_FILE) : undefined
    if (file !== undefined) write.file = file
    if (change.change === 'create' || change.change === 'replace') write.json = change.json
  }

  function writeOf(kind: DocumentKind, id: string): DocumentWrite {
    const key = `${kind} ${id}`
    const known = documents.get(key) ?? { kind, id, values: [], links: [], assetLinks: [] }
    documents.set(key, known)
    return known
  }
}

const SHELL = 'AssetAdministrationShell'

type DocumentChange = ChangeOf<'create' | 'replace' | 'delete' | 'attach' | 'detach'>

function addDocument(change: DocumentChange, write: DocumentWrite): void {
  switch (change.change) {
    case 'create':
      write.created = change
      break
    case 'replace':
      write.replaced = change
      break
    case 'delete':
      write.deleted = true
      break
    case 'attach':
      write.links.push(...change.files.map(({ name }) => name))
      break
    case 'detach':
      write.links.push(...change.names)
  }
}

function rightOfChange(change: DocumentChange['change']): Right {
  if (change === 'create') return 'CREATE'
  return change === 'delete' ? 'DELETE' : 'UPDATE'
}

/**
 * What a write needs. A part of a document is created, changed or deleted as the operation is declared (`DELETE` of a
 * reference changes a shell); an operation that may do either says it by the change.
 * @param linkedBy the paths of the elements that link to a file; empty if the document itself does
 */
export function needsOf(
  write: DocumentWrite,
  declared: RequiredRight | undefined,
  linkedBy: (link: string) => readonly string[]
): Need[] {
  const { created, replaced, deleted, values, links, assetLinks } = write
  const needs: Need[] = assetLinks.map((right) => ({ right, part: 'all' }))
  if (created !== undefined) needs.push({ right: 'CREATE', part: 'all' })
  if (deleted !== undefined) needs.push({ right: 'DELETE', part: 'all' })
  const right = writeRight(declared) ?? rightOfSubtrees(replaced)
  if (replaced !== undefined) {
    const { touched } = replaced
    if (touched === undefined) needs.push({ right, part: 'all' })
    else if (touched.length === 0) needs.push({ right, part: 'frame' })
    for (const path of touched ?? []) needs.push({ right, part: { path } })
  }
  for (const path of new Set(values.map((value) => value.path))) needs.push({ right: 'UPDATE', part: { path } })
  const isWhole = created !== undefined || deleted !== undefined || (replaced && replaced.touched === undefined)
  for (const link of isWhole ? [] : links) {
    const paths = linkedBy(link)
    if (paths.length === 0) needs.push({ right, part: 'all' })
    for (const path of paths) needs.push({ right, part: { path } })
  }
  return needs
}

/** The right that an operation is declared with, if it is the same whatever it meets. */
function writeRight(declared: RequiredRight | undefined): Right | undefined {
  const [right, ...others] = declared === undefined ? [] : rightsOf(declared)
  const isWriting = right === 'CREATE' || right === 'UPDATE' || right === 'DELETE'
  return isWriting && others.length === 0 ? right : undefined
}

function rightOfSubtrees(replaced: ChangeOf<'replace'> | undefined): Right {
  if (replaced?.subtreeAction === 'created') return 'CREATE'
  return replaced?.subtreeAction === 'deleted' ? 'DELETE' : 'UPDATE'
}
