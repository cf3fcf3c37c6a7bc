/** Rules by which every store decides whether a change may be made, and what of a document it concerns. */
import type { ErrorName } from '../errors.ts'
import type { Submodel } from '../model/types.ts'
import { writeValueMembers } from '../model/value-members.ts'
import { type DatedCommit, defaultSourceTime, isLate } from './current-value.ts'
import type { DerivedElementRow } from './element-rows.ts'
import type { Change, DocumentHead, ElementRow } from './store.ts'

export type ChangeOf<Name extends Change['change']> = Extract<Change, { change: Name }>

/** Thrown if a change may not be made. Its commit is refused as a whole; others of the same batch are not concerned. */
export class ChangeRefused extends Error {
  override readonly name: ErrorName
  readonly about: readonly (string | number)[]

  /** @param about fills the text of the error table (errors.ts) */
  constructor(name: ErrorName, ...about: readonly (string | number)[]) {
    super(name)
    this.name = name
    this.about = about
  }
}

export function guardRevision(wanted: number | undefined, found: number, what: string): void {
  if (wanted !== undefined && wanted !== found) throw new ChangeRefused('PreconditionFailed', what)
}

export function guardStructureRevision({ kind, id, ifStructureRevision }: ChangeOf<'replace'>, found: number): void {
  if (ifStructureRevision !== undefined && ifStructureRevision !== found) {
    throw new ChangeRefused('Conflict', `${kind} "${id}" was changed meanwhile`)
  }
}

/**
 * Refuses a commit that was decided by what is no longer so.
 * @param found undefined: no such document
 * @param rowValue of the row that the guard names, if there is one
 */
export function guardExpected(
  { kind, id, state }: ChangeOf<'expect'>,
  found: Pick<DocumentHead, 'revision' | 'structureRevision'> | undefined,
  rowValue: () => string | undefined
): void {
  if (isExpected()) return
  throw new ChangeRefused('Conflict', `${kind} "${id}" was changed meanwhile`)

  function isExpected(): boolean {
    if (state === 'absent') return found === undefined
    if (found === undefined) return false
    if ('path' in state) return rowValue() === state.value
    return 'revision' in state ? found.revision === state.revision : found.structureRevision === state.structureRevision
  }
}

/**
 * Refuses a document that would take back a value written after it was read.
 * @param written idShortPaths of elements that were written to since
 */
export function guardValues({ id, touched }: ChangeOf<'replace'>, written: Iterable<string>): void {
  const roots = touched && new Set(touched)
  for (const path of written) {
    if (roots === undefined || isTouched(path, roots)) {
      throw new ChangeRefused('Conflict', `The element "${path}" of submodel "${id}" was written to meanwhile`)
    }
  }
}

/** The element is not the one that the sender of a value saw. */
export function elementChanged(submodel: string, path: string): ChangeRefused {
  return new ChangeRefused(
    'Conflict',
    `The element "${path}" of submodel "${submodel}" was changed or removed meanwhile`
  )
}

/** A chunk of history that is to be replaced is no longer there as it was. */
export function historyChanged(path: string): ChangeRefused {
  return new ChangeRefused('Conflict', `The history of "${path}" was written meanwhile`)
}

/** The bytes of a file that is to be attached are not stored. */
export function fileMissing(blob: string): ChangeRefused {
  return new ChangeRefused('NotFound', 'The stored file', blob)
}

/** Source time of a value, nanoseconds since 1970. */
export function sourceTimeOf({ sourceTime }: ChangeOf<'value'>, commit: DatedCommit): bigint {
  const time = sourceTime ?? defaultSourceTime(commit)
  if (BigInt.asIntN(64, time) !== time) throw new ChangeRefused('BadRequest', 'The source time is out of range')
  return time
}

/**
 * Does a value become the current one? One without a time of its own is current by definition, whatever the clocks said
 * before; any other one may be late.
 * @param current source time of the current value
 */
export function becomesCurrent(
  { sourceTime, timing }: ChangeOf<'value'>,
  current: bigint | null | undefined,
  commit: DatedCommit
): boolean {
  return sourceTime === undefined || !isLate(current, sourceTime, commit, timing)
}

/** Stores do not validate, but can only derive rows from a JSON document. */
export function parseSubmodel(json: string): Submodel {
  try {
    return JSON.parse(json) as Submodel
  } catch (error) {
    throw new ChangeRefused('BadRequest', `The submodel is not JSON: ${(error as Error).message}`)
  }
}

/**
 * In a new structure, does an element keep its row, and with it the value written meanwhile? It does outside the
 * touched subtrees, unless it became an element of another kind.
 */
export function keepsRow(
  { path, modelType, valueType }: DerivedElementRow,
  before: { readonly modelType: unknown; readonly valueType: unknown } | undefined,
  touched: ReadonlySet<string>
): boolean {
  if (before === undefined || before.modelType !== modelType || (before.valueType ?? undefined) !== valueType)
    return false
  return !isTouched(path, touched)
}

/** Puts the value of a kept row into the new document. @returns whether that changed it */
export function restoreValue(derived: DerivedElementRow, { value }: Pick<ElementRow, 'value'>): boolean {
  if (value === derived.value) return false
  writeValueMembers(derived.element, JSON.parse(value))
  return true
}

/** Is the element at `path`, or one above it, among the touched ones? */
export function isTouched(path: string, touched: ReadonlySet<string>): boolean {
  if (touched.has(path)) return true
  for (let end = path.length - 1; end > 0; end--) {
    const separator = path[end]
    if ((separator === '.' || separator === '[') && touched.has(path.slice(0, end))) return true
  }
  return false
}
