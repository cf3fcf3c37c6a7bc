/**
 * Runs seeds one after the other: `npm run simulate -- --help`. What a seed does is always the same, so a failing one is
 * looked at by its number. Ends with "N passed, N failed".
 */
import { parseArgs } from 'node:util'
import { type Bug, bugs } from './bugs.ts'
import { type RunResult, type StoreKind, simulate } from './run.ts'

const HELP = `Usage: npm run simulate -- [--store NAME] [--seed S] [--seeds N] [--minutes N] [--hours N] [--bug NAME] [--trace]

Runs the hub in simulated time on a simulated disk and compares it with a model, once per seed.

  --store NAME  sqlite or mongodb; by default one seed after the other in turn
  --seed S      the first seed; by default one that no other day begins with
  --seeds N     how many; by default 1000, or as many as there is time for
  --minutes N   ends after this time
  --hours N     the same in hours
  --bug NAME    puts a bug into the hub and ends with the first seed that finds it
  --trace       prints what happened, for a single seed
  --help        prints this

Bugs: ${Object.keys(bugs).join(', ')}

Exit code: 0 if every seed passed, or one found the bug; 1 if not; 2 if the arguments are wrong.
`

const MS_PER_DAY = 24 * 3_600_000
const PROGRESS_MS = 60_000

async function main(): Promise<number> {
  try {
    return await run(readArguments())
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    console.error(`${error.message}\n\n${HELP}`)
    return 2
  }
}

interface Arguments {
  readonly first: number
  readonly seeds: number
  readonly untilMs: number
  readonly store: StoreKind | undefined
  readonly bug: Bug | undefined
  readonly isTraced: boolean
}

function readArguments(): Arguments | 'help' {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    options: {
      seed: text,
      seeds: text,
      minutes: text,
      hours: text,
      store: text,
      bug: text,
      trace: { type: 'boolean' },
      help: { type: 'boolean' }
    }
  })
  if (values.help === true) return 'help'
  const { bug, store } = values
  if (store !== undefined && store !== 'sqlite' && store !== 'mongodb')
    throw new TypeError(`There is no store "${store}"`)
  if (bug !== undefined && !isBug(bug)) throw new TypeError(`There is no bug "${bug}"`)
  const minutes =
    numberOf('minutes', values.minutes) ?? 60 * (numberOf('hours', values.hours) ?? Number.POSITIVE_INFINITY)
  const isTimed = minutes !== Number.POSITIVE_INFINITY
  return {
    first: numberOf('seed', values.seed) ?? Math.floor(Date.now() / MS_PER_DAY) * 10_000,
    seeds: numberOf('seeds', values.seeds) ?? (values.trace === true ? 1 : isTimed ? Number.POSITIVE_INFINITY : 1000),
    untilMs: performance.now() + minutes * 60_000,
    store,
    bug,
    isTraced: values.trace === true
  }
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const number = Number(text)
  if (text.trim() === '' || !(number >= 0)) throw new TypeError(`--${name} needs a number, not "${text}"`)
  return number
}

function isBug(name: string): name is Bug {
  return Object.hasOwn(bugs, name)
}

async function run(given: Arguments | 'help'): Promise<number> {
  if (given === 'help') {
    console.log(HELP)
    return 0
  }
  const { first, seeds, untilMs, store, bug, isTraced } = given
  const totals = new Totals()
  let reportAt = performance.now() + PROGRESS_MS
  for (let seed = first; seed < first + seeds && performance.now() < untilMs; seed++) {
    const result = await simulate({
      seed,
      store: store ?? storeOf(seed, bug),
      keepsTrace: isTraced,
      ...(bug !== undefined && { bug })
    })
    totals.add(result)
    if (isTraced) console.log(result.trace.join('\n'))
    if (result.failure !== undefined) {
      report(result, bug, store)
      if (bug !== undefined) break
    }
    if (performance.now() < reportAt) continue
    reportAt = performance.now() + PROGRESS_MS
    console.log(`${totals} up to seed ${seed}`)
  }
  console.log(`From seed ${first}: ${totals}`)
  if (bug !== undefined && totals.failed === 0) console.log(`The bug "${bug}" was not found.`)
  console.log(`${totals.seeds - totals.failed} passed, ${totals.failed} failed`)
  return totals.failed > 0 === (bug !== undefined) ? 0 : 1
}

function storeOf(seed: number, bug: Bug | undefined): StoreKind {
  if (bug !== undefined) return bugs[bug].store
  return seed % 2 === 0 ? 'sqlite' : 'mongodb'
}

function report(
  { seed, steps, commits, faults, digest, failure }: RunResult,
  bug: Bug | undefined,
  store: StoreKind | undefined
): void {
  console.log(`Seed ${seed}, after ${steps} steps and ${commits} commits (${listOf(faults)}; ${digest}):`)
  console.log(failure?.stack)
  const options = [...(bug === undefined ? [] : ['--bug', bug]), ...(store === undefined ? [] : ['--store', store])]
  console.log(`Again, step by step: npm run simulate -- --seed ${seed} --trace ${options.join(' ')}`)
}

class Totals {
  seeds = 0
  failed = 0
  #steps = 0
  #commits = 0
  readonly #faults = new Map<string, number>()

  add({ steps, commits, faults, failure }: RunResult): void {
    this.seeds++
    if (failure !== undefined) this.failed++
    this.#steps += steps
    this.#commits += commits
    for (const [name, count] of faults) this.#faults.set(name, (this.#faults.get(name) ?? 0) + count)
  }

  toString(): string {
    return `${this.seeds} seeds, ${this.#steps} steps, ${this.#commits} commits; faults: ${listOf(this.#faults)}`
  }
}

function listOf(faults: ReadonlyMap<string, number>): string {
  const list = [...faults].sort(([one], [other]) => (one < other ? -1 : 1)).map(([name, count]) => `${count} × ${name}`)
  return list.length === 0 ? 'none' : list.join(', ')
}

// Last, because classes are not hoisted.
process.exitCode = await main()
