/**
 * `--peers`: the line protocol as Telegraf pushes it, to the hub and to InfluxDB in turn. Both are pinned to one core, the
 * client to another; both sync each write before its response. As other load of the machine may disturb either, the
 * processor time that each takes is measured too.
 */
import { Agent, request } from 'node:http'
import { availableParallelism } from 'node:os'
import { gzipSync } from 'node:zlib'
import type { Property, Submodel } from '../../src/model/types.ts'
import { start } from './children.ts'
import { fillWith } from './data.ts'
import { flags } from './flags.ts'
import { startInflux } from './influxdb.ts'
import { lines, ROUNDS, SECONDS, wanted, whole } from './measure.ts'
import { pin, takenBy } from './processes.ts'
import { median } from './statistics.ts'
import type { WorkloadName } from './workloads.ts'

/** Requests that are under way at the same time, as from that many Telegrafs. */
const CONNECTIONS = 4

const FIELDS = 100
const MAX_SERIES = 100_000

interface Peer {
  readonly url: string
  readonly pid: number
}

interface Shape {
  readonly name: WorkloadName
  readonly series: number
  readonly points: number
  readonly goal: number
  readonly isGzip?: boolean
}

const shapes: readonly Shape[] = [
  { name: 'lines-100', series: 100, points: 50, goal: 1 },
  { name: 'lines-gzip', series: 100, points: 50, goal: 1, isGzip: true },
  { name: 'lines-1000', series: 1000, points: 5, goal: 0.8 },
  { name: 'lines-100000', series: MAX_SERIES, points: 1, goal: 0.5 }
]

const NAMES = shapes.map(({ name }) => name)

export async function peers(folder: (name: string) => Promise<string>): Promise<void> {
  if (flags.peers !== true || !wanted('lines', ...NAMES)) return
  const directory = await folder('peers')
  await fillWith(
    directory,
    Array.from({ length: MAX_SERIES / FIELDS }, (_, index) => machine(index))
  )
  const hub = await start('hub.ts', directory, { SAMPLE_RATE: 'off', TEMPLATES: 'off' })
  const influx = await startInflux(await folder('influxdb'))
  if (availableParallelism() > 1) {
    for (const { pid } of [hub, influx]) pin(pid, '0')
    pin(process.pid, '1')
  }
  const url = (server: string) => `${server}/write?db=bench&precision=ms`
  for (const shape of shapes.filter(({ name }) => wanted('lines', name))) {
    await compareShape(
      shape,
      { url: url(hub.url), pid: hub.pid },
      { url: url(influx.url), pid: influx.pid },
      influx.version
    )
  }
  await Promise.all([hub.stop(), influx.stop()])
}

async function compareShape(shape: Shape, hub: Peer, influx: Peer, version: string): Promise<void> {
  const { series, points, goal, isGzip } = shape
  const title = `line protocol${isGzip ? ', gzip' : ''}, ${whole(series)} series × ${points} ${points === 1 ? 'point' : 'points'} a request, durable; baseline: InfluxDB ${version}`
  process.stderr.write(`${title} …\n`)
  const sides = [hub, influx].map((peer) => ({
    peer,
    rates: [] as number[],
    costs: [] as number[],
    count: CONNECTIONS
  }))
  // Twice, as programs that compile while they run are not yet what they are to a gateway that stays connected.
  for (const side of [...sides, ...sides])
    side.count = Math.max(CONNECTIONS, Math.ceil((await push(side.peer, shape, side.count)).rate * SECONDS))
  for (let turn = 0; turn < ROUNDS; turn++) {
    for (const { peer, rates, costs, count } of sides) {
      const { rate, cost } = await push(peer, shape, count)
      rates.push(rate * series * points)
      costs.push(cost / (series * points))
    }
  }
  const [ours = 0, theirs = 0] = sides.map(({ rates }) => median(rates))
  const [cost = 0, theirCost = 0] = sides.map(({ costs }) => median(costs))
  const ratio = ours / theirs
  lines.push({
    workload: title,
    hub: `${whole(ours)} points/s, ${cost.toFixed(2)} µs CPU`,
    baseline: `${whole(theirs)} points/s, ${theirCost.toFixed(2)} µs CPU`,
    ratio: `${ratio.toFixed(2)}, CPU ${(theirCost / cost).toFixed(2)}`,
    goal: `≥ ${goal}`,
    met: ratio >= goal ? 'yes' : 'no'
  })
}

/** @returns requests per second, and microseconds of processor time per request */
async function push({ url, pid }: Peer, shape: Shape, count: number): Promise<{ rate: number; cost: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  // Made before, so that only the server is measured; large bodies not all at once.
  const bodies: Buffer[] = []
  let [elapsed, cpu] = [0, 0]
  for (let sent = 0; sent < count; ) {
    const together = Math.min(count - sent, Math.max(CONNECTIONS, Math.ceil(2_000_000 / (shape.series * shape.points))))
    for (let i = 0; i < together; i++) bodies.unshift(bodyOf(shape))
    const before = await takenBy(pid)
    const from = performance.now()
    await Promise.all(
      Array.from({ length: CONNECTIONS }, async () => {
        for (let body = bodies.pop(); body !== undefined; body = bodies.pop())
          await post(agent, url, body, shape.isGzip)
      })
    )
    elapsed += performance.now() - from
    cpu += (await takenBy(pid)).cpu - before.cpu
    sent += together
  }
  agent.destroy()
  return { rate: (count * 1000) / elapsed, cost: cpu / count }
}

function post(agent: Agent, url: string, body: Buffer, isGzip = false): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'text/plain; charset=utf-8',
      'content-length': body.length,
      ...(isGzip && { 'content-encoding': 'gzip' })
    }
    const sent = request(url, { method: 'POST', agent, headers }, (response) => {
      let text = ''
      response.on('data', (part) => {
        text += part
      })
      response.on('end', () => {
        if (response.statusCode === 204) resolve()
        else reject(new Error(`${url}: ${response.statusCode} ${text.slice(0, 300)}`))
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** Milliseconds; every point has a time of its own. */
let time = 1_764_000_000_000

/** Point after point of all series, like a gateway that samples them together. */
function bodyOf({ series, points, isGzip }: Shape): Buffer {
  const text: string[] = []
  for (let point = 0; point < points; point++) {
    time += 1000
    for (let index = 0; index < series; index++) {
      // As Telegraf writes numbers: with as many digits as they need.
      const value = Math.round(2000 + ((index * 7 + point * 13 + time / 1000) % 977)) / 100
      text.push(`machine,submodel=${idOf(Math.floor(index / FIELDS))} Value${index % FIELDS}=${value} ${time}`)
    }
  }
  const body = Buffer.from(text.join('\n'))
  return isGzip ? gzipSync(body) : body
}

function idOf(index: number): string {
  return `https://bench.example/machine/${index}`
}

function machine(index: number): Submodel {
  const submodelElements = Array.from({ length: FIELDS }, (_, field): Property => {
    return { modelType: 'Property', idShort: `Value${field}`, valueType: 'xs:double' }
  })
  return { modelType: 'Submodel', id: idOf(index), submodelElements }
}
