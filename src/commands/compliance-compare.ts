/** `aas-hub audit compare A B`: what changed from one report to another. */
import { type CheckChange, compareReports, droppedIn } from '../reports/compliance/archive/compare.ts'
import { texts } from '../reports/compliance/document/texts.ts'
import { parseReport } from '../reports/compliance/signing/signature.ts'
import { readReportFile } from './compliance-source.ts'
import { reportLanguage } from './conformance-report.ts'

/**
 * @param files two reports as JSON, the earlier one first
 * @returns text for standard output, and whether something became worse
 * @throws HubError in one sentence where one is no report
 */
export async function compareReportFiles(
  [earlier, later]: readonly [string, string],
  flags: ReadonlyMap<string, string>
): Promise<{ readonly output: string; readonly isWorse: boolean }> {
  const language = reportLanguage(flags)
  const [one, other] = [await readReportFile(earlier), await readReportFile(later)].map(parseReport)
  const comparison = compareReports(one as NonNullable<typeof one>, other as NonNullable<typeof other>)
  const isWorse = droppedIn(comparison).length > 0
  if (flags.has('json')) return { output: `${JSON.stringify(comparison, undefined, 2)}\n`, isWorse }
  const { changes, verdicts, noChange, headings } = texts[language]
  const verdict = (status: CheckChange['to']) => (status === undefined ? '–' : verdicts[status])
  const lines = comparison.checks.map(
    ({ id, change, from, to, text }) =>
      `${changes[change]}  ${id}: ${verdict(from)} → ${verdict(to)}  ${text[language]}`
  )
  const figures = comparison.figures.map(({ check, name, from, to, unit = '' }) =>
    `  ${check}: ${name} ${from} → ${to} ${unit}`.trimEnd()
  )
  return {
    output: `${[...(lines.length === 0 ? [noChange] : lines), ...(figures.length === 0 ? [] : [`${headings.figures}:`, ...figures])].join('\n')}\n`,
    isWorse
  }
}
