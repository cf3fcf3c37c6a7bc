import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import t from 'tap'

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

t.test('no file speaks of the machine it was written on', async (t) => {
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

function* textFiles(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (LEFT_OUT.has(entry.name)) continue
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* textFiles(path)
    else if (/^$|\.(ts|js|json|md|ya?ml|xml|xsd)$/.test(extname(entry.name))) yield path
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
