/** Table cells of stored samples: exactly what is stored, also if the value type of the element has changed since. */

import type { ValueKind } from '../../formats/tables/widen.ts'
import { exactNumber, valueOfRow } from '../../formats/to-value.ts'
import { membersAt, numberOf, type Run } from '../../model/samples.ts'
import { trimStart } from '../../model/trim.ts'
import type { Variable } from './variables.ts'

/** A 64-bit integer is a bigint; a text is used for what neither number nor boolean can express exactly. */
export type Cell = number | bigint | boolean | string | undefined

/** @returns undefined if the element had no value */
export function cellAt(run: Run, index: number, variable: Variable): Cell {
  const value = run.values[index]
  if (typeof value === 'number') return cellOfNumber(value, variable)
  const text = run.form === 'members' ? textOfMembers(run, index, variable) : value
  return text === undefined || variable.type === 'text' ? text : cellOfText(text, variable)
}

export function kindOfCell(cell: Exclude<Cell, undefined>): ValueKind {
  if (typeof cell === 'bigint') return isLong(cell) ? 'long' : 'integer'
  return typeof cell === 'string' ? 'text' : typeof cell === 'number' ? 'number' : 'boolean'
}

/** Whether an integer is beyond the range that doubles represent exactly. */
export function isLong(whole: bigint): boolean {
  return whole > MAX_SAFE || whole < -MAX_SAFE
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER)

function cellOfNumber(value: number, { type }: Variable): Cell {
  switch (type) {
    case 'number':
      return value
    case 'integer':
      if (!Number.isInteger(value)) return value
      // Beyond 2^53 the stored value is the double's shortest text, which may differ from its exact value.
      return Number.isSafeInteger(value)
        ? BigInt(value)
        : Math.abs(value) < 1e21
          ? integerCell(String(value))
          : String(value)
    case 'boolean':
      return value === 1 || (value === 0 ? false : String(value))
    default:
      return String(value)
  }
}

function cellOfText(text: string, { type, valueType = 'xs:string' }: Variable): Cell {
  if (type === 'boolean') {
    if (text === 'true' || text === '1') return true
    return text === 'false' || text === '0' ? false : text
  }
  if (type === 'integer' && INTEGER.test(text)) return integerCell(text)
  if (text === 'NaN' || text === 'INF' || text === '-INF') return numberOf(text)
  if (!NUMBER.test(text)) return text
  // A number that is not an integer was stored when the element had another type.
  return exactNumber(type === 'integer' ? 'xs:decimal' : valueType, text) ?? text
}

const INTEGER = /^[+-]?\d+$/
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/

function integerCell(text: string): bigint | string {
  const digits = trimStart(text, '+-0') || '0'
  const plain = text.startsWith('-') && digits !== '0' ? `-${digits}` : digits
  if (digits.length > 19) return plain
  const whole = BigInt(plain)
  return BigInt.asIntN(64, whole) === whole ? whole : plain
}

/** The text of a Property, or of an element that was one; the JSON value of any other element. */
function textOfMembers(run: Run, index: number, { modelType, valueType }: Variable): string | undefined {
  const members = membersAt(run, index)
  if (modelType !== 'Property') return valueOfRow(modelType, valueType, members)
  const parsed = JSON.parse(members) as Record<string, unknown>
  const { value, ...others } = parsed
  if (Object.keys(others).length > 0 || (value !== undefined && typeof value !== 'string')) return members
  return value
}
