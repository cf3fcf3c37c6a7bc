/**
 * Random access: values of 10,000 submodels, each as often as any other, so that neither caches nor the pages of one
 * submodel help; and the bytes that a write costs on disk.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import autocannon, { type Request } from 'autocannon'
import { type Child, start } from './children.ts'
import { encode, fill } from './data.ts'
import { lines, wanted } from './measure.ts'
import { compare, JSON_TYPE, type Side, writes } from './requests.ts'

const SUBMODELS = 10_000
const PROPERTIES = 10
const CONNECTIONS = 50
/** Enough for rows to follow their values three times (src/store/sqlite/row-checkpoints.ts). */
const WRITES = 50_000
/** Bytes on disk for one write. */
const WRITTEN_GOAL = 6 * 1024

/** @param folder creates a folder for data */
export async function randomAccess(folder: (name: string) => Promise<string>): Promise<void> {
  if (!wanted('value-random', 'patch-random', 'written')) return
  const data = await folder('random')
  await fill(data, SUBMODELS, PROPERTIES)
  const [hub, bare] = [await start('hub.ts', data), await start('bare.ts', await folder('bare-random'))]
  await checked(hub)
  const reads = (index: number): Request => ({ path: valuePath(index) })
  const changes = (index: number): Request => ({
    ...{ method: 'PATCH', path: valuePath(index), headers: JSON_TYPE },
    body: `${(index % 100) + Math.floor(Math.random() * 1000) / 10}`
  })
  await compare({
    name: 'value-random',
    title: "GET one property's `$value`, random over 10,000 submodels",
    goal: 0.5,
    connections: CONNECTIONS,
    ours: anyOf(hub, reads),
    theirs: { server: bare, requests: [{ path: '/small' }] }
  })
  await compare({
    name: 'patch-random',
    title: "PATCH one property's `$value`, durable before 204, 50 connections, random over 10,000 submodels",
    goal: 0.4,
    connections: CONNECTIONS,
    ours: anyOf(hub, changes),
    theirs: { server: bare, requests: writes(() => '/nothing') }
  })
  if (wanted('written')) {
    const one = writes((index) => `${submodelPath(7)}/submodel-elements/Value${index}/$value`)
    await tellWritten(hub, 'ten values of one submodel', { server: hub, requests: one })
    await tellWritten(hub, 'random over 10,000 submodels', anyOf(hub, changes))
  }
  await Promise.all([hub.stop(), bare.stop()])
}

/** A hub checks submodels that it finds at its first start, beside its requests: that is not what these cost. */
async function checked(hub: Child): Promise<void> {
  const results = async () => {
    const metrics = await (await fetch(`${hub.url}/metrics`)).text()
    return Number(/documents\{kind="Validation"\} (\d+)/.exec(metrics)?.[1] ?? 0)
  }
  while ((await results()) < SUBMODELS) await sleep(500)
}

/** Each connection has its own share of the submodels, in random order. */
function anyOf(server: Child, requestTo: (index: number) => Request): Side {
  const order = Array.from({ length: SUBMODELS }, (_, index) => index)
  for (let at = order.length - 1; at > 0; at--) {
    const other = Math.floor(Math.random() * (at + 1))
    const swapped = order[at] as number
    order[at] = order[other] as number
    order[other] = swapped
  }
  const share = SUBMODELS / CONNECTIONS
  const requestsOf = (connection: number) => {
    const from = (connection % CONNECTIONS) * share
    return order.slice(from, from + share).map(requestTo)
  }
  return { server, requests: requestsOf(0), requestsOf }
}

/** Bytes written to disk per write, as the kernel counts them, with what is written behind the answers. */
async function tellWritten(hub: Child, what: string, { requests, requestsOf }: Side): Promise<void> {
  const before = await hub.taken()
  let connected = 0
  const result = await autocannon({
    ...{ url: hub.url, connections: CONNECTIONS, amount: WRITES, requests },
    setupClient: (client) => {
      if (requestsOf !== undefined) client.setRequests(requestsOf(connected++))
    }
  })
  const after = await hub.taken()
  const bytes = (after.written - before.written) / result['2xx']
  lines.push({
    workload: `bytes written to disk per PATCH, 50 connections, ${what}`,
    hub: `${(bytes / 1024).toFixed(1)} KiB`,
    baseline: '–',
    ratio: '–',
    goal: `≤ ${WRITTEN_GOAL / 1024} KiB`,
    met: bytes <= WRITTEN_GOAL ? 'yes' : 'no'
  })
}

function submodelPath(index: number): string {
  return `/api/v3/submodels/${encode(`https://bench.example/sm/${index}`)}`
}

function valuePath(index: number): string {
  return `${submodelPath(index)}/submodel-elements/Value${index % PROPERTIES}/$value`
}
