/** The tags of a submodel, and conditions on them. */
import { HubError } from '../../errors.ts'
import { conditionOnField } from '../../formats/influxql/parse-where.ts'
import type { NameMatch, TagCondition } from '../../formats/influxql/syntax.ts'
import { compilePattern } from '../../model/condition/pattern.ts'

/** The id of the submodel, and the shell that refers to it: its id, and that of its asset. */
export const TAGS = ['asset', 'shell', 'submodel'] as const

/** '' where there is none. */
export type Tags = Readonly<Record<(typeof TAGS)[number], string>>

export function isTag(name: string): name is keyof Tags {
  return (TAGS as readonly string[]).includes(name)
}

/** @throws HubError `BadRequest` for an invalid pattern, or one that takes too long */
export function matches(match: NameMatch, text: string): boolean {
  const { negated = false } = match
  if ('name' in match) return (match.name === text) !== negated
  const { problem, test } = compilePattern(match.pattern)
  if (problem !== undefined) {
    throw new HubError('BadRequest', [`The expression /${match.pattern.slice(0, 60)}/ is not usable: ${problem}`])
  }
  return test(text) !== negated
}

export function matchesAny(of: readonly NameMatch[], text: string): boolean {
  return of.some((match) => matches(match, text))
}

export function holds(condition: TagCondition | undefined, tags: Tags): boolean {
  if (condition === undefined) return true
  if (condition.is === 'tag') return isTag(condition.key) && matches(condition.value, tags[condition.key])
  const { left, right } = condition
  return condition.is === 'and' ? holds(left, tags) && holds(right, tags) : holds(left, tags) || holds(right, tags)
}

/** @throws HubError `BadRequest` for a condition on anything but a tag */
export function requireTags(condition: TagCondition | undefined): void {
  if (condition === undefined) return
  if (condition.is !== 'tag') {
    requireTags(condition.left)
    requireTags(condition.right)
  } else if (!isTag(condition.key)) throw conditionOnField(condition.key)
}

/** The value that a tag must have for the condition to hold, if there is one. */
export function requiredValue(condition: TagCondition | undefined, tag: keyof Tags): string | undefined {
  if (condition?.is === 'and') return requiredValue(condition.left, tag) ?? requiredValue(condition.right, tag)
  if (condition?.is !== 'tag' || condition.key !== tag) return undefined
  const { value } = condition
  return 'name' in value && value.negated !== true ? value.name : undefined
}
