/** `aas-hub access` on the versions of access rules, of a running hub or in a data directory. */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { start } from './e2e/harness.ts'
import { rule } from './security/fixture.ts'
import { testDirectory } from './test-directory.ts'

const program = new URL('../src/aas-hub.js', import.meta.url).pathname
const model = (route: string) => ({ rules: [rule({ objects: [{ ROUTE: route }] })] })

t.test('versions are loaded, activated and rolled back, with a running hub or without', async (t) => {
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

t.test('they show a key, or the name and password of a user', async (t) => {
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
    execFile(process.execPath, [program, 'access', ...words], { timeout: 180_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr })
    })
  })
}
