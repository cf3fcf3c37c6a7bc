/** Access rules in words, for people who do not read AAS Part 4. */
import type { Condition, Operand } from '../../../model/condition/condition.ts'
import { describeCondition } from '../../../security/describe-condition.ts'
import type { Right } from '../../../security/rights.ts'
import type { AccessObject, AccessRule } from '../../../security/rule.ts'
import type { LocalText } from '../report.ts'

const MAX_OBJECTS = 8
const MAX_CONDITION = 300

/** One sentence, e.g. `Callers with role = operator may READ all submodels, …`. */
export function ruleInWords(rule: AccessRule): LocalText {
  const who = subjectOf(rule)
  const rights = rightsText(rule.rights)
  const objects = objectsText(rule.objects)
  const filters = rule.filters.length
  return {
    en: `${who.en} may ${rights} ${objects.en}${filters === 0 ? '' : `, of which ${filters} filters hide parts`}`,
    ko: `${who.ko}: ${objects.ko}에 대해 ${rights} 허용${filters === 0 ? '' : `(일부를 숨기는 필터 ${filters}개)`}`
  }
}

/** May callers use it that do not say who they are? */
export function isForAnyone({ enabled, attributes, formula }: AccessRule): boolean {
  if (!enabled || (formula.is === 'constant' && !formula.value)) return false
  const needsClaim = attributes.some(({ is }) => is === 'claim' || is === 'unsupported')
  return !needsClaim && !refersToClaim(formula)
}

function refersToClaim(condition: Condition): boolean {
  switch (condition.is) {
    case 'constant':
      return false
    case 'not':
      return refersToClaim(condition.of)
    case 'comparison':
      return isClaim(condition.left) || isClaim(condition.right)
    default:
      return condition.of.some(refersToClaim)
  }
}

function isClaim(operand: Operand): boolean {
  if (operand.is === 'cast' || operand.is === 'part') return isClaim(operand.of)
  return operand.is === 'attribute' && operand.attribute.is === 'claim'
}

function subjectOf(rule: AccessRule): LocalText {
  const { formula } = rule
  const state = rule.enabled ? '' : ' (disabled)'
  const stateKo = rule.enabled ? '' : '(사용 안 함)'
  const equal = claimValueOf(formula)
  if (equal !== undefined) {
    return { en: `Callers with ${equal}${state}`, ko: `${equal}인 호출자${stateKo}` }
  }
  if (isForAnyone(rule) && formula.is === 'constant') {
    return { en: `Anyone, also without signing in,${state}`, ko: `로그인하지 않은 누구나${stateKo}` }
  }
  const text = JSON.stringify(describeCondition(formula)).slice(0, MAX_CONDITION)
  return { en: `Callers for whom ${text}${state}`, ko: `조건 ${text}을 만족하는 호출자${stateKo}` }
}

/** `role = operator`; undefined where the condition says more. */
function claimValueOf(formula: Condition): string | undefined {
  if (formula.is !== 'comparison' || formula.operator !== '$eq') return undefined
  const [claim, other] = isClaim(formula.left) ? [formula.left, formula.right] : [formula.right, formula.left]
  if (claim.is !== 'attribute' || claim.attribute.is !== 'claim') return undefined
  if (other.is !== 'literal' || other.value.type !== 'str') return undefined
  return `${claim.attribute.name} = ${other.value.value}`
}

const ALL_RIGHTS = 5

function rightsText(rights: ReadonlySet<Right>): string {
  return rights.size >= ALL_RIGHTS ? 'ALL' : [...rights].join(', ')
}

function objectsText(objects: readonly AccessObject[]): LocalText {
  const listed = objects.slice(0, MAX_OBJECTS).map(({ text }) => text)
  const more = objects.length - listed.length
  return {
    en: `${listed.join(', ')}${more > 0 ? ` and ${more} more` : ''}`,
    ko: `${listed.join(', ')}${more > 0 ? ` 외 ${more}개` : ''}`
  }
}
