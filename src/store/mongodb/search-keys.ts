/**
 * Keys by which queries for elements find documents: one per semanticId and per value. They are stored with the
 * document under an index, where their order as text is the order of what they stand for.
 */
import { pathTail, SEVERAL_VALUES, searchKey, textSearchKey } from '../element-rows.ts'
import type { ElementCondition, ElementRow } from '../store.ts'

/** A document with more keys than this has `ANY` instead, which every query matches. */
const MAX_KEYS = 20_000

const VALUE = 'v\u0000'
const SEMANTIC_ID = 's\u0000'
const ANY = '*'
/** Kinds of values, in the order of their keys. */
const SEVERAL = '*'
const NUMBER = 'n'
const AFTER_NUMBERS = 'o'
const TEXT = 't'

export function searchKeysOf(rows: Iterable<ElementRow>): readonly string[] {
  const keys = new Set<string>()
  for (const { path, modelType, semanticId, value } of rows) {
    if (semanticId !== undefined) keys.add(SEMANTIC_ID + semanticId)
    const key = searchKey(modelType, value)
    if (key !== null) keys.add(valueKey(pathTail(path), key))
    if (keys.size > MAX_KEYS) return [ANY]
  }
  return [...keys]
}

/** A document must have one of these keys, or one in a range. */
export type KeyCondition =
  | { readonly among: readonly string[] }
  | { readonly from: string; readonly before: string; readonly or: readonly string[] }

/** One for each half of an element condition; documents that match it are found, and perhaps others. */
export function toKeyConditions({ path, semanticId, value }: ElementCondition): KeyCondition[] {
  const conditions: KeyCondition[] = []
  if (semanticId !== undefined) conditions.push({ among: [SEMANTIC_ID + semanticId, ANY] })
  if (path === undefined || value === undefined) return conditions
  const tail = pathTail(path)
  const or = [valueKey(tail, SEVERAL_VALUES), ANY]
  if (value.is === 'eq') {
    const key = typeof value.than === 'number' ? value.than : textSearchKey(value.than)
    return [...conditions, { among: [valueKey(tail, key), ...or] }]
  }
  const start = `${VALUE}${tail}\u0000`
  const at = start + NUMBER + toSortableText(value.than)
  // Numbers have a fixed length as text, so this is the smallest text behind it.
  const after = `${at}\u0000`
  switch (value.is) {
    case 'lt':
      return [...conditions, { from: start + NUMBER, before: at, or }]
    case 'le':
      return [...conditions, { from: start + NUMBER, before: after, or }]
    case 'gt':
      return [...conditions, { from: after, before: start + AFTER_NUMBERS, or }]
    case 'ge':
      return [...conditions, { from: at, before: start + AFTER_NUMBERS, or }]
  }
}

export function matchesKeys(keys: readonly string[], conditions: readonly KeyCondition[]): boolean {
  return conditions.every((condition) => {
    if ('among' in condition) return keys.some((key) => condition.among.includes(key))
    return keys.some((key) => (key >= condition.from && key < condition.before) || condition.or.includes(key))
  })
}

function valueKey(tail: string, key: string | number | Uint8Array): string {
  const start = `${VALUE}${tail}\u0000`
  if (typeof key === 'number') return start + NUMBER + toSortableText(key)
  return key instanceof Uint8Array ? start + SEVERAL : start + TEXT + key
}

const doubleBits = new DataView(new ArrayBuffer(8))

/** A number as text of 16 hexadecimal digits whose order is that of the numbers. */
function toSortableText(number: number): string {
  // Negative zero equals zero.
  doubleBits.setFloat64(0, number === 0 ? 0 : number)
  const bits = doubleBits.getBigUint64(0)
  const isPositive = bits >> 63n === 0n
  const ordered = isPositive ? bits | (1n << 63n) : ~bits & ((1n << 64n) - 1n)
  return ordered.toString(16).padStart(16, '0')
}
