/** Figures for Prometheus: requests, the process, the store and its log. One registry per server. */
import type { FastifyInstance } from 'fastify'
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Store } from './store/store.ts'

/** Seconds; from a value written in a millisecond to an upload that takes its time. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10]

/** Counts every request of `app`, and serves the figures at `/metrics`. */
export function measure(app: FastifyInstance, store: Store): void {
  const register = new Registry()
  const requests = new RequestSeconds()
  const readStore = storeGauges(register, store)
  collectDefaultMetrics({ register })

  app.addHook('onResponse', (request, reply, done) => {
    // The route's pattern, never the address that was called: identifiers would make a series each.
    requests.observe(request.method, request.routeOptions.url ?? 'none', reply.statusCode, reply.elapsedTime / 1000)
    done()
  })
  app.get('/metrics', async (_, reply) => {
    reply.type(register.contentType)
    await readStore()
    return `${await register.metrics()}\n${requests.text()}`
  })
}

/** Requests of one route that were answered with one status. */
interface Series {
  readonly labels: string
  /** How many took at most as long as the bucket of the same place says, and no less than the one before. */
  readonly counts: number[]
  seconds: number
}

/**
 * The histogram of requests. Not prom-client's, whose bookkeeping takes a tenth off the throughput: this is on the path
 * of every request, so it counts in plain arrays, and everything else is left to whoever reads the figures.
 */
class RequestSeconds {
  readonly #series = new Map<string, Series>()

  observe(method: string, route: string, status: number, seconds: number): void {
    const key = `${method}${status}${route}`
    let series = this.#series.get(key)
    if (series === undefined) {
      const labels = `method="${method}",route="${route.replace(/["\\]/g, '\\$&')}",status="${status}"`
      series = { labels, counts: new Array(BUCKETS.length + 1).fill(0), seconds: 0 }
      this.#series.set(key, series)
    }
    let bucket = 0
    while (bucket < BUCKETS.length && seconds > (BUCKETS[bucket] ?? 0)) bucket++
    series.counts[bucket] = (series.counts[bucket] ?? 0) + 1
    series.seconds += seconds
  }

  /** In the text format of Prometheus, where a bucket holds those of all smaller ones too. */
  text(): string {
    const name = 'aas_hub_request_seconds'
    const lines = [
      `# HELP ${name} Time from the arrival of a request to the end of its answer`,
      `# TYPE ${name} histogram`
    ]
    for (const { labels, counts, seconds } of this.#series.values()) {
      let sum = 0
      for (const [place, count] of counts.entries()) {
        sum += count
        lines.push(`${name}_bucket{le="${BUCKETS[place] ?? '+Inf'}",${labels}} ${sum}`)
      }
      lines.push(`${name}_sum{${labels}} ${seconds}`, `${name}_count{${labels}} ${sum}`)
    }
    return `${lines.join('\n')}\n`
  }
}

/** Gauges of the store; returns what brings them up to date before they are read. */
function storeGauges(register: Registry, store: Store): () => Promise<void> {
  const registers = [register]
  const documents = new Gauge({ name: 'aas_hub_documents', help: 'Documents stored', labelNames: ['kind'], registers })
  const elements = new Gauge({ name: 'aas_hub_elements', help: 'Submodel elements stored', registers })
  const first = new Gauge({ name: 'aas_hub_log_first', help: 'Oldest position of the log that is kept', registers })
  const last = new Gauge({ name: 'aas_hub_log_last', help: 'Newest position of the log', registers })
  const logBytes = new Gauge({ name: 'aas_hub_log_bytes', help: 'Bytes of the log', registers })
  const series = new Gauge({ name: 'aas_hub_history_series', help: 'Series with history', registers })
  const samples = new Gauge({ name: 'aas_hub_history_samples', help: 'Samples in the history', registers })
  const history = new Gauge({ name: 'aas_hub_history_bytes', help: 'Bytes of the history', registers })
  const bytes = new Gauge({ name: 'aas_hub_store_bytes', help: 'Bytes that the store takes on disk', registers })
  return async () => {
    const figures = await store.figures()
    for (const [kind, count] of Object.entries(figures.documents)) documents.set({ kind }, count)
    elements.set(figures.elements)
    first.set(figures.logFirst)
    last.set(figures.logLast)
    logBytes.set(figures.logBytes)
    series.set(figures.series)
    samples.set(figures.samples)
    history.set(figures.historyBytes)
    bytes.set(figures.bytes)
  }
}
