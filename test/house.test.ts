/**
 * Keeps the layers, and ARCHITECTURE.md true. A room is a folder of `src/` with its sub-folders. A file imports from its own room or from a room on
 * a lower floor; neither files nor the folders of a room import one another in a circle, types included.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import t from 'tap'

const src = new URL('../src/', import.meta.url).pathname

/** From the bottom. Rooms of one floor do not import one another. */
const FLOORS: readonly (readonly string[])[] = [
  ['errors.ts', 'clock.ts', 'redact.ts', 'time-slice.ts'],
  ['model', 'threads', 'memory'],
  ['formats', 'store'],
  ['security', 'mqtt'],
  ['operations', 'consumers'],
  ['reports'],
  ['transports', 'collectors', 'config'],
  ['app', 'commands'],
  ['server.ts'],
  ['cli'],
  ['cli.ts'],
  ['aas-hub.js']
]

/** Rooms apart, with what they may import: the client library is also published without the hub. */
const APART: Readonly<Record<string, readonly string[]>> = { client: [], page: ['client'] }

/** Rooms of the hub that use the client library: they buffer samples on disk, and send them to other hubs. */
const CLIENTS: readonly string[] = ['collectors', 'commands']

interface Import {
  readonly from: string
  readonly to: string
}

const architecture = readFileSync(new URL('../ARCHITECTURE.md', import.meta.url), 'utf8')
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => /\.[jt]sx?$/.test(file))
const imports = files.flatMap(importsOf)

t.test('every room has a floor, or stands apart', async (t) => {
  for (const room of new Set(files.map(roomOf))) t.ok(floorOf(room) >= 0 || Object.hasOwn(APART, room), room)
})

t.test('a file imports from its own room or from a lower floor', async (t) => {
  for (const { from, to } of imports) t.ok(mayImport(roomOf(from), roomOf(to)), `${from} imports ${to}`)
})

t.test('files do not import one another in a circle, types included', async (t) => {
  for (const circle of circlesIn(imports)) t.fail(circle.join(' → '))
})

t.test('the folders of a room do not import one another in a circle', async (t) => {
  const within = imports.filter(({ from, to }) => roomOf(from) === roomOf(to) && dirname(from) !== dirname(to))
  for (const circle of circlesIn(within.map(({ from, to }) => ({ from: dirname(from), to: dirname(to) })))) {
    const steps = circle.slice(1).map((folder, index) => [circle[index], folder])
    const reasons = within.filter(({ from, to }) => steps.some(([a, b]) => dirname(from) === a && dirname(to) === b))
    t.fail(reasons.map(({ from, to }) => `${from} imports ${to}`).join('; '))
  }
})

t.test('every file and name that ARCHITECTURE.md leads to is there', async (t) => {
  const steps = [...architecture.matchAll(/\[`([\w./-]+\.ts):([\w$]+)`\]\(([^)]+)\)/g)]
  t.ok(steps.length > 40)
  for (const [, file = '', name, path = ''] of steps) {
    t.equal(path, `src/${file}`)
    if (!t.ok(files.includes(file), `ARCHITECTURE.md: ${path} exists`)) continue
    const declaration = new RegExp(
      `^(?:export )?(?:async )?(?:function\\*?|class|const|interface|type) ${name}\\b`,
      'm'
    )
    t.match(readFileSync(join(src, file), 'utf8'), declaration, `ARCHITECTURE.md: ${path} declares ${name}`)
  }
})

t.test('ARCHITECTURE.md names every room, and answers a question in at most two steps', async (t) => {
  for (const room of new Set(files.map(roomOf))) {
    if (!room.endsWith('.js')) t.ok(architecture.includes(`](src/${room})`), room)
  }
  const questions = architecture.split('\n').filter((line) => line.startsWith('| ') && line.includes('? |'))
  t.ok(questions.length >= 10)
  for (const question of questions) {
    const [, , ...further] = question.split(' | ')
    t.ok(further.length <= 1 && question.includes(']('), question)
  }
})

function mayImport(room: string, other: string): boolean {
  if (room === other) return true
  const apart = APART[room]
  if (apart !== undefined) return apart.includes(other)
  if (other === 'client') return CLIENTS.includes(room)
  return !Object.hasOwn(APART, other) && floorOf(other) < floorOf(room)
}

/** What a file imports from `src/`; `import('…')` counts, in types and when run. */
function importsOf(file: string): Import[] {
  const statements = readFileSync(join(src, file), 'utf8').matchAll(
    /^(?:import|export)\b[^'\n]*(?:\{[^}]*\} from )?'(\.[^']+)'|\bimport\('(\.[^']+)'\)/gm
  )
  return [...statements]
    .map(([, named, called]) => ({ from: file, to: normalize(join(dirname(file), named ?? called ?? '')) }))
    .filter(({ to }) => !to.startsWith('..'))
}

/** A folder is a room; so is each file that stands beside the folders. */
function roomOf(file: string): string {
  return file.split('/')[0] ?? ''
}

function floorOf(room: string): number {
  return FLOORS.findIndex((rooms) => rooms.includes(room))
}

/** One circle through each import that closes one, from its start back to it; none is listed twice. */
function circlesIn(edges: readonly Import[]): string[][] {
  const next = Map.groupBy(edges, ({ from }) => from)
  const circles: string[][] = []
  const done = new Set<string>()
  const visit = (node: string, path: readonly string[]): void => {
    if (path.includes(node)) circles.push([...path.slice(path.indexOf(node)), node])
    else if (!done.has(node)) {
      for (const to of new Set(next.get(node)?.map(({ to }) => to))) visit(to, [...path, node])
      done.add(node)
    }
  }
  for (const node of next.keys()) visit(node, [])
  return circles
}
