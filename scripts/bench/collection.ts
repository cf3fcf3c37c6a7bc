/** Collection points: the comparison of 100,000 points, after a start as well, and what counting them costs those who push. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Child, start } from './children.ts'
import { fill } from './data.ts'
import { flags } from './flags.ts'
import { lines, race, wanted, whole } from './measure.ts'
import { FRAME, readings } from './raw-baselines.ts'
import { connect, pushFor } from './sockets.ts'
import { median } from './statistics.ts'

const PROPERTIES = 100
const POINTS = flags.quick ? 10_000 : 100_000
const SAMPLES = 10
const STEP_MS = 1000

/** @param folder creates a folder for data */
export async function collecting(folder: (name: string) => Promise<string>): Promise<void> {
  if (!wanted('points', 'counting')) return
  const directory = await folder('points')
  await fill(directory, POINTS / PROPERTIES, PROPERTIES)
  const plan = join(await folder('plan'), 'plan.json')
  // One in ten delivers without a plan.
  const planned = Array.from({ length: POINTS }, (_, index) => index).filter((index) => index % 10 !== 0)
  await writeFile(plan, JSON.stringify(planned.map(pointOf)))
  const settings = { COLLECTION_PLAN: plan, TEMPLATES: 'off' }
  let hub = await start('hub.ts', directory, settings)
  if (wanted('points')) {
    for (let from = 0; from < POINTS; from += 2000) await push(hub, from, Math.min(from + 2000, POINTS))
    await times(hub)
    await hub.stop()
    const from = performance.now()
    hub = await start('hub.ts', directory, settings)
    while ((await fetch(`${hub.url}/collection-points?limit=1`)).status === 503);
    const seconds = (performance.now() - from) / 1000
    report('start with figures of these points, to the first page answered', `${seconds.toFixed(2)} s`)
  }
  if (wanted('counting')) {
    const silent = await start('hub.ts', await folder('points-off'), { TEMPLATES: 'off' })
    await counting(hub, silent)
    await silent.stop()
  }
  await hub.stop()
}

function nameOf(index: number) {
  const submodel = `https://bench.example/sm/${Math.floor(index / PROPERTIES)}`
  return { submodel, path: `Value${index % PROPERTIES}` }
}

function pointOf(index: number) {
  const { submodel, path: element } = nameOf(index)
  const machine = `M${Math.floor(index / PROPERTIES)}`
  return { process: 'Molding', machine, submodel, element, kind: 'number', method: 'automatic', period: '1s' }
}

async function push(hub: Child, from: number, to: number): Promise<void> {
  const first = Date.now() - SAMPLES * STEP_MS
  const items = Array.from({ length: to - from }, (_, i) => {
    return { ...nameOf(from + i), start: first, step: STEP_MS, values: readings(SAMPLES) }
  })
  const headers = { 'content-type': 'application/json' }
  const { status } = await fetch(`${hub.url}/ingest`, { method: 'POST', headers, body: JSON.stringify(items) })
  if (status !== 200) throw new Error(`The samples were refused: ${status}`)
}

async function times(hub: Child): Promise<void> {
  const points = `${whole(POINTS)} points planned or delivering`
  for (const [what, query] of [
    ['page of 1,000, with the number of each verdict', 'limit=1000'],
    ['all that deliver without a plan', 'verdict=unplanned&limit=1000'],
    ['all of them as CSV', 'format=csv']
  ] as const) {
    const taken: number[] = []
    for (let turn = 0; turn < 7; turn++) {
      const from = performance.now()
      const response = await fetch(`${hub.url}/collection-points?${query}`)
      await response.arrayBuffer()
      if (response.status !== 200) throw new Error(`${query}: ${response.status}`)
      taken.push(performance.now() - from)
    }
    const ms = median(taken)
    if (query.startsWith('format')) report(`${points}: ${what}`, `${ms.toFixed(0)} ms`)
    else report(`${points}: ${what}`, `${ms.toFixed(0)} ms`, '< 1 s', ms < 1000)
  }
  report(`memory of the hub with ${points}`, `RSS ${whole((await hub.rss()) / 2 ** 20)} MB`)
}

/** Frames that are pushed to a hub that counts them and to one without a plan. */
async function counting(counted: Child, silent: Child): Promise<void> {
  const id = 'https://bench.example/sm/0'
  const submodelElements = Array.from({ length: 4 }, (_, i) => {
    return { modelType: 'Property', idShort: `Value${i}`, valueType: 'xs:double' }
  })
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ modelType: 'Submodel', id, submodelElements })
  await fetch(`${silent.url}/api/v3/submodels`, { method: 'POST', headers, body })
  const bodies = Array.from({ length: 20 }, (_, seed) => JSON.stringify(readings(FRAME, seed)))
  let next = 0
  const side = async (hub: Child) => {
    const sockets = await Promise.all(Array.from({ length: 4 }, () => connect(hub)))
    return (seconds: number) =>
      pushFor(sockets, seconds, 24, FRAME, (connection) => {
        const number = next++
        const values = bodies[number % bodies.length]
        return `{"type":"push","id":${number},"submodel":"${id}","path":"Value${connection}","start":${1_764_000_000_000 + number * 100_000},"step":100,"values":${values}}`
      })
  }
  await race({
    title: 'columnar frames of 1,000 samples over WebSocket, counted for the collection plan; baseline: without a plan',
    goal: 0.9,
    unit: ' samples',
    ours: await side(counted),
    theirs: await side(silent)
  })
}

function report(workload: string, hub: string, goal = '–', isMet?: boolean): void {
  lines.push({ workload, hub, baseline: '–', ratio: '–', goal, met: isMet === undefined ? '–' : isMet ? 'yes' : 'no' })
}
