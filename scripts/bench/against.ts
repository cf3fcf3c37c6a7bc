/**
 * `npm run bench:against -- DIR [NAME …] [--rounds 5] [--full]`: compares this checkout with another one by alternating
 * runs of the benchmark workloads. DIR is a checkout with installed dependencies; NAMEs are those of
 * `npm run bench -- --only NAME`, default all. Prints the medians of both sides and the median of the pairwise ratios, which
 * is robust against a machine that slows down. A ratio above 1 is better, whatever the unit.
 */
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { median } from './statistics.ts'
import { isWorkload, unknownWorkload, type WorkloadName } from './workloads.ts'

const NAMES: readonly WorkloadName[] = [
  ...(['get', 'value', 'value-random', 'patch', 'patch-random', 'written', 'large', 'post'] as const),
  ...(['start', 'page', 'query', 'registry', 'bulk', 'validate', 'revalidate'] as const),
  ...(['columns', 'ndjson', 'single', 'fanout', 'fanout-rules', 'latency', 'slow'] as const),
  ...(['aggregate', 'parquet', 'disk'] as const)
]

const USAGE = 'Usage: npm run bench:against -- DIR [NAME …] [--rounds 5] [--full]'

/** Time limit for a run of one workload. */
const RUN_TIMEOUT_MS = 10 * 60 * 1000

const { values: flags, positionals } = readArguments()
const [directory, ...chosen] = positionals
if (directory === undefined) {
  console.error(USAGE)
  process.exit(2)
}
const here = fileURLToPath(new URL('../..', import.meta.url))
const there = resolve(directory)

/** Figures by workload, one per round. */
type Figures = Map<string, { readonly here: number[]; readonly there: number[]; readonly isLowerBetter: boolean }>

const figures: Figures = new Map()
for (const name of chosen.length > 0 ? chosen : NAMES) {
  for (let round = 0; round < Number(flags.rounds); round++) {
    process.stderr.write(`${name}, round ${round + 1} …\n`)
    // Rounds begin with alternating sides.
    const sides = round % 2 === 0 ? (['here', 'there'] as const) : (['there', 'here'] as const)
    for (const side of sides) await measure(name, side)
  }
}
printTable()

function readArguments() {
  const options = {
    help: { type: 'boolean' },
    rounds: { type: 'string', default: '5' },
    full: { type: 'boolean', default: false }
  } as const
  try {
    const parsed = parseArgs({ allowPositionals: true, options })
    if (parsed.values.help) {
      console.log(`${USAGE}\nThe names are those of npm run bench -- --help`)
      process.exit(0)
    }
    const unknown = parsed.positionals.slice(1).find((name) => !isWorkload(name))
    if (unknown !== undefined) throw new Error(unknownWorkload(unknown))
    return parsed
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`)
    process.exit(2)
  }
}

async function measure(name: string, side: 'here' | 'there'): Promise<void> {
  const cwd = side === 'here' ? here : there
  const options = ['scripts/bench/bench.ts', '--only', name, ...(flags.full ? [] : ['--quick'])]
  const { stdout } = await promisify(execFile)('node_modules/.bin/node', options, { cwd, timeout: RUN_TIMEOUT_MS })
  for (const line of stdout.split('\n').filter((one) => one.startsWith('| '))) {
    const [workload = '', hub = ''] = line.slice('| '.length).split(' | ')
    for (const [what, figure, unit] of figuresIn(hub)) {
      const key = what === '' ? workload : `${workload}: ${what}`
      const known = figures.get(key) ?? { here: [], there: [], isLowerBetter: !unit.endsWith('/s') }
      known[side].push(figure)
      figures.set(key, known)
    }
  }
}

/** `1.12 s, RSS 245 MB` → one figure per part, with the word before it. */
function* figuresIn(cell: string): Generator<[what: string, figure: number, unit: string]> {
  for (const part of cell.split(/, (?=[a-zA-Z])/)) {
    const [, what = '', digits = '', unit = ''] = /^([a-zA-Z][\w ]*? )?([\d,.]+) ?(\S.*)$/.exec(part) ?? []
    if (digits !== '') yield [what.trim(), Number(digits.replaceAll(',', '')), unit]
  }
}

function printTable(): void {
  console.log('| Workload | Here | There | Ratio |\n| --- | --- | --- | --- |')
  for (const [workload, { here: ours, there: theirs, isLowerBetter }] of figures) {
    const ratios = ours.map((figure, round) => {
      const other = theirs[round] ?? Number.NaN
      return isLowerBetter ? other / figure : figure / other
    })
    console.log(
      `| ${workload} | ${written(median(ours))} | ${written(median(theirs))} | ${median(ratios).toFixed(2)} |`
    )
  }
}

function written(figure: number): string {
  return figure.toLocaleString('en', { maximumFractionDigits: figure < 100 ? 2 : 0 })
}
