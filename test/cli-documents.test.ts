import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { plant } from '../scripts/demo/plant.ts'
import { start } from './e2e/harness.ts'
import { sheetsOf } from './reports/sheets.ts'
import { testDirectory } from './test-directory.ts'

const program = new URL('../src/aas-hub.js', import.meta.url).pathname

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> =>
  new Promise((resolve) => {
    const options = { env: { ...process.env, AAS_HUB_KEY: '', ...env } }
    execFile(process.execPath, [program, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })

const KOREAN = [
  ...[
    'AAS_체크리스트-LineA.xlsx',
    '데이터 수집 포인트 목록-LineA.xlsx',
    '데이터 정의서-LineA.xlsx',
    '사전검증보고서-LineA.docx'
  ],
  ...['서브모델 구성요소 표-LineA.xlsx', '인터페이스 정의서-LineA.docx', '제조데이터 표준 활용 가이드-LineA.docx']
]

t.test('the set of a machine is the same from a file, from a running hub and from its data directory', async (t) => {
  const folder = testDirectory(t, { data: {}, 'plant.json': JSON.stringify(plant()) })
  const file = join(folder, 'plant.json')
  const hub = await start(t, { DATA_DIR: join(folder, 'data') })
  const form = new FormData()
  form.append('file', new Blob([readFileSync(file)]), 'plant.json')
  t.ok((await hub.ask('POST', `${hub.url}/upload`, form)).status < 300)
  const line = plant().assetAdministrationShells?.find(({ idShort }) => idShort === 'LineA')?.id ?? ''

  const ofFile = await run([
    'documents',
    file,
    '-o',
    join(folder, 'file'),
    '--language',
    'ko',
    '--documents',
    'guide-tables'
  ])
  t.equal(ofFile.code, 0, ofFile.stderr)
  const ofHub = await run(['documents', line, '--url', hub.url, '-o', join(folder, 'hub'), '--language', 'ko'])
  t.equal(ofHub.code, 0, ofHub.stderr)
  t.strictSame(
    readdirSync(join(folder, 'hub'))
      .map((name) => name.normalize())
      .sort(),
    [...KOREAN].sort()
  )
  t.match(ofHub.stdout, /\d+ KiB {2}.*사전검증보고서-LineA\.docx\n/)
  await hub.stop()
  const data = ['--data-dir', join(folder, 'data'), '-o', join(folder, 'data-set')]
  const ofData = await run(['documents', line, ...data, '--language', 'ko'])
  t.equal(ofData.code, 0, ofData.stderr)
  t.strictSame(readdirSync(join(folder, 'data-set')).sort(), readdirSync(join(folder, 'hub')).sort())

  const rows = async (from: string) => {
    const sheets = await sheetsOf(readFileSync(join(folder, from, '서브모델 구성요소 표-LineA.xlsx')))
    return [...sheets].filter(([name]) => name !== '개요')
  }
  t.ok((await rows('file')).length > 0)
  t.strictSame(await rows('hub'), await rows('file'))
  t.strictSame(await rows('data-set'), await rows('file'))
})

t.test('without names of shells the documents of all are written, in the formats that are asked for', async (t) => {
  const folder = testDirectory(t, { 'plant.json': JSON.stringify(plant()) })
  const to = join(folder, 'out')
  const args = [
    'documents',
    join(folder, 'plant.json'),
    '-o',
    to,
    '--documents',
    'guide,checklist',
    '--format',
    'html,xlsx'
  ]
  const { code, stderr } = await run([...args, '--language', 'en'])
  t.equal(code, 0, stderr)
  const names = ['InjectionMouldingMachine01', 'LineA', 'Mould07'].flatMap((machine) =>
    ['AAS check list', 'Guide'].flatMap((title) => ['html', 'xlsx'].map((format) => `${title}-${machine}.${format}`))
  )
  t.strictSame(readdirSync(to).sort(), names.sort())
})

t.test('what is wrong is said in one sentence, and nothing is written', async (t) => {
  const folder = testDirectory(t, {
    'plant.json': JSON.stringify(plant()),
    'empty.json': '{"submodels":[]}',
    'no.aasx': 'no package'
  })
  const out = join(folder, 'out')
  const file = join(folder, 'plant.json')
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [[file], /documents needs --output with the folder/],
    [[file, '-o', out, '--documents', 'guide,poem'], /--documents has "poem", expected some of guide, /],
    [[file, '-o', out, '--format', 'hwp'], /--format has "hwp", expected some of docx, xlsx, html, pdf/],
    [[file, '-o', out, '--language', 'de'], /--language is "de", expected en or ko/],
    [[file, '-o', out, '--format', 'pdf', '--chromium', '/no/such'], /name it by the setting CHROMIUM/],
    [[file, 'urn:x', '-o', out], /"urn:x" is no file; name either files or identifiers of shells/],
    [[join(folder, 'empty.json'), '-o', out], /has no Asset Administration Shell/],
    [[join(folder, 'no.aasx'), '-o', out], /not an AASX package that can be read/],
    [['urn:x', '-o', out, '--data-dir', join(folder, 'none')], /The data directory ".*none" does not exist/],
    [['urn:x', '-o', out, '--url', 'http://127.0.0.1:1'], /does not answer/]
  ]
  for (const [args, expected] of cases) {
    const { code, stderr, stdout } = await run(['documents', ...args])
    t.equal(code, 1, args.join(' '))
    t.match(stderr.trim(), expected)
    t.equal(stderr.trim().split('\n').length, 1, stderr)
    t.equal(stdout, '')
    t.notOk(existsSync(out), args.join(' '))
  }
  const unwritable = join(mkdtempSync(join(folder, 'f-')), 'file')
  writeFileSync(unwritable, '')
  const blocked = await run(['documents', file, '-o', unwritable, '--documents', 'checklist'])
  t.match([blocked.code, blocked.stderr.trim()], [1, /file cannot be made as a folder: [^\n]*$/])
})
