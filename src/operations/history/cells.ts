/** What a table shows of one stored sample: exactly what is stored, whatever the value type of the element is now. */

import type { ValueKind } from '../../formats/tables/widen.ts'
import { exactNumber, valueOfRow } from '../../formats/to-value.ts'
import { membersAt, numberOf, type Run } from '../../model/samples.ts'
import { trimStart } from '../../model/trim.ts'
import type { Variable } from './variables.ts'

/** A whole number of 64 bits is a bigint, what no number and no truth value says exactly a text. */
export type Cell = number | bigint | boolean | string | undefined

/** Undefined where the element had no value. */
export function cellAt(run: Run, index: number, variable: Variable): Cell {
  const value = run.values[index]
  if (typeof value === 'number') return ofNumber(value, variable)
  const text = run.form === 'members' ? ofMembers(run, index, variable) : value
  return text === undefined || variable.type === 'text' ? text : ofText(text, variable)
}

export function kindOfCell(cell: Exclude<Cell, undefined>): ValueKind {
  if (typeof cell === 'bigint') return isLong(cell) ? 'long' : 'integer'
  return typeof cell === 'string' ? 'text' : typeof cell === 'number' ? 'number' : 'boolean'
}

/** Is it a whole number that doubles cannot tell from its neighbours? */
export function isLong(whole: bigint): boolean {
  return whole > MAX_SAFE || whole < -MAX_SAFE
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER)

function ofNumber(value: number, { type }: Variable): Cell {
  switch (type) {
    case 'number':
      return value
    case 'integer':
      if (!Number.isInteger(value)) return value
      // Beyond 2^53 it stands for its shortest text, which is not always the double's own value.
      return Number.isSafeInteger(value)
        ? BigInt(value)
        : Math.abs(value) < 1e21
          ? ofWhole(String(value))
          : String(value)
    case 'boolean':
      return value === 1 || (value === 0 ? false : String(value))
    default:
      return String(value)
  }
}

function ofText(text: string, { type, valueType = 'xs:string' }: Variable): Cell {
  if (type === 'boolean') {
    if (text === 'true' || text === '1') return true
    return text === 'false' || text === '0' ? false : text
  }
  if (type === 'integer' && INTEGER.test(text)) return ofWhole(text)
  if (text === 'NaN' || text === 'INF' || text === '-INF') return numberOf(text)
  if (!NUMBER.test(text)) return text
  // What is no whole number was stored when the element had another type.
  return exactNumber(type === 'integer' ? 'xs:decimal' : valueType, text) ?? text
}

const INTEGER = /^[+-]?\d+$/
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/

function ofWhole(text: string): bigint | string {
  const digits = trimStart(text, '+-0') || '0'
  const plain = text.startsWith('-') && digits !== '0' ? `-${digits}` : digits
  if (digits.length > 19) return plain
  const whole = BigInt(plain)
  return BigInt.asIntN(64, whole) === whole ? whole : plain
}

/** The text of a Property, also of what was one; of all other elements their value as JSON. */
function ofMembers(run: Run, index: number, { modelType, valueType }: Variable): string | undefined {
  const members = membersAt(run, index)
  if (modelType !== 'Property') return valueOfRow(modelType, valueType, members)
  const held = JSON.parse(members) as Record<string, unknown>
  const { value, ...others } = held
  if (Object.keys(others).length > 0 || (value !== undefined && typeof value !== 'string')) return members
  return value
}
