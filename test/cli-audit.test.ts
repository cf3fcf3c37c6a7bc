/** `aas-hub audit …` as a program, on a data directory and on a running hub. */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import { openSqlite } from '../src/store/sqlite/sqlite.ts'
import { startGuarded } from './e2e/access-fixture.ts'
import { property, submodel, withStore } from './store/fixtures.ts'
import { testDirectory } from './test-directory.ts'

const program = new URL('../src/aas-hub.js', import.meta.url).pathname

const RECORD = {
  at: '2026-06-01T00:00:00.000Z',
  caller: 'user:k"i]m',
  operation: 'PostSubmodel',
  outcome: 'refused',
  status: 403,
  rules: ['a', 'b']
}

t.test('a sound audit is verified, also against a head that was kept', async (t) => {
  const directory = await filled(t, 5)
  const head = await run('head', '--data-dir', directory)
  t.match(head, { code: 0, stdout: /^5:[0-9a-f]{64}\n$/ })
  const kept = head.stdout.trim()
  t.match(await run('verify', '--data-dir', directory), {
    code: 0,
    stdout: `The audit is sound: entries 1 to 5. Its head is ${kept}\n`
  })
  await append(directory, 3)
  const file = `${directory}.head`
  writeFileSync(file, head.stdout)
  for (const text of [kept, kept.slice(2), file]) {
    t.match(await run('verify', '--head', text, '--data-dir', directory), {
      code: 0,
      stdout: /^The audit is sound: entries 1 to 8, and it continues the head that was kept\./
    })
  }
  t.match(await run('verify', '--head', 'x', '--data-dir', directory), { code: 1, stderr: /x/ })
})

const tampering: readonly (readonly [sql: string, expected: RegExp])[] = [
  [`UPDATE audit SET record = replace(record, '403', '200') WHERE number = 3`, /^Entry 3 was changed/],
  ['DELETE FROM audit WHERE number = 3', /^Entry 3 is missing/],
  ['DELETE FROM audit WHERE number > 3', /^Entries 4 to 5 are missing at the end/],
  ['DELETE FROM audit WHERE number < 3', /^Entries 1 to 2 are missing/],
  ['UPDATE audit SET hash = zeroblob(32) WHERE number = 5', /^Entry 5 was changed/]
]

for (const [sql, expected] of tampering) {
  t.test(`verify says in one sentence what is wrong, and where: ${sql}`, async (t) => {
    const directory = await filled(t, 5)
    execute(directory, sql)
    const { code, stderr, stdout } = await run('verify', '--data-dir', directory)
    t.match({ code, stdout }, { code: 1, stdout: '' })
    t.match(stderr, expected)
    t.equal(stderr.trimEnd().split('\n').length, 1)
  })
}

t.test('entries that were cut off with their counter are found by the head that was kept', async (t) => {
  const directory = await filled(t, 5)
  const kept = (await run('head', '--data-dir', directory)).stdout.trim()
  execute(directory, 'DELETE FROM audit WHERE number > 3')
  execute(directory, `UPDATE counter SET value = 3 WHERE name = 'audit'`)
  t.match(await run('verify', '--data-dir', directory), { code: 0 })
  t.match(await run('verify', '--head', kept, '--data-dir', directory), {
    code: 1,
    stderr: /^Entries 4 to 5 are missing at the end: the chain was cut off/
  })
})

t.test('entries are exported as lines of JSON, or as syslog messages', async (t) => {
  const directory = await filled(t, 3)
  const ndjson = await run('export', '--after', '1', '--data-dir', directory)
  t.match(
    ndjson.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [{ number: 2, record: RECORD }, { number: 3 }]
  )
  const { stdout } = await run('export', '--format', 'syslog', '--data-dir', directory)
  const [message = ''] = stdout.split('\n')
  const host = hostname().replace(/[^!-~]/g, '')
  t.ok(message.startsWith(`<108>1 2026-06-01T00:00:00.000Z ${host} aas-hub - PostSubmodel [audit@32473 number="1" `))
  t.match(message, 'caller="user:k\\"i\\]m" outcome="refused" status="403" rules="a b" ')
  t.ok(message.endsWith(`] \ufeff${JSON.stringify(RECORD)}`))
  t.match(await run('export', '--format', 'xml', '--data-dir', directory), {
    code: 1,
    stderr: /expected ndjson or syslog/
  })
})

t.test('a folder without a hub, and words that are not known, are refused in a sentence', async (t) => {
  t.match(await run('verify', '--data-dir', testDirectory(t)), { code: 1, stderr: /hub\.db/ })
  t.match(await run('check'), { code: 1, stderr: /^Usage: aas-hub audit verify/ })
  t.match(await run('verify', '--url', 'http://127.0.0.1:9'), { code: 1, stderr: /does not answer/ })
})

t.test('the audit of a running hub is verified over HTTP by right, and in its data directory', async (t) => {
  const { hub, as, keys } = await startGuarded(t, {
    admin: { role: 'administrator' },
    operator: { role: 'operator' },
    auditor: { role: 'auditor' }
  })
  for (let n = 0; n < 12; n++) {
    const { status, text } = await as.admin.ask('POST', '/submodels', submodel(`s${n}`, property('speed', '1')))
    t.equal(status, 201, text)
  }
  const { stdout } = await runAs(keys.auditor, 'head', '--url', hub.url)
  t.match(stdout, /^12:/)
  await as.admin.ask('POST', '/submodels', submodel('next'))
  for (const at of [
    ['--url', hub.url],
    ['--data-dir', hub.directory]
  ]) {
    t.match(await runAs(keys.auditor, 'verify', '--head', stdout.trim(), ...at), {
      code: 0,
      stdout: /entries 1 to \d+, and it continues the head that was kept/
    })
    t.match(await runAs(keys.auditor, 'export', '--after', '12', ...at), { stdout: /^\{"number":13,/ })
  }
  t.match(await runAs(keys.operator, 'verify', '--url', hub.url), { code: 1, stderr: /refuses with 403/ })
  t.match(await runAs('', 'verify', '--url', hub.url), { code: 1, stderr: /refuses with 401/ })
})

async function filled(t: Test, count: number): Promise<string> {
  const directory = join(testDirectory(t), 'data')
  await append(directory, count)
  return directory
}

async function append(directory: string, count: number): Promise<void> {
  await withStore(await openSqlite(directory), async (store) => {
    for (let n = 0; n < count; n++) await store.commit([{ change: 'audit', record: JSON.stringify(RECORD) }])
  })
}

function execute(directory: string, sql: string): void {
  const db = new DatabaseSync(join(directory, 'hub.db'))
  db.exec(sql)
  db.close()
}

function run(...args: string[]) {
  return runAs('', ...args)
}

/** @param key '' for none */
function runAs(key: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { AAS_HUB_KEY: _, ...env } = process.env
  return new Promise((resolve) => {
    const options = { env: { ...env, ...(key !== '' && { AAS_HUB_KEY: key }) } }
    execFile(process.execPath, [program, 'audit', ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}
