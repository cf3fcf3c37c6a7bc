/** Replaces the attributes of a formula by what they are for one subject at one moment. */
import type { Attribute, Comparison, Condition, Match, Operand, ValueReference } from '../model/condition/condition.ts'
import { castText, type TypedValue } from '../model/condition/values.ts'
import { type AccessSubject, textsOfClaim } from './subject.ts'

/** What changes from request to request. */
export interface Moment {
  readonly now: Date
  /** The texts of a referenced value, read with the rights of the hub; undefined if there is none. */
  readonly readReference?: (reference: ValueReference) => readonly string[] | undefined
}

/**
 * A comparison with an attribute that is not available is unknown: it neither holds nor fails, so it must not grant
 * anything, also under `$not`. It is replaced by whichever of true and false grants less.
 *
 * @param moment undefined: only claims are replaced
 */
export function substitute(condition: Condition, subject: AccessSubject, moment: Moment | undefined): Condition {
  return substituteIn(condition, false)

  function substituteIn(one: Condition, negated: boolean): Condition {
    switch (one.is) {
      case 'constant':
        return one
      case 'comparison':
        return substituteComparison(one, subject, moment) ?? { is: 'constant', value: negated }
      case 'match':
        return substituteMatch(one, negated)
      case 'not':
        return { is: 'not', of: substituteIn(one.of, !negated) }
      default:
        return { is: one.is, of: one.of.map((part) => substituteIn(part, negated)) }
    }
  }

  function substituteMatch(match: Match, negated: boolean): Match {
    return { is: 'match', of: match.of.map((part) => substituteIn(part, negated) as Match['of'][number]) }
  }
}

/** Is the attribute available, as a rule's ATTRIBUTES demand? Undefined: only a moment can decide. */
export function isAvailable(
  attribute: Attribute,
  subject: AccessSubject,
  moment: Moment | undefined
): boolean | undefined {
  switch (attribute.is) {
    case 'claim':
      return textsOfClaim(subject, attribute.name) !== undefined
    case 'global':
      return attribute.name !== 'CLIENTNOW' || clientNow(subject) !== undefined
    case 'reference':
      return moment === undefined ? undefined : hasTexts(moment.readReference?.(attribute.reference))
    case 'unsupported':
      return false
  }
}

/** Undefined where an attribute is not available. */
function substituteComparison(
  comparison: Comparison,
  subject: AccessSubject,
  moment: Moment | undefined
): Comparison | undefined {
  const left = substituteOperand(comparison.left, isTime(comparison.right), subject, moment)
  const right = substituteOperand(comparison.right, isTime(comparison.left), subject, moment)
  return left && right && { ...comparison, left, right }
}

/** @param asTime compared with a time of day, so that of a date and time only the time counts */
function substituteOperand(
  operand: Operand,
  asTime: boolean,
  subject: AccessSubject,
  moment: Moment | undefined
): Operand | undefined {
  if (operand.is === 'cast') {
    const of = substituteOperand(operand.of, operand.to === 'time', subject, moment)
    return of && { ...operand, of }
  }
  if (operand.is === 'part') {
    const of = substituteOperand(operand.of, false, subject, moment)
    return of && { ...operand, of }
  }
  if (operand.is !== 'attribute') return operand
  const { attribute } = operand
  switch (attribute.is) {
    case 'claim':
      return texts(textsOfClaim(subject, attribute.name))
    case 'reference':
      return moment === undefined ? operand : texts(moment.readReference?.(attribute.reference))
    case 'global':
      return moment === undefined ? operand : literal(globalValue(attribute.name, asTime, subject, moment))
    case 'unsupported':
      return operand
  }
}

function globalValue(name: string, asTime: boolean, subject: AccessSubject, { now }: Moment): TypedValue | undefined {
  const text =
    name === 'UTCNOW'
      ? `${now.toISOString().slice(0, 19)}Z`
      : name === 'LOCALNOW'
        ? localText(now)
        : name === 'CLIENTNOW'
          ? clientNow(subject)
          : undefined
  if (text === undefined || !asTime) return text === undefined ? undefined : castText(text, 'dateTime')
  // The clock on the wall: literals of a time of day have no zone.
  const [, time = ''] = /T(\d{2}:\d{2}(?::\d{2})?)/.exec(text) ?? []
  return castText(time, 'time')
}

/** To the second, with the offset of the hub's time zone. */
function localText(now: Date): string {
  const offset = -now.getTimezoneOffset()
  const local = new Date(now.getTime() + offset * 60_000).toISOString().slice(0, 19)
  const pad = (number: number) => String(Math.floor(number)).padStart(2, '0')
  return `${local}${offset < 0 ? '-' : '+'}${pad(Math.abs(offset) / 60)}:${pad(Math.abs(offset) % 60)}`
}

/** The client's time is known only if its token says so. */
function clientNow(subject: AccessSubject): string | undefined {
  const [text] = textsOfClaim(subject, 'CLIENTNOW') ?? []
  return text !== undefined && castText(text, 'dateTime') !== undefined ? text : undefined
}

function isTime(operand: Operand): boolean {
  if (operand.is === 'literal') return operand.value.type === 'time'
  return operand.is === 'cast' && operand.to === 'time'
}

function hasTexts(texts: readonly string[] | undefined): boolean {
  return texts !== undefined && texts.length > 0
}

function texts(values: readonly string[] | undefined): Operand | undefined {
  return values === undefined || values.length === 0 ? undefined : { is: 'texts', texts: values }
}

function literal(value: TypedValue | undefined): Operand | undefined {
  return value && { is: 'literal', value }
}
