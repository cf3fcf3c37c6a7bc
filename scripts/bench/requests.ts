/** Requests of the benchmark and their rates. */
import autocannon, { type Client, type Request } from 'autocannon'
import type { Child } from './children.ts'
import { submodel } from './data.ts'
import { race, wanted } from './measure.ts'
import type { WorkloadName } from './workloads.ts'

/** Requests to one server. */
export interface Side {
  readonly server: Pick<Child, 'url' | 'taken'>
  readonly requests: Request[]
  /** Requests of one of several connections, in place of those. */
  readonly requestsOf?: (connection: number) => Request[]
}

export interface Comparison {
  readonly name: WorkloadName
  /** By which it is selected, too. */
  readonly group?: WorkloadName
  readonly title: string
  /** Required ratio; absent for comparison only. */
  readonly goal?: number
  readonly connections: number
  readonly ours: Side
  readonly theirs: Side
}

export const JSON_TYPE = { 'content-type': 'application/json' }

/** Number of submodels sent, for unique ids. */
let inserted = 0

export async function compare({
  name,
  group = name,
  title,
  goal,
  connections,
  ours,
  theirs
}: Comparison): Promise<void> {
  if (!wanted(name, group)) return
  const [used, baseline]: [Used, Used] = [
    { requests: 0, cpu: 0 },
    { requests: 0, cpu: 0 }
  ]
  await race({
    title,
    ...(goal !== undefined && { goal }),
    ours: (seconds) => round(ours, connections, seconds, used),
    theirs: (seconds) => round(theirs, connections, seconds, baseline),
    beside: () => [cpuOf(used), cpuOf(baseline)]
  })
}

/** What the rounds of one side have taken together. */
interface Used {
  requests: number
  cpu: number
}

function cpuOf({ cpu, requests }: Used): string {
  return Number.isFinite(cpu) ? `CPU ${(cpu / requests).toFixed(0)} µs` : ''
}

/** Requests per second. Any failure ends the run, as it would distort the figure. */
async function round(
  { server, requests, requestsOf }: Side,
  connections: number,
  duration: number,
  used: Used
): Promise<number> {
  const before = await server.taken()
  let connected = 0
  const setupClient = (client: Client) => {
    if (requestsOf !== undefined) client.setRequests(requestsOf(connected++))
  }
  const result = await autocannon({ url: server.url, connections, duration, requests, setupClient })
  if (result.non2xx + result.errors + result.timeouts > 0) {
    throw new Error(
      `${requests[0]?.path}: ${result.non2xx} refused, ${result.errors} errors, ${result.timeouts} timeouts`
    )
  }
  used.requests += result['2xx']
  used.cpu += (await server.taken()).cpu - before.cpu
  return result['2xx'] / result.duration
}

export async function send(server: Child, method: string, path: string, body?: string): Promise<unknown> {
  const response = await fetch(server.url + path, {
    method,
    headers: JSON_TYPE,
    ...(body === undefined ? {} : { body })
  })
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
  return response.json()
}

/** Ten alternating PATCHes with different values. */
export function writes(path: (index: number) => string): Request[] {
  return Array.from({ length: 10 }, (_, index) => ({
    method: 'PATCH',
    path: path(index),
    headers: JSON_TYPE,
    body: `${20 + index}.5`
  }))
}

/** POSTs of a submodel, each with a new id. */
export function inserts(path: string): Request {
  const [before, after] = JSON.stringify(submodel('\u0000', 40)).split('\\u0000')
  const setupRequest = (request: Request) => ({
    ...request,
    body: `${before}https://bench.example/${inserted++}${after}`
  })
  return { method: 'POST', path, headers: JSON_TYPE, setupRequest }
}
