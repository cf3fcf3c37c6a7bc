/** `aas-hub setup`, `keys` and `users`, as an operator calls them. */
import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { start } from './e2e/harness.ts'
import { testDirectory } from './test-directory.ts'

const cli = new URL('../src/cli.ts', import.meta.url).pathname

interface Done {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

async function run(args: readonly string[], { input = '', env = {} } = {}): Promise<Done> {
  const child = spawn(process.execPath, [cli, ...args], {
    env: { PATH: process.env.PATH, LOG_LEVEL: 'silent', ...env }
  })
  child.stdin.end(input)
  const [code, out, err] = await Promise.all([ended(child), textOf(child.stdout), textOf(child.stderr)])
  return { code, out, err }
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('close', resolve))
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += chunk
  return text
}

/** Asks the hub who shows these credentials. */
async function callerAt(url: string, authorization: string): Promise<{ name?: string; claims?: object }> {
  const response = await fetch(`${url}/security/session`, { headers: { authorization } })
  return (await response.json()) as { name?: string; claims?: object }
}

const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

t.test('setup makes an administrator, a gateway and an auditor, once', async (t) => {
  const directory = testDirectory(t)
  const made = await run(['setup', '--data-dir', directory, '--json'])
  t.equal(made.code, 0, made.err)
  const { administrator, gateway, auditor } = JSON.parse(made.out)
  const again = await run(['setup', '--data-dir', directory])
  t.match(again, { code: 1, err: /already/ })
  const hub = await start(t, { DATA_DIR: directory, HOST: '0.0.0.0' })
  const url = hub.url.replace('0.0.0.0', '127.0.0.1')
  t.match(await callerAt(url, basic(administrator.user, administrator.password)), { claims: { role: 'administrator' } })
  t.match(await callerAt(url, `Bearer ${gateway.key}`), { claims: { role: 'gateway' } })
  t.match(await callerAt(url, basic(auditor.user, auditor.password)), { claims: { role: 'auditor' } })
})

t.test('setup also works at an open hub that is running', async (t) => {
  const hub = await start(t)
  const made = await run(['setup', '--url', hub.url])
  t.equal(made.code, 0, made.err)
  const [, key = ''] = /key (aashub_\S+)/.exec(made.out) ?? []
  t.match(await callerAt(hub.url, `Bearer ${key}`), { name: 'key:gateway' })
  t.match(await run(['setup', '--url', hub.url]), { code: 1, err: /refuses with 401/ })
})

t.test('a hub that other machines reach does not start without any way to authenticate', async (t) => {
  const refused = await run(['--host', '0.0.0.0', '--port', '0', '--data-dir', testDirectory(t)])
  t.equal(refused.code, 1)
  for (const command of ['aas-hub setup', 'aas-hub keys create', '--issuers', '--insecure'])
    t.match(refused.err, command)
  const insecure = await start(t, { HOST: '0.0.0.0', INSECURE: 'true' })
  t.match((await fetch(`${insecure.url.replace('0.0.0.0', '127.0.0.1')}/readyz`)).status, 200)
  t.match(await (await fetch(`${insecure.url.replace('0.0.0.0', '127.0.0.1')}/readyz`)).json(), { insecure: true })
})

t.test('keys are administered without a hub', async (t) => {
  const directory = testDirectory(t)
  const keys = (...args: string[]) => run(['keys', ...args, '--data-dir', directory])
  t.match(await keys('create', 'line-1'), { code: 1, err: /--role/ })
  t.match(await keys('create', 'line-1', '--role', 'gateway', '--expires', 'soon'), { code: 1, err: /90|duration/ })
  const created = await keys('create', 'line-1', '--push', 'urn:a,urn:b', '--expires', '90d')
  t.match(created, { code: 0, out: /^aashub_\w{12}_[\w-]{43}\n/ })
  const rotated = await keys('rotate', 'line-1', '--grace', '12h')
  t.match(rotated, { code: 0, out: /^aashub_/ })
  t.not(rotated.out.split('\n')[0], created.out.split('\n')[0])
  const list = await keys('list')
  t.match(
    list.out,
    /^line-1 \(\w{12}\), \{"hub.push":\["urn:a","urn:b"\]\}, created .*, expires .*, 2 secrets are valid\n$/
  )
  t.match(await keys('revoke', 'line-2'), { code: 1, err: /does not exist/ })
  t.match(await keys('revoke', 'line-1'), { code: 0 })
  t.equal((await keys('list')).out, '')
  t.match(await keys('frobnicate'), { code: 1, err: /^Usage: aas-hub keys create/ })
})

t.test('a directory that a hub uses is not opened, and the message says what to do', async (t) => {
  const hub = await start(t)
  const refused = await run(['keys', 'list', '--data-dir', hub.directory])
  t.match(refused, { code: 1, err: /in use.*--url.*AAS_HUB_KEY/ })
})

t.test('users are administered at a running hub, with passwords from a file or typed', async (t) => {
  const hub = await start(t)
  const at = ['--url', hub.url]
  const file = join(testDirectory(t), 'password')
  writeFileSync(file, 'correct horse battery\n')
  const first = await run(['users', 'create', 'kim', '--role', 'administrator', '--password-file', file, ...at])
  t.match(first, { code: 0 }, first.err)
  t.match(await run(['users', 'list', ...at]), { code: 1, err: /401/ })
  t.match(await callerAt(hub.url, basic('kim', 'correct horse battery')), { name: 'user:kim' })
  const admin = await bootKey(t, hub.url)
  const withKey = { env: { AAS_HUB_KEY: admin } }
  const users = (args: readonly string[], input = '') => run(['users', ...args, ...at], { input, ...withKey })
  t.match(await users(['create', 'lee', '--role', 'operator'], 'another long password\n'), { code: 0 })
  t.match(await users(['create', 'lee', '--role', 'operator'], 'another long password\n'), { code: 1, err: /409/ })
  t.match(await users(['create', 'pat', '--role', 'operator'], 'short\n'), { code: 1, err: /12/ })
  t.match(await users(['change', 'lee', '--role', 'engineer,auditor']), { code: 0 })
  t.match(await callerAt(hub.url, basic('lee', 'another long password')), { claims: { role: ['engineer', 'auditor'] } })
  t.match(await users(['password', 'lee'], 'the next long password\n'), { code: 0 })
  t.match(await callerAt(hub.url, basic('lee', 'the next long password')), { name: 'user:lee' })
  t.match(await users(['disable', 'lee']), { code: 0 })
  t.match((await users(['list'])).out, /^kim, .*\nlee, .*, disabled\n$/)
  t.match(await users(['enable', 'lee']), { code: 0 })
  t.match(await users(['delete', 'lee']), { code: 0 })
  t.notMatch((await users(['list'])).out, 'lee')
})

async function bootKey(t: Test, url: string): Promise<string> {
  const response = await fetch(`${url}/security/keys`, {
    method: 'POST',
    headers: { authorization: basic('kim', 'correct horse battery'), 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'boot', claims: { role: 'administrator' } })
  })
  t.equal(response.status, 201)
  return ((await response.json()) as { key: string }).key
}
