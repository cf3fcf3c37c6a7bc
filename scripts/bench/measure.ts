/** Measures in alternating rounds, of which the medians count, and reports. */
import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus } from 'node:os'
import { flags } from './flags.ts'
import { median } from './statistics.ts'
import type { WorkloadName } from './workloads.ts'

export const ROUNDS = flags.quick ? 3 : 5
export const SECONDS = flags.quick ? 1 : 2

/** Before this process is pinned to one of them. */
const CORES = availableParallelism()

export interface Line {
  readonly workload: string
  readonly hub: string
  readonly baseline: string
  readonly ratio: string
  readonly goal: string
  readonly met: string
}

export const lines: Line[] = []

/** Is this workload selected? */
export function wanted(...names: readonly WorkloadName[]): boolean {
  return flags.only === undefined || names.some((name) => name === flags.only)
}

/** Two sides of a workload: each runs for about the given seconds and returns its rate per second. */
export interface Race {
  readonly title: string
  /** Required ratio; absent for comparison only. */
  readonly goal?: number
  readonly unit?: string
  readonly ours: (seconds: number) => Promise<number> | number
  readonly theirs: (seconds: number) => Promise<number> | number
  /** Further figures of both sides, read at the end. */
  readonly beside?: () => readonly [ours: string, theirs: string]
}

/** Alternates, so that other load on the machine affects both sides. */
export async function race({ title, goal, unit = '', ours, theirs, beside }: Race): Promise<void> {
  process.stderr.write(`${title} …\n`)
  const rates: [ours: number[], theirs: number[]] = [[], []]
  for (const side of [ours, theirs]) await side(1)
  for (let turn = 0; turn < ROUNDS; turn++) {
    rates[0].push(await ours(SECONDS))
    rates[1].push(await theirs(SECONDS))
  }
  const [hub, baseline] = [median(rates[0]), median(rates[1])]
  const ratio = hub / baseline
  const [besideHub = '', besideBaseline = ''] = beside?.() ?? []
  const cell = (rate: number, more: string) => [`${whole(rate)}${unit}/s`, more].filter((one) => one !== '').join(', ')
  lines.push({
    workload: title,
    hub: cell(hub, besideHub),
    baseline: cell(baseline, besideBaseline),
    ratio: ratio.toFixed(2),
    goal: goal === undefined ? '–' : `≥ ${goal}`,
    met: goal === undefined ? '–' : ratio >= goal ? 'yes' : 'no'
  })
}

/** Times per second. */
export function repeat(act: () => void, seconds: number): number {
  const from = performance.now()
  let count = 0
  while (performance.now() - from < seconds * 1000) {
    act()
    count++
  }
  return count / ((performance.now() - from) / 1000)
}

export function whole(figure: number): string {
  return Math.round(figure).toLocaleString('en')
}

/** The checked-out commit with its date. */
function commit(): string {
  return execFileSync('git', ['log', '-1', '--format=%h of %cs'], { cwd: import.meta.dirname, encoding: 'utf8' }).trim()
}

/** Prints the table; with `--write`, also puts it between the markers of its page. */
export async function report(): Promise<void> {
  if (lines.length === 0) {
    const more = /^(lines|rest)/.test(flags.only ?? '') ? '; it needs --peers' : ''
    console.error(`Nothing was measured: "${flags.only}" has no part with --store ${flags.store}${more}`)
    process.exitCode = 1
    return
  }
  const rows = lines.map(({ workload, hub, baseline, ratio, goal, met }) => [workload, hub, baseline, ratio, goal, met])
  const head = ['Workload', 'Hub', 'Baseline', 'Ratio', 'Goal', 'Met']
  const table = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
  const machine = `Measured at commit ${commit()} with Node ${process.versions.node}, ${CORES} × ${cpus()[0]?.model.trim()}, client on the same machine; medians of ${ROUNDS} rounds of ${SECONDS} s.`
  console.log(`${table}\n\n${machine}`)
  if (!flags.write) return
  const [page, place] = placeOfTable()
  const file = new URL(`../../${page}`, import.meta.url)
  const text = await readFile(file, 'utf8')
  const figures = new RegExp(`(<!-- ${place} -->)[\\s\\S]*(<!-- end of ${place} -->)`)
  await writeFile(
    file,
    text.replace(figures, (_, before, after) => `${before}\n\n${table}\n\n${machine}\n\n${after}`)
  )
}

function placeOfTable(): readonly [page: string, place: string] {
  if (flags.store === 'mongodb') return ['docs/mongodb.md', 'figures over MongoDB']
  return [flags.only === 'mcp' ? 'docs/mcp.md' : 'docs/benchmarks.md', 'figures']
}
