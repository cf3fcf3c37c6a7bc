/** A long series that is read back: in buckets, and exported. */
import { compact } from '../../src/consumers/history/compaction.ts'
import { writers } from '../../src/formats/tables/writers.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import { bareParquet } from './bare-parquet.ts'
import { type Child, start } from './children.ts'
import { flags } from './flags.ts'
import { race, repeat, wanted, whole } from './measure.ts'
import { FRAME, ID, readings } from './raw-baselines.ts'
import { connect, pushAll } from './sockets.ts'

const HISTORY = flags.quick ? 1_000_000 : 10_000_000

/** Reads a long series back: in buckets, and exported. @param create the submodel */
export async function readBack(directory: string, create: (hub: Child) => Promise<void>): Promise<void> {
  let hub = await start('hub.ts', directory)
  await create(hub)
  const socket = await connect(hub)
  const frames = Array.from({ length: 20 }, (_, seed) => readings(FRAME, seed))
  const bodies = frames.map((values) => JSON.stringify(values))
  let sent = 0
  const begin = 1_764_000_000_000 + (FRAME * 100) / 2
  await pushAll(socket, HISTORY / FRAME, () => {
    const body = bodies[sent % bodies.length]
    return `{"type":"push","id":1,"submodel":"${ID}","path":"Value0","start":${begin + sent++ * FRAME * 100},"step":100,"values":${body}}`
  })
  socket.terminate()
  if (wanted('aggregate')) await aggregate(hub, frames, 'just pushed; baseline: bare loop over the decoded arrays')
  if (wanted('influxql')) await influxql(hub, 'just pushed; baseline: /timeseries')
  if (wanted('export')) await exported(hub, directory)
  await hub.stop()
  if (!wanted('aggregate', 'influxql')) return
  const store = await openSqlite(directory)
  await compact(store, { submodel: ID, path: 'Value0' }, { rest: async () => {} })
  await store.close()
  hub = await start('hub.ts', directory)
  if (wanted('aggregate')) await aggregate(hub, frames, 'at rest; baseline: the same')
  if (wanted('influxql')) await influxql(hub, 'at rest; baseline: /timeseries')
  await hub.stop()
}

/** Buckets begin in the middle of frames. */
async function aggregate(hub: Child, frames: readonly (readonly number[])[], title: string): Promise<void> {
  const decoded = Array.from({ length: HISTORY / FRAME }, (_, i) => Float64Array.from(frames[i % frames.length] ?? []))
  const [ours, theirs] = [new CpuTime(() => hub.taken()), new CpuTime(async () => ({ cpu: ownCpu() }))]
  await race({
    title: `window of ${whole(HISTORY)} samples into 1,000 buckets, ${title}`,
    goal: 0.35,
    unit: ' samples',
    ours: (seconds) => ours.during(() => inBuckets(hub, seconds)),
    theirs: (seconds) => theirs.during(async () => bareLoop(decoded, seconds)),
    beside: () => [ours.text(), theirs.text()]
  })
}

/** The same means of the same hub, asked for as Grafana does. */
async function influxql(hub: Child, title: string): Promise<void> {
  const [ours, theirs] = [new CpuTime(() => hub.taken()), new CpuTime(() => hub.taken())]
  const width = (HISTORY * 100) / 1000
  const table = `/timeseries?submodel=${encodeURIComponent(ID)}&path=Value0&interval=${width}ms&aggregate=mean`
  const statement = `SELECT mean("Value0") FROM /./ WHERE "submodel" = '${ID}' GROUP BY time(${width}ms) fill(none)`
  await race({
    title: `mean of ${whole(HISTORY)} samples by 1,000 buckets in InfluxQL, ${title}`,
    goal: 0.9,
    unit: ' samples',
    ours: (seconds) =>
      ours.during(() => means(`${hub.url}/query?epoch=ms&q=${encodeURIComponent(statement)}`, seconds)),
    theirs: (seconds) => theirs.during(() => means(`${hub.url}${table}&timeFormat=epoch-ms`, seconds)),
    beside: () => [ours.text(), theirs.text()]
  })
}

/** Samples per second. */
async function means(url: string, seconds: number): Promise<number> {
  const from = performance.now()
  let count = 0
  while (performance.now() - from < seconds * 1000) {
    const text = await (await fetch(url)).text()
    const { rows, results } = JSON.parse(text) as { rows?: unknown[]; results?: { series: { values: unknown[] }[] }[] }
    const found = rows ?? results?.[0]?.series[0]?.values ?? []
    if (found.length < 1000) throw new Error(`There were ${found.length} buckets`)
    count += HISTORY
  }
  return count / ((performance.now() - from) / 1000)
}

/** The baseline has the arrays in memory, and sends what the library makes of them. */
async function exported(hub: Child, directory: string): Promise<void> {
  const bare = await start('bare-tables.ts', directory, { rows: HISTORY })
  for (const [format, name] of [
    ['arrow', 'Arrow'],
    ['parquet', 'Parquet']
  ] as const) {
    const [ours, theirs] = [new CpuTime(() => hub.taken()), new CpuTime(() => bare.taken())]
    const query = `submodel=${encodeURIComponent(ID)}&path=Value0&format=${format}`
    await race({
      title: `export of ${whole(HISTORY)} samples to ${name}; baseline: the library alone, from arrays in memory`,
      goal: 0.7,
      unit: ' rows',
      ours: () => ours.during(() => download(`${hub.url}/timeseries?${query}`)),
      theirs: () => theirs.during(() => download(`${bare.url}/${format}`)),
      beside: () => [ours.text(), theirs.text()]
    })
  }
  await bare.stop()
}

/** Rows per second. */
async function download(url: string): Promise<number> {
  const from = performance.now()
  const { body, ok } = await fetch(url)
  if (!ok || body === null) throw new Error(`${url} was refused`)
  for await (const _ of body);
  return HISTORY / ((performance.now() - from) / 1000)
}

/** Processor time for the history once, which the load of the machine changes less than its rate. */
class CpuTime {
  readonly #taken: () => Promise<{ readonly cpu: number }>
  #cpu = 0
  #samples = 0

  constructor(taken: () => Promise<{ readonly cpu: number }>) {
    this.#taken = taken
  }

  /** @param act returns samples per second */
  async during(act: () => Promise<number>): Promise<number> {
    const [{ cpu }, from] = [await this.#taken(), performance.now()]
    const rate = await act()
    this.#samples += rate * ((performance.now() - from) / 1000)
    this.#cpu += (await this.#taken()).cpu - cpu
    return rate
  }

  text(): string {
    return `CPU ${(this.#cpu / 1000 / (this.#samples / HISTORY)).toFixed(0)} ms`
  }
}

function ownCpu(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

async function inBuckets(hub: Child, seconds: number): Promise<number> {
  const width = (HISTORY * 100) / 1000
  const query = `submodel=${encodeURIComponent(ID)}&path=Value0&interval=${width}ms&aggregate=min,max,mean,sum,count`
  const from = performance.now()
  let count = 0
  while (performance.now() - from < seconds * 1000) {
    const { rows } = (await (await fetch(`${hub.url}/timeseries?${query}`)).json()) as { rows: unknown[] }
    if (rows.length < 1000) throw new Error(`There were ${rows.length} buckets`)
    count += HISTORY
  }
  return count / ((performance.now() - from) / 1000)
}

function bareLoop(decoded: readonly Float64Array[], seconds: number): number {
  const together = decoded.length / 1000
  return (
    HISTORY *
    repeat(() => {
      let buckets = 0
      for (let start = 0; start < decoded.length; start += together) {
        let [min, max, sum, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0]
        for (let run = start; run < start + together; run++) {
          const all = decoded[Math.floor(run)] ?? new Float64Array()
          for (let i = 0; i < all.length; i++) {
            const value = all[i] ?? 0
            if (value < min) min = value
            if (value > max) max = value
            sum += value
            count++
          }
        }
        if (sum / count >= min && max >= min) buckets++
      }
      if (buckets === 0) throw new Error('Nothing was counted')
    }, seconds)
  )
}

export async function parquet(): Promise<void> {
  const rows = 1_000_000
  const times = BigInt64Array.from({ length: rows }, (_, i) => 1_764_000_000_000_000_000n + BigInt(i) * 100_000_000n)
  const values = Float64Array.from(readings(rows))
  await race({
    title: 'Parquet of 1,000,000 rows of time and value; baseline: hyparquet-writer on the same arrays in memory',
    goal: 0.5,
    unit: ' rows',
    ours: async () => {
      const from = performance.now()
      const batches = async function* () {
        for (let start = 0; start < rows; start += 8192) {
          const end = Math.min(start + 8192, rows)
          yield {
            length: end - start,
            columns: [{ values: times.subarray(start, end) }, { values: values.subarray(start, end) }]
          }
        }
      }
      const columns = [
        { name: 'time', type: 'time' },
        { name: 'value', type: 'number' }
      ] as const
      let bytes = 0
      for await (const part of writers.parquet.write({ columns, batches: batches() })) bytes += part.length
      if (bytes === 0) throw new Error('Nothing was written')
      return rows / ((performance.now() - from) / 1000)
    },
    theirs: () => {
      const from = performance.now()
      bareParquet(times, values, 100_000)
      return rows / ((performance.now() - from) / 1000)
    }
  })
}
