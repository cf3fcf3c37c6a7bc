/**
 * What others notice of one heavy request: for how long the main thread of the hub is held, measured in the hub, and how long
 * a light request takes meanwhile. `--heavy NAME,NAME` selects some. Held is processor time, which the load of the machine
 * does not change; delayed is what the clock says.
 */
import { fillPlant, pushSamples, SMALL, writePackage } from './blocking-plant.ts'
import { heavyRequests } from './blocking-requests.ts'
import { type Child, type Delays, type Longest, start } from './children.ts'
import { encode } from './data.ts'
import { flags } from './flags.ts'
import { latencies, latenciesFor } from './light-requests.ts'
import { lines, wanted } from './measure.ts'
import { quantile } from './statistics.ts'

/** A request that ends at once is repeated for this long, so that there is something to measure. */
const LEAST_MS = flags.quick ? 1000 : 3000

const LIGHT = `/api/v3/submodels/${encode(SMALL)}/submodel-elements/V1/$value`

const GOALS = { p999: 50, longest: 150 }

/** @param folder creates a folder for data */
export async function blocking(folder: (name: string) => Promise<string>): Promise<void> {
  if (!wanted('blocking')) return
  const directory = await folder('blocking')
  await fillPlant(directory)
  const requests = heavyRequests(await writePackage(await folder('blocking-package')))
  const hub = await start('hub.ts', directory, { TEMPLATES: 'off', SAMPLE_RATE: 'off' })
  await pushSamples(hub)
  await latenciesFor(hub, LIGHT, 2000)
  tell('nothing else, idle', await measure(hub, () => new Promise((resolve) => setTimeout(resolve, 3000))))
  const names = flags.heavy?.split(',') ?? Object.keys(requests)
  for (const name of names) {
    const request = requests[name]
    if (request === undefined) throw new Error(`There is no heavy request ${name}`)
    process.stderr.write(`${name} …\n`)
    tell(request.title, await measure(hub, () => request.run(hub)))
  }
  await hub.stop()
}

interface Measured extends Delays {
  /** Milliseconds of one run. */
  readonly took: number
  /** Of light requests meanwhile, in milliseconds. */
  readonly light: readonly number[]
}

async function measure(hub: Child, run: () => Promise<void>): Promise<Measured> {
  await hub.delays()
  const from = performance.now()
  let [isOver, runs] = [false, 0]
  const probe = latencies(hub, LIGHT, () => isOver)
  do {
    await run()
    runs++
  } while (performance.now() - from < LEAST_MS)
  const took = (performance.now() - from) / runs
  isOver = true
  return { ...(await hub.delays()), took, light: await probe }
}

function tell(title: string, { took, delay, held, light }: Measured): void {
  const isMet = held.p999 < GOALS.p999 && held.longest < GOALS.longest
  const ms = (figure: number) => figure.toFixed(figure < 10 ? 1 : 0)
  const pair = ({ p999, longest }: Longest) => `${ms(p999)} / ${ms(longest)} ms`
  lines.push({
    workload: `main thread held (p99.9 / longest): ${title}`,
    hub: `${pair(held)}; delayed ${pair(delay)}; light GET p99.9 ${ms(quantile(light, 0.999))} ms; ${(took / 1000).toFixed(1)} s`,
    ...{ baseline: '–', ratio: '–', goal: `< ${GOALS.p999} / < ${GOALS.longest} ms`, met: isMet ? 'yes' : 'no' }
  })
}
