/**
 * How many samples several hubs over one replica set take in: `npm run simulate:capacity -- --help`. The hubs' code
 * runs in simulated time; what it costs is counted by the service times below, which were measured (docs/mongodb.md).
 */
import { parseArgs } from 'node:util'
import { startHistoryWriter } from '../../src/consumers/history/history-writer.ts'
import { PendingChanges } from '../../src/consumers/history/pending.ts'
import type { Batch, NewBatch } from '../../src/store/mongodb/batch.ts'
import { Journal } from '../../src/store/mongodb/journal.ts'
import { Lines } from '../../src/store/mongodb/lines.ts'
import { openMongo } from '../../src/store/mongodb/mongodb.ts'
import { ReplicatedState } from '../../src/store/mongodb/replicated-state.ts'
import { encodeRun } from '../../src/store/run-codec.ts'
import type { Store } from '../../src/store/store.ts'
import { create, property, submodel } from '../store/fixtures.ts'
import { type Network, simulatedClient } from './mongodb/client.ts'
import { ReplicaSet } from './mongodb/replica-set.ts'
import { installPlatform, replace } from './platform.ts'
import { runningProcess, SimProcess } from './process.ts'
import { Random } from './random.ts'
import { Scheduler } from './scheduler.ts'

const HELP = `Usage: npm run simulate:capacity -- [--hubs LIST] [--samples N] [--load N] [--ms N] [--latency N] [--seed N]

Simulates hubs over one replica set that take in samples, and prints what they reach.

  --hubs LIST   numbers of hubs, separated by commas; by default 1,2,4,8
  --samples N   in each commit; by default 1
  --load N      what is sent to each hub, as a share of what its processor can take; by default 0.5
  --ms N        simulated milliseconds that are measured; by default 1000
  --latency N   of the network, one way, in milliseconds; by default 0.25
  --seed N      by default 1
`

/**
 * Service times in milliseconds. Those of hubs were measured, as processor time of the main thread, for commits of one
 * sample and of 1,000; what lies between is interpolated.
 */
const timesOf = (samples: number) => {
  const between = (one: number, thousand: number) => one + ((thousand - one) * (samples - 1)) / 999
  return {
    /** Receiving, checking, packing and acknowledging a commit. */
    take: between(0.056, 0.228),
    encode: between(0.0017, 0.0095),
    decode: between(0.004, 0.0075),
    /** Applying a commit of another hub, and what it costs the history's reader. */
    apply: between(0.002, 0.0033),
    pending: between(0.0007, 0.002),
    /** Sending a batch or a request. */
    send: 0.05
  }
}

/** A server: of each request, and of 1,000 bytes that are written. Assumed, not measured. */
const SERVER_MS = 0.03
const SERVER_MS_PER_KB = 0.005

const WARM_UP_MS = 700
const GATEWAYS = 16
/** Commits that each gateway may have on their way. */
const WINDOW = 256

interface Figures {
  commits: number
  appends: number
  conflicts: number
  reads: number
  parts: number
  readonly waits: number[]
}

interface Setting {
  readonly hubs: number
  readonly samples: number
  readonly load: number
  readonly ms: number
  readonly latencyMs: number
  readonly seed: number
}

async function main(): Promise<void> {
  const text = { type: 'string' } as const
  const options = {
    hubs: text,
    samples: text,
    load: text,
    ms: text,
    latency: text,
    seed: text,
    help: { type: 'boolean' }
  } as const
  const { values } = parseArgs({ options })
  if (values.help === true) return console.log(HELP)
  const { hubs = '1,2,4,8', samples = '1', load = '0.5', ms = '1000', latency = '0.25', seed = '1' } = values
  const given = {
    samples: Number(samples),
    load: Number(load),
    ms: Number(ms),
    latencyMs: Number(latency),
    seed: Number(seed)
  }
  console.log('hubs  samples/s  appends/s  conflicts per append  log reads/s per hub  parts/s  ack p50  p99')
  for (const count of hubs.split(',').map(Number)) {
    const { commits, appends, conflicts, reads, parts, waits } = await measure({ ...given, hubs: count })
    const perSecond = (number: number) => Math.round((number * 1000) / given.ms)
    waits.sort((one, other) => one - other)
    const wait = (share: number) => `${(waits[Math.floor(waits.length * share)] ?? 0).toFixed(1)} ms`
    console.log(
      [
        count,
        perSecond(commits * given.samples),
        perSecond(appends),
        (conflicts / Math.max(1, appends)).toFixed(2),
        Math.round(perSecond(reads) / count),
        perSecond(parts),
        wait(0.5),
        wait(0.99)
      ].join('  ')
    )
  }
}

async function measure(setting: Setting): Promise<Figures> {
  const platform = installPlatform({})
  const figures: Figures = { commits: 0, appends: 0, conflicts: 0, reads: 0, parts: 0, waits: [] }
  const restores = countCosts(figures, timesOf(setting.samples))
  const scheduler = new Scheduler()
  try {
    await scheduler.run(play(setting, scheduler, figures), 60_000)
  } finally {
    for (const restore of restores) restore()
    platform.remove()
  }
  return figures
}

async function play(
  { hubs, samples, load: share, ms, latencyMs, seed }: Setting,
  scheduler: Scheduler,
  figures: Figures
) {
  const random = new Random(seed)
  const server = new ReplicaSet(scheduler, random.fork())
  const network: Network = {
    latencyMs,
    ...{ lossRate: 0, repeatRate: 0, isDown: false, hasTransactionNumbers: true, hasChangeStreams: true },
    serviceMs: (bytes) => SERVER_MS + (SERVER_MS_PER_KB * bytes) / 1000
  }
  const names = Array.from({ length: hubs }, (_, index) => `hub ${index}`)
  const running = await Promise.all(
    names.map(async (name) => {
      const process = new SimProcess({ name, scheduler, random: random.fork() })
      const settings = { readConcern: { level: 'majority' }, writeConcern: { w: 'majority' } } as const
      const newClient = () => simulatedClient({ process, server, network, settings, isReadAnywhere: false })
      const store = await process.call(() => openMongo('mongodb://simulated/hub', { clock: process.clock, newClient }))
      await process.call(async () => {
        await startHistoryWriter(store, { clock: process.clock, failed: () => {}, intervalMs: 500 })
      })
      return { name, process, store }
    })
  )
  const end = { isOver: false }
  const load = running.map(async ({ name, process, store }) => {
    const ids = Array.from({ length: GATEWAYS }, (_, index) => `urn:${name}:${index}`)
    const { seq } = await process.call(() => store.commit(ids.map((id) => create(submodel(id, property('s'))))))
    const send = senderOf(process, store, seq, samples, figures)
    const own = random.fork()
    const everyMs = (timesOf(samples).take * GATEWAYS) / share
    await Promise.all(
      ids.map(async (id) => {
        let [sent, done] = [0, 0]
        while (!end.isOver) {
          await scheduler.sleep(own.duration(everyMs), 'gateway')
          if (sent - done === WINDOW) continue
          sent++
          void send(id).then(() => done++)
        }
        while (done < sent) await scheduler.sleep(10, 'gateway waits')
      })
    )
  })
  await scheduler.sleep(WARM_UP_MS, 'warm-up')
  Object.assign(figures, { commits: 0, appends: 0, conflicts: 0, reads: 0, parts: 0 })
  figures.waits.length = 0
  await scheduler.sleep(ms, 'measures')
  const result = { ...figures, waits: [...figures.waits] }
  end.isOver = true
  await Promise.all(load)
  Object.assign(figures, result)
  for (const { process } of running) process.crash()
}

/** Sends a commit and waits for its acknowledgement. */
function senderOf(process: SimProcess, store: Store, incarnation: number, samples: number, figures: Figures) {
  const { take } = timesOf(samples)
  const run = encodeRun({
    base: 0n,
    offsets: Float64Array.from({ length: samples }, (_, index) => index * 1e6),
    form: 'number',
    values: Float64Array.from({ length: samples }, (_, index) => 20 + Math.sin(index / 10)),
    quality: undefined
  })
  return async (id: string) => {
    const start = process.scheduler.now
    const to = BigInt(samples - 1) * 1_000_000n
    const change = { change: 'samples', submodel: id, path: 's', incarnation, run, count: samples } as const
    await process.call(async () => {
      await process.wait(0, 'message')
      process.work(take)
      return store.commit([{ ...change, from: 0n, to, value: '{"value":"20"}' }])
    })
    figures.commits++
    figures.waits.push(process.scheduler.now - start)
  }
}

/** Counts what hubs do, and lets it take the time that it takes. */
function countCosts(figures: Figures, times: ReturnType<typeof timesOf>): (() => void)[] {
  const work = (ms: number) => runningProcess()?.work(ms)
  /** Commits that were decoded already. */
  const decoded = new WeakSet<object>()
  /** The process that wrote each batch. */
  const writers = new Map<string, unknown>()
  return [
    replace(
      Journal.prototype,
      'append',
      (real) =>
        async function append(this: Journal, batch: NewBatch) {
          const inLines = batch.lines?.layout.reduce((sum, [code, count]) => sum + (code === 1 ? count : 0), 0) ?? 0
          work(times.send + times.encode * (batch.content.commits.length - inLines))
          writers.set(batch.writeId, runningProcess())
          const written = await real.call(this, batch)
          if (written === undefined) figures.conflicts++
          else figures.appends++
          return written
        }
    ),
    ...(['read', 'readFrom'] as const).map((name) =>
      replace(
        Journal.prototype,
        name,
        (real: (this: Journal, number: number) => unknown) =>
          function read(this: Journal, number: number) {
            figures.reads++
            work(times.send)
            return real.call(this, number)
          }
      )
    ),
    replace(
      Lines.prototype,
      'store',
      (real) =>
        function store(this: Lines, ...given: Parameters<typeof real>) {
          figures.parts++
          work(times.send + times.encode * given[2].length)
          return real.apply(this, given)
        }
    ),
    replace(
      Lines.prototype,
      'read',
      (real) =>
        async function read(this: Lines, ...given: Parameters<typeof real>) {
          const commits = await real.apply(this, given)
          work(times.send + times.decode * (commits?.length ?? 0))
          for (const commit of commits ?? []) decoded.add(commit)
          return commits
        }
    ),
    replace(
      ReplicatedState.prototype,
      'applyBatch',
      (real) =>
        function applyBatch(this: ReplicatedState, batch: Batch) {
          if (batch.number === this.appliedNumber + 1 && writers.get(batch.writeId) !== runningProcess()) {
            const read = batch.content.commits.filter(({ changes }) => changes.length > 0)
            const undecoded = read.filter((commit) => !decoded.has(commit)).length
            work(times.apply * read.length + times.decode * undecoded)
          }
          real.call(this, batch)
        }
    ),
    replace(
      PendingChanges.prototype,
      'add',
      (real) =>
        function add(this: PendingChanges, ...given: Parameters<typeof real>) {
          work(times.pending)
          return real.apply(this, given)
        }
    )
  ]
}

await main()
