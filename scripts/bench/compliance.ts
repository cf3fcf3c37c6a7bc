/** The compliance report: how long the hub examines itself, and what other requests notice of it. */
import { plant } from '../demo/plant.ts'
import { type Child, start } from './children.ts'
import { encode, fill, fillWith } from './data.ts'
import { flags } from './flags.ts'
import { latencies, latenciesFor } from './light-requests.ts'
import { lines, wanted } from './measure.ts'
import { quantile } from './statistics.ts'

const MANY = flags.quick ? 2_000 : 10_000
const QUIET_MS = flags.quick ? 3_000 : 10_000

/** @param folder creates a folder for data */
export async function compliance(folder: (name: string) => Promise<string>): Promise<void> {
  if (!wanted('compliance')) return
  const demo = await folder('compliance-plant')
  const { submodels = [] } = plant()
  await fillWith(demo, submodels)
  await measure(demo, submodels[0]?.id ?? '', 'the demo plant', 10)
  const many = await folder('compliance-many')
  await fill(many, MANY, 10)
  await measure(many, 'https://bench.example/sm/0', `${MANY.toLocaleString('en')} submodels of 10 elements`, 60)
}

async function measure(directory: string, id: string, what: string, goalSeconds: number): Promise<void> {
  const hub = await start('hub.ts', directory, {})
  const path = `/api/v3/submodels/${encode(id)}`
  await latenciesFor(hub, path, 500)
  const quiet = await latenciesFor(hub, path, QUIET_MS)
  const from = performance.now()
  const { id: report } = (await (await fetch(`${hub.url}/compliance`, { method: 'POST' })).json()) as { id: string }
  let seconds = 0
  const ended = awaitReport(hub, report).then(() => {
    seconds = (performance.now() - from) / 1000
  })
  const busy = await latencies(hub, path, () => seconds > 0)
  await ended
  await hub.stop()
  const p99 = (times: readonly number[]) => quantile(times, 0.99)
  const ratio = p99(busy) / p99(quiet)
  lines.push({
    workload: `compliance report of ${what}`,
    hub: `${seconds.toFixed(1)} s`,
    ...{ baseline: '–', ratio: '–', goal: `< ${goalSeconds} s`, met: seconds < goalSeconds ? 'yes' : 'no' }
  })
  lines.push({
    workload: `GET of a submodel meanwhile, p99; baseline: without an examination (${what})`,
    hub: `${p99(busy).toFixed(2)} ms`,
    ...{ baseline: `${p99(quiet).toFixed(2)} ms`, ratio: ratio.toFixed(2), goal: '≤ 2', met: ratio <= 2 ? 'yes' : 'no' }
  })
}

async function awaitReport(hub: Child, id: string): Promise<void> {
  for (;;) {
    const response = await fetch(`${hub.url}/compliance/${id}`)
    await response.arrayBuffer()
    if (response.status === 200) return
    if (response.status !== 202) throw new Error(`The examination failed: ${response.status}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}
