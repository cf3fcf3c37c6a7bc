/** Memory of the hub with very many submodels, while very many series are pushed as fast as it accepts them. */
import { type Child, start } from './children.ts'
import { fill } from './data.ts'
import { flags } from './flags.ts'
import { lines, wanted, whole } from './measure.ts'

const SUBMODELS = flags.quick ? 50_000 : 1_000_000
const SERIES = flags.quick ? 20_000 : 100_000
const SECONDS = flags.quick ? 15 : 60
/** Series in one body. */
const AT_ONCE = 5_000
const SAMPLES = 2
const GOAL_MB = 400
/** Less than the goal, as it counts in MiB. */
const MEMORY = '380MiB'

/** @param folder creates a folder for data */
export async function memory(folder: (name: string) => Promise<string>): Promise<void> {
  if (!wanted('memory')) return
  const directory = await folder('memory')
  await fill(directory, SUBMODELS)
  const hub = await start('hub.ts', directory, {
    ...{ TEMPLATES: 'off', SAMPLE_RATE: 'off', CACHE_SIZE: '64MiB' },
    MEMORY
  })
  tell('idle', await megabytes(hub), undefined)
  let [highest, samples] = [0, 0]
  const begin = performance.now()
  const senders = 2
  const sender = async (first: number) => {
    // However slow the machine is: until each series has samples.
    for (let turn = 0; turn < SERIES / senders / AT_ONCE || performance.now() < begin + SECONDS * 1000; turn++) {
      await push(hub, (first + turn * AT_ONCE) % SERIES, turn)
      samples += AT_ONCE * SAMPLES
      highest = Math.max(highest, await megabytes(hub))
    }
  }
  await Promise.all(Array.from({ length: senders }, (_, at) => sender((at * SERIES) / senders)))
  const rate = whole((samples / (performance.now() - begin)) * 1000)
  tell(`at full ingest (${rate} samples/s), all series`, highest, GOAL_MB)
  await hub.stop()
}

async function megabytes(hub: Child): Promise<number> {
  return (await hub.rss()) / 1e6
}

async function push(hub: Child, first: number, turn: number): Promise<void> {
  // Newer than the submodels, so that they become current.
  const start = Date.now()
  const items = Array.from({ length: AT_ONCE }, (_, at) => {
    const submodel = `https://bench.example/sm/${first + at}`
    return { submodel, path: 'Value0', start, step: 1, values: [turn, turn + at / 8] }
  })
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${hub.url}/ingest`, { method: 'POST', headers, body: JSON.stringify(items) })
  const text = await response.text()
  if (response.status !== 200) throw new Error(`The samples were refused: ${text.slice(0, 300)}`)
}

function tell(when: string, figure: number, goal: number | undefined): void {
  lines.push({
    workload: `RSS with ${whole(SUBMODELS)} submodels and ${whole(SERIES)} series, CACHE_SIZE=64MiB, MEMORY=${MEMORY}, ${when}`,
    hub: `${figure.toFixed(0)} MB`,
    ...{ baseline: '–', ratio: '–', goal: goal === undefined ? '–' : `≤ ${goal} MB` },
    met: goal === undefined ? '–' : figure <= goal ? 'yes' : 'no'
  })
}
