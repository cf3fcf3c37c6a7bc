import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import t from 'tap'
import { ZipFile } from 'yazl'
import { pointsOfSubmodel } from '../../../src/formats/collection-plan/plan-submodel.ts'
import { readCollectionPlan } from '../../../src/formats/collection-plan/read-plan.ts'
import type { Submodel } from '../../../src/model/types.ts'

const HEAD = 'process,machine,submodel,element,kind,method,period'
const expected = {
  process: 'Molding',
  machine: 'IMM-01',
  submodel: 'urn:m',
  path: 'Drive.Speed',
  kind: 'speed',
  method: 'automatic',
  periodMs: 1000
}

const csv = (text: string) => readCollectionPlan(Buffer.from(text), 'plan.csv')

t.test('a plan is read from CSV as spreadsheets write it', async (t) => {
  const row = 'Molding,IMM-01,urn:m,Drive.Speed,speed,automatic,'
  for (const period of ['1s', '1', '1000ms', 'PT1S', '1초', '1.0 sec'])
    t.strictSame(await csv(`\uFEFF${HEAD}\r\n${row}${period}\r\n`), [expected], period)
  t.strictSame(await csv(`${HEAD}\n${row}`), [{ ...expected, periodMs: undefined }])
  t.strictSame(await csv(`${HEAD};Note\n${row}`.replaceAll(',', ';')), [{ ...expected, periodMs: undefined }])
  t.strictSame(await csv(`${HEAD}\n\n,,,,,,\n${row}1s\n\n`), [expected])
  const [quoted] = await csv(`${HEAD}\n"Mold ""A"",\nline 2",IMM-01,urn:m,X,,manual,""\n`)
  t.match(quoted, { process: 'Mold "A",\nline 2', kind: '', method: 'manual', periodMs: undefined })
})

t.test('Korean headings and words are understood, in UTF-8 and in CP949', async (t) => {
  const korean =
    '공정,설비,서브모델 ID,수집항목,데이터 종류,수집 방법,수집 주기,비고\n사출,1호기,urn:m,Speed,속도,반자동,5분,'
  const points = [
    {
      process: '사출',
      machine: '1호기',
      submodel: 'urn:m',
      path: 'Speed',
      kind: '속도',
      method: 'semi-automatic',
      periodMs: 300_000
    }
  ]
  t.strictSame(await csv(korean), points)
  t.strictSame(await readCollectionPlan(inCp949(korean), 'plan.csv'), points)
})

/** There is no encoder for it, so the decoder is turned round. */
function inCp949(text: string): Buffer {
  const decoder = new TextDecoder('euc-kr')
  const bytes = new Map<string, number[]>()
  for (let lead = 0x81; lead < 0xff; lead++) {
    for (let trail = 0x41; trail < 0xff; trail++) bytes.set(decoder.decode(Buffer.of(lead, trail)), [lead, trail])
  }
  return Buffer.from([...text].flatMap((sign) => bytes.get(sign) ?? [sign.charCodeAt(0)]))
}

const refusals: readonly (readonly [what: string, text: string, message: RegExp])[] = [
  ['an empty file', '', /^it is empty$/],
  [
    'a column that is missing',
    'process,machine,submodel,element,kind,method\n',
    /^row 1: there is no column "period" \(주기\)$/
  ],
  [
    'a column of another name',
    HEAD.replace('period', 'perod'),
    /^row 1, column G: "perod" is no column of a plan; these are /
  ],
  ['a column twice', `${HEAD},Kind`, /^row 1, column H: the column "kind" is there twice$/],
  [
    'a method that there is not',
    `${HEAD}\nA,B,urn:m,X,k,sometimes,1s`,
    /^row 2, column F \("method"\): "sometimes" is none of/
  ],
  [
    'a period that is none',
    `${HEAD}\nA,B,urn:m,X,k,manual,1s\nA,B,urn:m,Y,k,manual,fast`,
    /^row 3, column G \("period"\): "fast" is no period/
  ],
  ['a period of nothing', `${HEAD}\nA,B,urn:m,X,k,manual,0`, /^row 2, column G \("period"\): "0" is no period/],
  [
    'an element without a path',
    `${HEAD}\nA,B,urn:m,a..b,k,manual,1s`,
    /^row 2, column D \("element"\): "a..b" is no idShortPath/
  ],
  ['an empty cell', `${HEAD}\nA,,urn:m,X,k,manual,1s`, /^row 2, column B \("machine"\): it is empty$/],
  [
    'an element twice',
    `${HEAD}\nA,B,urn:m,X,k,manual,1s\nA,C,urn:m,X,k,manual,1s`,
    /^row 3: the element "X" of "urn:m" is planned in row 2 already$/
  ],
  [
    'a quotation mark that stays open',
    `${HEAD}\nA,"B,urn:m,X,k,manual,1s`,
    /^row 2: a cell begins with a quotation mark/
  ],
  ['text behind a quotation mark', `${HEAD}\nA,"B"C,urn:m,X,k,manual,1s`, /^row 2: there is text behind/]
]
for (const [what, text, message] of refusals) {
  t.test(`a CSV with ${what} is refused with row and column`, async (t) => {
    await t.rejects(csv(text), { message })
  })
}

t.test('a plan is read from JSON, and refused with its point and member', async (t) => {
  const json = (value: unknown) => readCollectionPlan(Buffer.from(JSON.stringify(value)), 'plan.json')
  const { path: element, periodMs: _, ...rest } = expected
  t.strictSame(await json([{ ...rest, element, period: 1 }]), [expected])
  await t.rejects(json({}), { message: 'a list of points was expected' })
  await t.rejects(json([{ ...rest, element }, 1]), { message: 'point 2: it is no object' })
  await t.rejects(json([{ ...rest, element, speed: '' }]), { message: /^point 1: it has no member "speed"/ })
  await t.rejects(json([{ ...rest, element, method: true }]), {
    message: 'point 1, "method": a text or a number was expected'
  })
  await t.rejects(json([{ ...rest, element, period: 'x' }]), { message: /^point 1, "period": "x" is no period/ })
  await t.rejects(readCollectionPlan(Buffer.from('{'), 'plan.json'), { message: /^it is no JSON/ })
  await t.rejects(readCollectionPlan(Buffer.from(''), 'plan.ods'), { message: /\.csv, \.xlsx or \.json/ })
})

t.test('a plan is read from a submodel', async (t) => {
  const property = (idShort: string, value: string) => ({
    modelType: 'Property',
    idShort,
    valueType: 'xs:string',
    value
  })
  const element = {
    modelType: 'ReferenceElement',
    idShort: 'Element',
    value: {
      type: 'ModelReference',
      keys: ['urn:m', 'Axes', '0', 'Speed'].map((value, at) => ({ type: at === 0 ? 'Submodel' : 'Property', value }))
    }
  }
  const plan = (method: string) =>
    ({
      ...{ modelType: 'Submodel', id: 'urn:plan', idShort: 'CollectionPlan' },
      submodelElements: [
        {
          ...{ modelType: 'SubmodelElementCollection', idShort: 'Points' },
          value: [
            {
              ...{ modelType: 'SubmodelElementCollection', idShort: 'P1' },
              value: [
                ...[property('Process', 'Molding'), property('Machine', 'IMM-01'), property('Kind', 'speed')],
                ...[property('Method', method), property('Period', 'PT1S'), element]
              ]
            }
          ]
        }
      ]
    }) as unknown as Submodel
  t.strictSame(pointsOfSubmodel(plan('자동')), [{ ...expected, path: 'Axes[0].Speed' }])
  t.throws(() => pointsOfSubmodel(plan('no')), { message: /^point "P1", "Method": "no" is none of/ })
  t.throws(() => pointsOfSubmodel({ modelType: 'Submodel', id: 'x' }), { message: 'it has no collection "Points"' })
})

// ---- XLSX

const NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'

/** A workbook of these parts of the sheet. */
async function workbook(sheet: string, further: Readonly<Record<string, string>> = {}): Promise<Buffer> {
  const zip = new ZipFile()
  const parts = {
    'xl/workbook.xml': `<workbook ${NS} xmlns:r="urn:r"><sheets><sheet name="Plan" sheetId="1" r:id="rId7"/></sheets></workbook>`,
    'xl/_rels/workbook.xml.rels':
      '<Relationships xmlns="urn:rels"><Relationship Id="rId7" Type="sheet" Target="worksheets/plan.xml"/></Relationships>',
    'xl/worksheets/plan.xml': `<worksheet ${NS}><sheetData>${sheet}</sheetData></worksheet>`,
    ...further
  }
  for (const [name, text] of Object.entries(parts)) zip.addBuffer(Buffer.from(text), name)
  zip.end()
  return buffer(zip.outputStream)
}

const inline = (text: string) => `<is><t>${text}</t></is>`
const head = `<row r="1">${HEAD.split(',')
  .map((name, i) => `<c r="${'ABCDEFG'[i]}1" t="inlineStr">${inline(name)}</c>`)
  .join('')}</row>`

t.test('a plan is read from XLSX: shared texts, numbers, times, merged cells', async (t) => {
  const row = (number: number, cells: string) => `<row r="${number}">${cells}</row>`
  const rest = (number: number, path: string, period: string) =>
    `<c r="C${number}" t="inlineStr">${inline('urn:m')}</c><c r="D${number}" t="str"><v>${path}</v></c><c r="F${number}" t="s"><v>1</v></c>${period}`
  const sheet = [
    head,
    row(
      2,
      `<c r="A2" t="s"><v>0</v></c><c r="B2" t="inlineStr">${inline('IMM-01')}</c>${rest(2, 'Speed', '<c r="G2"><v>0.10000000000000001</v></c>')}`
    ),
    row(4, rest(4, 'Weight', '<c r="G4" s="1"><v>6.9444444444444447E-4</v></c>'))
  ].join('')
  const bytes = await workbook(
    `${sheet}</sheetData><mergeCells><mergeCell ref="A2:A4"/><mergeCell ref="B2:B4"/></mergeCells><sheetData>`,
    {
      'xl/sharedStrings.xml': `<sst ${NS}><si><r><t>사</t></r><r><t>출</t></r><rPh sb="0" eb="1"><t>phonetic</t></rPh></si><si><t>자동</t></si></sst>`,
      'xl/styles.xml': `<styleSheet ${NS}><cellXfs><xf numFmtId="0"/><xf numFmtId="21"/></cellXfs></styleSheet>`
    }
  )
  const point = { process: '사출', machine: 'IMM-01', submodel: 'urn:m', kind: '', method: 'automatic' }
  t.strictSame(await readCollectionPlan(bytes, 'Plan.XLSX'), [
    { ...point, path: 'Speed', periodMs: 100 },
    { ...point, path: 'Weight', periodMs: 60_000 }
  ])
})

t.test('an XLSX that is none, or is wrong, is refused in a sentence', async (t) => {
  const read = async (bytes: Buffer | Promise<Buffer>) => readCollectionPlan(await bytes, 'plan.xlsx')
  await t.rejects(read(Buffer.from('PK')), { message: /^it is no XLSX workbook: / })
  await t.rejects(read(workbook('', { 'xl/workbook.xml': '<workbook' })), { message: /^it is no XLSX workbook: / })
  await t.rejects(read(workbook('', { 'xl/workbook.xml': '<!DOCTYPE a [<!ENTITY b "c">]><workbook/>' })), {
    message: /document type/
  })
  await t.rejects(read(workbook('<row><c r="A0x"/></row>')), { message: /"A0x" is no cell/ })
  await t.rejects(read(workbook('<row><c r="ZZ1"/></row>')), { message: /more than 64 columns/ })
  await t.rejects(read(workbook(`${'<a>'.repeat(50)}${'</a>'.repeat(50)}`)), { message: /nested too deep/ })
  const wrong = `${head}<row r="7"><c r="A7" t="inlineStr">${inline('Molding')}</c></row>`
  await t.rejects(read(workbook(wrong)), { message: 'row 7, column B ("machine"): it is empty' })
})

const office = ['/usr/bin/soffice', '/usr/bin/libreoffice'].find(existsSync)
t.test(
  'a workbook of LibreOffice is read',
  { skip: office === undefined && 'LibreOffice is not installed' },
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'plan-'))
    t.teardown(() => rm(folder, { recursive: true, force: true }))
    await writeFile(join(folder, 'plan.csv'), `${HEAD}\n사출,IMM-01,urn:m,Drive.Speed,speed,자동,1\n`)
    const profile = `-env:UserInstallation=file://${folder}/profile`
    await promisify(execFile)(office as string, [
      profile,
      '--headless',
      '--infilter=CSV:44,34,76,1',
      '--convert-to',
      'xlsx',
      '--outdir',
      folder,
      join(folder, 'plan.csv')
    ])
    const bytes = await readFile(join(folder, 'plan.xlsx'))
    t.strictSame(await readCollectionPlan(bytes, 'plan.xlsx'), [{ ...expected, process: '사출' }])
  }
)
