import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t from 'tap'
import { settingsTable } from '../src/config.ts'

const root = new URL('..', import.meta.url).pathname
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const blocks = [...readme.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, commands = '']) => commands.trim())

/** Commands that install, or that start what the test has started already; they must exist, the rest is run. */
const STARTING = /^(npm ci|npm run demo|docker compose up)$/gm

t.test('the table of settings is the one that the hub reads', async (t) => {
  const rows = settingsTable().map(([name, flag, standard, means]) => {
    return `| \`${name}\` | \`${flag}\` | ${standard === '' ? '–' : `\`${standard}\``} | ${means} |`
  })
  t.ok(readme.includes(`\n${rows.join('\n')}\n\n`), rows.join('\n'))
})

/** Commands that npm brings. */
const NPM_ITSELF = new Set(['ci', 'pack'])

t.test('every script that it names exists', async (t) => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const named = [...readme.matchAll(/npm (?:run )?([a-z:]+)/g)]
    .map(([, name = '']) => name)
    .filter((name) => !NPM_ITSELF.has(name))
  t.ok(named.length > 0)
  for (const name of new Set(named)) t.ok(Object.hasOwn(scripts, name), name)
})

t.test('every file that it links to exists', async (t) => {
  for (const [, path = ''] of readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)) t.ok(existsSync(join(root, path)), path)
})

t.test('every command in it does what it says', async (t) => {
  const directory = t.testdir()
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    PORT: '0',
    DATA_DIR: join(directory, 'data'),
    LOG_LEVEL: 'info'
  }
  const hub = spawn(process.execPath, [join(root, 'scripts/demo/demo.ts')], {
    env,
    stdio: ['ignore', 'pipe', 'inherit']
  })
  t.teardown(() => hub.kill('SIGKILL'))
  const reader = createInterface(hub.stdout)
  let url = ''
  for await (const line of reader) {
    url = /Listening on (http:[^"]+)/.exec(line)?.[1] ?? ''
    if (url !== '') break
  }
  // The examples build on each other, as a reader's session in one terminal does.
  const text = blocks
    .map((block) => block.replace(STARTING, '').replace(/^# refused$/m, refused))
    .join(`\n${accepted}\n`)
    .replaceAll('http://127.0.0.1:8080', url)
    .replaceAll('-- --readings', `-- --hub ${url} --buffer ${join(directory, 'gateway')} --readings`)
    .replaceAll('-- --path CycleTime', `-- --hub ${url} --path CycleTime`)
    .replaceAll('./data/demo', env.DATA_DIR)
    .replaceAll('./backup', join(directory, 'backup'))
    .replaceAll('validate plant.aasx', `validate ${join(directory, 'plant.aasx')}`)
  const { status, output } = await bash(text, directory, env)
  t.equal(status, 0, `…${output.slice(-2000)}`)
  t.match(output, /^Nothing is wrong with one file\.$/m, 'the package was read')
  hub.kill('SIGTERM')
  await once(hub, 'exit')
})

/** curl fails on a refusal, so that no example can answer an error unnoticed; where one is announced, without it. */
const accepted = 'curl() { command curl -sS --fail-with-body -w "\\n" "$@"; }'
const refused = 'curl() { command curl -sS -w "\\n" "$@" | grep messageType; }'

function bash(text: string, cwd: string, env: NodeJS.ProcessEnv): Promise<{ status: number; output: string }> {
  const npm = `npm() { command npm --silent --prefix '${root}' "$@"; }`
  return new Promise((resolve) => {
    execFile(
      'bash',
      ['--norc', '-xc', `set -euo pipefail\n${npm}\n${accepted}\n${text}`],
      { cwd, env, timeout: 60_000 },
      (error, stdout, stderr) => {
        resolve({ status: error === null ? 0 : Number(error.code ?? -1), output: stdout + stderr })
      }
    )
  })
}
