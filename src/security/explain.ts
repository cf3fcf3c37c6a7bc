/** Explains a verdict: for each rule whether it grants, and if not, the first reason why. */
import type { Attribute, Condition } from '../model/condition/condition.ts'
import { INVALID } from '../model/condition/resolve.ts'
import { simplify } from '../model/condition/simplify.ts'
import { describeAttribute } from './describe-condition.ts'
import { type AccessVerdict, covers, grantsRight, mayApply, type Policy, referencesOf } from './policy.ts'
import type { Right } from './rights.ts'
import type { AccessFilter, AccessRule } from './rule.ts'
import { type AccessSubject, textsOfClaim } from './subject.ts'
import { isAvailable, type Moment, substitute } from './substitute.ts'
import { type AccessTarget, coverageOf } from './target.ts'

export interface Explanation {
  readonly right: Right
  readonly verdict: AccessVerdict['is']
  readonly rules: readonly RuleExplanation[]
}

export interface RuleExplanation {
  readonly rule: string
  readonly grants: 'all' | 'conditional' | 'elements' | 'nothing'
  /** Why it grants nothing, or what else is to be known. */
  readonly reason?: string
  /** What the document has to meet. */
  readonly condition?: Condition
  readonly filters?: readonly AccessFilter[]
}

export function explain(
  policy: Policy,
  subject: AccessSubject,
  right: Right,
  target: AccessTarget,
  moment: Moment
): Explanation {
  const verdict = policy.forSubject(subject).decide(right, target, moment)
  return {
    right,
    verdict: verdict.is,
    rules: policy.rules.map((rule) => explainRule(rule, verdict, subject, right, target, moment))
  }
}

function explainRule(
  rule: AccessRule,
  { grants }: AccessVerdict,
  subject: AccessSubject,
  right: Right,
  target: AccessTarget,
  moment: Moment
): RuleExplanation {
  const own = grants.filter((grant) => grant.rule === rule)
  const grant = own.find((one) => covers(one, target)) ?? own[0]
  if (grant === undefined) {
    return { rule: rule.name, grants: 'nothing', reason: reasonOf(rule, subject, right, target, moment) }
  }
  const { condition, filters } = grant
  const depends = condition.is !== 'constant'
  return {
    rule: rule.name,
    grants: !covers(grant, target) ? 'elements' : depends || filters.length > 0 ? 'conditional' : 'all',
    ...(grant.path && !covers(grant, target) && { reason: 'only elements below the target' }),
    ...(depends && { condition }),
    ...(filters.length > 0 && { filters })
  }
}

/** The first part of a rule that does not hold. */
function reasonOf(
  rule: AccessRule,
  subject: AccessSubject,
  right: Right,
  target: AccessTarget,
  moment: Moment
): string {
  if (!rule.enabled) return 'the rule is DISABLED'
  if (!grantsRight(rule, right)) return `its RIGHTS are ${[...rule.rights].join(', ') || 'empty'}, not ${right}`
  const missing = rule.attributes.find((one) => isAvailable(one, subject, moment) !== true)
  if (missing !== undefined) return describeMissing(missing)
  if (!mayApply(rule, subject)) return 'the caller is anonymous, and ANONYMOUS is not among its ATTRIBUTES'
  if (!rule.objects.some((object) => coverageOf(object, target) !== undefined)) {
    const objects = rule.objects.map(({ text }) => text)
    const shown = objects.length > 5 ? `${objects.slice(0, 5).join(', ')} …` : objects.join(', ')
    return `its OBJECTS do not cover this: ${shown || 'there are none'}`
  }
  const unread = referencesOf(rule).filter((reference) => moment.readReference?.(reference) === undefined)
  if (unread.length > 0)
    return `it depends on the value of ${unread.map(({ text }) => text).join(', ')}, which is not known here`
  const simplified = simplify(substitute(rule.formula, subject, moment), target.kind)
  const isInvalid = simplified.is === 'settled' && simplified.verdict === INVALID
  const found = isInvalid
    ? `cannot be evaluated for ${target.kind ?? 'what is no document'}`
    : 'is false for this caller'
  const claims = claimsIn(rule.formula)
  const values = claims.map((name) => `${name} = ${textsOfClaim(subject, name)?.join(', ') ?? 'none'}`)
  const seen = values.length === 0 ? '' : ` (${values.join('; ')})`
  return `its FORMULA ${found}${seen}`
}

function describeMissing(attribute: Attribute): string {
  const [[name, text] = []] = Object.entries(describeAttribute(attribute))
  return `the ${name} ${text} is not available`
}

function claimsIn(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return []
  const { is, name } = node as { is?: unknown; name?: unknown }
  if (is === 'claim') return [String(name)]
  return [...new Set(Object.values(node).flatMap(claimsIn))]
}
