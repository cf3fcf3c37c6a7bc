/** Output of `aas-hub access`: sentences, or JSON with `--json`. */
import { formatFragment } from '../model/condition/fragment.ts'
import { formatPath } from '../model/path.ts'
import { describeCondition } from '../security/describe-condition.ts'
import type { Explanation, RuleExplanation } from '../security/explain.ts'
import { describeRight } from '../security/rights.ts'
import type { CheckedFile } from '../security/rule-files.ts'
import type { AccessTarget } from '../security/target.ts'
import type { ExplainedRequest } from './access.ts'

export function reportCheck(files: readonly CheckedFile[], json: boolean): string {
  const valid = files.every(({ violations }) => violations.length === 0)
  if (json) {
    const list = files.map(({ file, rules, violations, warnings }) => ({
      file,
      rules: rules.length,
      violations,
      warnings
    }))
    return toJson({ files: list, valid })
  }
  return files
    .map(({ file, rules, violations, warnings }) => {
      const lines = violations.map(({ pointer, text }) => `  ${pointer === '' ? '' : `${pointer}: `}${text}`)
      const notes = warnings.map(({ pointer, text }) => `  Warning: ${pointer}: ${text}`)
      const count = rules.length === 1 ? 'one rule' : `${rules.length} rules`
      const head = violations.length === 0 ? `valid, ${count}` : `not valid, no rule of it is used`
      return [`${file}: ${head}`, ...lines, ...notes, ''].join('\n')
    })
    .join('')
}

export function reportExplanation(explained: ExplainedRequest, json: boolean): string {
  const { operation, required, targets } = explained
  if (json) {
    return toJson({
      operation,
      right: required,
      targets: targets.map(({ target, explanations }) => ({
        target,
        verdicts: explanations.map((one) => ({ ...one, rules: one.rules.map(describeRule) }))
      }))
    })
  }
  const head = `${operation} requires ${required === 'PUBLIC' ? 'no right' : describeRight(required)}.\n`
  return head + targets.map(({ target, explanations }) => reportTarget(target, explanations)).join('')
}

/** The models of roles, for files and programs. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

function describeRule({ condition, filters, ...rule }: RuleExplanation): object {
  return {
    ...rule,
    ...(condition && { condition: describeCondition(condition) }),
    ...(filters && {
      filters: filters.map((filter) => ({
        fragment: formatFragment(filter.fragment),
        condition: describeCondition(filter.condition)
      }))
    })
  }
}

function reportTarget({ kind, id, path }: AccessTarget, explanations: readonly Explanation[]): string {
  const document = kind === undefined ? 'no document' : id === undefined ? `any ${kind}` : `${kind} ${id}`
  const target = `${document}${path === undefined ? '' : `, element ${formatPath(path)}`}`
  return explanations
    .map(({ right, verdict, rules }) => {
      const words = { allowed: 'allowed', refused: 'refused', conditional: 'depends on the data' }[verdict]
      const lines = rules.flatMap((rule) => reportRule(rule)).map((line) => `  ${line}\n`)
      return `\n${right} on ${target}: ${words}\n${lines.join('')}`
    })
    .join('')
}

function reportRule({ rule, grants, reason, condition, filters = [] }: RuleExplanation): string[] {
  const words = { all: 'allows it', conditional: 'allows it in part', elements: 'does not allow it', nothing: 'no' }
  const lines = [`${rule} ${words[grants]}${reason === undefined ? '' : `: ${reason}`}`]
  if (condition !== undefined) lines.push(`  where ${JSON.stringify(describeCondition(condition))}`)
  for (const filter of filters) {
    const shown = JSON.stringify(describeCondition(filter.condition))
    lines.push(`  shows of ${formatFragment(filter.fragment)} only ${shown}`)
  }
  return lines
}
