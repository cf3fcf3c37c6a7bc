/** `aas-hub validate --profile`: the rules of a profile, as text or JSON. */
import { HubError } from '../errors.ts'
import { type ConformanceReport, checkFile, type RuleFinding } from '../operations/conformance/check-file.ts'
import { profileNamed } from '../operations/conformance/load-profile.ts'
import { withInspectedFile } from '../operations/conformance/open-file.ts'
import { languages, type ReportLanguage } from '../operations/report-language.ts'
import type { TemplateChecker } from '../operations/validation/template-checker.ts'
import { choiceOf } from './local-hub.ts'

/** The language of `--language`; that of the terminal by default. @throws HubError `BadRequest` */
export function reportLanguage(flags: ReadonlyMap<string, string>): ReportLanguage {
  const { LC_ALL, LANG = '' } = process.env
  if (!flags.has('language')) return (LC_ALL ?? LANG).startsWith('ko') ? 'ko' : 'en'
  return choiceOf(flags, 'language', [...languages])
}

/**
 * Runs `validate --profile`, and writes to standard output.
 * @returns whether all files conform
 * @throws HubError with one sentence if a file or the profile cannot be used
 */
export async function validateByProfile(
  flags: ReadonlyMap<string, string>,
  files: readonly string[],
  templates: TemplateChecker
): Promise<boolean> {
  if (files.length === 0) throw new HubError('BadRequest', ['validate needs a file'])
  const format = choiceOf(flags, 'format', ['text', 'json'])
  const language = reportLanguage(flags)
  const profile = profileNamed(flags.get('profile') ?? '')
  const reports: ConformanceReport[] = []
  for (const path of files) {
    const report = await withInspectedFile(path, {}, (file) => checkFile(file, profile, language, { templates }))
    reports.push(report)
    if (format === 'text') process.stdout.write(conformanceText(report))
  }
  const valid = reports.every((report) => report.valid)
  if (format === 'json') process.stdout.write(`${JSON.stringify({ valid, reports }, null, 2)}\n`)
  return valid
}

const WORDS = {
  en: {
    ...{ error: 'Error', warning: 'Warning', info: 'Note', found: 'found', remedy: 'to do', file: 'the file' },
    ...{ passed: 'passed', failed: 'failed', notChecked: 'not checked' },
    valid: 'It conforms to {profile}.',
    invalid: 'It does not conform to {profile}.'
  },
  ko: {
    ...{ error: '오류', warning: '경고', info: '참고', found: '확인', remedy: '조치', file: '파일' },
    ...{ passed: '통과', failed: '실패', notChecked: '미확인' },
    valid: '{profile} 규칙에 맞습니다.',
    invalid: '{profile} 규칙에 맞지 않습니다.'
  }
} as const

/** A report for a person: findings, then the result of each rule. */
export function conformanceText({ file, profile, language, valid, rules, findings }: ConformanceReport): string {
  const words = WORDS[language]
  const titles = new Map(rules.map(({ rule, title }) => [rule, title]))
  const lines = [`${file}`, ...findings.flatMap((finding) => findingLines(finding, language, titles))]
  const count = (wanted: (result: string) => boolean) => rules.filter(({ result }) => wanted(result)).length
  const failed = count((result) => result === 'failed')
  const unchecked = rules.filter(({ result }) => result === 'notChecked').map(({ rule }) => rule)
  const hidden = rules.filter(({ rule, findings: all }) => all > findings.filter((one) => one.rule === rule).length)
  return `${[
    ...lines,
    ...hidden.map(({ rule, findings: all }) => `  ${rule}: ${all} …`),
    `  ${words.passed} ${rules.length - failed - unchecked.length}, ${words.failed} ${failed}, ${words.notChecked} ${unchecked.length}${
      unchecked.length === 0 ? '' : ` (${unchecked.join(', ')})`
    }`,
    `  ${(valid ? words.valid : words.invalid).replace('{profile}', profile)}`
  ].join('\n')}\n`
}

function findingLines(finding: RuleFinding, language: ReportLanguage, titles: ReadonlyMap<string, string>): string[] {
  const words = WORDS[language]
  const { rule, severity, pointer, idShort, idShortPath, constraint, found, remedy } = finding
  const names = [idShort, idShortPath].filter((name) => name !== undefined).join(' / ')
  const place = pointer === '' ? words.file : `${pointer}${names === '' ? '' : ` (${names})`}`
  const of = constraint === undefined || constraint === rule ? '' : ` [${constraint}]`
  return [
    `  ${words[severity]} ${rule} ${titles.get(rule) ?? ''}`,
    `    @ ${place}`,
    `    ${words.found}: ${found}${of}`,
    ...(remedy === '' ? [] : [`    ${words.remedy}: ${remedy}`])
  ]
}
