import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { settings } from '../src/config/settings.ts'
import { testDirectory } from './test-directory.ts'

const program = new URL('../src/aas-hub.js', import.meta.url).pathname
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

t.test('--help names every verb and every setting', async (t) => {
  for (const asked of ['--help', 'help', '-h']) {
    const { code, stdout } = await run([asked])
    t.equal(code, 0)
    for (const verb of ['serve', 'backup', 'check', 'validate']) t.match(stdout, new RegExp(`^  ${verb} `, 'm'))
    for (const name of Object.keys(settings))
      t.ok(stdout.includes(`--${name.toLowerCase().replaceAll('_', '-')}, ${name} `), name)
  }
})

t.test('the help of a verb names its arguments and its settings', async (t) => {
  const { code, stdout } = await run(['migrate', '--help'])
  t.equal(code, 0)
  t.match(stdout, /^Usage: aas-hub migrate --from .* --to /m)
  t.match(stdout, /^ {2}--mongodb-timeout, MONGODB_TIMEOUT /m)
  t.notMatch(stdout, '--port')
})

t.test('--version prints the version', async (t) => {
  t.same(await run(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' })
})

t.test('all wrong settings are reported at once, and nothing is started', async (t) => {
  const { code, stderr } = await run(['--port', 'x', '--colour', 'red'], { BODY_LIMIT: 'much' })
  t.equal(code, 1)
  for (const name of ['--port is "x"', '--colour is not known', 'BODY_LIMIT is "much"'])
    t.ok(stderr.includes(name), name)
  t.notMatch(stderr, /\n {4}at /, 'without a stack')
})

t.test('an unknown verb is reported, with those that exist', async (t) => {
  const { code, stderr } = await run(['start'])
  t.equal(code, 1)
  t.equal(
    stderr,
    '"start" is not known; there are: serve, backup, migrate, check, validate, repair, export, instantiate, documents, discover, certificates, connect, collect, mcp, access, setup, keys, users, audit\n'
  )
})

t.test('the hub starts, logs JSON where there is no terminal, and stops on SIGTERM', async (t) => {
  const hub = await serve(t, testDirectory(t))
  t.equal((await fetch(`${hub.url}/readyz`)).status, 200)
  hub.child.kill('SIGTERM')
  t.same(await hub.ended, [0, null])
  for (const line of hub.lines) t.type(JSON.parse(line).level, 'string')
})

t.test('a second signal ends a hub that still waits for a request', async (t) => {
  const hub = await serve(t, testDirectory(t))
  const socket = connect(Number(new URL(hub.url).port), '127.0.0.1').on('error', () => {})
  socket.write(
    'POST /api/v3/submodels HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{'
  )
  // The answer to a request on another connection shows that the first one has arrived.
  await fetch(`${hub.url}/healthz`)
  hub.child.kill('SIGINT')
  await hub.said(/SIGINT/)
  hub.child.kill('SIGINT')
  t.same(await hub.ended, [1, null])
  socket.destroy()
})

t.test('a data directory in use is reported', async (t) => {
  const directory = testDirectory(t)
  await serve(t, directory)
  const { code, stderr } = await run(['--port', '0', '--data-dir', directory])
  t.equal(code, 1)
  t.match(stderr, /in use by another process/)
})

t.test('a port in use is reported', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  t.teardown(() => taken.close())
  await once(taken, 'listening')
  const { port } = taken.address() as { port: number }
  const { code, stderr } = await run(['--port', String(port), '--data-dir', testDirectory(t)])
  t.equal(code, 1)
  t.equal(stderr, `Port ${port} of 127.0.0.1 is in use; choose another one with --port or PORT\n`)
})

t.test('a missing file to preload is reported', async (t) => {
  const { code, stderr } = await run([
    '--port',
    '0',
    '--data-dir',
    testDirectory(t),
    '--preload',
    join(t.testdirName, 'nowhere.aasx')
  ])
  t.equal(code, 1)
  t.match(stderr, /nowhere\.aasx/)
  t.notMatch(stderr, /\n {4}at /, 'without a stack')
})

t.test('a running hub is backed up, and the copy is sound', async (t) => {
  const directory = testDirectory(t)
  const [data, copy] = [join(directory, 'data'), join(directory, 'copy')]
  const hub = await serve(t, data)
  const body = JSON.stringify({ modelType: 'Submodel', id: 'urn:kept' })
  const created = await fetch(`${hub.url}/api/v3/submodels`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body
  })
  t.equal(created.status, 201)

  t.equal((await run(['backup', '--data-dir', data, '--to', copy])).code, 0)
  t.equal((await run(['check', '--data-dir', data])).stdout, `${data} is sound\n`, 'also what is in use')
  t.equal((await run(['check', '--data-dir', copy])).stdout, `${copy} is sound\n`)
  t.match(await run(['backup', '--data-dir', data, '--to', copy]), { code: 1, stderr: /is not empty/ })
  t.match(await run(['backup', '--data-dir', data]), { code: 1, stderr: /--to/ })

  const drilled = await run(['check', '--data-dir', data, '--restore-drill', copy])
  t.match(
    drilled,
    { code: 0, stdout: /was restored in [\d.]+ s: 1 documents, 0 samples, all of them sound/ },
    drilled.stderr
  )
  t.match(JSON.parse(readFileSync(join(data, 'backups.json'), 'utf8')), {
    backup: { to: copy },
    drill: { of: copy, isSound: true, documents: 1 }
  })
  const metrics = await (await fetch(`${hub.url}/metrics`)).text()
  for (const name of ['backup_seconds', 'restore_drill_seconds', 'restore_drill_sound'])
    t.match(metrics, new RegExp(`^aas_hub_${name} \\d`, 'm'))
  writeFileSync(join(copy, 'hub.db'), 'no database')
  t.match(await run(['check', '--data-dir', data, '--restore-drill', copy]), { code: 1 })
  t.match(JSON.parse(readFileSync(join(data, 'backups.json'), 'utf8')), { drill: { isSound: false } })
  t.match(await run(['check', '--data-dir', data, '--restore-drill', join(directory, 'none')]), {
    code: 1,
    stderr: /none/
  })
  const [other, third] = [join(directory, 'other'), join(directory, 'third')]
  t.equal((await run(['backup', '--data-dir', data, '--to', other])).code, 0)
  t.equal((await run(['backup', '--data-dir', other, '--to', third])).code, 0, 'a copy is not its own backup')

  const second = await serve(t, other)
  const read = await fetch(`${second.url}/api/v3/submodels/${Buffer.from('urn:kept').toString('base64url')}`)
  t.same(await read.json(), JSON.parse(body))
})

t.test('damage is found', async (t) => {
  const directory = testDirectory(t)
  const hub = await serve(t, directory)
  hub.child.kill('SIGTERM')
  await hub.ended
  // The first page, with the header, stays; all others get a pattern that no page begins with.
  for (const name of ['hub.db', 'hub.db-wal']) {
    const file = join(directory, name)
    if (!existsSync(file)) continue
    const opened = openSync(file, 'r+')
    for (let at = 4096; at < statSync(file).size; at += 4096) writeSync(opened, Buffer.alloc(64, 0xa5), 0, 64, at)
    closeSync(opened)
  }
  const { code, stderr } = await run(['check', '--data-dir', directory])
  t.equal(code, 1)
  t.match(stderr, /damaged/)
})

t.test('a folder without data is reported', async (t) => {
  const directory = testDirectory(t)
  mkdirSync(join(directory, 'empty'))
  t.match(await run(['check', '--data-dir', join(directory, 'empty')]), { code: 1, stderr: /does not exist/ })
})

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A run that ends by itself. */
function run(args: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const env = { PATH: process.env.PATH, ...environment }
    execFile(process.execPath, [program, ...args], { env, timeout: 180_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

interface Running {
  readonly child: ChildProcess
  readonly url: string
  readonly lines: readonly string[]
  readonly ended: Promise<unknown[]>
  /** Waits until a line of the log matches. */
  said(words: RegExp): Promise<string>
}

/** A hub that runs until the test ends. */
async function serve(t: Test, directory: string): Promise<Running> {
  const child = spawn(process.execPath, [program], {
    env: { PATH: process.env.PATH, PORT: '0', DATA_DIR: directory },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  t.teardown(() => child.kill('SIGKILL'))
  const ended = once(child, 'exit')
  const lines: string[] = []
  const reader = createInterface(child.stdout).on('line', (line) => lines.push(line))
  const said = async (words: RegExp) => {
    for (;;) {
      const line = lines.find((line) => words.test(line))
      if (line !== undefined) return line
      await once(reader, 'line')
    }
  }
  const [url = ''] = /http:\/\/[\d.:]+/.exec(await said(/Listening on/)) ?? []
  return { child, url, lines, ended, said }
}
