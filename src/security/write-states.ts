/** The states of a document before and after a write, as access rules are held against them. */
import { parseStoredPath } from '../model/path.ts'
import type { Submodel } from '../model/types.ts'
import { readValueMembers, writeValueMembers } from '../model/value-members.ts'
import { resolve, walk } from '../model/walk.ts'
import { isTouched } from '../store/change-rules.ts'
import { readText } from '../store/document-text.ts'
import type { DocumentWrite } from './document-writes.ts'
import type { GuardedState } from './guarded-state.ts'

/** Asset links may be kept of a shell that is not stored here: of that no more than the id is known. */
export function stateBefore({ kind, id, assetLinks }: DocumentWrite, guarded: GuardedState | undefined) {
  if (guarded === undefined) return undefined
  return guarded.document ?? (assetLinks.length > 0 ? { modelType: kind, id } : undefined)
}

/** @param before is not modified @returns undefined if the document is gone */
export function stateAfter(write: DocumentWrite, before: object | undefined): object | undefined {
  const { created, replaced, deleted, values } = write
  if (created !== undefined) return withValues(JSON.parse(readText(created.json)) as object, values)
  if (replaced !== undefined) return withValues(replacedState(replaced, before), values)
  if (deleted || before === undefined) return undefined
  return values.length === 0 ? before : withValues(structuredClone(before), values)
}

/** Elements that are not touched keep the values that they have. */
function replacedState(
  { json, kind, touched }: NonNullable<DocumentWrite['replaced']>,
  before: object | undefined
): object {
  const after = JSON.parse(readText(json)) as object
  if (kind !== 'Submodel' || touched === undefined || before === undefined) return after
  const roots = new Set(touched)
  const kept = new Map(Array.from(walk(before as Submodel), ({ path, element }) => [path, element]))
  for (const { path, element } of walk(after as Submodel)) {
    const present = isTouched(path, roots) ? undefined : kept.get(path)
    if (present?.modelType === element.modelType) writeValueMembers(element, readValueMembers(present))
  }
  return after
}

function withValues(document: object, values: DocumentWrite['values']): object {
  for (const { path, value } of values) {
    const steps = parseStoredPath(path)
    const element = steps && resolve(document as Submodel, steps)
    if (element !== undefined) writeValueMembers(element, JSON.parse(value))
  }
  return document
}
