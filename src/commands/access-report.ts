/** Output of `aas-hub access`: sentences, or JSON with `--json`. */
import type { CheckedFile } from '../security/rule-files.ts'
import type {
  DescribedRule,
  DescribedTarget,
  RequestExplanation,
  VerdictExplanation
} from '../transports/access-rules/explain-request.ts'

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

export function reportExplanation(explained: RequestExplanation, json: boolean): string {
  if (json) return toJson(explained)
  const { operation, requires, targets } = explained
  const head = `${operation} requires ${requires}.\n`
  return head + targets.map(({ target, verdicts }) => reportTarget(target, verdicts)).join('')
}

/** The models of roles, for files and programs. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

function reportTarget({ kind, id, path }: DescribedTarget, verdicts: readonly VerdictExplanation[]): string {
  const document = kind === undefined ? 'no document' : id === undefined ? `any ${kind}` : `${kind} ${id}`
  const target = `${document}${path === undefined ? '' : `, element ${path}`}`
  return verdicts
    .map(({ right, verdict, stored, rules }) => {
      const words = { allowed: 'allowed', refused: 'refused', conditional: 'depends on the data' }[verdict]
      const now = stored === undefined ? '' : `; of what is stored: ${stored}`
      const lines = rules.flatMap((rule) => reportRule(rule)).map((line) => `  ${line}\n`)
      return `\n${right} on ${target}: ${words}${now}\n${lines.join('')}`
    })
    .join('')
}

function reportRule({ rule, grants, reason, condition, filters = [] }: DescribedRule): string[] {
  const words = { all: 'allows it', conditional: 'allows it in part', elements: 'does not allow it', nothing: 'no' }
  const lines = [`${rule} ${words[grants]}${reason === undefined ? '' : `: ${reason}`}`]
  if (condition !== undefined) lines.push(`  where ${JSON.stringify(condition)}`)
  for (const filter of filters) lines.push(`  shows of ${filter.fragment} only ${JSON.stringify(filter.condition)}`)
  return lines
}
