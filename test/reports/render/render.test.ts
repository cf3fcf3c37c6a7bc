import { buffer, text } from 'node:stream/consumers'
import t from 'tap'
import type { ReportDocument, TableCell } from '../../../src/reports/document.ts'
import type { DocumentFormat } from '../../../src/reports/render/formats.ts'
import { findChromium } from '../../../src/reports/render/pdf.ts'
import { render } from '../../../src/reports/render/render.ts'
import { TimeSlice } from '../../../src/time-slice.ts'
import { sampleDocument } from '../sample-document.ts'
import { partsOf } from '../zip-parts.ts'

const rendered = (format: DocumentFormat, document: ReportDocument = sampleDocument, signal?: AbortSignal) =>
  render(document, format, new TimeSlice(signal), { chromium: undefined })

t.test('HTML is one file that runs nothing and loads nothing', async (t) => {
  const html = await text(await rendered('html'))
  t.match(html, /^<!doctype html>\n<html lang="ko">/)
  t.match(html, "default-src 'none'")
  t.notMatch(html, /<script|javascript:|<link|<img|src=|url\(/i)
  t.match(html, '개요 &lt;script&gt;')
  t.match(html, '<caption>표 1 구성요소</caption>')
  t.match(html, '<figcaption>그림 1 UML 다이어그램</figcaption>')
  t.match(html, '<a href="https://example.org/?a=1&amp;b=2">밖</a>')
  t.match(html, '<span class="status unmet">× 미충족</span> 기록 없음')
  t.match(html, '첫 줄<br>둘째 줄 \ufffd')
  t.equal(html.match(/<table>/g)?.length, 2)
})

t.test('DOCX has all texts in order, with numbers, and its figures as PNG', async (t) => {
  const parts = await partsOf(await buffer(await rendered('docx')))
  const document = String(parts.get('word/document.xml'))
  const texts = [...document.matchAll(/<w:t[ >][^<]*|<w:t\/>/g)].map(([run]) => run.replace(/^<[^>]*>/, '')).join('|')
  const order = [
    '1  개요 &lt;script&gt;',
    '△ 부분 충족',
    '첫 줄',
    '하나',
    '그림 1 UML',
    '1.1  아래',
    '2  표',
    '표 1 구성요소',
    '끝'
  ]
  let at = texts.lastIndexOf('설비')
  for (const wanted of order) {
    const found = texts.indexOf(wanted, at)
    t.ok(found >= at, wanted)
    at = found
  }
  t.match(document, 'w:fill="DAE9F7"')
  t.match(document, '<w:tblHeader/>')
  const relations = String(parts.get('word/_rels/document.xml.rels'))
  t.match(relations, 'https://example.org/?a=1&amp;b=2')
  t.notMatch(relations, 'javascript')
  t.strictSame([...parts.keys()].filter((name) => name.startsWith('word/media/')).length, 1)
})

t.test('XLSX has a sheet for each table, with names that spreadsheets accept', async (t) => {
  const parts = await partsOf(await buffer(await rendered('xlsx')))
  const names = [...String(parts.get('xl/workbook.xml')).matchAll(/<sheet name="([^"]*)"/g)].map(([, name]) => name)
  t.strictSame(names, ['개요', 'Operational Data  구성요소 상세 정보 테이', 'operational Data  구성요소 상세 정 (2)'])
  const sheet = String(parts.get('xl/worksheets/sheet2.xml'))
  t.match(sheet, '<c r="A3" s="1" t="inlineStr"><is><t xml:space="preserve">=1+1 _x005F_x0041_</t></is></c>')
  t.match(sheet, '<c r="B3" s="1"><v>1234.5</v></c>')
  t.match(sheet, '× 미충족 · 기록 없음')
  t.match(sheet, '<mergeCell ref="B2:C2"/>')
  t.notMatch(sheet, '<f>')
})

t.test('a table of 100,000 rows is produced while it is written', async (t) => {
  let produced = 0
  function* rows(): Generator<readonly TableCell[]> {
    for (; produced < 100_000; produced++) yield [`값 ${produced}`, produced]
  }
  const columns = [{ heading: '이름' }, { heading: '번호' }]
  const blocks = [{ kind: 'table' as const, sheet: '전체', columns, rows: rows() }]
  const document = { ...sampleDocument, sections: [{ id: 'a', heading: 'A', blocks }] }
  const stream = await rendered('xlsx', document)
  let bytes = 0
  for await (const chunk of stream) {
    if (bytes === 0) t.ok(produced < 50_000, `${produced} rows before the first bytes`)
    bytes += chunk.length
  }
  t.equal(produced, 100_000)
})

t.test('a table longer than a sheet goes on on the next one', async (t) => {
  const rows = Array.from({ length: 1_048_580 }, () => [''])
  const blocks = [{ kind: 'table' as const, sheet: 'Long', columns: [{ heading: 'A' }], rows }]
  const document = { ...sampleDocument, sections: [{ id: 'a', heading: 'A', blocks }] }
  const parts = await partsOf(await buffer(await rendered('xlsx', document)))
  const workbook = String(parts.get('xl/workbook.xml'))
  t.match(workbook, '<sheet name="Long (2)" sheetId="3"')
  t.equal(String(parts.get('xl/worksheets/sheet3.xml')).match(/<row /g)?.length, 1 + 1_048_580 - 1_048_575)
})

t.test('what was asked for ends with its request', async (t) => {
  for (const format of ['html', 'docx', 'xlsx'] as const) {
    const request = new AbortController()
    function* rows(): Generator<readonly TableCell[]> {
      for (let row = 0; row < 10_000_000; row++) {
        if (row === 5000) request.abort(new Error('gone'))
        yield [row]
      }
    }
    const blocks = [{ kind: 'table' as const, columns: [{ heading: 'A' }], rows: rows() }]
    const document = { ...sampleDocument, sections: [{ id: 'a', heading: 'A', blocks }] }
    await t.rejects(rendered(format, document, request.signal).then(buffer), { message: 'gone' }, format)
  }
})

t.test('PDF is printed by Chromium, or refused with what to install', async (t) => {
  const refused = render(sampleDocument, 'pdf', new TimeSlice(), { chromium: '/no/such/chromium' })
  await t.rejects(refused, { name: 'NotImplemented', message: /install one, or name it by the setting CHROMIUM/ })
  if (findChromium(undefined) === undefined) return t.comment('skipped: no Chromium on this machine')
  const pdf = await buffer(await rendered('pdf'))
  t.equal(pdf.subarray(0, 5).toString(), '%PDF-')
})
