/**
 * The documents of the demo plant, read by other software: openpyxl, python-docx, LibreOffice and Chromium. Every element of
 * a submodel is found once, Korean stays as it is, and nothing is warned of. Needs Python 3 and LibreOffice.
 *
 *   node scripts/conformance/documents.ts
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { walk } from '../../src/model/walk.ts'
import { plant } from '../demo/plant.ts'
import { run, tool } from './python.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const READERS = 'openpyxl==3.1.5 python-docx==1.1.2'

interface ReadDocument {
  readonly paragraphs: readonly string[]
  readonly tables: readonly (readonly (readonly string[])[])[]
  readonly pictures: number
}
type ReadWorkbook = Readonly<Record<string, readonly (readonly unknown[])[]>>

let [passed, failed] = [0, 0]
const environment = plant()
const folder = mkdtempSync(join(tmpdir(), 'aas-hub-documents-'))
try {
  const files = await writeDocuments()
  const read = await readByPython(files)
  for (const shell of environment.assetAdministrationShells ?? []) checkMachine(shell.idShort ?? '', read)
  await checkByOffice(files)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log(`${passed} passed, ${passed === 0 ? 1 : failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0

/** @returns paths of the files */
async function writeDocuments(): Promise<readonly string[]> {
  const source = join(folder, 'plant.json')
  writeFileSync(source, JSON.stringify(environment))
  const to = join(folder, 'out')
  const args = [here('../../src/aas-hub.js'), 'documents', source, '--output', to, '--language', 'ko']
  const { code, output } = await run(process.execPath, args)
  count(code === 0, `the command ends with ${code}: ${output.slice(0, 300)}`)
  return readdirSync(to).map((name) => join(to, name))
}

async function readByPython(files: readonly string[]): Promise<ReadonlyMap<string, unknown>> {
  const python = await tool(READERS, 'python')
  const { code, output } = await run(python, [here('documents.py'), ...files])
  count(code === 0, `openpyxl and python-docx: ${code === 0 ? 'no warning' : output.slice(-500)}`)
  return new Map(
    Object.entries(code === 0 ? (JSON.parse(output) as object) : {}).map(([path, texts]) => [basename(path), texts])
  )
}

function checkMachine(machine: string, read: ReadonlyMap<string, unknown>): void {
  const shell = environment.assetAdministrationShells?.find(({ idShort }) => idShort === machine)
  const ids = new Set((shell?.submodels ?? []).map(({ keys }) => keys?.[0]?.value))
  const submodels = (environment.submodels ?? []).filter(({ id }) => ids.has(id))
  const flat = read.get(`서브모델 구성요소 표-${machine}.xlsx`) as ReadWorkbook | undefined
  const guide = read.get(`제조데이터 표준 활용 가이드-${machine}.docx`) as ReadDocument | undefined
  for (const submodel of submodels) {
    const [head = [], ...rows] = flat?.[submodel.idShort ?? ''] ?? []
    const at = head.indexOf('idShort')
    const found = rows.map((row) => String(row[at] ?? '').replace(/^\[\d+\]/, ''))
    const stored = [...walk(submodel)].map(({ element }) => element.idShort ?? '')
    count(
      JSON.stringify(found) === JSON.stringify(stored),
      `${machine}: ${submodel.idShort} has its ${stored.length} elements`
    )
    const caption = `${submodel.idShort} 서브모델 UML 다이어그램`
    count(guide?.paragraphs.some((text) => text.endsWith(caption)) === true, `${machine}: ${caption}`)
  }
  count(guide?.pictures === submodels.length, `${machine}: a picture of each submodel`)
  count((guide?.tables.length ?? 0) > submodels.length, `${machine}: tables`)
}

/** LibreOffice opens each file, and its text has the Korean of the file. */
async function checkByOffice(files: readonly string[]): Promise<void> {
  const to = join(folder, 'pdf')
  const profile = `-env:UserInstallation=file://${join(folder, 'profile')}`
  const { code, output } = await run('soffice', [
    profile,
    '--headless',
    '--convert-to',
    'pdf',
    '--outdir',
    to,
    ...files
  ])
  count(
    code === 0 && !/warn|error/i.test(output),
    `LibreOffice: ${code} ${/.*(?:warn|error).*/i.exec(output)?.[0] ?? ''}`
  )
  for (const file of files) {
    const pdf = join(to, basename(file).replace(/\.[a-z]+$/, '.pdf'))
    const text = textOf(pdf)
    const machine = /-(\w+)\.[a-z]+$/.exec(file)?.[1] ?? ''
    count(text.includes(machine), `${basename(file)}: names ${machine}`)
    count(/[가-힣]{2}/.test(text) && !text.includes('\ufffd'), `${basename(file)}: Korean is intact`)
  }
}

function textOf(pdf: string): string {
  try {
    readFileSync(pdf)
    return execFileSync('pdftotext', ['-layout', pdf, '-'], { maxBuffer: 2 ** 26 })
      .toString()
      .normalize()
  } catch {
    return ''
  }
}

function count(isGood: boolean, what: string): boolean {
  if (isGood) passed++
  else {
    failed++
    console.log(`  failed: ${what}`)
  }
  return isGood
}
