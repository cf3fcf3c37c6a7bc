/**
 * A day of 10,000 series at one sample a second, as back-dated pushes of an hour of some series each: what a plant leaves
 * behind in a day, and what the hub is like then. With `--quick` an hour. It ends early, and says so, where time or disk do
 * not suffice (`--minutes`, by default 30).
 */
import { statfs } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { type Child, start } from './children.ts'
import { fill } from './data.ts'
import { flags } from './flags.ts'
import { lines, whole } from './measure.ts'
import { median } from './statistics.ts'

const SUBMODELS = 1_000
const PROPERTIES = 10
const HOURS = flags.quick ? 1 : 24
const SERIES = SUBMODELS * PROPERTIES
const SAMPLES_PER_HOUR = 3_600
const HOUR_MS = 3_600_000
const FIRST_MS = Date.UTC(2026, 0, 5)

/** Series in one push, and pushes at the same time. */
const AT_ONCE = 20
const CONNECTIONS = 4

/** Room for history and log, in bytes per sample; and what must be left. */
const BYTES_PER_SAMPLE = 6
const LEFT_FREE = 5e9

/** Of a request whose connection is closed. */
const MAX_TRIES = 60

const LIMIT_MS = Number(flags.minutes ?? 30) * 60_000

/** @param folder creates a folder for data */
export async function day(folder: (name: string) => Promise<string>): Promise<void> {
  const directory = await folder('day')
  const { bavail, bsize } = await statfs(directory)
  const hours = Math.min(
    HOURS,
    Math.floor((bavail * bsize - LEFT_FREE) / (BYTES_PER_SAMPLE * SERIES * SAMPLES_PER_HOUR))
  )
  await fill(directory, SUBMODELS, PROPERTIES)
  const settings = { TEMPLATES: 'off', CACHE_SIZE: '64MiB', MEMORY: '380MiB' }
  let hub = await start('hub.ts', directory, settings)
  const from = performance.now()
  const watch = watchMemory(hub)
  const { pushes, samples } = await pushAll(hub, hours, from + LIMIT_MS)
  const highest = await watch.stop()
  const seconds = (performance.now() - from) / 1000
  const title = `${whole(samples)} samples of ${whole(SERIES)} series at 1 Hz (${(samples / SERIES / SAMPLES_PER_HOUR).toFixed(1)} hours)`
  tell(`${title}, pushed in ${whole(pushes)} parts`, `${whole(samples / seconds)} samples/s`, '–')
  const reasons = [...closed].map(([reason, times]) => `${times} × ${reason}`).join('; ')
  tell('connections closed before their response', reasons || 'none', 'none', reasons === '')
  tell('RSS meanwhile', `${(highest / 1e6).toFixed(0)} MB`, '< 400 MB', highest < 400e6)
  await written(hub, samples)
  await hub.stop()
  const begin = performance.now()
  hub = await start('hub.ts', directory, settings)
  await (await fetch(`${hub.url}/api/v3/submodels?limit=1`)).text()
  const startSeconds = (performance.now() - begin) / 1000
  const cpu = `${((await hub.taken()).cpu / 1e6).toFixed(2)} s of processor time`
  const idle = `${((await hub.rss()) / 1e6).toFixed(0)} MB`
  tell(
    'the next start, to the first answer',
    `${startSeconds.toFixed(2)} s, ${cpu}, RSS ${idle}`,
    '< 2 s',
    startSeconds < 2
  )
  await answers(hub, Math.max(1, Math.floor(samples / SERIES / SAMPLES_PER_HOUR)))
  await hub.stop()
}

function watchMemory(hub: Child): { stop(): Promise<number> } {
  const stopped = Promise.withResolvers<void>()
  let isStopped = false
  const highest = (async () => {
    let most = 0
    while (!isStopped) {
      most = Math.max(most, await hub.rss())
      await Promise.race([stopped.promise, setTimeout(1000)])
    }
    return most
  })()
  return {
    stop: () => {
      isStopped = true
      stopped.resolve()
      return highest
    }
  }
}

/** The series in groups, hour by hour, as time passes. */
async function pushAll(hub: Child, hours: number, until: number) {
  const signals = Array.from({ length: 97 }, (_, seed) => JSON.stringify(signal(seed)))
  const total = (hours * SERIES) / AT_ONCE
  let [next, done] = [0, 0]
  const sender = async () => {
    while (next < total && performance.now() < until) {
      const at = next++
      await push(hub, at, signals)
      done++
      if (done % 500 === 0) process.stderr.write(`${done} of ${total} pushes\n`)
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, sender))
  return { pushes: done, samples: done * AT_ONCE * SAMPLES_PER_HOUR }
}

async function push(hub: Child, at: number, signals: readonly string[]): Promise<void> {
  const groups = SERIES / AT_ONCE
  const [hour, group] = [Math.floor(at / groups), at % groups]
  const items = Array.from({ length: AT_ONCE }, (_, index) => {
    const series = group * AT_ONCE + index
    const submodel = `https://bench.example/sm/${Math.floor(series / PROPERTIES)}`
    const values = signals[(series + 7 * hour) % signals.length]
    const head = `"submodel":"${submodel}","path":"Value${series % PROPERTIES}"`
    return `{${head},"start":${FIRST_MS + hour * HOUR_MS},"step":1000,"values":${values}}`
  })
  const headers = { 'content-type': 'application/json' }
  for (;;) {
    const { status, text } = await ask(`${hub.url}/ingest`, { method: 'POST', headers, body: `[${items.join(',')}]` })
    if (status === 200) return
    if (status !== 503 && status !== 429) throw new Error(`Refused: ${text.slice(0, 300)}`)
    await setTimeout(100)
  }
}

/** Why connections were closed before their response, and how often. */
const closed = new Map<string, number>()

/** Asks again where the connection is closed, as samples count once: a day is long, and one request should not end it. */
async function ask(
  url: string,
  request: RequestInit = {}
): Promise<{ readonly status: number; readonly text: string }> {
  for (let tries = 1; ; tries++) {
    try {
      const response = await fetch(url, request)
      return { status: response.status, text: await response.text() }
    } catch (error) {
      const { message, cause } = error as Error
      const { code = '', message: why = message } = (cause ?? {}) as {
        readonly code?: string
        readonly message?: string
      }
      const reason = `${code} ${why}`.trim()
      closed.set(reason, (closed.get(reason) ?? 0) + 1)
      process.stderr.write(`A connection was closed: ${reason}\n`)
      if (tries === MAX_TRIES) throw error
      await setTimeout(1000)
    }
  }
}

/** A temperature with two decimals: it drifts, and its sensor is noisy. */
function signal(seed: number): number[] {
  let random = seed + 1
  const noise = () => {
    random = (random * 48_271) % 2_147_483_647
    return random / 2_147_483_647 - 0.5
  }
  let drift = 20 + seed
  return Array.from({ length: SAMPLES_PER_HOUR }, (_, at) => {
    drift += 0.01 * noise()
    return Math.round(100 * (drift + Math.sin(at / 600) + 0.1 * noise())) / 100
  })
}

/** Waits until everything is in chunks. */
async function written(hub: Child, samples: number): Promise<void> {
  let inChunks = 0
  for (let tries = 0; tries < 300 && inChunks < samples; tries++) {
    await setTimeout(1000)
    inChunks = metric(await metricsOf(hub), 'history_samples')
  }
  const text = await metricsOf(hub)
  const perSample = (name: string) => metric(text, name) / samples
  const history = perSample('history_bytes')
  const all = `${perSample('log_bytes').toFixed(2)} of the log, ${perSample('store_bytes').toFixed(2)} of all files`
  tell('bytes of history per sample', `${history.toFixed(2)} bytes; ${all}`, '≤ 2.5 bytes', history <= 2.5)
}

async function answers(hub: Child, hours: number): Promise<void> {
  const metrics = await timed(() => metricsOf(hub))
  tell('`/metrics`', `${metrics.toFixed(1)} ms`, '< 50 ms', metrics < 50)
  let series = 0
  const window = await timed(() => {
    series += 37
    const submodel = encodeURIComponent(`https://bench.example/sm/${series % SUBMODELS}`)
    const from = new Date(FIRST_MS + (series % hours) * HOUR_MS).toISOString()
    const to = new Date(FIRST_MS + (series % hours) * HOUR_MS + HOUR_MS).toISOString()
    const query = `submodel=${submodel}&path=Value${series % PROPERTIES}&from=${from}&to=${to}&interval=10s&aggregate=mean`
    return ask(`${hub.url}/timeseries?${query}`).then(({ status, text }) => {
      if (status !== 200 || text.length < 1000) throw new Error(text.slice(0, 300))
    })
  })
  tell('a window of an hour of one series, each time another one', `${window.toFixed(1)} ms`, '< 50 ms', window < 50)
}

/** Median in milliseconds, each after the last. */
async function timed(ask: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let turn = 0; turn < 21; turn++) {
    const from = performance.now()
    await ask()
    times.push(performance.now() - from)
  }
  return median(times)
}

async function metricsOf(hub: Child): Promise<string> {
  return (await ask(`${hub.url}/metrics`)).text
}

function metric(text: string, name: string): number {
  return Number(new RegExp(`^aas_hub_${name} (\\S+)`, 'm').exec(text)?.[1])
}

function tell(workload: string, hub: string, goal: string, isMet?: boolean): void {
  const met = isMet === undefined ? '–' : isMet ? 'yes' : 'no'
  lines.push({ workload, hub, ...{ baseline: '–', ratio: '–', goal, met } })
}
