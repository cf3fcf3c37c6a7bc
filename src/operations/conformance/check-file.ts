/** Runs the rules of a profile on a file. */
import { idShortPathTo, pointerTo } from '../../model/document-path.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { ReportLanguage } from '../report-language.ts'
import type { FindingDetails, FindingPlace, TemplatesOfFile } from './checks/check.ts'
import { checks } from './checks/checks.ts'
import type { InspectedFile } from './checks/inspected-file.ts'
import { fill, shorten } from './checks/texts.ts'
import type { Profile, Rule, Severity } from './profile.ts'

/** Findings of a rule that are reported; the others are counted. */
const MAX_FINDINGS_PER_RULE = 1000

/** Of a valid document, places are shorter. */
const MAX_PLACE_LENGTH = 4096

export interface RuleFinding {
  readonly rule: string
  readonly severity: Exclude<Severity, 'none'>
  /** JSON Pointer in the environment; '' for the file as a whole. */
  readonly pointer: string
  readonly idShortPath?: string
  readonly modelType?: string
  readonly id?: string
  /** idShort of the document. */
  readonly idShort?: string
  /** The rule of the standard that is broken, e.g. `AASd-122`. */
  readonly constraint?: string
  /** What was found. */
  readonly found: string
  /** What to do. */
  readonly remedy: string
}

export interface RuleResult {
  readonly rule: string
  readonly title: string
  readonly result: 'passed' | 'failed' | 'warning' | 'notChecked'
  /** Of all severities, also those that are not listed. */
  readonly findings: number
  readonly source: string
}

export interface ConformanceReport {
  readonly file: string
  readonly profile: string
  readonly language: ReportLanguage
  /** No finding is an error. */
  readonly valid: boolean
  readonly rules: readonly RuleResult[]
  readonly findings: readonly RuleFinding[]
}

export interface CheckFileOptions {
  /** For rules about submodel templates. */
  readonly templates?: TemplatesOfFile
  /** Ends the check. */
  readonly signal?: AbortSignal
}

export async function checkFile(
  file: InspectedFile,
  profile: Profile,
  language: ReportLanguage,
  { templates, signal }: CheckFileOptions = {}
): Promise<ConformanceReport> {
  const slice = new TimeSlice(signal)
  const rules: RuleResult[] = []
  const findings: RuleFinding[] = []
  for (const rule of profile.rules) {
    const counts = { all: 0, error: 0, warning: 0, info: 0 }
    const report = (variant: string, place: FindingPlace, details: FindingDetails = {}) => {
      if (rule.severity === 'none') return
      counts.all++
      const severity = details.severity ?? rule.severity
      counts[severity]++
      if (counts.all > MAX_FINDINGS_PER_RULE) return
      findings.push(finding({ rule, severity, variant, place, details, language }))
    }
    if (rule.severity !== 'none') {
      const context = { file, pause: () => slice.check(), ...(templates !== undefined && { templates }) }
      await checks[rule.check]?.run(context, rule.values as never, report)
      await slice.check()
    }
    rules.push({
      rule: rule.id,
      title: fill(rule.title, language),
      result: resultOf(rule, counts),
      findings: counts.all,
      source: rule.source
    })
  }
  const valid = rules.every(({ result }) => result !== 'failed')
  return { file: file.name, profile: profile.name, language, valid, rules, findings }
}

function resultOf(rule: Rule, { error, warning }: { error: number; warning: number }): RuleResult['result'] {
  if (rule.severity === 'none' || rule.check === 'notChecked') return 'notChecked'
  if (error > 0) return 'failed'
  return warning > 0 ? 'warning' : 'passed'
}

function finding(made: {
  rule: Rule
  severity: RuleFinding['severity']
  variant: string
  place: FindingPlace
  details: FindingDetails
  language: ReportLanguage
}): RuleFinding {
  const { rule, severity, variant, place, details, language } = made
  const texts = details.text ?? rule.found[variant] ?? checks[rule.check]?.found[variant] ?? rule.title
  const found = fill(texts, language, details.values)
  return {
    rule: rule.id,
    severity,
    ...(place === 'file' ? { pointer: '' } : placeOf(place)),
    ...(details.constraint !== undefined && { constraint: details.constraint }),
    found,
    remedy: fill(rule.remedy, language, details.values)
  }
}

function placeOf({ document: { document, className, pointer }, path }: Exclude<FindingPlace, 'file'>) {
  const { id, idShort } = (document ?? {}) as { id?: unknown; idShort?: unknown }
  const idShortPath = idShortPathTo(document, path)
  return {
    pointer: (pointer + pointerTo(path)).slice(0, MAX_PLACE_LENGTH),
    ...(idShortPath !== undefined && { idShortPath: idShortPath.slice(0, MAX_PLACE_LENGTH) }),
    modelType: className,
    ...(typeof id === 'string' && { id: id.slice(0, MAX_PLACE_LENGTH) }),
    ...(typeof idShort === 'string' && { idShort: shorten(idShort) })
  }
}
