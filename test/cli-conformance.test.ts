import { execFile } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { start } from './e2e/harness.ts'
import { referenceModel, writePackage } from './operations/conformance/reference-model.ts'
import { testDirectory } from './test-directory.ts'

const program = new URL('../src/aas-hub.js', import.meta.url).pathname

t.test('a good package conforms', async (t) => {
  const file = await writePackage(join(testDirectory(t), 'machine.aasx'), referenceModel())
  const { code, stdout } = await run(['--profile', 'kosmo', file])
  t.equal(stdout, 'machine.aasx\n  passed 27, failed 0, not checked 0\n  It conforms to kosmo.\n')
  t.equal(code, 0)
})

t.test('findings are written as text in a language, or as JSON', async (t) => {
  const model = referenceModel()
  delete model.submodels[5].submodelElements[0].value
  const file = await writePackage(join(testDirectory(t), 'machine.aasx'), model)
  const korean = await run(['--profile', 'kosmo', '--language', 'ko', file])
  t.equal(korean.code, 1)
  t.match(
    korean.stdout,
    [
      'machine.aasx',
      '  오류 KOSMO-SME-4 Property value 존재',
      '    @ /submodels/5/submodelElements/0/value (OperationalData / Pressure)',
      '    확인: Property에 값이 없습니다',
      '    조치: 대표값 등 값을 쓰십시오',
      '  통과 26, 실패 1, 미확인 0',
      '  kosmo 규칙에 맞지 않습니다.\n'
    ].join('\n')
  )
  const json = await run(['--profile', 'kosmo', '--format', 'json', file])
  t.match(JSON.parse(json.stdout), {
    valid: false,
    reports: [{ profile: 'kosmo', findings: [{ rule: 'KOSMO-SME-4' }] }]
  })
})

t.test('bad input is one sentence', async (t) => {
  const folder = testDirectory(t)
  const file = join(folder, 'x.aasx')
  writeFileSync(file, 'no package')
  const profile = join(folder, 'own.json')
  writeFileSync(profile, JSON.stringify({ title: 'Own', rules: [{ id: 'OWN', check: 'magic', title: 'x' }] }))
  for (const [args, sentence] of [
    [['--profile', 'kosmo'], 'validate needs a file'],
    [['--profile', 'kosmo', join(folder, 'none.aasx')], /none\.aasx: ENOENT/],
    [['--profile', 'kosmo', file], 'This is not an AASX package that can be read'],
    [['--profile', profile, file], 'rule OWN: there is no check "magic"; there are notChecked, standard, '],
    [['--profile', 'kosmo', '--language', 'de', file], '--language is "de", expected en or ko']
  ] as const) {
    const { code, stderr } = await run(args)
    t.equal(code, 1)
    t.match(stderr, sentence)
    t.equal(stderr.trim().split('\n').length, 1, stderr)
  }
})

t.test('repair writes another file, lists each change and what is left, and touches no stored data', async (t) => {
  const folder = testDirectory(t, { data: {} })
  const model = referenceModel()
  const [concept] = model.conceptDescriptions.splice(0, 1)
  delete model.submodels[4].submodelElements[0].value
  const from = await writePackage(join(folder, 'machine.aasx'), model)
  const before = readFileSync(from)
  const hub = await start(t, { DATA_DIR: join(folder, 'data') })
  t.equal((await hub.post('/concept-descriptions', concept)).status, 201)
  const repair = (name: string, ...args: string[]) =>
    run(['--profile', 'kosmo', from, '-o', join(folder, name), ...args], 'repair')
  const running = await repair('running.aasx', '--url', hub.url)
  t.equal(running.code, 1, running.stderr)
  t.match(
    running.stdout,
    `running.aasx is written with 1 changes:\n  KOSMO-SME-3 changed /conceptDescriptions/3: nothing → {`
  )
  t.match(running.stdout, '  Error KOSMO-SME-4 Values of Properties\n    @ /submodels/4/submodelElements/0/value')
  t.equal((await hub.get('/submodels')).json.result.length, 0)
  const locked = await repair('locked.aasx', '--data-dir', hub.directory)
  t.match(locked.stderr, /in use/)
  await hub.stop()
  const stored = await repair('stored.aasx', '--data-dir', hub.directory, '--language', 'ko')
  t.match(stored.stdout, '파일을 1곳 고쳐서 썼습니다')
  t.ok(readFileSync(join(folder, 'stored.aasx')).equals(readFileSync(join(folder, 'running.aasx'))))
  t.ok(readFileSync(from).equals(before))
  t.notOk(existsSync(join(folder, 'locked.aasx')))

  const json = await repair('draft.aasx', '--data-dir', join(folder, 'none'), '--format', 'json')
  t.match(JSON.parse(json.stdout), { changes: [{ kind: 'draft' }], report: { profile: 'kosmo', valid: false } })
})

t.test('repair refuses in one sentence', async (t) => {
  const file = await writePackage(join(testDirectory(t), 'machine.aasx'), referenceModel())
  for (const [args, sentence] of [
    [[], 'repair needs one file'],
    [[file], 'repair needs --profile, e.g. kosmo'],
    [['--profile', 'kosmo', file], 'repair needs --output with the file to write'],
    [['--profile', 'kosmo', file, '-o', file], 'The repaired file is another than'],
    [['--profile', 'kosmo', `${file}.none`, '-o', 'x'], 'ENOENT'],
    [['--profile', 'kosmo', file, '-o', `${file}.x`, '--inside', 'pdf'], '--inside is "pdf", expected xml or json']
  ] as const) {
    const { code, stderr } = await run(args, 'repair')
    t.equal(code, 1)
    t.match(stderr, sentence)
    t.equal(stderr.trim().split('\n').length, 1, stderr)
  }
})

function run(args: readonly string[], verb = 'validate'): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8' }
    execFile(process.execPath, [program, verb, ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}
