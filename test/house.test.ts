import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import t from 'tap'

const src = new URL('../src/', import.meta.url).pathname
const FLOORS = {
  'errors.ts': -1,
  'time-slice.ts': -1,
  'clock.ts': -1,
  'redact.ts': -1,
  model: 0,
  formats: 1,
  store: 1,
  security: 2,
  operations: 3,
  consumers: 3,
  transports: 4,
  'config.ts': 4,
  app: 5,
  commands: 5
}
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
const imports = new Map(files.map((file) => [file, importsOf(file)]))
/** Without types, which are gone when the program runs. */
const running = new Map(files.map((file) => [file, importsOf(file, /^(import|export) type\b/)]))

t.test('a file imports from its own room or from a lower floor', async (t) => {
  for (const [file, others] of imports) {
    for (const other of others) {
      t.ok(roomOf(file) === roomOf(other) || floorOf(other) < floorOf(file), `${file} imports ${other}`)
    }
  }
})

t.test('there are no cycles', async (t) => {
  const done = new Set<string>()
  const visit = (file: string, way: readonly string[]): void => {
    if (way.includes(file)) t.fail([...way.slice(way.indexOf(file)), file].join(' → '))
    else if (!done.has(file)) for (const other of running.get(file) ?? []) visit(other, [...way, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
  t.equal(done.size, files.length)
})

/** What a file imports from src, but for statements that match `without`. */
function importsOf(file: string, without = /^$/): string[] {
  const text = readFileSync(join(src, file), 'utf8')
  const statements = text.matchAll(
    /^(?:import|export)\b[^'\n]*(?:\{[^}]*\} from )?'(\.[^']+)'|\bimport\('(\.[^']+)'\)/gm
  )
  return [...statements]
    .filter(([statement]) => !without.test(statement))
    .map(([, named, called]) => normalize(join(dirname(file), named ?? called ?? '')))
    .filter((path) => !path.startsWith('..'))
}

/** A folder is a room; the files above them all are one, but for those that have a floor of their own. */
function roomOf(file: string): string {
  const [first = ''] = file.split('/')
  return first.endsWith('.ts') && !Object.hasOwn(FLOORS, first) ? 'top' : first
}

function floorOf(file: string): number {
  return Object.entries(FLOORS).find(([room]) => room === roomOf(file))?.[1] ?? 6
}
