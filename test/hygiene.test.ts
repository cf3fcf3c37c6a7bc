import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, extname, join, matchesGlob } from 'node:path'
import t, { type Test } from 'tap'
import { privateWords } from './private-words.ts'

const root = new URL('..', import.meta.url).pathname
const LEFT_OUT = new Set([
  'node_modules',
  '.git',
  '.tap',
  'data',
  'dist',
  'package-lock.json',
  basename(import.meta.url)
])

const sources = ['src', 'scripts', 'test']
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`)
  )
  // Not what `npm pack` builds.
  .filter(
    (file) =>
      /\.[jt]sx?$/.test(file) && !file.includes('/dist/') && !/^test\/(?:hygiene\.test|private-words)\.ts$/.test(file)
  )
const code = sources.filter((file) => !file.startsWith('test/'))
const pages = [
  ...readdirSync(root),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((file) => `docs/${file}`)
].filter((file) => file.endsWith('.md'))

t.test('no file names the machine it was written on', async (t) => {
  const places = /(?<![\w.}])(\/(work|root|home|Users|tmp)\/[\w.-]|[A-Z]:\\Users\\)/
  for (const file of textFiles(root)) {
    const line = readFileSync(file, 'utf8')
      .split('\n')
      .findIndex((line) => places.test(line))
    t.equal(line, -1, `${file.slice(root.length)}${line < 0 ? '' : `:${line + 1}`}`)
  }
})

t.test('every script that package.json names exists', async (t) => {
  const { scripts, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
    string,
    Record<string, string>
  >
  const named = [...Object.values(scripts ?? {}), ...Object.values(bin ?? {})].join(' ')
  const files = named.match(/\b(?:src|scripts|bin)\/[\w./-]+\.[jt]s\b/g) ?? []
  t.ok(files.length > 0)
  for (const file of new Set(files)) t.ok(readFileSync(join(root, file)).length > 0, file)
})

t.test('what npm test leaves out is run by test:long and by .ci/run', async (t) => {
  const [, excluded = ''] = readFileSync(join(root, '.taprc'), 'utf8').split('exclude:')
  const patterns = excluded.match(PATTERN) ?? []
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  t.strictSame(scripts['test:long'].match(PATTERN), patterns)
  const continuous = readFileSync(join(root, '.ci/run'), 'utf8').match(PATTERN) ?? []
  for (const file of sources.filter((source) => patterns.some((pattern) => matchesGlob(source, pattern)))) {
    t.ok(
      continuous.some((pattern) => matchesGlob(file, pattern)),
      file
    )
  }
})

/** Test files, as shells and tap name them. */
const PATTERN = /test\/[\w./*-]+\.test\.ts/g

t.test(
  'an old Node is refused, naming the needed one',
  { skip: oldNode() === undefined && 'no old Node at hand' },
  async (t) => {
    try {
      execFileSync(oldNode() ?? '', [join(root, 'src/aas-hub.js')], { encoding: 'utf8', stdio: 'pipe' })
      t.fail('it started')
    } catch (error) {
      t.match((error as { stderr: string }).stderr, /the hub needs Node 26 or later/)
    }
  }
)

t.test('code, tests and pages are written in the words of the field', async (t) => {
  const hits = new Map<string, string[]>()
  // A changelog also says what things were called before.
  for (const file of [...sources, ...pages.filter((page) => page !== 'CHANGELOG.md')]) {
    const text = `${file}\n${readFileSync(join(root, file), 'utf8')}`
    for (const { found, instead } of privateWords) {
      for (const match of text.matchAll(found)) {
        // The first line is the name of the file.
        const line = text.slice(0, match.index).split('\n').length - 1
        const hit = `${file}:${line} "${match[0]}", better: ${instead}`
        hits.set(roomOf(file), [...(hits.get(roomOf(file)) ?? []), hit])
      }
    }
  }
  for (const [room, list] of hits) none(t, `private words in ${room}`, list)
})

/** Time that is not read from a clock that is passed in. */
const OWN_TIME = /\b(?:setTimeout|setInterval|Date\.now|performance\.now)\b/
/** The system's clock where it is more than a default. */
const SYSTEM_CLOCK = /(?<![=?] )\bsystemClock\b(?!: Clock)/

/** Files that need the real time, and why. */
const REAL_TIME: ReadonlyMap<string, string> = new Map([
  ['src/clock.ts', 'it is the clock'],
  ['src/time-slice.ts', 'it measures how long the main thread was held'],
  ['src/client/client.ts', 'it is published without the hub'],
  ['src/client/disk-buffer.ts', 'it is published without the hub'],
  ['src/client/api/oidc.ts', 'it is published without the hub'],
  ['src/transports/http/linger.ts', 'it waits for bytes of a socket'],
  ['src/store/concurrency.ts', 'it waits for a writer of another process'],
  ['src/commands/migrate.ts', 'it reports its progress to a terminal']
])

t.test('what waits or asks for the time is given a clock', async (t) => {
  const hits = code
    // The page runs in a browser.
    .filter((file) => file.startsWith('src/') && !file.startsWith('src/page/') && !REAL_TIME.has(file))
    .flatMap((file) =>
      linesOf(file).flatMap((line, index) =>
        !/^\s*(?:\*|\/\/|\/\*|import )/.test(line) && (OWN_TIME.test(line) || SYSTEM_CLOCK.test(line))
          ? [`${file}:${index + 1} ${line.trim()}`]
          : []
      )
    )
  none(t, 'own timers and times', hits)
  for (const file of REAL_TIME.keys()) {
    const text = linesOf(file).join('\n')
    t.ok(OWN_TIME.test(text) || SYSTEM_CLOCK.test(text), `${file} still needs to be excepted`)
  }
})

/** Tests of what happens at a random moment, in real time. */
const RANDOM_MOMENTS: ReadonlyMap<string, string> = new Map([
  ['test/until.ts', 'it looks again after a pause'],
  ['test/consumers/compaction.test.ts', 'it kills a process'],
  ['test/mongodb/hubs.test.ts', 'it kills hubs, and waits for those that are started again'],
  ['test/mongodb/writer.ts', 'it is killed'],
  ['test/mongodb/writers.ts', 'it kills writers']
])
const isCrashTest = (file: string) => /(?:^|\/)crash[\w-]*(?:\.test)?\.ts$/.test(file)

t.test('a test waits for a condition or advances a clock, and never sleeps', async (t) => {
  const sleeping = sources.filter((file) => /\bset(?:Timeout|Interval)\b/.test(linesOf(file).join('\n')))
  const tests = sleeping.filter((file) => file.startsWith('test/'))
  none(
    t,
    'tests that sleep',
    tests.filter((file) => !RANDOM_MOMENTS.has(file) && !isCrashTest(file))
  )
  for (const file of RANDOM_MOMENTS.keys()) t.ok(tests.includes(file), `${file} still needs to be excepted`)
})

t.test('the directory of a test is removed after what is open in it', async (t) => {
  const own = sources.filter((file) => file.startsWith('test/') && /\.testdir\(/.test(linesOf(file).join('\n')))
  none(
    t,
    "tests that use tap's testdir in place of testDirectory",
    own.filter((file) => file !== 'test/test-directory.ts')
  )
})

/** Tables: data, one entry after the other. They may be longer than a file that is read from top to bottom. */
const TABLES = new Set(['src/model/metamodel.ts', 'src/operations/table.ts', 'scripts/demo/plant.ts'])
const MAX_FILE_LINES = 400

t.test('a file that is not a table has at most 400 lines', async (t) => {
  const long = code.flatMap((file) => {
    const { length } = linesOf(file)
    return length > MAX_FILE_LINES && !TABLES.has(file) ? [`${file} has ${length} lines`] : []
  })
  none(t, 'long files', long)
})

/** Functions that are lists: statements or schemas, one after the other. */
const LISTS = new Set(['extensionSchemas', 'prepare'])
const MAX_FUNCTION_LINES = 80

t.test('a function that is not a list has at most 80 lines', async (t) => {
  const long = code.flatMap((file) =>
    functionsOf(linesOf(file))
      .filter(({ name, length }) => length > MAX_FUNCTION_LINES && !LISTS.has(name))
      .map(({ name, line, length }) => `${file}:${line} ${name} has ${length} lines`)
  )
  none(t, 'long functions', long)
})

t.test('no two files of a folder declare a type of the same name', async (t) => {
  const declared = new Map<string, string[]>()
  for (const file of code) {
    for (const { name } of typesOf(file)) add(declared, `${dirname(file)} ${name}`, basename(file))
  }
  none(t, 'types declared twice in a folder', several(declared))
})

t.test('no two rooms export a type of the same name', async (t) => {
  const exporting = new Map<string, string[]>()
  // The client library is published without the hub and has the types of its messages itself.
  for (const file of code.filter((file) => file.startsWith('src/') && !file.startsWith('src/client/'))) {
    for (const { name } of typesOf(file).filter(({ isExported }) => isExported)) add(exporting, name, roomOf(file))
  }
  none(t, 'types exported by several rooms', several(exporting))
})

function typesOf(file: string): { readonly name: string; readonly isExported: boolean }[] {
  const declarations = readFileSync(join(root, file), 'utf8').matchAll(
    /^(export )?(?:declare )?(?:abstract )?(?:interface|type|class|enum) ([A-Z]\w*)/gm
  )
  return [...declarations].map(([, exported, name = '']) => ({ name, isExported: exported !== undefined }))
}

function add(lists: Map<string, string[]>, key: string, entry: string): void {
  const list = lists.get(key) ?? []
  if (!list.includes(entry)) lists.set(key, [...list, entry])
}

function several(lists: ReadonlyMap<string, readonly string[]>): string[] {
  return [...lists].flatMap(([key, list]) => (list.length > 1 ? [`${key}: ${list.join(', ')}`] : []))
}

function none(t: Test, what: string, hits: readonly string[]): void {
  t.equal(hits.length, 0, `${what}: ${hits.length}`, { hits })
}

/** src/store/sqlite/write-queue.ts → src/store; README.md → pages */
function roomOf(file: string): string {
  return file.endsWith('.md') ? 'pages' : dirname(file).split('/').slice(0, 2).join('/')
}

function linesOf(file: string): string[] {
  return readFileSync(join(root, file), 'utf8').trimEnd().split('\n')
}

interface FunctionSource {
  readonly name: string
  readonly line: number
  readonly length: number
}

const CONTROL =
  /^\s*(?:\} )?(?:if|for|while|switch|else|try|catch|finally|do|(?:export )?(?:abstract )?(?:class|interface))\b/

/** Functions by their layout, which the formatter guarantees: what begins at an indentation ends at the same one. */
function functionsOf(lines: readonly string[]): FunctionSource[] {
  const indentOf = (line: string) => line.search(/\S/)
  return lines.flatMap((head, index) => {
    if (!/(?:\)|=>|\): .*) \{$/.test(head)) return []
    const indent = indentOf(head)
    // A head of several lines begins where its last line is indented as much.
    const isTail = /^\s*[)}]/.test(head)
    const start = isTail
      ? lines.findLastIndex((line, at) => at < index && indentOf(line) === indent && !/^\s*[)}]/.test(line))
      : index
    const first = lines[start] ?? ''
    if (CONTROL.test(first)) return []
    const end = lines.findIndex((line, at) => at > index && indentOf(line) === indent && /^\s*\}/.test(line))
    const [, named] = /(?:function\*?|const) ([\w$]+)/.exec(first) ?? []
    const name = named ?? /^\s*(?:async |static |private )*(#?[\w$]+)\(/.exec(first)?.[1] ?? 'callback'
    return [{ name, line: start + 1, length: end - start + 1 }]
  })
}

function* textFiles(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (LEFT_OUT.has(entry.name)) continue
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* textFiles(path)
    else if (/^$|\.(tsx?|js|css|html|json|md|ya?ml|xml|xsd)$/.test(extname(entry.name))) yield path
  }
}

/** A Node before 26 on this machine, if there is one beside the pinned one. */
function oldNode(): string | undefined {
  for (const folder of (process.env.PATH ?? '').split(':')) {
    const node = join(folder, 'node')
    try {
      const [major = ''] = execFileSync(node, ['--version'], { encoding: 'utf8', stdio: 'pipe' }).slice(1).split('.')
      if (Number(major) < 26) return node
    } catch {
      // No Node in this folder.
    }
  }
  return undefined
}
