/** Figures for Prometheus: requests, the process, the store and its log, samples and those who follow them. */
import type { FastifyInstance } from 'fastify'
import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Subscriptions } from '../consumers/subscriptions/subscriptions.ts'
import type { Ingest } from '../operations/samples/ingest.ts'
import type { Store, StoreFigures } from '../store/store.ts'
import type { ExtensionPath } from '../transports/http/extension-endpoint.ts'
import type { MqttTransport } from '../transports/mqtt/mqtt.ts'

/** Whom the figures are of; what opens later, or not at all, is asked for when somebody reads them. */
export interface Sources {
  readonly store: Store
  readonly intake: Pick<Ingest, 'counts'>
  readonly subscriptions: () => Subscriptions['figures']
  readonly mqtt: () => MqttTransport | undefined
}

/** Seconds; from a value written in a millisecond to an upload that takes its time. */
const DURATION_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10]

/** Counts every request of `app`, and serves the figures at `/metrics`. */
export function measure(app: FastifyInstance, sources: Sources): void {
  const register = new Registry()
  const requests = new RequestSeconds()
  collectDefaultMetrics({ register })

  app.addHook('onResponse', (request, reply, done) => {
    // The route's pattern, never the address that was called: identifiers would make a series each.
    requests.observe(request.method, request.routeOptions.url ?? 'none', reply.statusCode, reply.elapsedTime / 1000)
    done()
  })
  app.get('/metrics', async (_, reply) => {
    reply.type(register.contentType)
    return `${await register.metrics()}\n${await hubFigures(sources)}\n${requests.text()}`
  })
}

export const metricsPath: ExtensionPath = {
  path: '/metrics',
  below: 'hub',
  get: {
    operationId: 'GetMetrics',
    tag: 'Hub',
    summary: 'Figures for Prometheus',
    description: 'Of requests, the process, the store and its log, samples and those who follow them.',
    gives: {
      200: {
        description: 'In the text format of Prometheus',
        content: { 'text/plain': { schema: { type: 'string' } } }
      }
    },
    refuses: ['Internal']
  }
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
  /** By route, then by method and status: to put all three into one text takes longer than all the rest. */
  readonly #series = new Map<string, Map<string, Series>>()

  observe(method: string, route: string, status: number, seconds: number): void {
    const series = this.#seriesOf(method, route, status)
    let bucket = 0
    while (bucket < DURATION_BUCKETS_S.length && seconds > (DURATION_BUCKETS_S[bucket] ?? 0)) bucket++
    series.counts[bucket] = (series.counts[bucket] ?? 0) + 1
    series.seconds += seconds
  }

  #seriesOf(method: string, route: string, status: number): Series {
    const key = method + status
    const known = this.#series.get(route)?.get(key)
    if (known !== undefined) return known
    const labels = `method="${method}",route="${route.replace(/["\\]/g, '\\$&')}",status="${status}"`
    const series = { labels, counts: new Array<number>(DURATION_BUCKETS_S.length + 1).fill(0), seconds: 0 }
    this.#series.set(route, (this.#series.get(route) ?? new Map<string, Series>()).set(key, series))
    return series
  }

  /** In the text format of Prometheus, where a bucket holds those of all smaller ones too. */
  text(): string {
    const name = 'aas_hub_request_seconds'
    const lines = [
      `# HELP ${name} Time from the arrival of a request to the end of its answer`,
      `# TYPE ${name} histogram`
    ]
    const all = [...this.#series.values()].flatMap((series) => [...series.values()])
    for (const { labels, counts, seconds } of all) {
      let sum = 0
      for (const [place, count] of counts.entries()) {
        sum += count
        lines.push(`${name}_bucket{le="${DURATION_BUCKETS_S[place] ?? '+Inf'}",${labels}} ${sum}`)
      }
      lines.push(`${name}_sum{${labels}} ${seconds}`, `${name}_count{${labels}} ${sum}`)
    }
    return `${lines.join('\n')}\n`
  }
}

/** What is read when somebody asks for the figures; in the text format of Prometheus. */
function figure(
  name: string,
  type: 'gauge' | 'counter',
  help: string,
  values: Readonly<Record<string, number>>
): string {
  const lines = Object.entries(values).map(([labels, value]) => `aas_hub_${name}${labels} ${value}`)
  return `# HELP aas_hub_${name} ${help}\n# TYPE aas_hub_${name} ${type}\n${lines.join('\n')}`
}

/** One value without labels. */
const NO_LABEL = ''

async function hubFigures({ store, intake, subscriptions, mqtt }: Sources): Promise<string> {
  // Whoever looks what is wrong while the database is away is told everything else.
  const stored = await store.figures().catch(() => undefined)
  return [
    figure('store_up', 'gauge', 'Does the store answer?', { [NO_LABEL]: stored === undefined ? 0 : 1 }),
    ...(stored === undefined ? [] : storeFigures(stored)),
    ...intakeFigures(intake.counts),
    ...subscriptionFigures(subscriptions()),
    ...mqttFigures(mqtt())
  ].join('\n')
}

function storeFigures(figures: StoreFigures): string[] {
  const documents = Object.entries(figures.documents).map(([kind, count]) => [`{kind="${kind}"}`, count] as const)
  return [
    figure('documents', 'gauge', 'Documents stored', Object.fromEntries(documents)),
    figure('elements', 'gauge', 'Submodel elements stored', { [NO_LABEL]: figures.elements }),
    figure('log_first', 'gauge', 'Oldest position of the log that is kept', { [NO_LABEL]: figures.logFirst }),
    figure('log_last', 'gauge', 'Newest position of the log', { [NO_LABEL]: figures.logLast }),
    figure('log_bytes', 'gauge', 'Bytes of the log', { [NO_LABEL]: figures.logBytes }),
    figure('history_series', 'gauge', 'Series with history', { [NO_LABEL]: figures.series }),
    figure('history_samples', 'gauge', 'Samples in the history', { [NO_LABEL]: figures.samples }),
    figure('history_bytes', 'gauge', 'Bytes of the history', { [NO_LABEL]: figures.historyBytes }),
    figure('damaged_total', 'counter', 'Records that were found damaged where they are stored', {
      [NO_LABEL]: figures.damaged
    }),
    figure('store_bytes', 'gauge', 'Bytes that the store takes on disk', { [NO_LABEL]: figures.bytes })
  ]
}

function intakeFigures({ accepted, refused, repeated }: Ingest['counts']): string[] {
  const values = { '{verdict="accepted"}': accepted, '{verdict="refused"}': refused, '{verdict="repeated"}': repeated }
  return [figure('samples_total', 'counter', 'Samples that were pushed, through whichever transport', values)]
}

function subscriptionFigures({ subscribers, late, groups }: Subscriptions['figures']): string[] {
  return [
    figure('subscribers', 'gauge', 'Subscriptions that run', { [NO_LABEL]: subscribers }),
    figure('subscribers_late', 'gauge', 'Subscriptions that lag or are shown the past', { [NO_LABEL]: late }),
    figure('subscription_groups', 'gauge', 'Different wishes of subscriptions', { [NO_LABEL]: groups })
  ]
}

/** None of them where no broker is configured. */
function mqttFigures(transport: MqttTransport | undefined): string[] {
  if (transport === undefined) return []
  const { messages, unmapped, unreadable, accepted, refused } = transport.counts
  const verdicts = { '{verdict="accepted"}': accepted, '{verdict="refused"}': refused }
  const misfits = { '{reason="unmapped"}': unmapped, '{reason="unreadable"}': unreadable }
  return [
    figure('mqtt_connected', 'gauge', 'Is this process connected to the broker?', {
      [NO_LABEL]: transport.isConnected ? 1 : 0
    }),
    figure('mqtt_messages_total', 'counter', 'Messages that came from the broker', { [NO_LABEL]: messages }),
    figure('mqtt_misfits_total', 'counter', 'Messages that hold no sample that could be read', misfits),
    figure('mqtt_samples_total', 'counter', 'Samples in messages from the broker', verdicts)
  ]
}
