/** What release 3.2 adds: what keeping revisions costs, and how long it takes to read them. */
import type { Request } from 'autocannon'
import { type Child, start } from './children.ts'
import { encode, submodel } from './data.ts'
import { flags } from './flags.ts'
import { lines, ROUNDS, wanted, whole } from './measure.ts'
import { compare, JSON_TYPE, send } from './requests.ts'
import { median } from './statistics.ts'

const API = '/api/v3/submodels'
const PROPERTIES = 40
const DOCUMENTS = 100
const CONNECTIONS = 20

/** Values that are written after the time that `$history` is asked for. */
const LATER = flags.quick ? 100_000 : 1_000_000
const PER_PUSH = 10
/** Microseconds between two values of an element: all are past when they are written. */
const STEP = (1_000_000 * PROPERTIES) / LATER

/** @param folder makes an empty one */
export async function keptRevisions(folder: (name: string) => Promise<string>): Promise<void> {
  if (wanted('put')) await puts(folder)
  if (!wanted('history', 'changes', 'signed')) return
  const hub = await start('hub.ts', await folder('revised'), { SAMPLE_RATE: 'off' })
  for (const id of ids()) await send(hub, 'POST', API, JSON.stringify(submodel(id, PROPERTIES)))
  if (wanted('history')) await pastValues(hub)
  await compare({
    name: 'changes',
    title: '`$recent-changes`, a page of 100 submodels; baseline: these submodels',
    connections: 10,
    ours: { server: hub, requests: [{ path: `${API}/$recent-changes?limit=100` }] },
    theirs: { server: hub, requests: [{ path: `${API}?limit=100` }] }
  })
  await compare({
    name: 'signed',
    title: '`$signed` of a submodel of 40 properties; baseline: GET of it',
    connections: 10,
    ours: { server: hub, requests: [{ path: `${API}/${encode(idOf(0))}/$signed` }] },
    theirs: { server: hub, requests: [{ path: `${API}/${encode(idOf(0))}` }] }
  })
  await hub.stop()
}

async function puts(folder: (name: string) => Promise<string>): Promise<void> {
  const settings = { TEMPLATES: 'off' } as const
  const [keeping, off] = [
    await start('hub.ts', await folder('keeping'), settings),
    await start('hub.ts', await folder('not-keeping'), { ...settings, REVISION_RETENTION: 'off' })
  ]
  for (const hub of [keeping, off]) {
    for (const id of ids()) await send(hub, 'POST', API, JSON.stringify(submodel(id, PROPERTIES)))
  }
  await compare({
    name: 'put',
    title: 'PUT of 100 submodels of 40 properties, durable, what they were is kept; baseline: is not',
    goal: 0.87,
    connections: CONNECTIONS,
    ours: { server: keeping, requests: [], requestsOf: replacements },
    theirs: { server: off, requests: [], requestsOf: replacements }
  })
  await Promise.all([keeping.stop(), off.stop()])
}

/** Of one of the connections, which have documents of their own: each time with other values. */
function replacements(connection: number): Request[] {
  const own = ids().filter((_, index) => index % CONNECTIONS === connection)
  return [1, 2].flatMap((round) =>
    own.map((id) => {
      const body = JSON.stringify(submodel(id, PROPERTIES)).replace('"21.5"', `"${round}.5"`)
      return { method: 'PUT' as const, path: `${API}/${encode(id)}`, headers: JSON_TYPE, body }
    })
  )
}

async function pastValues(hub: Child): Promise<void> {
  const id = idOf(0)
  const path = `${API}/${encode(id)}`
  await send(hub, 'GET', path)
  const begin = Date.now()
  for (let sent = 0; sent < LATER; sent += PER_PUSH * PROPERTIES) {
    const columns = Array.from({ length: PROPERTIES }, (_, index) => ({
      ...{ submodel: id, path: `Value${index}`, start: 1000 * begin + (sent / PROPERTIES) * STEP, step: STEP },
      values: Array.from({ length: PER_PUSH }, (_, at) => at + 0.5)
    }))
    await send(hub, 'POST', '/ingest?unit=us', JSON.stringify(columns))
  }
  for (const [title, date] of [
    ['before these', begin],
    ['in their middle', begin + 500]
  ] as const) {
    const times: number[] = []
    const { cpu } = await hub.taken()
    for (let turn = 0; turn < 20 * ROUNDS; turn++) {
      const from = performance.now()
      await send(hub, 'GET', `${path}/$history?date=${new Date(date).toISOString()}`)
      times.push(performance.now() - from)
    }
    const each = ((await hub.taken()).cpu - cpu) / times.length / 1000
    lines.push({
      workload: `\`$history\` of a submodel with ${whole(LATER)} later values of ${PROPERTIES} elements, ${title}`,
      hub: `${median(times).toFixed(1)} ms, CPU ${each.toFixed(1)} ms`,
      baseline: '–',
      ratio: '–',
      goal: '< 20 ms',
      met: median(times) < 20 ? 'yes' : 'no'
    })
  }
}

function ids(): string[] {
  return Array.from({ length: DOCUMENTS }, (_, index) => idOf(index))
}

function idOf(index: number): string {
  return `https://bench.example/revised/${index}`
}
