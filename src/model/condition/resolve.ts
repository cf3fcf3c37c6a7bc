/** Resolves a comparison: folds casts of literals, and determines the type for comparing both sides. */

import type { Comparison, FieldIdentifier, Operand } from './condition.ts'
import { isTextOperator, type Operator, type Ordering, type TextOperator, type ValueType } from './grammar.ts'
import { compileDocumentPattern, compilePattern } from './pattern.ts'
import { cast, castText, compareByCodePoint, datePartOf, satisfies, satisfiesOrder, type TypedValue } from './values.ts'

/** True, false, or invalid: a cast was impossible, so every combination with it is invalid too. */
export type Verdict = typeof TRUE | typeof FALSE | typeof INVALID
export const TRUE = 1
export const FALSE = 0
export const INVALID = -1

/** What is invalid stays so under `$not`. */
export function negated(verdict: Verdict): Verdict {
  return verdict === INVALID ? INVALID : verdict === TRUE ? FALSE : TRUE
}

export type Resolved =
  | { readonly is: 'settled'; readonly verdict: Verdict }
  | OneField
  | {
      readonly is: 'two fields'
      readonly left: FieldIdentifier
      readonly right: FieldIdentifier
      readonly test: (left: string, right: string) => Verdict
      /** Verdict if neither field has a text: they are equal then (Part 2, table of comparisons). */
      readonly ifAbsent: Verdict
      readonly fallible: boolean
      /** Maximal pairs of texts compared per document. */
      readonly maxPairs: number
    }

/** A field compared with a literal. */
export interface OneField {
  readonly is: 'one field'
  readonly field: FieldIdentifier
  readonly test: (text: string) => Verdict
  /** Can it be invalid? */
  readonly fallible: boolean
  /** For indexes: this comparison of the field, as text or number, is necessary. */
  readonly range?: { readonly operator: Ordering | 'startsWith'; readonly to: string | number }
}

const MAX_PAIRS = 1_000_000

/** The value of an operand without fields, with casts applied; undefined also if a cast is impossible. */
export function literalOf(operand: Operand): TypedValue | undefined {
  const done = toSide(operand)
  return done?.is === 'literal' ? done.value : undefined
}

export function resolve({ operator, left, right, absentIsFalse }: Comparison): Resolved {
  const one = toSide(left)
  const other = toSide(right)
  if (one === undefined || other === undefined) return { is: 'settled', verdict: INVALID }
  const resolved =
    one.is === 'texts' || other.is === 'texts' ? resolveTexts(operator, one, other) : resolveSides(operator, one, other)
  return absentIsFalse && resolved.is === 'two fields' ? { ...resolved, ifAbsent: FALSE } : resolved
}

function resolveSides(operator: Operator, one: Side, other: Side): Resolved {
  return isTextOperator(operator) ? resolveText(operator, one, other) : resolveOrdering(operator, one, other)
}

/** Each known text is a literal of its own; the comparison holds if it holds for any of them. */
function resolveTexts(operator: Operator, one: Side | TextsSide, other: Side | TextsSide): Resolved {
  const [ones, others] = [literalsOf(one, typeOf(other)), literalsOf(other, typeOf(one))]
  const all = ones.flatMap((left) =>
    others.map(
      (right): Resolved =>
        left === undefined || right === undefined
          ? { is: 'settled', verdict: INVALID }
          : resolveSides(operator, left, right)
    )
  )
  const [only, ...more] = all
  if (only !== undefined && more.length === 0) return only
  const fields = all.filter((resolved) => resolved.is === 'one field')
  const [first] = fields
  const settled = anyVerdict(all.map((resolved) => (resolved.is === 'settled' ? resolved.verdict : FALSE)))
  if (first === undefined) return { is: 'settled', verdict: settled }
  return {
    is: 'one field',
    field: first.field,
    test: (text) =>
      anyVerdict(
        all.map((resolved) =>
          resolved.is === 'settled' ? resolved.verdict : resolved.is === 'one field' ? resolved.test(text) : INVALID
        )
      ),
    fallible: all.some((resolved) => resolved.is !== 'one field' || resolved.fallible)
  }
}

/** True if any is; invalid if all are. */
function anyVerdict(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes(TRUE)) return TRUE
  return verdicts.length > 0 && verdicts.every((verdict) => verdict === INVALID) ? INVALID : FALSE
}

function typeOf(side: Side | TextsSide): ValueType | undefined {
  return side.is === 'literal' ? side.value.type : side.type
}

/** A literal for each text, of the type of the other side; undefined where the cast is not possible. */
function literalsOf(side: Side | TextsSide, type: ValueType = 'str'): (Side | undefined)[] {
  if (side.is !== 'texts') return [side]
  const toValue = side.type === undefined ? castTo(type) : side.cast
  return side.texts.map((text) => {
    const value = toValue(text)
    return value && { is: 'literal', value }
  })
}

/** An operand: a literal with casts applied, or a field with its casts. */
type Side = { readonly is: 'literal'; readonly value: TypedValue } | FieldSide

interface FieldSide extends OpenSide {
  readonly is: 'field'
  readonly field: FieldIdentifier
}

interface TextsSide extends OpenSide {
  readonly is: 'texts'
  readonly texts: readonly string[]
}

/** Text with the casts to do. */
interface OpenSide {
  /** Undefined without a cast: then the other side decides. */
  readonly type: ValueType | undefined
  readonly cast: Cast
  readonly fallible: boolean
  /** There is at most one cast. */
  readonly direct: boolean
}

type Cast = (text: string) => TypedValue | undefined

/** Undefined for a literal that cannot be cast. */
function toSide(operand: Operand): Side | TextsSide | undefined {
  if (operand.is === 'literal') return operand
  if (operand.is === 'attribute') return undefined
  const text: OpenSide = { type: undefined, cast: castTo('str'), fallible: false, direct: true }
  if (operand.is === 'field') return { is: 'field', field: operand.field, ...text }
  if (operand.is === 'texts') return { is: 'texts', texts: operand.texts, ...text }
  const inner = toSide(operand.of)
  if (inner === undefined) return undefined
  const type = operand.is === 'cast' ? operand.to : 'num'
  const apply = (value: TypedValue): TypedValue | undefined => {
    if (operand.is === 'cast') return cast(value, operand.to)
    const moment = cast(value, 'dateTime')
    return moment?.type === 'dateTime' ? { type: 'num', value: datePartOf(operand.part, moment.value) } : undefined
  }
  if (inner.is === 'literal') {
    const value = apply(inner.value)
    return value && { is: 'literal', value }
  }
  return {
    ...inner,
    type,
    cast: (text) => {
      const value = inner.cast(text)
      return value && apply(value)
    },
    fallible: inner.fallible || type !== 'str',
    direct: operand.is === 'cast' && operand.of.is === 'field'
  }
}

function resolveOrdering(operator: Ordering, left: Side, right: Side): Resolved {
  if (left.is === 'literal') {
    if (right.is === 'literal')
      return { is: 'settled', verdict: satisfies(operator, left.value, right.value) ? TRUE : FALSE }
    return resolveOrdering(mirrored[operator], right, left)
  }
  // A field has the type of the other side; two fields are compared as texts.
  const one = withType(left, right.is === 'literal' ? right.value.type : right.type)
  if (right.is === 'literal') return compareWithLiteral(operator, one, right.value)
  const other = withType(right, left.type)
  return {
    is: 'two fields',
    left: left.field,
    right: right.field,
    test: (text, otherText) => {
      const [value, to] = [one.cast(text), other.cast(otherText)]
      return value === undefined || to === undefined ? INVALID : satisfies(operator, value, to) ? TRUE : FALSE
    },
    ifAbsent: satisfiesOrder(operator, 0) ? TRUE : FALSE,
    fallible: one.fallible || other.fallible,
    maxPairs: MAX_PAIRS
  }
}

function withType(side: FieldSide, type: ValueType = 'str'): FieldSide {
  return side.type === undefined ? { ...side, type, cast: castTo(type), fallible: type !== 'str' } : side
}

function compareWithLiteral(operator: Ordering, side: FieldSide, to: TypedValue): OneField {
  const { field, fallible } = side
  const indexed = side.direct && side.type === to.type ? indexable(to) : undefined
  const range = indexed === undefined ? undefined : { operator, to: indexed }
  const test = side.direct && side.type === 'str' && to.type === 'str' ? testOfText(operator, to.value) : testOfValue()
  return { is: 'one field', field, test, fallible, ...(range && { range }) }

  function testOfValue(): (text: string) => Verdict {
    return (text) => {
      const value = side.cast(text)
      return value === undefined ? INVALID : satisfies(operator, value, to) ? TRUE : FALSE
    }
  }
}

/** The most common comparisons, without a cast. */
function testOfText(operator: Ordering, to: string): (text: string) => Verdict {
  if (operator === '$eq') return (text) => (text === to ? TRUE : FALSE)
  return (text) => (satisfiesOrder(operator, compareByCodePoint(text, to)) ? TRUE : FALSE)
}

function indexable(to: TypedValue): string | number | undefined {
  if (to.type === 'num') return Number.isFinite(to.value) ? to.value : undefined
  return to.type === 'str' ? to.value : undefined
}

function resolveText(operator: TextOperator, left: Side, right: Side): Resolved {
  if (left.is === 'literal' && right.is === 'literal') {
    return { is: 'settled', verdict: compareTexts(operator, textOf(left.value), textOf(right.value), compilePattern) }
  }
  if (right.is === 'literal' && left.is === 'field') {
    const sought = textOf(right.value)
    const test = textTest(operator, sought)
    const range =
      operator === '$starts-with' && left.direct && sought !== undefined && sought !== ''
        ? { operator: 'startsWith' as const, to: sought }
        : undefined
    return {
      is: 'one field',
      field: left.field,
      test: left.type === undefined ? test : (text) => testCast(left.cast(text), test),
      fallible: left.fallible,
      ...(range && { range })
    }
  }
  if (left.is === 'literal' && right.is === 'field') {
    const text = textOf(left.value)
    return {
      is: 'one field',
      field: right.field,
      test: (sought) => compareTexts(operator, text, textOf(right.cast(sought))),
      fallible: true
    }
  }
  if (left.is === 'literal' || right.is === 'literal') return { is: 'settled', verdict: INVALID }
  return {
    is: 'two fields',
    left: left.field,
    right: right.field,
    test: (text, sought) => compareTexts(operator, textOf(left.cast(text)), textOf(right.cast(sought))),
    ifAbsent: FALSE,
    fallible: true,
    maxPairs: operator === '$regex' ? 10_000 : MAX_PAIRS
  }
}

/** @param compile for patterns from documents by default */
function compareTexts(
  operator: TextOperator,
  text: string | undefined,
  sought: string | undefined,
  compile = compileDocumentPattern
): Verdict {
  if (text === undefined || sought === undefined) return INVALID
  return textTest(operator, sought, compile)(text)
}

/** The test for the second operand of a text comparison. */
function textTest(
  operator: TextOperator,
  sought: string | undefined,
  compile = compilePattern
): (text: string) => Verdict {
  if (sought === undefined) return () => INVALID
  switch (operator) {
    case '$contains':
      return (text) => (text.includes(sought) ? TRUE : FALSE)
    case '$starts-with':
      return (text) => (text.startsWith(sought) ? TRUE : FALSE)
    case '$ends-with':
      return (text) => (text.endsWith(sought) ? TRUE : FALSE)
    case '$regex': {
      const expression = compile(sought)
      if (expression.problem !== undefined) return () => INVALID
      return (text) => (expression.test(text) ? TRUE : FALSE)
    }
  }
}

function testCast(value: TypedValue | undefined, test: (text: string) => Verdict): Verdict {
  const text = textOf(value)
  return text === undefined ? INVALID : test(text)
}

function textOf(value: TypedValue | undefined): string | undefined {
  return value?.type === 'str' ? value.value : undefined
}

function castTo(type: ValueType): Cast {
  return (text) => castText(text, type)
}

/** The ordering with swapped operands. */
const mirrored: Readonly<Record<Ordering, Ordering>> = {
  $eq: '$eq',
  $ne: '$ne',
  $lt: '$gt',
  $le: '$ge',
  $gt: '$lt',
  $ge: '$le'
}
