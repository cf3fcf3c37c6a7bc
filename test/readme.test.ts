/** The pages that a newcomer reads: the files, headings and scripts that they name exist, and every example runs. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { freePort } from '../scripts/ports.ts'
import { testDirectory } from './test-directory.ts'

const root = new URL('..', import.meta.url).pathname
/** Its examples are run where the package is built: test/package.test.ts. */
const CLIENT_PAGE = 'scripts/client-package/README.md'
const pages = [
  ...[CLIENT_PAGE, 'README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md'],
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) => `docs/${name}`)
].filter((name) => name.endsWith('.md') && existsSync(join(root, name)))

/** Commands that install, or that start what the test has started already. The rest is run. */
const STARTING = /^(npm ci|npm run demo|docker compose up)$/gm

/** Commands that npm brings. */
const NPM_ITSELF = new Set(['ci', 'pack'])

interface Example {
  readonly language: string
  readonly text: string
}

t.test('every npm script that a page names exists', async (t) => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  for (const page of pages) {
    const named = [...read(page).matchAll(/npm (?:run )?(?:-s )?([a-z][a-z:-]*)(?=[ `\n])/g)].map(
      ([, name = '']) => name
    )
    for (const name of new Set(named)) {
      t.ok(NPM_ITSELF.has(name) || Object.hasOwn(scripts, name), `${page}: npm run ${name}`)
    }
  }
})

t.test('every file and heading that a page links to exists', async (t) => {
  for (const page of pages) {
    for (const [, path = '', heading] of read(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)) {
      const file = path === '' ? page : join(dirname(page), path)
      t.ok(existsSync(join(root, file)), `${page} links to ${path}`)
      if (heading !== undefined) t.ok(headingsOf(file).includes(heading), `${page} links to ${path}#${heading}`)
    }
  }
})

t.test('every example is in a language that is run or parsed here', async (t) => {
  for (const page of pages) {
    const fences = read(page).match(/^ *(```|~~~)/gm)?.length ?? 0
    t.equal(fences, 2 * examplesOf(page).length, `${page}: each fence begins at the start of a line and is closed`)
    for (const { language, text } of examplesOf(page)) {
      const known = page === CLIENT_PAGE ? ['js'] : ['sh', 'json', 'mermaid']
      t.ok(known.includes(language), `${page}: ${language || 'no language'}`)
      if (language === 'json') t.doesNotThrow(() => JSON.parse(text), page)
    }
  }
})

t.test('every example does what its page says, at one hub with the sample plant', async (t) => {
  const directory = testDirectory(t)
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    PORT: '0',
    DATA_DIR: join(directory, 'data'),
    LOG_LEVEL: 'info'
  }
  const { hub, url } = await startDemo(t, env)
  // The README last: what it leaves behind must not help the other pages.
  for (const page of pages.toReversed()) {
    const blocks = examplesOf(page).filter(({ language }) => language === 'sh')
    if (blocks.length === 0) continue
    const folder = join(directory, page.replaceAll('/', '-'))
    mkdirSync(folder)
    const { status, output } = await bash(
      session(blocks, {
        url,
        port: await freePort(),
        machinePort: await freePort(),
        pressPort: await freePort(),
        folder,
        data: env.DATA_DIR
      }),
      folder,
      env
    )
    t.equal(status, 0, `${page}: …${output.slice(-2000)}`)
    t.notMatch(output, /^\++ echo 'The file breaks rules/m, `${page}: exported packages are valid`)
  }
  hub.kill('SIGTERM')
  await once(hub, 'exit')
})

async function startDemo(t: Test, env: NodeJS.ProcessEnv): Promise<{ hub: ChildProcess; url: string }> {
  const hub = spawn(process.execPath, [join(root, 'scripts/demo/demo.ts')], {
    env,
    stdio: ['ignore', 'pipe', 'inherit']
  })
  t.teardown(() => hub.kill('SIGKILL'))
  for await (const line of createInterface(hub.stdout)) {
    const [, url] = /Listening on (http:[^"]+)/.exec(line) ?? []
    if (url !== undefined) return { hub, url }
  }
  throw new Error('The demo did not start')
}

/** The blocks of a page build on each other, as a reader's session in one terminal does. */
function session(
  blocks: readonly Example[],
  {
    url,
    port,
    machinePort,
    pressPort,
    folder,
    data
  }: Readonly<Record<'url' | 'folder' | 'data', string>> &
    Readonly<Record<'port' | 'machinePort' | 'pressPort', number>>
): string {
  return (
    blocks
      .map(({ text }) => text.replace(STARTING, '').replace(/^# refused$/m, refused))
      .join(`\n${accepted}\n`)
      .replaceAll('http://127.0.0.1:8080', url)
      .replaceAll('8443', String(port))
      .replaceAll('8090', String(pressPort))
      .replaceAll('127.0.0.1:4840', `127.0.0.1:${machinePort}`)
      .replaceAll('npm run machine', `npm run machine -- --port ${machinePort}`)
      .replaceAll('./data/press-4', join(folder, 'press-4'))
      .replaceAll('-- --readings', `-- --hub ${url} --buffer ${join(folder, 'gateway')} --readings`)
      .replaceAll('-- --path CycleTime', `-- --hub ${url} --path CycleTime`)
      .replaceAll('./data/demo', data)
      .replace(/\.\/(?:backup|handed-in|from-hub)\b/g, (name) => join(folder, name))
      // npm starts programs in the folder of the project.
      .replace(/^.*\bnpm start -- .*$/gm, (line) =>
        line.replace(/(?<= )[\w.-]+\.(?:aasx|json)\b/g, (name) => join(folder, name))
      )
  )
}

/** curl fails on a refusal, so that no example can answer an error unnoticed; where one is announced, on its absence. */
const accepted = 'curl() { command curl -sS --fail-with-body -w "\\n" "$@"; }'
const refused = 'curl() { command curl -sS -w "\\n" "$@" | grep messageType; }'

/** What a page has started in the background ends with it. */
const stopJobs = "set -m; trap 'for job in $(jobs -p); do kill -- -$job; done' EXIT"

function bash(text: string, cwd: string, env: NodeJS.ProcessEnv): Promise<{ status: number; output: string }> {
  const npm = `npm() { command npm --silent --prefix '${root}' "$@"; }`
  return new Promise((resolve) => {
    execFile(
      'bash',
      ['--norc', '-xc', `set -euo pipefail\n${stopJobs}\n${npm}\n${accepted}\n${text}`],
      { cwd, env, timeout: 120_000 },
      (error, stdout, stderr) => {
        resolve({ status: error === null ? 0 : Number(error.code ?? -1), output: stdout + stderr })
      }
    )
  })
}

function read(page: string): string {
  return readFileSync(join(root, page), 'utf8')
}

function examplesOf(page: string): Example[] {
  const blocks = read(page).matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)
  return [...blocks].map(([, language = '', text = '']) => ({ language, text: text.trim() }))
}

/** The anchors of a page, as GitHub makes them. */
function headingsOf(page: string): string[] {
  return [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-')
  )
}
