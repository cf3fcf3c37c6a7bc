/** What stores derive from the JSON of a submodel: element rows with their search keys, and whether a Blob has a value. */
import { parseNumber } from '../model/condition/values.ts'
import type { OperationVariable, Submodel, SubmodelElement } from '../model/types.ts'
import { readValueMembers } from '../model/value-members.ts'
import { walk } from '../model/walk.ts'

/** The part of an ElementRow that comes from the document, not from commits. */
export interface DerivedElementRow {
  readonly path: string
  readonly modelType: string
  readonly valueType: string | undefined
  readonly semanticId: string | undefined
  /** The value members as JSON. */
  readonly value: string
  /** The element it was derived from. */
  readonly element: SubmodelElement
}

/** Characters of a text that its search key contains. */
const KEY_PREFIX_LENGTH = 64

/** Search key of an element with several values: it may match any search. */
export const SEVERAL_VALUES = new Uint8Array(0)

/**
 * The search key of a value: its number if it reads as one, else a prefix of its text.
 * @param members value members as JSON
 */
export function searchKey(modelType: string, members: string): string | number | Uint8Array | null {
  if (members === '{}' || !SEARCHABLE_MODEL_TYPES.has(modelType)) return null
  const { value } = JSON.parse(members) as { value?: unknown }
  if (modelType === 'MultiLanguageProperty') return SEVERAL_VALUES
  return typeof value === 'string' ? textSearchKey(value) : null
}

/** Element kinds that have a `#value` (Part 2, "Query Language"). */
const SEARCHABLE_MODEL_TYPES: ReadonlySet<string> = new Set(['Property', 'File', 'MultiLanguageProperty'])

export function textSearchKey(text: string): string | number {
  const number = parseNumber(text)
  if (number !== undefined && !Number.isNaN(number)) return number
  return text.slice(0, KEY_PREFIX_LENGTH).toWellFormed()
}

/** The last step of an idShortPath, `[]` in place of indexes: `a.log[3]` ends in `log[]`. */
export function pathTail(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1).replace(/\[\d+\]/g, '[]')
}

/** A row for every element that an idShortPath leads to, parents before children. */
export function* deriveElementRows(submodel: Submodel): Generator<DerivedElementRow> {
  for (const { element, path } of walk(submodel)) {
    yield {
      path,
      modelType: element.modelType,
      valueType: 'valueType' in element ? element.valueType : undefined,
      semanticId: element.semanticId?.keys?.[0]?.value,
      value: JSON.stringify(readValueMembers(element)),
      element
    }
  }
}

/** Does any Blob hold a value? Blobs among the variables of an Operation count: the extent modifier reaches them too. */
export function hasBlobValue(submodel: Submodel): boolean {
  for (const { element } of walk(submodel)) if (holdsBlob(element)) return true
  return false
}

function holdsBlob(element: SubmodelElement): boolean {
  if (element.modelType === 'Blob') return element.value !== undefined
  if (element.modelType !== 'Operation') return false
  const { inputVariables = [], outputVariables = [], inoutputVariables = [] } = element
  return [...inputVariables, ...outputVariables, ...inoutputVariables].some(variableHoldsBlob)
}

function variableHoldsBlob({ value }: OperationVariable): boolean {
  if (value === undefined) return false
  if (holdsBlob(value)) return true
  for (const { element } of walk(value)) if (holdsBlob(element)) return true
  return false
}
