/** The workloads of raw data: push, follow, read back; each with a minimal baseline. */
import { setTimeout as sleep } from 'node:timers/promises'
import { encodeRun } from '../../src/store/run-codec.ts'
import { type Child, start } from './children.ts'
import { fanOut, fanOutWithRules } from './fan-out.ts'
import { lines, ROUNDS, race, SECONDS, wanted, whole } from './measure.ts'
import { columnLoop, FRAME, ID, parseLoop, readings, runOf } from './raw-baselines.ts'
import { parquet, readBack } from './read-back.ts'
import { connect, once, pushFor } from './sockets.ts'
import { quantile } from './statistics.ts'

const PROPERTIES = 100

export async function rawData(folder: (name: string) => Promise<string>): Promise<void> {
  if (wanted('columns', 'ndjson', 'single', 'fanout', 'latency', 'slow')) {
    const hub = await start('hub.ts', await folder('raw'))
    const bare = await start('bare.ts', await folder('bare-raw'))
    await create(hub)
    if (wanted('columns')) await columns(hub, await folder('loop'))
    if (wanted('ndjson')) await ndjson(hub)
    if (wanted('single')) await single(hub, bare)
    if (wanted('fanout')) await fanOut(hub, bare, ID)
    if (wanted('latency')) await latency(hub)
    if (wanted('slow')) await slow(hub)
    await Promise.all([hub.stop(), bare.stop()])
  }
  if (wanted('fanout-rules')) await withRules(folder)
  if (wanted('aggregate', 'influxql', 'export')) await readBack(await folder('history'), create)
  if (wanted('parquet')) await parquet()
  if (wanted('disk')) disk()
}

async function withRules(folder: (name: string) => Promise<string>): Promise<void> {
  const hubs = await Promise.all(['rules', 'open'].map(async (name) => start('hub.ts', await folder(name), UNLIMITED)))
  for (const hub of hubs) await create(hub)
  const [hub, open] = hubs as [Child, Child]
  await fanOutWithRules(hub, open, ID)
  await Promise.all(hubs.map((one) => one.stop()))
}

/** One client does the work of many. */
const UNLIMITED = { SAMPLE_RATE: 'off', TEMPLATES: 'off' } as const

async function create(hub: Child): Promise<void> {
  const submodelElements = Array.from({ length: PROPERTIES }, (_, i) => {
    return { modelType: 'Property', idShort: `Value${i}`, valueType: 'xs:double' }
  })
  const body = JSON.stringify({ modelType: 'Submodel', id: ID, submodelElements })
  const headers = { 'content-type': 'application/json' }
  const { ok } = await fetch(`${hub.url}/api/v3/submodels`, { method: 'POST', headers, body })
  if (!ok) throw new Error('The submodel was refused')
}

async function columns(hub: Child, directory: string): Promise<void> {
  const sockets = await Promise.all(Array.from({ length: 4 }, () => connect(hub)))
  const bodies = Array.from({ length: 20 }, (_, seed) => JSON.stringify(readings(FRAME, seed)))
  let next = 0
  await race({
    title:
      'columnar frames of 1,000 samples over WebSocket, durable, 4 connections; baseline: parse, compress and insert in one process',
    goal: 0.5,
    unit: ' samples',
    ours: (seconds) =>
      pushFor(sockets, seconds, 24, FRAME, (connection) => {
        const number = next++
        return `{"type":"push","id":${number},"submodel":"${ID}","path":"Value${connection}","start":${1_764_000_000_000 + number * 100_000},"step":100,"values":${bodies[number % bodies.length]}}`
      }),
    theirs: columnLoop(directory)
  })
  for (const socket of sockets) socket.terminate()
}

async function ndjson(hub: Child): Promise<void> {
  let time = 1_764_000_000_000
  const rows = () =>
    Array.from({ length: 200_000 }, (_, i) => {
      return `{"submodel":"${ID}","path":"Value${i % PROPERTIES}","time":${time + Math.floor(i / PROPERTIES) * 100},"value":${(i % 977) / 100}}`
    })
  const sample = rows()
  await race({
    title: 'NDJSON rows over HTTP, durable; baseline: JSON.parse of each line',
    goal: 0.3,
    unit: ' rows',
    ours: async (seconds) => {
      const from = performance.now()
      let count = 0
      while (performance.now() - from < seconds * 1000) {
        time += 1_000_000
        const body = rows().join('\n')
        const before = performance.now()
        const response = await fetch(`${hub.url}/ingest`, {
          method: 'POST',
          headers: { 'content-type': 'application/x-ndjson' },
          body
        })
        const { accepted } = (await response.json()) as { accepted: number }
        if (accepted !== sample.length) throw new Error(`Only ${accepted} rows were taken`)
        count += accepted / ((performance.now() - before) / 1000)
        if (count > 0) return count
      }
      return count
    },
    theirs: parseLoop(sample)
  })
}

async function single(hub: Child, bare: Child): Promise<void> {
  const [ours, theirs] = await Promise.all([
    Promise.all(Array.from({ length: 50 }, () => connect(hub))),
    Promise.all(Array.from({ length: 50 }, () => connect(bare, '/echo')))
  ])
  let time = 1_764_500_000_000
  const frame = (connection: number) => {
    return `{"type":"push","id":1,"submodel":"${ID}","path":"Value${connection}","time":${time++},"value":21.5}`
  }
  await race({
    title: 'single samples over WebSocket, 50 gateways, each acknowledged when durable; baseline: bare ws echo',
    goal: 0.5,
    ours: (seconds) => pushFor(ours, seconds, 1, 1, frame),
    theirs: (seconds) => pushFor(theirs, seconds, 1, 1, frame)
  })
  const before = await logged(hub)
  await pushFor(ours, SECONDS, 1, 1, frame)
  const after = await logged(hub)
  const bytes = (after.bytes - before.bytes) / (after.samples - before.samples)
  lines.push({
    workload: 'bytes of the log per sample of the same',
    hub: `${bytes.toFixed(1)} bytes`,
    baseline: '–',
    ratio: '–',
    goal: '≤ 20 bytes',
    met: bytes <= 20 ? 'yes' : 'no'
  })
  for (const socket of [...ours, ...theirs]) socket.terminate()
}

async function logged(hub: Child): Promise<{ readonly bytes: number; readonly samples: number }> {
  const text = await (await fetch(`${hub.url}/metrics`)).text()
  const of = (name: RegExp) => Number(name.exec(text)?.[1])
  return { bytes: of(/log_bytes (\d+)/), samples: of(/samples_total\{[^}]*"accepted"[^}]*\} (\d+)/) }
}

/** Latency from sending a sample to receiving its event, at about half of the full load. */
async function latency(hub: Child): Promise<void> {
  const [gateway, reader, load] = await Promise.all([connect(hub), connect(hub), connect(hub)])
  reader.send('{"type":"subscribe","id":1,"select":{"paths":["Value1"]}}')
  await once(reader, (text) => text.includes('"subscribed"'))
  const times: number[] = []
  let sent = 0
  reader.on('message', (data) => {
    if (String(data).includes('"event"')) times.push(performance.now() - sent)
  })
  const body = JSON.stringify(readings(FRAME))
  const full = await pushFor([load], SECONDS, 24, FRAME, () => columnFrame(body))
  const pause = (FRAME * 10) / (full / 2)
  let loading = true
  const work = (async () => {
    while (loading) {
      for (let frame = 0; frame < 10; frame++) load.send(columnFrame(body))
      await sleep(pause * 1000)
    }
  })()
  for (let turn = 0; turn < ROUNDS * SECONDS * 50; turn++) {
    sent = performance.now()
    gateway.send(`{"type":"push","id":1,"submodel":"${ID}","path":"Value1","value":${turn}}`)
    await sleep(20)
  }
  loading = false
  await work
  const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)]
  lines.push({
    workload: `time from a gateway's send to the subscriber's receipt, at half of full load (${whole(full / 2)} samples/s)`,
    hub: `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`,
    baseline: '–',
    ratio: '–',
    goal: 'p50 < 5 ms, p99 < 25 ms',
    met: p50 < 5 && p99 < 25 ? 'yes' : 'no'
  })
  for (const socket of [gateway, reader, load]) socket.terminate()
}

let columnTime = 1_766_000_000_000

function columnFrame(body: string): string {
  columnTime += 100_000
  return `{"type":"push","id":1,"submodel":"${ID}","path":"Value2","start":${columnTime},"step":100,"values":${body}}`
}

/** The cost of a thousand subscribers that read nothing while a gateway pushes at full speed. */
async function slow(hub: Child): Promise<void> {
  const load = await connect(hub)
  const body = JSON.stringify(readings(FRAME))
  const push = () => pushFor([load], SECONDS * ROUNDS, 24, FRAME, () => columnFrame(body))
  await push()
  const before = await hub.rss()
  const readers = await Promise.all(Array.from({ length: 1000 }, () => connect(hub)))
  for (const reader of readers) {
    reader.send('{"type":"subscribe","id":1,"columns":true}')
    reader.pause()
  }
  await push()
  const grown = ((await hub.rss()) - before) / 1e6
  lines.push({
    workload: 'RSS with 1,000 slow subscribers at full ingest, above that with none',
    hub: `${grown.toFixed(0)} MB`,
    baseline: '–',
    ratio: '–',
    goal: '< 200 MB',
    met: grown < 200 ? 'yes' : 'no'
  })
  for (const socket of [load, ...readers]) socket.terminate()
}

/** Size of the chunks only; the log is trimmed. */
function disk(): void {
  const count = 8192
  const bytes = encodeRun(runOf(1_764_000_000_000_000_000n, readings(count))).length
  lines.push({
    workload: 'bytes of history per sample, two-decimal sensor signal at 10 Hz, in a chunk of 8,192',
    hub: `${(bytes / count).toFixed(2)} bytes`,
    baseline: '–',
    ratio: '–',
    goal: '≤ 4 bytes',
    met: bytes / count <= 4 ? 'yes' : 'no'
  })
}
