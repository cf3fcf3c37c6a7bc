/** Partial evaluation: what can be known of a condition before the document is read. */
import { HubError } from '../../errors.ts'
import type { Comparison, Condition, Match } from './condition.ts'
import { comparisonsOf, fieldsOfComparison } from './match-lists.ts'
import { FALSE, INVALID, negated, resolve, TRUE, type Verdict } from './resolve.ts'
import { documentRoot, type Subject, subjects } from './subject.ts'

/** Either a verdict that holds for every document, or a condition that depends on the document. */
export type Simplified =
  | { readonly is: 'settled'; readonly verdict: Verdict }
  | { readonly is: 'open'; readonly condition: Condition; readonly fallible: boolean }

/**
 * Simplifies a condition for documents of one kind, without joined documents. Fields of any other root make it invalid.
 * Where only truth counts, the result is true for the same documents as the condition: false and invalid are not
 * distinguished at the top.
 *
 * @param subject undefined where there is no document: then every field is invalid
 */
export function simplify(condition: Condition, subject: Subject | undefined): Simplified {
  const simplified = simplifyStrictly(condition, subject)
  if (simplified.is === 'settled' || simplified.condition.is !== 'and') return simplified
  // Under `and` at the top, one false part is enough, whatever the others are.
  return isFalseAtTop(simplified.condition) ? settled(FALSE) : simplified
}

/** Three-valued throughout, as invalid must not become true under `$not`. */
function simplifyStrictly(condition: Condition, subject: Subject | undefined): Simplified {
  switch (condition.is) {
    case 'constant':
      return settled(condition.value ? TRUE : FALSE)
    case 'comparison':
      return simplifyComparison(condition, subject)
    case 'match':
      return simplifyMatch(condition, subject)
    case 'not': {
      const of = simplifyStrictly(condition.of, subject)
      if (of.is === 'open') return { ...of, condition: { is: 'not', of: of.condition } }
      return settled(negated(of.verdict))
    }
    case 'and':
    case 'or':
      return simplifyConnective(condition.is, condition.of, subject)
    case 'some':
      return simplifySome(condition.of, subject)
  }
}

function simplifyComparison(comparison: Comparison, subject: Subject | undefined): Simplified {
  if (!isReadable(comparison, subject)) return settled(INVALID)
  try {
    const resolved = resolve(comparison)
    return resolved.is === 'settled' ? resolved : { is: 'open', condition: comparison, fallible: resolved.fallible }
  } catch (error) {
    // A pattern that takes too long on a known text.
    if (error instanceof HubError) return settled(INVALID)
    throw error
  }
}

function simplifyMatch(match: Match, subject: Subject | undefined): Simplified {
  const comparisons = comparisonsOf(match)
  if (!comparisons.every((comparison) => isReadable(comparison, subject))) return settled(INVALID)
  const direct = match.of.map((one) => (one.is === 'match' ? undefined : simplifyStrictly(one, subject)))
  if (direct.some((one) => one?.is === 'settled' && one.verdict === FALSE)) return settled(FALSE)
  return { is: 'open', condition: match, fallible: true }
}

function simplifyConnective(
  is: 'and' | 'or',
  conditions: readonly Condition[],
  subject: Subject | undefined
): Simplified {
  const parts = conditions.map((one) => simplifyStrictly(one, subject))
  if (parts.some((part) => part.is === 'settled' && part.verdict === INVALID)) return settled(INVALID)
  const deciding: Verdict = is === 'and' ? FALSE : TRUE
  const neutral: Verdict = is === 'and' ? TRUE : FALSE
  const open = parts.filter((part) => part.is === 'open')
  const decided = parts.some((part) => part.is === 'settled' && part.verdict === deciding)
  const fallible = open.some((part) => part.fallible)
  // An open part that may turn out invalid still counts beside a decided one.
  if (decided && !fallible) return settled(deciding)
  if (open.length === 0) return settled(neutral)
  const left = open.map((part) => part.condition)
  if (decided) return { is: 'open', condition: { is, of: [constant(deciding === TRUE), ...left] }, fallible }
  const [only, ...more] = left
  return { is: 'open', condition: only !== undefined && more.length === 0 ? only : { is, of: left }, fallible }
}

function simplifySome(conditions: readonly Condition[], subject: Subject | undefined): Simplified {
  const parts = conditions.map((one) => simplify(one, subject))
  if (parts.some((part) => part.is === 'settled' && part.verdict === TRUE)) return settled(TRUE)
  const of = parts.flatMap((part) => (part.is === 'open' ? [part.condition] : []))
  return of.length === 0 ? settled(FALSE) : { is: 'open', condition: { is: 'some', of }, fallible: false }
}

function isFalseAtTop(condition: Condition): boolean {
  if (condition.is === 'constant') return !condition.value
  return condition.is === 'and' && condition.of.some(isFalseAtTop)
}

function isReadable(comparison: Comparison, subject: Subject | undefined): boolean {
  const fields = fieldsOfComparison(comparison)
  return subject === undefined
    ? fields.length === 0
    : fields.every((field) => documentRoot(field) === subjects[subject].root)
}

function settled(verdict: Verdict): Simplified {
  return { is: 'settled', verdict }
}

function constant(value: boolean): Condition {
  return { is: 'constant', value }
}
