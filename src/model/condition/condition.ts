/** A parsed and checked condition, input of the evaluator and the index plan. */
import type { DatePart, Operator, Root, ValueType } from './grammar.ts'
import type { TypedValue } from './values.ts'

export type Condition =
  | { readonly is: 'and' | 'or'; readonly of: readonly Condition[] }
  | { readonly is: 'not'; readonly of: Condition }
  | Match
  | Comparison
  | Constant

/** All of these must hold for the same items of their lists. */
export interface Match {
  readonly is: 'match'
  readonly of: readonly (Match | Comparison | Constant)[]
}

export interface Comparison {
  readonly is: 'comparison'
  readonly operator: Operator
  readonly left: Operand
  readonly right: Operand
}

export interface Constant {
  readonly is: 'constant'
  readonly value: boolean
}

/** A leaf and the functions applied to it. (Claims of the subject, for access rules, would be another kind of leaf.) */
export type Operand =
  | { readonly is: 'field'; readonly field: FieldIdentifier }
  | { readonly is: 'literal'; readonly value: TypedValue }
  | { readonly is: 'cast'; readonly to: ValueType; readonly of: Operand }
  | { readonly is: 'part'; readonly part: DatePart; readonly of: Operand }

/** Any item of a list. */
export const ANY = '[]'

/** A step: a member or idShort, an index, or `ANY`. */
export type FieldStep = string | number

/** A field identifier, e.g. `$sme.Documents[].Title#semanticId.keys[0].value`. */
export interface FieldIdentifier {
  readonly root: Root
  /** `$sme` only: idShorts, indexes and `ANY`; empty for every element of the submodel. */
  readonly path: readonly FieldStep[]
  /** The attribute as the grammar spells it, with `[]` for every index: `semanticId.keys[].value`. */
  readonly attribute: string
  /** Members, indexes and `ANY` from the object down to the text. */
  readonly steps: readonly FieldStep[]
}
