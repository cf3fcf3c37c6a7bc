/**
 * A document that a decision depends on, and guards that make the commit fail once it is not so any more. Guards are as
 * narrow as what the rules read, so that values written elsewhere in a submodel do not get in the way.
 */
import type { FieldIdentifier, ValueReference } from '../model/condition/condition.ts'
import { formatPath, type Step } from '../model/path.ts'
import type { Submodel, SubmodelElement } from '../model/types.ts'
import { writeValueMembers } from '../model/value-members.ts'
import { walk } from '../model/walk.ts'
import { unlessDamaged } from '../store/damage.ts'
import type { DocumentStore } from '../store/document-store.ts'
import type { Change, ExpectedState } from '../store/store.ts'
import { type AccessVerdict, nodesIn, VALUE_ATTRIBUTES } from './policy.ts'
import type { DocumentKind } from './rule.ts'
import { kindOfReference } from './value-references.ts'

export interface WriteStores {
  /** Read with the rights of the hub. */
  readonly store: DocumentStore
  /** The same without what is generated; guards name its revisions. */
  readonly stored: Pick<DocumentStore, 'head' | 'element'>
}

export interface GuardedState {
  /** Undefined: there is none. */
  readonly document: object | undefined
  readonly guards: readonly Change[]
}

/** Rows that are guarded one by one; of more, the revision of the document is. */
const MAX_GUARDED_ROWS = 16

/** @returns undefined if the document is damaged */
export async function readGuarded(
  { store, stored }: WriteStores,
  kind: DocumentKind,
  id: string,
  verdicts: readonly AccessVerdict[]
): Promise<GuardedState | undefined> {
  // Before the document: if that is newer, the guard fails.
  const head = await stored.head(kind, id)
  const found = await unlessDamaged(store.document(kind, id))
  if (head === undefined) return { document: undefined, guards: [expect(kind, id, 'absent')] }
  if (found === undefined) return undefined
  const document = JSON.parse(found.bytes.toString()) as object
  const whole = { document, guards: [expect(kind, id, { revision: head.revision })] }
  if (kind !== 'Submodel' || verdicts.some(hasFilters)) return whole
  const paths = pathsRead(document as Submodel, verdicts)
  if (paths === undefined) return whole
  const guards = [expect(kind, id, { structureRevision: head.structureRevision })]
  for (const [path, element] of paths) {
    const row = await stored.element(id, path)
    if (row === undefined) return whole
    writeValueMembers(element, JSON.parse(row.value))
    guards.push(expect(kind, id, { path, value: row.value }))
  }
  return { document, guards }
}

/** Guards on what the rules of the caller read of other documents; to be called before they are decided by. */
export async function guardReferences(
  { stored }: Pick<WriteStores, 'stored'>,
  references: readonly ValueReference[]
): Promise<Change[]> {
  return Promise.all(references.map((reference) => guardReference(stored, reference)))
}

async function guardReference(stored: WriteStores['stored'], reference: ValueReference): Promise<Change> {
  const { id, field, elementPath } = reference
  const kind = kindOfReference(reference)
  if (field.root === '$sme' && VALUE_ATTRIBUTES.has(field.attribute)) {
    const path = formatPath(elementPath)
    const row = await stored.element(id, path)
    if (row !== undefined) return expect(kind, id, { path, value: row.value })
  }
  const head = await stored.head(kind, id)
  if (head === undefined) return expect(kind, id, 'absent')
  return expect(
    kind,
    id,
    kind === 'Submodel' ? { structureRevision: head.structureRevision } : { revision: head.revision }
  )
}

function expect(kind: DocumentKind, id: string, state: ExpectedState): Change {
  return { change: 'expect', kind, id, state }
}

function hasFilters({ grants }: AccessVerdict): boolean {
  return grants.some(({ filters }) => filters.length > 0)
}

/** The elements whose values conditions may read; undefined if they are too many to be named. */
function pathsRead(
  submodel: Submodel,
  verdicts: readonly AccessVerdict[]
): ReadonlyMap<string, SubmodelElement> | undefined {
  const ends = new Set(verdicts.flatMap(valueFields).map((path) => withoutIndexes(formatPath(path))))
  const found = new Map<string, SubmodelElement>()
  if (ends.has('')) return undefined
  if (ends.size === 0) return found
  for (const { path, element } of walk(submodel)) {
    const text = withoutIndexes(path)
    if (ends.values().some((end) => text === end || text.endsWith(`.${end}`))) found.set(path, element)
    if (found.size > MAX_GUARDED_ROWS) return undefined
  }
  return found
}

/** Paths of the fields that writes of values change; empty for any element. */
function valueFields({ grants }: AccessVerdict): Step[][] {
  return [...nodesIn(grants.map(({ condition }) => condition))].flatMap(({ is, field }) => {
    const { root, attribute = '', path = [] } = (field ?? {}) as Partial<FieldIdentifier>
    return is === 'field' && root === '$sme' && VALUE_ATTRIBUTES.has(attribute) ? [[...path]] : []
  })
}

/** A path of a field may name any index. */
function withoutIndexes(path: string): string {
  return path.replace(/\.?\[\d*\]/g, '[]')
}
