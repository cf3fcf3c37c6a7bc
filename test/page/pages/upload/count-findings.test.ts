import t from 'tap'
import type { FileReport } from '../../../../src/client/api/upload.ts'
import { countFindings } from '../../../../src/page/pages/upload/count-findings.ts'

type Rule = FileReport['rules'][number]

const finding = (rule: string, severity: 'error' | 'warning' | 'info') =>
  ({ rule, severity, pointer: '', found: '', remedy: '' }) as FileReport['findings'][number]

const report = (rules: readonly Omit<Rule, 'title'>[], findings: FileReport['findings']): FileReport => ({
  ...{ file: 'a.aasx', valid: false, findings, rules: rules.map((rule) => ({ ...rule, title: rule.rule })) },
  content: { shells: 0, submodels: 0, conceptDescriptions: 0, files: 0, documents: [] }
})

t.test('errors and warnings that the report does not list are counted, too', async (t) => {
  const rules = [
    { rule: 'a', result: 'failed', findings: 1500 },
    { rule: 'b', result: 'warning', findings: 7 },
    { rule: 'c', result: 'passed', findings: 2 }
  ] as const
  const listed = [finding('a', 'error'), finding('a', 'warning'), finding('b', 'warning'), finding('c', 'info')]
  t.strictSame(countFindings(report(rules, listed)), { errors: 1499, warnings: 8 })
  t.strictSame(countFindings(report([], [])), { errors: 0, warnings: 0 })
})
