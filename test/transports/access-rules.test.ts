/** `/security/access-rules` over HTTP, and the commands that use it. */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { encode, start } from '../e2e/harness.ts'
import { eq, field, property, rule, stored, str, submodel } from '../security/fixture.ts'
import { testDirectory } from '../test-directory.ts'

const program = new URL('../../src/aas-hub.js', import.meta.url).pathname
const at = '/security/access-rules'
const model = (route: string) => ({ rules: [rule({ objects: [{ ROUTE: route }] })] })

t.test('a version is staged, activated and rolled back', async (t) => {
  const hub = await start(t)
  const ask = (method: string, path: string, body?: unknown) => hub.ask(method, hub.url + at + path, body)
  const staged = await ask('POST', '?note=first', model('/a'))
  t.equal(staged.status, 201)
  t.match(staged.json, { number: 1, state: 'staged', author: 'anonymous', note: 'first', rules: 1 })
  t.match((await ask('GET', '')).json, { active: 0 })
  t.match((await ask('POST', '/activate?version=1')).json, { number: 1, state: 'active' })
  t.match((await ask('GET', '/documents')).json, {
    version: 1,
    documents: [{ name: 'rules.json', model: model('/a') }]
  })
  const other = await ask('POST', '', { documents: [{ name: 'b.json', model: model('/b') }] })
  await ask('POST', `/activate?version=${other.json.number}`)
  t.match((await hub.get(`${hub.url}/metrics`)).text, /^aas_hub_access_rules_version 2$/m)
  t.match((await ask('POST', '/activate?version=previous')).json, { number: 1, state: 'active' })
  t.match((await hub.get(`${hub.url}/metrics`)).text, /^aas_hub_access_rules_version 1$/m)
  t.match((await ask('GET', '')).json.versions, [
    { number: 2, state: 'superseded' },
    { number: 1, state: 'active' },
    { number: 0, state: 'superseded' }
  ])
})

t.test('what is not valid is refused with the place, and nothing is kept', async (t) => {
  const hub = await start(t)
  const ask = (path: string, body?: unknown) => hub.ask('POST', hub.url + at + path, body)
  const wrong = { rules: [{ ...rule({}), FORMULA: { $eq: [{ $field: '$sm#nothing' }, str('x')] } }] }
  const refused = await ask('', wrong)
  t.equal(refused.status, 400)
  t.match(refused.json.messages[0].text, /^rules\.json#\/rules\/0\/FORMULA\/\$eq/)
  t.equal((await ask('', '{')).status, 400)
  t.equal((await ask('', { documents: [] })).status, 400)
  t.equal((await ask('', { rules: [], more: 'x'.repeat(5_000_000) })).status, 413)
  t.equal((await ask('/activate?version=7')).status, 404)
  t.equal((await ask('/activate?version=x')).status, 400)
  t.equal((await ask('/activate')).status, 400)
  t.equal((await ask('/activate?version=previous')).status, 400)
  t.equal((await hub.get(`${hub.url}${at}/documents?version=7`)).status, 404)
  t.equal((await hub.get(hub.url + at)).json.versions.length, 1)
})

t.test('explain reads documents, and the values that rules refer to', async (t) => {
  const hub = await start(t)
  const id = 'urn:machine'
  await hub.post('/submodels', submodel(id, 'urn:plate', [property('state', 'off'), property('speed', '1')]))
  const rules = [
    rule({ formula: eq(field('$sm#semanticId'), str('urn:plate')), objects: [{ IDENTIFIABLE: '$sm("*")' }] }),
    rule({
      rights: ['UPDATE'],
      objects: [{ IDENTIFIABLE: '$sm("*")' }],
      formula: eq(stored(`$sme("${id}").state#value`), str('off'))
    })
  ]
  const { json } = await hub.ask('POST', hub.url + at, { rules })
  const explain = async (method: string, path: string) => {
    const question = { claims: { role: 'x' }, method, path }
    const answer = await hub.ask('POST', `${hub.url}${at}/explain?version=${json.number}`, question)
    t.equal(answer.status, 200, answer.text)
    return answer.json.targets[0]?.verdicts[0]
  }
  const speed = `/submodels/${encode(id)}/submodel-elements/speed/$value`
  t.match(await explain('GET', `/submodels/${encode(id)}`), { verdict: 'conditional', stored: 'all' })
  t.match(await explain('GET', `/submodels/${encode('urn:none')}`), { verdict: 'conditional', stored: 'absent' })
  t.match(await explain('PATCH', speed), { right: 'UPDATE', verdict: 'allowed', stored: 'all' })
  await hub.patch(`/submodels/${encode(id)}/submodel-elements/state/$value`, '"on"')
  t.match(await explain('PATCH', speed), { verdict: 'refused', stored: 'nothing' })
  for (const body of ['[]', '{}', '{"method":"GET","path":1}', '{"method":"GET","path":"/shells","claims":[]}']) {
    t.equal((await hub.ask('POST', `${hub.url}${at}/explain`, body)).status, 400, body)
  }
})

t.test('the commands do the same, with a running hub or without', async (t) => {
  const hub = await start(t)
  const file = join(testDirectory(t, { data: {} }), 'rules.json')
  writeFileSync(file, JSON.stringify(model('/a')))
  for (const where of [
    ['--url', hub.url],
    ['--data-dir', join(t.testdirName, 'data')]
  ]) {
    const run = (...words: string[]) => access(...words, ...where)
    t.match(await run('load', file, '--note', 'mine'), { code: 0, stdout: /^version 1: active, 1 rules, .*, mine\n$/ })
    writeFileSync(file, JSON.stringify(model('/b')))
    t.match(await run('load', file, '--stage'), { code: 0, stdout: /^version 2: staged/ })
    t.match(await run('activate', '2'), { code: 0, stdout: /^version 2: active/ })
    t.match(await run('rollback'), { code: 0, stdout: /^version 1: active/ })
    t.match(JSON.parse((await run('versions', '--json')).stdout), { active: 1, versions: [{ number: 2 }, {}, {}] })
    t.match(await run('activate', '9'), { code: 1, stderr: /"9" does not exist/ })
    writeFileSync(file, '{"rules":1}')
    t.match(await run('load', file), { code: 1, stderr: /rules\.json#\/rules/ })
    writeFileSync(file, JSON.stringify(model('/a')))
  }
  const explained = await access('explain', '--url', hub.url, '--as', 'role=x', 'GET', '/a')
  t.match(explained, { code: 1, stderr: /404/ }, 'nothing is served there')
  t.match(await access('explain', '--url', hub.url, '--as', 'role=x', 'GET', '/shells'), {
    code: 0,
    stdout: /READ on any AssetAdministrationShell: refused/
  })
  t.match(await access('versions', '--url', 'http://127.0.0.1:1'), { code: 1, stderr: /does not answer/ })
  t.match(await access('versions', '--data-dir', hub.directory), { code: 1, stderr: /^[^\n]+\n$/ }, 'a hub uses it')
  t.match(await access('versions', '--data-dir', join(t.testdirName, 'none')), { code: 1, stderr: /no such file/ })
})

t.test('the commands show a key, or the name and password of a user', async (t) => {
  const hub = await start(t)
  const password = 'correct horse battery'
  const user = { name: 'kim', password, claims: { role: 'administrator' } }
  t.equal((await hub.ask('POST', `${hub.url}/security/users`, user)).status, 201)
  t.match(await access('versions', '--url', hub.url), { code: 1, stderr: /refuses with 401/ })
  const file = join(testDirectory(t, { token: `kim:${password}\n` }), 'token')
  t.match(await access('versions', '--url', hub.url, '--token-file', file), { code: 0, stdout: /^version 0: active/ })
})

function access(...words: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, 'access', ...words], { timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr })
    })
  })
}
