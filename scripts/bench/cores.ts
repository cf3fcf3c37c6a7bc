/**
 * What a second core gives: of twenty requests sixteen read, three push samples, one exports. The hub is pinned to one core,
 * then to two, the client to the others. Where there is no other core, the client would take what the second one gives; there the
 * ratio follows from the processor time of each thread on one core: two cores are as fast as the busiest thread allows.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import autocannon, { type Request } from 'autocannon'
import { type Child, start } from './children.ts'
import { encode, fill } from './data.ts'
import { lines, ROUNDS, SECONDS, wanted, whole } from './measure.ts'
import { cpuOf, pin } from './processes.ts'
import { readings } from './raw-baselines.ts'
import { JSON_TYPE } from './requests.ts'
import { median } from './statistics.ts'

const CONNECTIONS = 20
const SUBMODELS = 100
const PROPERTIES = 40
/** Of an export: a series of a day, every ten seconds or so. */
const EXPORTED = 10_000
/** Of a push: ten series with a hundred samples each. */
const [PUSHED_SERIES, PUSHED_SAMPLES] = [10, 100]
const GOAL = 1.6

const EXPORT_FROM = 1_700_000_000_000

/** @param folder creates a folder for data */
export async function twoCores(folder: (name: string) => Promise<string>): Promise<void> {
  if (!wanted('cores')) return
  const directory = await folder('cores')
  await fill(directory, SUBMODELS, PROPERTIES)
  const hub = await start('hub.ts', directory, { TEMPLATES: 'off', SAMPLE_RATE: 'off' })
  await push(hub, [item(0, 0, EXPORT_FROM, readings(EXPORTED))])
  const cores = availableParallelism()
  pin(process.pid, cores > 2 ? `2-${cores - 1}` : String(cores - 1))
  const [one, two]: [MixedRun[], MixedRun[]] = [[], []]
  await measure(hub, '0')
  for (let turn = 0; turn < ROUNDS; turn++) {
    one.push(await measure(hub, '0'))
    if (cores > 2) two.push(await measure(hub, '0-1'))
  }
  await hub.stop()
  pin(process.pid, `0-${cores - 1}`)
  tell(one, two)
}

interface MixedRun {
  /** Requests per second. */
  readonly rate: number
  readonly count: number
  /** Processor time of each thread in microseconds. */
  readonly times: ReadonlyMap<string, number>
}

/** @param two empty where it could not be measured */
function tell(one: readonly MixedRun[], two: readonly MixedRun[]): void {
  const count = sum(one.map((run) => run.count))
  const threads = new Set(one.flatMap(({ times }) => [...times.keys()]))
  const times = Array.from(threads, (thread) => sum(one.map((run) => run.times.get(thread) ?? 0)) / count)
  const [all, busiest] = [sum(times), Math.max(...times)]
  const rate = (runs: readonly MixedRun[]) => median(runs.map((run) => run.rate))
  const isMeasured = two.length > 0
  const ratio = isMeasured ? rate(two) / rate(one) : all / Math.max(busiest, all / 2)
  const cpu = `CPU ${whole(all)} µs a request, ${whole(busiest)} µs of it of one thread`
  lines.push({
    workload: `80 % reads, 15 % pushes of ${whole(PUSHED_SERIES * PUSHED_SAMPLES)} samples, 5 % exports of ${whole(EXPORTED)} rows, on two cores; baseline: on one`,
    hub: isMeasured ? `${whole(rate(two))}/s` : `no core left for the client; ${cpu}`,
    baseline: `${whole(rate(one))}/s${isMeasured ? `, ${cpu}` : ''}`,
    ratio: isMeasured ? ratio.toFixed(2) : `${ratio.toFixed(2)} by CPU`,
    goal: `≥ ${GOAL}`,
    met: ratio >= GOAL ? 'yes' : 'no'
  })
}

async function measure(hub: Child, cores: string): Promise<MixedRun> {
  pin(hub.pid, cores)
  const before = threadTimes(hub.pid)
  const result = await autocannon({ url: hub.url, connections: CONNECTIONS, duration: SECONDS, requests: mix() })
  if (result.non2xx + result.errors > 0) throw new Error(`${result.non2xx} requests of the mix were refused`)
  const times = new Map(
    [...threadTimes(hub.pid)].map(([thread, time]) => [thread, time - (before.get(thread) ?? 0)] as const)
  )
  return { rate: result['2xx'] / result.duration, count: result['2xx'], times }
}

function sum(figures: readonly number[]): number {
  return figures.reduce((total, figure) => total + figure, 0)
}

function mix(): Request[] {
  return Array.from({ length: 20 }, (_, at): Request => {
    if (at === 19)
      return {
        path: `/timeseries?submodel=${submodelId(0)}&path=Value0&format=csv&to=${EXPORT_FROM + EXPORTED * 1000}`
      }
    if (at % 6 === 5) return { method: 'POST', path: '/ingest', headers: JSON_TYPE, setupRequest: withSamples }
    const submodel = `/api/v3/submodels/${encode(submodelId((at * 7) % SUBMODELS))}`
    return { path: at % 2 === 0 ? submodel : `${submodel}/submodel-elements/Value7/$value` }
  })
}

let pushes = 0

function withSamples(request: Request): Request {
  const from = 1_764_000_000_000 + pushes++ * PUSHED_SAMPLES * 100
  const values = readings(PUSHED_SAMPLES, pushes)
  const items = Array.from({ length: PUSHED_SERIES }, (_, series) => item(1 + (pushes % 10), series, from, values))
  return { ...request, body: JSON.stringify(items) }
}

function item(submodel: number, property: number, start: number, values: readonly number[]) {
  return { submodel: submodelId(submodel), path: `Value${property}`, start, step: 100, values }
}

async function push(hub: Child, items: readonly object[]): Promise<void> {
  const response = await fetch(`${hub.url}/ingest`, { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(items) })
  if (!response.ok) throw new Error(await response.text())
}

function submodelId(index: number): string {
  return `https://bench.example/sm/${index}`
}

/** Processor time of each thread so far, in microseconds. */
function threadTimes(pid: number): Map<string, number> {
  return new Map(
    readdirSync(`/proc/${pid}/task`).map((thread) => {
      return [thread, cpuOf(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8'))]
    })
  )
}
