import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { encodeId } from '../src/model/identifier.ts'
import { testDirectory } from './test-directory.ts'

const program = new URL('../src/aas-hub.js', import.meta.url).pathname

const rule = {
  ACL: { ATTRIBUTES: [{ CLAIM: 'role' }], RIGHTS: ['READ'], ACCESS: 'ALLOW' },
  OBJECTS: [{ IDENTIFIABLE: '$sm("*")' }],
  FORMULA: {
    $and: [
      { $eq: [{ $attribute: { CLAIM: 'role' } }, { $strVal: 'reader' }] },
      { $eq: [{ $field: '$sm#semanticId' }, { $strVal: 'urn:plate' }] }
    ]
  },
  FILTER: { FRAGMENT: '$sme', CONDITION: { $eq: [{ $field: '$sme#idShort' }, { $strVal: 'a' }] } }
}

t.test('check counts the rules of a file, and of every JSON file of a folder', async (t) => {
  const folder = testDirectory(t, {
    'a.json': JSON.stringify({ rules: [rule] }),
    'b.json': '{"rules":[]}',
    'c.txt': 'x'
  })
  t.same(await run('check', join(folder, 'a.json')), {
    code: 0,
    stdout: `${join(folder, 'a.json')}: valid, one rule\n`,
    stderr: ''
  })
  const { stdout } = await run('check', folder, '--json')
  t.match(JSON.parse(stdout), { valid: true, files: [{ rules: 1 }, { rules: 0 }] })
})

t.test('check reports every violation with its place, and fails', async (t) => {
  const file = join(testDirectory(t), 'wrong.json')
  const { FORMULA, ...left } = rule
  writeFileSync(file, JSON.stringify({ rules: [left, { ...rule, OBJECTS: [{ ROUTE: 'x' }] }] }))
  const { code, stdout } = await run('check', file)
  t.equal(code, 1)
  t.match(stdout, /wrong\.json: not valid, no rule of it is used\n/)
  t.match(stdout, /\n {2}\/rules\/0: the member "FORMULA" or "USEFORMULA" is missing\n/)
  t.match(stdout, /\n {2}\/rules\/1\/OBJECTS\/0\/ROUTE: .*found "x"\n/)
  const json = await run('check', file, '--json')
  t.equal(json.code, 1)
  t.same(
    JSON.parse(json.stdout).files[0].violations.map(({ pointer }: { pointer: string }) => pointer),
    ['/rules/0', '/rules/1/OBJECTS/0/ROUTE']
  )
})

t.test(
  'check says what is wrong with a file that is not JSON, does not exist, or a folder without rules',
  async (t) => {
    const folder = testDirectory(t, { 'cut.json': '{"rules":[' })
    mkdirSync(join(folder, 'empty'))
    t.match(await run('check', join(folder, 'cut.json')), { code: 1, stdout: /This is not JSON/ })
    t.match(await run('check', join(folder, 'none.json')), { code: 1, stderr: /none\.json/ })
    t.match(await run('check', join(folder, 'empty')), { code: 1, stderr: /contains no JSON files/ })
  }
)

t.test('the printed roles are files that check accepts', async (t) => {
  const folder = testDirectory(t)
  const all = JSON.parse((await run('print')).stdout)
  t.same(Object.keys(all), ['administrator', 'engineer', 'operator', 'gateway', 'auditor'])
  for (const role of Object.keys(all)) {
    const { stdout } = await run('print', '--role', role)
    t.same(JSON.parse(stdout), all[role])
    writeFileSync(join(folder, `${role}.json`), stdout)
  }
  t.match(await run('check', folder, '--json'), { code: 0, stderr: '' })
  t.match(await run('print', '--role', 'owner'), { code: 1, stderr: 'The role "owner" does not exist\n' })
})

t.test('explain names the right, the rule that decides, and why the others do not', async (t) => {
  const path = `/submodels/${encodeId('urn:x')}/submodel-elements/Speed/$value`
  const { code, stdout } = await run('explain', '--as', 'role=operator', 'PATCH', path)
  t.equal(code, 0)
  t.match(stdout, /^PatchSubmodelElementByPath \(\$value\) requires UPDATE\.\n/)
  t.match(stdout, /\nUPDATE on Submodel urn:x, element Speed: allowed\n/)
  t.match(stdout, /\n {2}operator#\S+\/rules\/2 allows it\n/)
  t.match(stdout, /\n {2}auditor#\S+ no: its RIGHTS are READ, VIEW, not UPDATE\n/)
  t.match(stdout, /\n {2}administrator#\S+ no: its FORMULA is false for this caller \(role = operator\)\n/)
})

t.test('explain says what depends on data', async (t) => {
  const file = join(testDirectory(t), 'rules.json')
  writeFileSync(file, JSON.stringify({ rules: [rule] }))
  const explain = (as: string, ...more: string[]) =>
    run('explain', '--access-rules', file, '--as', as, 'GET', '/api/v3/submodels?limit=1', ...more)
  const { stdout } = await explain('{"role":["reader","guest"]}')
  t.match(stdout, /READ on any Submodel: depends on the data\n {2}rules\.json#\/rules\/0 allows it in part\n/)
  t.match(stdout, /where \{"\$eq":\[\{"\$field":"\$sm#semanticId"\},\{"\$strVal":"urn:plate"\}\]\}/)
  t.match(stdout, /shows of \$sme only \{"\$eq":/)
  t.match((await explain('anonymous')).stdout, /refused\n.* no: the CLAIM role is not available\n/)
  const [target] = JSON.parse((await explain('role=reader', '--json')).stdout).targets
  t.match(target, {
    target: { kind: 'Submodel' },
    verdicts: [
      {
        right: 'READ',
        verdict: 'conditional',
        rules: [{ rule: 'rules.json#/rules/0', grants: 'conditional', filters: [{ fragment: '$sme' }] }]
      }
    ]
  })
})

t.test('explain knows the endpoints beside the standard, and those that need no right', async (t) => {
  t.match((await run('explain', '--as', 'role=gateway', 'POST', '/ingest')).stdout, /CREATE on no document: allowed/)
  t.match((await run('explain', '--as', 'role=gateway', 'GET', '/metrics')).stdout, /READ on no document: refused/)
  t.equal((await run('explain', '--as', 'anonymous', 'GET', '/healthz')).stdout, 'GetHealth requires no right.\n')
})

t.test('mistakes on the command line are reported in a sentence', async (t) => {
  const mistakes: readonly (readonly [words: readonly string[], stderr: RegExp])[] = [
    [[], /Usage: aas-hub access check/],
    [['explain', 'GET', '/shells'], /Usage: aas-hub access check/],
    [['explain', '--as', 'operator', 'GET', '/shells'], /--as is "operator", expected JSON, name=value or anonymous/],
    [['explain', '--as', '{"role"', 'GET', '/shells'], /This is not JSON/],
    [['explain', '--as', 'role=x', 'GET', '/nothing'], /The endpoint "GET \/nothing" does not exist/],
    [['explain', '--as', 'role=x', 'GET', '/shells/%20'], /aasIdentifier/]
  ]
  for (const [words, stderr] of mistakes) {
    const found = await run(...words)
    t.match(found, { code: 1, stderr, stdout: '' }, words.join(' '))
    t.notMatch(found.stderr, /\n {4}at /, 'no stack')
  }
})

function run(...words: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, 'access', ...words], { timeout: 180_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr })
    })
  })
}
