/** A parsed and checked condition, input of the evaluator and the index plan. */
import type { DatePart, Operator, Root, ValueType } from './grammar.ts'
import type { TypedValue } from './values.ts'

export type Condition =
  | { readonly is: 'and' | 'or'; readonly of: readonly Condition[] }
  /** True if one of them is true, else false: an invalid one does not count. Combines independent access rules. */
  | { readonly is: 'some'; readonly of: readonly Condition[] }
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
  /** False, not true, for two equal fields that are both absent (Part 4). */
  readonly absentIsFalse?: true
}

export interface Constant {
  readonly is: 'constant'
  readonly value: boolean
}

/** One leaf, and the casts applied to it. */
export type Operand =
  | { readonly is: 'field'; readonly field: FieldIdentifier }
  | { readonly is: 'literal'; readonly value: TypedValue }
  | { readonly is: 'cast'; readonly to: ValueType; readonly of: Operand }
  | { readonly is: 'part'; readonly part: DatePart; readonly of: Operand }
  /** Texts known before the document is read. Like a field with several values: compared by any, typed by the other side. */
  | { readonly is: 'texts'; readonly texts: readonly string[] }
  /** An attribute of the subject (Part 4). It has to be replaced before evaluation; a comparison with it is invalid. */
  | { readonly is: 'attribute'; readonly attribute: Attribute }

/** What an access rule knows beside the document: a claim, the time, or a value stored elsewhere. */
export type Attribute =
  | { readonly is: 'claim'; readonly name: string }
  | { readonly is: 'global'; readonly name: GlobalAttribute }
  | { readonly is: 'reference'; readonly reference: ValueReference }
  /** Accepted for compatibility, but without a value here. */
  | { readonly is: 'unsupported'; readonly text: string }

export type GlobalAttribute = 'LOCALNOW' | 'UTCNOW' | 'CLIENTNOW' | 'ANONYMOUS'

/** A field of one document, e.g. `$sme("urn:op").state#value`. */
export interface ValueReference {
  /** As written, e.g. for messages. */
  readonly text: string
  readonly id: string
  /** With an empty path; `elementPath` is exact, unlike that of a field. */
  readonly field: FieldIdentifier
  readonly elementPath: readonly (string | number)[]
}

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
