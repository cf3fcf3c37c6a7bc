/** Parses the conditions of AASQL in their JSON form (Part 2, "Query Language"), or reports every violation. */
import type { Violation } from '../errors.ts'
import type { Comparison, Condition, Match, Operand } from '../model/condition/condition.ts'
import { parseField } from '../model/condition/field.ts'
import {
  casts,
  connectives,
  type DatePart,
  dateParts,
  isTextOperator,
  literals,
  type Operator,
  orderings,
  textOperands,
  textOperators
} from '../model/condition/grammar.ts'
import { comparisonsOf, strayComparisons } from '../model/condition/match-lists.ts'
import { compilePattern, MAX_PATTERN_COST } from '../model/condition/pattern.ts'
import { literalOf } from '../model/condition/resolve.ts'
import { castText, type TypedValue } from '../model/condition/values.ts'
import { suggest } from './suggest.ts'

/** Larger queries are refused without further checks. */
const MAX_DEPTH = 100
const MAX_OPERANDS = 2000

/** Reported violations per query. */
export const MAX_REPORTED = 20

export type Members = Readonly<Record<string, unknown>>

const operators: readonly string[] = [...orderings, ...textOperators]
const conditions: readonly string[] = [...operators, ...connectives]
const inMatch: readonly string[] = [...operators, '$match', '$boolean']
const operands: readonly string[] = ['$field', ...Object.keys(literals), ...Object.keys(casts), ...dateParts]

/** Where access rules (Part 4) differ from queries. */
export interface ConditionDialect {
  /** Reads the value of `$attribute`. @returns the operand, or a sentence that says what was expected */
  readonly parseAttribute: (value: unknown, pointer: string) => Operand | string
  /** Roots of other products; a comparison with one is accepted and invalid. */
  readonly foreignRoots: readonly string[]
}

/** Collects the violations of the conditions that it parses. */
export class ConditionParser {
  readonly violations: Violation[] = []
  readonly #dialect: ConditionDialect | undefined
  readonly #operandNames: readonly string[]
  readonly #textOperandNames: readonly string[]
  #operands = 0
  #patternCost = 0
  /** JSON Pointers of comparisons, for violations found later. */
  readonly #places = new Map<Comparison, string>()

  constructor(dialect?: ConditionDialect) {
    this.#dialect = dialect
    const more = dialect === undefined ? [] : ['$attribute']
    this.#operandNames = [...operands, ...more]
    this.#textOperandNames = [...textOperands, ...more]
  }

  /** Parses a condition that stands somewhere in a document; undefined where it is invalid. */
  parse(value: unknown, pointer: string): Condition | undefined {
    const count = this.violations.length
    const condition = this.#condition(value, pointer, 0)
    return this.violations.length > count ? undefined : condition
  }

  #condition(value: unknown, pointer: string, depth: number): Condition | undefined {
    const one = this.#only(value, pointer, conditions, 'a condition', depth)
    if (one === undefined) return undefined
    const { name, held, place } = one
    if (name === '$and' || name === '$or') {
      const parts = this.#list(held, place, 2)?.map((part, index) =>
        this.#condition(part, `${place}/${index}`, depth + 1)
      )
      return parts === undefined
        ? undefined
        : { is: name === '$and' ? 'and' : 'or', of: parts.flatMap((part) => part ?? []) }
    }
    if (name === '$not') {
      const of = this.#condition(held, place, depth + 1)
      return of && { is: 'not', of }
    }
    if (name !== '$match') return this.#simple(name, held, place, depth)
    const match = this.#match(held, place, depth)
    if (match !== undefined) this.#requireOneList(match)
    return match
  }

  #match(held: unknown, place: string, depth: number): Match | undefined {
    const parts = this.#list(held, place, 1)?.map((part, index) => {
      const one = this.#only(part, `${place}/${index}`, inMatch, 'a comparison, $match or $boolean', depth + 1)
      if (one === undefined) return undefined
      return one.name === '$match'
        ? this.#match(one.held, one.place, depth + 1)
        : this.#simple(one.name, one.held, one.place, depth + 1)
    })
    return parts === undefined ? undefined : { is: 'match', of: parts.flatMap((part) => part ?? []) }
  }

  #simple(
    name: string,
    held: unknown,
    place: string,
    depth: number
  ): Comparison | { is: 'constant'; value: boolean } | undefined {
    if (name !== '$boolean') return this.#comparison(name as Operator, held, place, depth)
    if (typeof held === 'boolean') return { is: 'constant', value: held }
    this.fault(place, `true or false was expected; found ${excerpt(held)}`)
    return undefined
  }

  #comparison(operator: Operator, held: unknown, place: string, depth: number): Comparison | undefined {
    if (!Array.isArray(held) || held.length !== 2) {
      this.fault(place, `an array of two operands was expected; found ${excerpt(held)}`)
      return undefined
    }
    const allowed = isTextOperator(operator) ? this.#textOperandNames : this.#operandNames
    const [left, right] = held.map((side, index) => this.#operand(side, `${place}/${index}`, allowed, depth + 1))
    if (left === undefined || right === undefined) return undefined
    if (operator === '$regex') this.#checkPattern(right, `${place}/1`)
    const comparison: Comparison = {
      is: 'comparison',
      operator,
      left,
      right,
      ...(this.#dialect !== undefined && { absentIsFalse: true })
    }
    this.#places.set(comparison, place)
    return comparison
  }

  #operand(value: unknown, pointer: string, allowed: readonly string[], depth: number): Operand | undefined {
    if (++this.#operands === MAX_OPERANDS + 1) this.fault('', `a query has at most ${MAX_OPERANDS} operands`)
    if (this.#operands > MAX_OPERANDS) return undefined
    const one = this.#only(value, pointer, allowed, 'an operand', depth)
    if (one === undefined) return undefined
    const { name, held, place } = one
    if (name === '$field') return this.#field(held, place)
    if (name === '$attribute') return this.#attribute(held, place)
    if (Object.hasOwn(literals, name)) return this.#literal(name as keyof typeof literals, held, place)
    if (Object.hasOwn(casts, name)) {
      const of = this.#operand(held, place, this.#operandNames, depth + 1)
      return of && { is: 'cast', to: casts[name as keyof typeof casts], of }
    }
    return this.#part(name as DatePart, held, place, depth)
  }

  #field(held: unknown, place: string): Operand | undefined {
    if (typeof held !== 'string') {
      this.fault(place, `a field such as "$sm#idShort" was expected; found ${excerpt(held)}`)
      return undefined
    }
    if (this.#dialect?.foreignRoots.some((root) => held.startsWith(`${root}#`))) {
      return { is: 'attribute', attribute: { is: 'unsupported', text: held } }
    }
    const field = parseField(held)
    if (!('problem' in field)) return { is: 'field', field }
    const { problem, written, allowed = [] } = field
    const near = written === undefined ? undefined : suggest(written, allowed)
    const hint = near === undefined ? '' : `; did you mean "${near}"?`
    this.fault(
      place,
      `${excerpt(held)} is not a field: ${problem}${written === undefined ? '' : ` "${written}"`}${hint}`
    )
    return undefined
  }

  #attribute(held: unknown, place: string): Operand | undefined {
    const operand = this.#dialect?.parseAttribute(held, place)
    if (typeof operand !== 'string') return operand
    this.fault(place, operand)
    return undefined
  }

  #literal(name: keyof typeof literals, held: unknown, place: string): Operand | undefined {
    const literal: { type: TypedValue['type']; json: string; pattern?: string; words: string } = literals[name]
    const value = this.#typed(literal, held)
    if (value !== undefined) return { is: 'literal', value }
    this.fault(place, `${literal.words} was expected; found ${excerpt(held)}`)
    return undefined
  }

  #typed(
    { type, json, pattern }: { type: TypedValue['type']; json: string; pattern?: string },
    held: unknown
  ): TypedValue | undefined {
    if (typeof held !== json) return undefined
    if (typeof held === 'number') return { type: 'num', value: held }
    if (typeof held === 'boolean') return { type: 'bool', value: held }
    const text = held as string
    // Access rules may hold any text, and a time of day with its zone.
    if (this.#dialect !== undefined && (type === 'str' || type === 'time')) return castText(text, type)
    if (pattern !== undefined && !new RegExp(pattern).test(text)) return undefined
    // The standard's date-time has a time zone (RFC 3339).
    if (type === 'dateTime' && !/(?:Z|[+-]\d{2}:\d{2})$/i.test(text)) return undefined
    return castText(text, type)
  }

  /** `$year` and the like: of a date-time literal, as in the schema, or of any operand, as in the prose. */
  #part(part: DatePart, held: unknown, place: string, depth: number): Operand | undefined {
    const of =
      typeof held === 'string'
        ? this.#literal('$dateTimeVal', held, place)
        : this.#operand(held, place, this.#operandNames, depth + 1)
    return of && { is: 'part', part, of }
  }

  /** Limits the total cost of all patterns of a query; beyond it none is compiled. */
  #checkPattern(operand: Operand, place: string): void {
    const literal = literalOf(operand)
    if (literal?.type !== 'str' || this.#patternCost > MAX_PATTERN_COST) return
    const { problem, cost } = compilePattern(literal.value)
    if (problem !== undefined) this.fault(place, `this regular expression cannot be used: ${problem}`)
    this.#patternCost += cost
    if (this.#patternCost > MAX_PATTERN_COST) this.fault(place, 'the regular expressions are too large together')
  }

  /** All comparisons within a $match must refer to the same list. */
  #requireOneList(match: Match): void {
    const comparisons = comparisonsOf(match)
    for (const [index, text] of strayComparisons(comparisons).entries()) {
      const comparison = comparisons[index]
      if (text !== undefined && comparison !== undefined) this.fault(this.#places.get(comparison) ?? '', text)
    }
  }

  /** The only member of an object, which must be one of `allowed`. */
  #only(value: unknown, pointer: string, allowed: readonly string[], what: string, depth: number) {
    if (depth > MAX_DEPTH) {
      this.fault(pointer, `a query is nested at most ${MAX_DEPTH} deep`)
      return undefined
    }
    const members = this.object(value, pointer)
    if (members === undefined) return undefined
    const names = Object.keys(members)
    const [name] = names
    if (name === undefined || names.length > 1) {
      this.fault(
        pointer,
        `${what} has exactly one member; found ${names.length === 0 ? 'none' : names.slice(0, 5).join(', ')}`
      )
      return undefined
    }
    const place = `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (allowed.includes(name)) return { name, held: members[name], place }
    this.#unknown(place, name, allowed)
    return undefined
  }

  /** The members of an object. */
  object(value: unknown, pointer: string): Members | undefined {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Members
    this.fault(pointer, `a JSON object was expected; found ${excerpt(value)}`)
    return undefined
  }

  #list(value: unknown, pointer: string, least: number): readonly unknown[] | undefined {
    if (Array.isArray(value) && value.length >= least) return value
    this.fault(pointer, `an array of at least ${least} was expected; found ${excerpt(value)}`)
    return undefined
  }

  /** Reports members with other names. */
  onlyNamed(members: Members, pointer: string, allowed: readonly string[]): void {
    for (const name of Object.keys(members)) {
      if (!allowed.includes(name)) this.#unknown(`${pointer}/${name}`, name, allowed)
    }
  }

  #unknown(pointer: string, name: string, allowed: readonly string[]): void {
    const near = suggest(name, allowed)
    const hint = near === undefined ? `allowed: ${allowed.join(', ')}` : `did you mean "${near}"?`
    this.fault(pointer, `${excerpt(name)} is not allowed here; ${hint}`)
  }

  fault(pointer: string, text: string): void {
    if (this.violations.length <= MAX_REPORTED) this.violations.push({ pointer, rule: 'AASQL', text })
  }
}

/** The beginning of a value, for messages. */
export function excerpt(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
