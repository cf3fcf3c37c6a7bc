/** Metrics for Prometheus: requests, the process, the store and its log, samples and subscriptions. */
import type { FastifyInstance } from 'fastify'
import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Subscriptions } from '../consumers/subscriptions/subscriptions.ts'
import type { Usage } from '../consumers/usage.ts'
import type { MemoryBudget } from '../memory/budget.ts'
import type { Connections } from '../operations/asset-interfaces/connection.ts'
import type { Ingest } from '../operations/samples/ingest.ts'
import type { SenderState } from '../operations/samples/senders.ts'
import type { ReportArchive } from '../reports/compliance/archive/archive.ts'
import type { StoreFigures } from '../store/figures.ts'
import type { Store } from '../store/store.ts'
import { type ExtensionEndpoint, serve } from '../transports/http/extension-endpoint.ts'
import { isOwnRequest } from '../transports/http/own-requests.ts'
import type { MqttTransport } from '../transports/mqtt/mqtt.ts'
import type { OpcuaServer } from '../transports/opcua/opcua.ts'
import type { RulesStatus } from './access-rules.ts'
import { connectionMetrics } from './connection-metrics.ts'
import { consumerMetrics, type RunningConsumers } from './consumer-metrics.ts'
import type { FollowedFiles } from './followed-files.ts'
import { memoryMetrics } from './memory-metrics.ts'
import { metricText, NO_LABEL } from './metric-text.ts'
import { opcuaMetrics } from './opcua-metrics.ts'
import { type UpkeepSources, upkeepMetrics } from './upkeep-metrics.ts'

/** Where the metrics come from; functions for parts that open later, or not at all. */
export interface MetricSources {
  readonly store: Store
  readonly ingest: Pick<Ingest, 'counts' | 'senders'>
  readonly consumers: RunningConsumers
  readonly subscriptions: () => Subscriptions['figures']
  readonly accessRules: RulesStatus
  readonly followed: FollowedFiles
  readonly mqtt: () => MqttTransport | undefined
  readonly connections: () => Connections | undefined
  readonly opcua: () => OpcuaServer | undefined
  readonly upkeep: UpkeepSources
  readonly memory: MemoryBudget
  /** Memory that the process should not exceed, in bytes. */
  readonly budget: number
  readonly compliance: Pick<ReportArchive, 'list'>
  readonly usage: Usage
  readonly apiPrefix: string
}

/** From the write of a value to a long upload. */
const DURATION_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10]

/** Counts every request of `app`, and serves `/metrics`. */
export function mountMetrics(app: FastifyInstance, sources: MetricSources): void {
  const register = new Registry()
  const requests = new RequestHistogram()
  collectDefaultMetrics({ register })
  sources.usage.addSource(() => requests.totals(sources.apiPrefix))

  app.addHook('onResponse', (request, reply, done) => {
    // The hub examines itself: that is no use that is made of it.
    if (isOwnRequest(request)) return done()
    // The route's pattern, not the URL: each identifier would become a time series.
    requests.observe(request.method, request.routeOptions.url ?? 'none', reply.statusCode, reply.elapsedTime / 1000)
    done()
  })
  serve(app, '', metricsEndpoint, {
    get: async ({ reply }) => {
      reply.type(register.contentType)
      return `${await register.metrics()}\n${await hubMetrics(sources)}\n${requests.text()}`
    }
  })
}

export const metricsEndpoint = {
  path: '/metrics',
  below: 'hub',
  get: {
    operationId: 'GetMetrics',
    right: 'READ',
    tag: 'Hub',
    summary: 'Metrics for Prometheus',
    description: 'Requests, the process, the store and its log, samples and subscriptions.',
    gives: {
      200: {
        description: 'In the text format of Prometheus',
        content: { 'text/plain': { schema: { type: 'string' } } }
      }
    },
    refuses: ['Internal']
  }
} as const satisfies ExtensionEndpoint

/** What requests on a route are of, as the compliance report counts them. */
function subjectOf(route: string, apiPrefix: string): string | undefined {
  const path = route.startsWith(`${apiPrefix}/`) ? route.slice(apiPrefix.length) : route
  const [, first = ''] = path.split('/', 2)
  const own = { events: 'cloudevents', timeseries: 'history', dataset: 'history' }[first]
  if (own !== undefined) return own
  if (['upload', 'packages', 'serialization'].includes(first)) return 'aasx'
  return path === route ? undefined : 'aas-api'
}

/** Requests of one route that were answered with one status. */
interface RequestSeries {
  readonly method: string
  readonly status: number
  readonly labels: string
  /** Requests per bucket of DURATION_BUCKETS_S, and beyond them; not cumulative. */
  readonly counts: number[]
  seconds: number
}

/**
 * The histogram of request durations. Not prom-client's, which costs a tenth of the throughput: this one only counts in
 * arrays, and does the rest when the metrics are read.
 */
class RequestHistogram {
  /** By route, which has few: a key of route, method and status would have to be put together for each request. */
  readonly #series = new Map<string, RequestSeries[]>()

  observe(method: string, route: string, status: number, seconds: number): void {
    const series = this.#seriesOf(method, route, status)
    let bucket = 0
    while (bucket < DURATION_BUCKETS_S.length && seconds > (DURATION_BUCKETS_S[bucket] ?? 0)) bucket++
    series.counts[bucket] = (series.counts[bucket] ?? 0) + 1
    series.seconds += seconds
  }

  #seriesOf(method: string, route: string, status: number): RequestSeries {
    const ofRoute = this.#series.get(route) ?? []
    for (const known of ofRoute) if (known.status === status && known.method === method) return known
    const labels = `method="${method}",route="${route.replace(/["\\]/g, '\\$&')}",status="${status}"`
    const counts = new Array<number>(DURATION_BUCKETS_S.length + 1).fill(0)
    const series = { method, status, labels, counts, seconds: 0 }
    ofRoute.push(series)
    this.#series.set(route, ofRoute)
    return series
  }

  /** Requests that were answered, by what they are of. */
  totals(apiPrefix: string): Readonly<Record<string, number>> {
    const totals: Record<string, number> = {}
    for (const [route, ofRoute] of this.#series) {
      const of = subjectOf(route, apiPrefix)
      for (const { status, counts } of ofRoute) {
        if (status >= 400 || of === undefined) continue
        totals[of] = (totals[of] ?? 0) + counts.reduce((sum, count) => sum + count, 0)
      }
    }
    return totals
  }

  /** In the text format of Prometheus, whose buckets are cumulative. */
  text(): string {
    const name = 'aas_hub_request_seconds'
    const lines = [
      `# HELP ${name} Time from the arrival of a request to the end of its answer`,
      `# TYPE ${name} histogram`
    ]
    for (const { labels, counts, seconds } of [...this.#series.values()].flat()) {
      let sum = 0
      for (const [bucket, count] of counts.entries()) {
        sum += count
        lines.push(`${name}_bucket{le="${DURATION_BUCKETS_S[bucket] ?? '+Inf'}",${labels}} ${sum}`)
      }
      lines.push(`${name}_sum{${labels}} ${seconds}`, `${name}_count{${labels}} ${sum}`)
    }
    return `${lines.join('\n')}\n`
  }
}

async function hubMetrics({
  store,
  ingest,
  consumers,
  subscriptions,
  accessRules,
  followed,
  mqtt,
  connections,
  opcua,
  upkeep,
  memory,
  budget,
  compliance,
  usage
}: MetricSources): Promise<string> {
  // While the database is unreachable the other metrics help to find out why.
  const stored = await store.figures().catch(() => undefined)
  const lags = stored && consumerMetrics(store, consumers, stored.logLast, upkeep.clock.milliseconds())
  return [
    metricText('store_up', 'gauge', 'Does the store answer?', { [NO_LABEL]: stored === undefined ? 0 : 1 }),
    ...(stored === undefined ? [] : storeMetrics(stored)),
    ...((await lags?.catch(() => undefined)) ?? []),
    ...ingestMetrics(ingest.counts),
    ...senderMetrics(ingest.senders.list()),
    ...subscriptionMetrics(subscriptions()),
    ...accessRuleMetrics(accessRules),
    ...fileMetrics(followed),
    ...mqttMetrics(mqtt()),
    ...memoryMetrics(memory, budget),
    ...connectionMetrics(connections()?.list() ?? []),
    ...opcuaMetrics(opcua()),
    ...(await upkeepMetrics(upkeep)),
    ...(await complianceMetrics(compliance)),
    ...(await usageMetrics(usage))
  ].join('\n')
}

function storeMetrics(figures: StoreFigures): string[] {
  const documents = Object.entries(figures.documents).map(([kind, count]) => [`{kind="${kind}"}`, count] as const)
  return [
    metricText('documents', 'gauge', 'Documents stored', Object.fromEntries(documents)),
    metricText('elements', 'gauge', 'Submodel elements stored', { [NO_LABEL]: figures.elements }),
    metricText('log_first', 'gauge', 'Oldest position of the log that is kept', { [NO_LABEL]: figures.logFirst }),
    metricText('log_last', 'gauge', 'Newest position of the log', { [NO_LABEL]: figures.logLast }),
    metricText('log_bytes', 'gauge', 'Bytes of the log', { [NO_LABEL]: figures.logBytes }),
    metricText('history_series', 'gauge', 'Series with history', { [NO_LABEL]: figures.series }),
    metricText('history_samples', 'gauge', 'Samples in the history', { [NO_LABEL]: figures.samples }),
    metricText('history_bytes', 'gauge', 'Bytes of the history', { [NO_LABEL]: figures.historyBytes }),
    metricText('damaged_total', 'counter', 'Stored records that were found damaged', {
      [NO_LABEL]: figures.damaged
    }),
    metricText('set_aside', 'gauge', 'Submodels whose rows cannot be written, as a page is damaged', {
      [NO_LABEL]: figures.setAside
    }),
    metricText('checkpoint_failing', 'gauge', 'Do values stay in the log, as their rows cannot be written?', {
      [NO_LABEL]: figures.isCheckpointFailing ? 1 : 0
    }),
    metricText('store_bytes', 'gauge', 'Bytes of the store on disk', { [NO_LABEL]: figures.bytes })
  ]
}

function ingestMetrics({ accepted, refused, repeated }: Ingest['counts']): string[] {
  const values = { '{verdict="accepted"}': accepted, '{verdict="refused"}': refused, '{verdict="repeated"}': repeated }
  return [metricText('samples_total', 'counter', 'Samples received, by any transport', values)]
}

/** Counts only: a label for each sender would make a time series of each. None without senders. */
function senderMetrics(senders: readonly SenderState[]): string[] {
  const byTransport = Map.groupBy(senders, ({ transport }) => transport)
  if (byTransport.size === 0) return []
  const values = [...byTransport].flatMap(([transport, of]) => {
    // Of one push, some samples may be accepted and some refused: then it delivers.
    const failing = of.filter(({ lastError, lastSample = 0 }) => lastError !== undefined && lastError.time > lastSample)
    return [
      [`{transport="${transport}",state="failing"}`, failing.length],
      [`{transport="${transport}",state="delivering"}`, of.length - failing.length]
    ] as const
  })
  const help = 'Senders since the start; failing: what they sent last was refused'
  return [metricText('senders', 'gauge', help, Object.fromEntries(values))]
}

function subscriptionMetrics({ subscribers, late, groups }: Subscriptions['figures']): string[] {
  return [
    metricText('subscribers', 'gauge', 'Open subscriptions', { [NO_LABEL]: subscribers }),
    metricText('subscribers_late', 'gauge', 'Subscriptions that are behind', { [NO_LABEL]: late }),
    metricText('subscription_groups', 'gauge', 'Groups of subscriptions with equal requests', { [NO_LABEL]: groups })
  ]
}

function accessRuleMetrics({ version, problem }: RulesStatus): string[] {
  return [
    metricText('access_rules_version', 'gauge', 'Version of the access rules in force; 0: the built-in roles', {
      [NO_LABEL]: version
    }),
    metricText('access_rules_valid', 'gauge', 'Are the newest access rules in force?', {
      [NO_LABEL]: problem === undefined ? 1 : 0
    })
  ]
}

/** None where no files are followed. */
function fileMetrics({ validity }: FollowedFiles): string[] {
  const values = Object.entries(validity).map(([setting, isValid]) => [`{setting="${setting}"}`, isValid ? 1 : 0])
  if (values.length === 0) return []
  return [
    metricText('files_valid', 'gauge', 'Are the newest files of the setting in force?', Object.fromEntries(values))
  ]
}

/** None where no broker is configured. */
function mqttMetrics(transport: MqttTransport | undefined): string[] {
  if (transport === undefined) return []
  const { messages, unmapped, unreadable, accepted, refused } = transport.counts
  const verdicts = { '{verdict="accepted"}': accepted, '{verdict="refused"}': refused }
  const unusable = { '{reason="unmapped"}': unmapped, '{reason="unreadable"}': unreadable }
  return [
    metricText('mqtt_connected', 'gauge', 'Is this process connected to the broker?', {
      [NO_LABEL]: transport.isConnected ? 1 : 0
    }),
    metricText('mqtt_messages_total', 'counter', 'Messages from the broker', { [NO_LABEL]: messages }),
    metricText('mqtt_misfits_total', 'counter', 'Messages without a readable sample', unusable),
    metricText('mqtt_samples_total', 'counter', 'Samples in messages from the broker', verdicts)
  ]
}

/** Of the newest compliance report; none without one. */
async function complianceMetrics(archive: MetricSources['compliance']): Promise<string[]> {
  const [newest] = await archive.list().catch(() => [])
  if (newest === undefined) return []
  const { checks, created, droppedCount = 0 } = newest
  const verdicts = Object.entries(checks).map(([verdict, count]) => [`{verdict="${verdict}"}`, count] as const)
  return [
    metricText('compliance_checks', 'gauge', 'Checks of the newest compliance report', Object.fromEntries(verdicts)),
    metricText('compliance_dropped', 'gauge', 'Checks that are worse in it than in the report before', {
      [NO_LABEL]: droppedCount
    }),
    metricText('compliance_report_time_seconds', 'gauge', 'When it was made, seconds since 1970', {
      [NO_LABEL]: Date.parse(created) / 1000
    })
  ]
}

/** By day, as the compliance report is about a time. */
async function usageMetrics(usage: Usage): Promise<string[]> {
  // While the database is unreachable the other metrics help to find out why.
  const days = await usage.byDay().catch(() => undefined)
  const values = [...(days ?? [])].flatMap(([day, counts]) =>
    Object.entries(counts).map(([by, count]) => [`{by="${by}",day="${day}"}`, count] as const)
  )
  const help = 'Samples by format, and requests by what they are of, of each of the last days (UTC)'
  return values.length === 0 ? [] : [metricText('used', 'gauge', help, Object.fromEntries(values))]
}
