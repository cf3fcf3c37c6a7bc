/**
 * `--peers`: the REST API of the hub and of FA³ST Service in turn, with the same requests. Both are pinned to one core, the client to
 * another. The hub syncs each write before its response; FA³ST writes a file of all its content, and does not sync it. A value is
 * written by PUT of its property, as version 1.3.0 of FA³ST refuses a PATCH of `$value`.
 */
import { availableParallelism } from 'node:os'
import autocannon, { type Request } from 'autocannon'
import { start } from './children.ts'
import { encode, submodel } from './data.ts'
import { startFaaast } from './faaast.ts'
import { flags } from './flags.ts'
import { wanted } from './measure.ts'
import { pin } from './processes.ts'
import { compare, inserts, JSON_TYPE, type Side } from './requests.ts'
import type { WorkloadName } from './workloads.ts'

const CONNECTIONS = 10
/** Of writes: FA³ST refuses some of those that come at the same time. */
const WRITERS = 1

/** After which neither program runs much faster than before; Java compiles for longer than Node. */
const WARM_UP_SECONDS = 10

interface Workload {
  readonly name: WorkloadName
  readonly title: string
  readonly connections: number
  readonly request: (submodels: string) => Request
}

const one = (submodels: string) => `${submodels}/${encode('forty')}`

const workloads: readonly Workload[] = [
  {
    name: 'rest-get',
    title: 'GET a submodel of 40 properties',
    connections: CONNECTIONS,
    request: (submodels) => ({ path: one(submodels) })
  },
  {
    name: 'rest-value',
    title: "GET one property's `$value`",
    connections: CONNECTIONS,
    request: (submodels) => ({ path: `${one(submodels)}/submodel-elements/Value7/$value` })
  },
  { name: 'rest-put', title: 'PUT one property', connections: WRITERS, request: propertyOf },
  { name: 'rest-post', title: 'POST a submodel of 40 properties', connections: WRITERS, request: inserts }
]

/** @param folder creates a folder for data */
export async function restPeer(folder: (name: string) => Promise<string>): Promise<void> {
  const chosen = workloads.filter(({ name }) => wanted('rest', name))
  if (flags.peers !== true || chosen.length === 0) return
  const hub = await start('hub.ts', await folder('rest'))
  const faaast = await startFaaast(await folder('faaast'))
  if (availableParallelism() > 1) {
    for (const { pid } of [hub, faaast]) pin(pid, '0')
    pin(process.pid, '1')
  }
  const ours = { server: { url: `${hub.url}/api/v3`, taken: hub.taken } }
  const theirs = { server: faaast }
  for (const { server } of [ours, theirs]) await store(`${server.url}/submodels`)
  for (const { name, title, connections, request } of chosen) {
    const requestTo = ({ server }: Pick<Side, 'server'>) => [request(`${new URL(server.url).pathname}/submodels`)]
    for (const side of [ours, theirs]) await warmUp(side.server.url, requestTo(side), connections)
    await compare({
      name,
      group: 'rest',
      title: `${title}, both on one core; baseline: FA³ST Service ${faaast.version}`,
      goal: 1,
      connections,
      ours: { ...ours, requests: requestTo(ours) },
      theirs: { ...theirs, requests: requestTo(theirs) }
    })
  }
  await Promise.all([hub.stop(), faaast.stop()])
}

async function warmUp(url: string, requests: Request[], connections: number): Promise<void> {
  await autocannon({ url, connections, duration: WARM_UP_SECONDS, requests })
}

async function store(submodels: string): Promise<void> {
  const response = await fetch(submodels, {
    method: 'POST',
    headers: JSON_TYPE,
    body: JSON.stringify(submodel('forty', 40))
  })
  if (!response.ok) throw new Error(`${submodels}: ${response.status} ${await response.text()}`)
}

/** Each with another value. */
function propertyOf(submodels: string): Request {
  let value = 0
  const setupRequest = (request: Request) => ({
    ...request,
    body: JSON.stringify({ modelType: 'Property', idShort: 'Value7', valueType: 'xs:double', value: String(++value) })
  })
  return { method: 'PUT', path: `${one(submodels)}/submodel-elements/Value7`, headers: JSON_TYPE, setupRequest }
}
