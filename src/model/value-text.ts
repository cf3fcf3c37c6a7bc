/** Converts values from senders to the text of a Property's value type. */
import { isFloating, isLexical, isNumeric } from './datatypes.ts'
import { Literal, wholeDigits, writtenOut } from './literal.ts'
import type { DataTypeDefXsd } from './types.ts'

/**
 * The same conversion for all transports:
 *
 * | sent            | numeric types                       | xs:boolean                | all others |
 * | --------------- | ----------------------------------- | ------------------------- | ---------- |
 * | number          | its digits; a whole one for integers | 1 is true, 0 is false     | refused    |
 * | true, false     | refused                             | itself                    | refused    |
 * | text            | itself, if it is a value of the type | `true`, `false`, `1`, `0` | itself     |
 * | without quotes  | as a number, else as a text         | as a text, else a number  | itself     |
 */
export function toValueText(valueType: DataTypeDefXsd, body: unknown): string | undefined {
  switch (typeof body) {
    case 'string':
      return body
    case 'boolean':
      return valueType === 'xs:boolean' ? String(body) : undefined
    case 'number':
      // Beyond 2^53 JSON.parse may have rounded it; exact parsers return literals.
      return isSure(body) || isFloating(valueType) ? textOfNumber(valueType, String(body)) : undefined
    case 'bigint':
      return textOfNumber(valueType, String(body))
    default:
      return body instanceof Literal ? textOfLiteral(valueType, body) : undefined
  }
}

function isSure(number: number): boolean {
  return !Number.isInteger(number) || Number.isSafeInteger(number)
}

function textOfNumber(valueType: DataTypeDefXsd, text: string): string | undefined {
  if (isFloating(valueType)) return text
  if (valueType === 'xs:decimal') return writtenOut(text)
  if (isNumeric(valueType)) return wholeDigits(text)
  return valueType === 'xs:boolean' ? BOOLEANS.get(Number(text)) : undefined
}

const BOOLEANS: ReadonlyMap<number, string> = new Map([
  [0, 'false'],
  [1, 'true']
])

function textOfLiteral(valueType: DataTypeDefXsd, { text, kind }: Literal): string | undefined {
  if (kind === 'number') return textOfNumber(valueType, text)
  if (isNumeric(valueType)) return textOfNumber(valueType, text) ?? text
  return isLexical(valueType, text) ? text : (textOfNumber(valueType, text) ?? text)
}

/** Did the sender write a number? */
export function isNumber(body: unknown): boolean {
  return typeof body === 'number' || typeof body === 'bigint' || (body instanceof Literal && body.kind === 'number')
}
