import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { referenceModel, writePackage } from './operations/conformance/reference-model.ts'

const program = new URL('../src/aas-hub.js', import.meta.url).pathname

t.test('a good package conforms', async (t) => {
  const file = await writePackage(join(t.testdir(), 'machine.aasx'), referenceModel())
  const { code, stdout } = await run(['--profile', 'kosmo', file])
  t.equal(stdout, 'machine.aasx\n  passed 27, failed 0, not checked 0\n  It conforms to kosmo.\n')
  t.equal(code, 0)
})

t.test('findings are written as text in a language, or as JSON', async (t) => {
  const model = referenceModel()
  delete model.submodels[5].submodelElements[0].value
  const file = await writePackage(join(t.testdir(), 'machine.aasx'), model)
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
      '  통과 26, 실패 1, 검사 안 함 0',
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
  const folder = t.testdir()
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

function run(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8' }
    execFile(process.execPath, [program, 'validate', ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}
