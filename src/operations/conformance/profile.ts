/**
 * Profiles of rules beyond the standard, e.g. those of an acceptance test. A rule is data: its id, its texts, and the name
 * of the check that it runs with its values; checks are code (checks/). So a rule is corrected without changing code.
 */
import { HubError } from '../../errors.ts'
import { suggest } from '../../formats/suggest.ts'
import { languages } from '../report-language.ts'
import { checks } from './checks/checks.ts'
import { readValues } from './checks/rule-values.ts'
import type { Texts } from './checks/texts.ts'

/** `none`: the rule is listed, but not checked. */
export const severities = ['error', 'warning', 'info', 'none'] as const
export type Severity = (typeof severities)[number]

export interface Rule {
  /** As the acceptance test names it. */
  readonly id: string
  /** The check that it runs (checks/checks.ts). */
  readonly check: string
  /** Parameters of the check. */
  readonly values: Readonly<Record<string, unknown>>
  readonly severity: Severity
  readonly title: Texts
  /** What to do. */
  readonly remedy: Texts
  /** Texts of findings that differ from those of the check. */
  readonly found: Readonly<Record<string, Texts>>
  /** Where the rule is known from. */
  readonly source: string
  /** First and last year that it is in force. */
  readonly since?: number
  readonly until?: number
}

export interface Profile {
  /** Also the name of a year, e.g. `kosmo-2025`. */
  readonly name: string
  readonly title: Texts
  readonly rules: readonly Rule[]
}

/**
 * Reads a profile.
 * @param name of the profile in messages
 * @param year the rules in force in it; the newest of the profile by default
 * @throws HubError `BadRequest` with one sentence that says what is wrong, and where
 */
export function parseProfile(name: string, value: unknown, year?: number): Profile {
  const fail: Fail = (at, text) => {
    throw new HubError('BadRequest', [`The profile ${name} cannot be used: ${at === '' ? '' : `${at}: `}${text}`])
  }
  const file = membersOf(value, '', ['title', 'rules'], fail)
  if (!Array.isArray(file.rules) || file.rules.length === 0) return fail('rules', 'a list of rules is expected')
  const all = file.rules.map((rule, index) => parseRule(rule, `rules ${index}`, fail))
  const years = all.flatMap(({ since, until }) => [since ?? [], until ?? []].flat())
  const inYear = year ?? Math.max(...years, 0)
  const rules = all.filter(({ since = 0, until = Number.POSITIVE_INFINITY }) => since <= inYear && inYear <= until)
  if (rules.length === 0) return fail('rules', `none of them is in force in ${inYear}`)
  const seen = new Set<string>()
  for (const { id } of rules) if (seen.size === seen.add(id).size) fail('rules', `two rules have the id "${id}"`)
  return { name, title: textsOf(file.title, 'title', fail), rules }
}

type Fail = (at: string, text: string) => never

const MEMBERS = ['id', 'check', 'values', 'severity', 'title', 'remedy', 'found', 'source', 'since', 'until'] as const

function parseRule(value: unknown, at: string, fail: Fail): Rule {
  const rule = membersOf(value, at, MEMBERS, fail)
  const { id, check, severity = 'error', source = '', found = {} } = rule
  if (typeof id !== 'string' || id === '') return fail(at, 'the rule needs an id')
  const where = `rule ${id}`
  if (typeof check !== 'string') return fail(where, 'it names no check')
  const known = Object.hasOwn(checks, check) ? checks[check] : undefined
  if (known === undefined) return fail(where, `there is no check "${check}"${hint(check, Object.keys(checks))}`)
  if (!severities.includes(severity as Severity))
    return fail(where, `severity is ${JSON.stringify(severity)}, expected ${severities.join(', ')}`)
  if (typeof source !== 'string') return fail(where, 'source is a text')
  const variants = membersOf(found, `${where}: found`, Object.keys(known.found), fail)
  return {
    ...{ id, check, source, severity: severity as Severity },
    values: readValues(
      known.values,
      membersOf(rule.values ?? {}, `${where}: values`, Object.keys(known.values), fail),
      (text) => fail(where, text)
    ),
    title: textsOf(rule.title, `${where}: title`, fail),
    remedy: rule.remedy === undefined ? NO_TEXT : textsOf(rule.remedy, `${where}: remedy`, fail),
    found: Object.fromEntries(
      Object.entries(variants).map(([name, texts]) => [name, textsOf(texts, `${where}: found: ${name}`, fail)])
    ),
    ...yearOf(rule.since, 'since', where, fail),
    ...yearOf(rule.until, 'until', where, fail)
  }
}

const NO_TEXT: Texts = { en: '', ko: '' }

function yearOf(value: unknown, name: 'since' | 'until', at: string, fail: Fail): { since?: number; until?: number } {
  if (value === undefined) return {}
  if (typeof value !== 'number' || !Number.isInteger(value)) return fail(at, `${name} is a year`)
  return { [name]: value }
}

/** A text for all languages, or one for each. */
function textsOf(value: unknown, at: string, fail: Fail): Texts {
  if (typeof value === 'string' && value !== '') return { en: value, ko: value }
  const texts = membersOf(value, at, languages, fail)
  const [first] = Object.values(texts)
  const entries = languages.map((language) => {
    const text = texts[language] ?? first
    return [
      language,
      typeof text === 'string' && text !== '' ? text : fail(at, `a text in ${languages.join(' or ')} is expected`)
    ]
  })
  return Object.fromEntries(entries) as Texts
}

function membersOf(value: unknown, at: string, names: readonly string[], fail: Fail): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(at, 'an object is expected')
  for (const name of Object.keys(value)) {
    if (!names.includes(name)) fail(at, `there is no member "${name}"${hint(name, names)}`)
  }
  return value as Record<string, unknown>
}

function hint(found: string, names: readonly string[]): string {
  const near = suggest(found, names)
  return near === undefined
    ? `; there ${names.length === 0 ? 'is none' : `are ${names.join(', ')}`}`
    : `; did you mean "${near}"?`
}
