/** A report as a document for people. */
import t from 'tap'
import { complianceDocument } from '../../../src/reports/compliance/document/compliance-document.ts'
import { renderHtml } from '../../../src/reports/render/html.ts'
import { TimeSlice } from '../../../src/time-slice.ts'
import { check, exchange, report } from './report-fixture.ts'

const sample = report({
  criteria: [
    {
      ...check('criteria/api', 'met', [{ kind: 'note', text: { en: 'reconstruction', ko: '재구성' } }]),
      provedBy: ['operations/get', 'gone']
    }
  ],
  operations: [check('operations/get', 'met', [exchange('GET', '/api/v3/shells')]), check('operations/put', 'unmet')]
})

async function htmlOf(language: 'en' | 'ko', isFull: boolean): Promise<string> {
  const document = complianceDocument(sample, { language, keyId: 'thumbprint', isFull })
  const parts: string[] = []
  for await (const part of renderHtml(document, new TimeSlice())) parts.push(part)
  return parts.join('')
}

t.test('it begins with the verdict, then the criteria, then the sections in order', async (t) => {
  for (const language of ['en', 'ko'] as const) {
    const { sections, properties } = complianceDocument(sample, { language, isFull: true })
    t.same(
      sections.map(({ id }) => id),
      ['result', 'criteria', 'operations', 'verification']
    )
    const values = properties.map(([, value]) => value)
    t.match(values.join(), language === 'en' ? /not met/ : /미충족/)
    t.match(values.join(), language === 'en' ? '2026-11-30 03:00:05 UTC' : '2026-11-30 12:00:05 KST')
  }
})

t.test('each check has its verdict in words, its text in the language, and its id', async (t) => {
  const [english, korean] = [await htmlOf('en', true), await htmlOf('ko', true)]
  for (const [html, verdict, text] of [
    [english, '× not met', 'operations/put in English'],
    [korean, '× 미충족', 'operations/put 한국어']
  ] as const) {
    t.ok(html.includes(verdict) && html.includes(text))
    for (const id of ['operations/get', 'operations/put', 'criteria/api']) t.ok(html.includes(id), id)
  }
})

t.test(
  'a criterion leads to the evidence of the check that proves it; one that is not there leads nowhere',
  async (t) => {
    const html = await htmlOf('en', true)
    const [, anchor = ''] = /<a href="#([\w-]+)"><code>operations\/get<\/code>/.exec(html) ?? []
    t.ok(html.includes(`<div id="${anchor}">`))
    t.notMatch(html, />gone<\/code><\/a>/)
  }
)

t.test('evidence is folded in full, or in one line each', async (t) => {
  const [full, brief] = [await htmlOf('en', true), await htmlOf('en', false)]
  t.match(full, /<details>[\s\S]*GET \/api\/v3\/shells[\s\S]*\{&quot;result&quot;:\[\]\}/)
  t.notMatch(brief, '<details>')
  t.match(brief, 'GET /api/v3/shells → 200')
})

t.test('what was recorded is text, also where it looks like markup', async (t) => {
  const hostile = report({
    operations: [check('operations/get', 'met', [exchange('GET', '/<script>alert(1)</script>')])]
  })
  const parts: string[] = []
  const document = complianceDocument(hostile, { language: 'en', isFull: true })
  for await (const part of renderHtml(document, new TimeSlice())) parts.push(part)
  t.notMatch(parts.join(''), '<script')
})
