/** What a store derives from the JSON of a submodel: the rows of its elements, and whether a Blob holds bytes. */
import { parseNumber } from '../model/condition/values.ts'
import type { OperationVariable, Submodel, SubmodelElement } from '../model/types.ts'
import { readValueMembers } from '../model/value-members.ts'
import { walk } from '../model/walk.ts'

/** An element as its document tells it: the part of an ElementRow that does not come from commits. */
export interface DerivedElementRow {
  readonly path: string
  readonly modelType: string
  readonly valueType: string | undefined
  readonly semanticId: string | undefined
  /** The value members as JSON. */
  readonly value: string
  /** Where it was derived from. */
  readonly element: SubmodelElement
}

/** So much of a text takes part in finding it. */
const KEY_LENGTH = 64

/** Stands for the values of an element that has several: whatever is looked for, it may be among them. */
export const SEVERAL_VALUES = new Uint8Array(0)

/**
 * What a value is found by: its number where it reads as one, else the beginning of its text.
 * @param members value members as JSON
 */
export function searchKey(modelType: string, members: string): string | number | Uint8Array | null {
  if (members === '{}' || !SEARCHABLE.has(modelType)) return null
  const { value } = JSON.parse(members) as { value?: unknown }
  if (modelType === 'MultiLanguageProperty') return SEVERAL_VALUES
  return typeof value === 'string' ? textSearchKey(value) : null
}

/** The kinds that have a `#value` (Part 2, "Query Language"). */
const SEARCHABLE: ReadonlySet<string> = new Set(['Property', 'File', 'MultiLanguageProperty'])

/** The key that a text is found by. */
export function textSearchKey(text: string): string | number {
  const number = parseNumber(text)
  if (number !== undefined && !Number.isNaN(number)) return number
  return text.slice(0, KEY_LENGTH).toWellFormed()
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
