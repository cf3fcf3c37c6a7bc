/** What changed between two reports. */
import t from 'tap'
import { compareReports, droppedIn } from '../../../src/reports/compliance/archive/compare.ts'
import type { Evidence } from '../../../src/reports/compliance/report.ts'
import { check, report } from './report-fixture.ts'

const figure = (value: number): Evidence => ({ kind: 'figure', name: 'samples', value, unit: '1' })

t.test('verdicts that are worse or better, and checks that are new or gone; the worst first', async (t) => {
  const before = report({
    operations: [check('better', 'partly'), check('gone', 'met'), check('same', 'met'), check('worse', 'met')]
  })
  const after = report({
    operations: [check('better', 'met'), check('new', 'unmet'), check('same', 'met'), check('worse', 'unmet')]
  })
  const comparison = compareReports(before, after)
  t.same(
    comparison.checks.map(({ id, change, from, to }) => [id, change, from, to]),
    [
      ['worse', 'dropped', 'met', 'unmet'],
      ['gone', 'gone', 'met', undefined],
      ['new', 'new', undefined, 'unmet'],
      ['better', 'improved', 'partly', 'met']
    ]
  )
  t.equal(comparison.unchanged, 1)
  t.same(
    droppedIn(comparison).map(({ id }) => id),
    ['worse', 'gone']
  )
})

t.test('what is not known any more is worse than what was met', async (t) => {
  const of = (verdict: 'met' | 'unknown') => report({ audit: [check('audit/chain', verdict)] })
  t.equal(droppedIn(compareReports(of('met'), of('unknown'))).length, 1)
  t.equal(droppedIn(compareReports(of('unknown'), of('met'))).length, 0)
})

t.test('figures that moved', async (t) => {
  const of = (...values: number[]) =>
    report({ loss: values.map((value, at) => check(`${at}`, 'met', [figure(value)])) })
  t.same(compareReports(of(5, 7), of(5, 9)).figures, [{ check: '1', name: 'samples', from: 7, to: 9, unit: '1' }])
})
