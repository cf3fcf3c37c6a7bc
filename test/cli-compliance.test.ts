/** `aas-hub audit report|verify|compare` as a program: from the data directory, and of a running hub. */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startGuarded } from './e2e/access-fixture.ts'
import { embedded, start } from './e2e/harness.ts'
import { testDirectory } from './test-directory.ts'

const program = new URL('../src/aas-hub.js', import.meta.url).pathname

interface Result {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function run(args: readonly string[], environment: Record<string, string> = {}): Promise<Result> {
  return new Promise((resolve) => {
    const env = { ...process.env, LANG: 'C', ...environment }
    execFile(process.execPath, [program, 'audit', ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr })
    )
  })
}

/** One sentence, without a stack. */
const SENTENCE = /^[^\n]+\n$/

t.test('an auditor with a key gets a report, verifies it, repeats it and compares it', async (t) => {
  const { hub, keys } = await startGuarded(t, { auditor: { role: 'auditor' }, gateway: { role: 'gateway' } })
  const folder = testDirectory(t)
  const file = join(folder, 'report.json')
  const asAuditor = { AAS_HUB_KEY: keys.auditor }
  const made = await run(['report', '--url', hub.url, '-o', file], asAuditor)
  t.match(made, { code: 0, stdout: /signed with the key [\w-]{43}\n$/ }, made.stderr)
  t.match(made.stderr, /\d+\/\d+ operations/, 'progress')
  const [, keyId = ''] = /the key ([\w-]{43})/.exec(made.stdout) ?? []

  t.test('offline, with the key that the operator named', async (t) => {
    t.match(await run(['verify', file, '--key', keyId]), { code: 0, stdout: /signed with the trusted key/ })
    const jwks = join(folder, 'jwks.json')
    writeFileSync(jwks, (await hub.ask('GET', `${hub.url}/.well-known/jwks.json`)).text)
    t.match(await run(['verify', file, '--key', jwks]), { code: 0 })
    t.match(await run(['verify', file, '--key', `${hub.url}/.well-known/jwks.json`]), { code: 0 })
    t.match(await run(['verify', file]), { code: 2, stdout: /Whether that is the key of the hub is not known/ })
  })

  t.test('at the hub, whose answers are the same', async (t) => {
    const { code, stdout } = await run(['verify', file, '--against', hub.url], asAuditor)
    t.match({ code, stdout }, { code: 0, stdout: /identity +[1-9]/ })
    t.match(stdout, /Figures that were read again: [1-9]/)
    t.match(stdout, /constraints +[1-9]\d* +0 +0 +0 +0\n/, 'every constraint is checked again, and nothing is stored')
    const refused = await run(['verify', file, '--against', hub.url, '--writes'], asAuditor)
    t.match(refused.stdout, /constraints +[1-9]\d* +0 +0 +[1-9]\d* +0\n/, 'an auditor may not write')
  })

  t.test('which differs once the hub answers in another way', async (t) => {
    const other = join(folder, 'other.json')
    const closed = await run(['verify', file, '--key', keyId, '--against', hub.url], { AAS_HUB_KEY: keys.gateway })
    t.match(closed, { code: 0, stdout: /identity +\d+ +\d+ +0/ })
    t.match(await run(['report', '--url', hub.url, '-o', other], asAuditor), { code: 0 })
    t.match(await run(['compare', file, other]), { code: 0 })
    const worse = JSON.parse(readFileSync(other, 'utf8'))
    worse.sections[0].checks[0].verdict = 'unmet'
    writeFileSync(other, JSON.stringify(worse))
    const compared = await run(['compare', file, other, '--language', 'ko'])
    t.match(compared, { code: 1, stdout: /악화 {2}identity\/version: 충족 → 미충족/ })
    t.match(JSON.parse((await run(['compare', file, other, '--json'])).stdout).checks[0], { change: 'dropped' })
  })

  t.test('bad input is one sentence, an exit code, and nothing written', async (t) => {
    const text = readFileSync(file, 'utf8')
    const changed = join(folder, 'changed.json')
    writeFileSync(changed, text.replace('"met"', '"mets"'))
    const out = join(folder, 'out.json')
    const wrongs: readonly (readonly [readonly string[], RegExp])[] = [
      [['verify', changed, '--key', keyId], /changed after it was signed/],
      [['verify', file, '--key', 'A'.repeat(43)], /signed with the key [\w-]{43}, but trusted is A{43}/],
      [['verify', file, '--key', join(folder, 'none')], /no thumbprint/],
      [['verify', program], /no compliance report/],
      [['verify', join(folder, 'none.json')], /cannot be read/],
      [['verify', file, '--against', 'http://127.0.0.1:9'], /does not answer/],
      [['compare', file, program], /no compliance report/],
      [['report', '--url', 'http://127.0.0.1:9', '-o', out], /does not answer/],
      [['report', '--url', hub.url, '-o', out], /refuses with 401/],
      [['report', '--data-dir', join(folder, 'none'), '-o', out], /does not exist/],
      [['report', '--url', hub.url, '-o', out, '--format', 'docx'], /--format is "docx"/],
      [['report', '--url', hub.url, '-o', join(folder, 'no', 'folder.json')], /cannot be written/]
    ]
    for (const [args, message] of wrongs) {
      const environment = args.some((arg) => arg.includes('folder.json')) ? asAuditor : {}
      const { code, stdout, stderr } = await run(args, environment)
      const last = `${stderr.trimEnd().split('\n').at(-1)}\n`
      t.match({ code, stdout, last }, { code: 1, stdout: '', last: message }, args.join(' '))
      t.match(last, SENTENCE)
      t.notMatch(stderr, /\n {4}at /, 'no stack')
    }
    t.notOk(existsSync(out))
    t.notOk(readdirSync(folder).some((name) => name.endsWith('.part')))
  })
})

t.test('a hub that does not run is examined in its data directory', { skip: embedded }, async (t) => {
  const folder = testDirectory(t, { data: {} })
  const directory = join(folder, 'data')
  const hub = await start(t, { DATA_DIR: directory })
  const inUse = await run(['report', '--data-dir', directory])
  t.match(inUse, { code: 1, stderr: /in use .*; a running hub is asked with --url\n$/ })
  await hub.stop()
  const file = join(folder, 'report.html')
  t.match(await run(['report', '--data-dir', directory, '--language', 'ko', '-o', file]), { code: 0 })
  t.match(readFileSync(file, 'utf8'), '적합성 점검 보고서')
})
