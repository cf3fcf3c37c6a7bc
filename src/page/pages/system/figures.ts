/** Figures of the hub at one moment, and what is charted of two of them. */
import { type Metrics, metricValue } from '../../../client/api/system.ts'

/** What is read from the metrics; undefined where the hub does not have it. */
export interface Snapshot {
  /** Seconds of the hub's clock. */
  readonly time: number
  readonly accepted: number
  readonly refused: number
  readonly requests: number
  /** Sum of the durations of all requests. */
  readonly requestSeconds: number
  /** Number of requests that took no longer than each of these seconds. */
  readonly requestBuckets: ReadonlyMap<number, number>
  readonly cpuSeconds: number
  readonly loopDelaySeconds: number | undefined
  readonly memory: number
  readonly subscribers: number
  readonly subscribersLate: number
  readonly storeBytes: number | undefined
  readonly logBytes: number | undefined
  readonly historyBytes: number | undefined
}

export const CHARTS = [
  'samples',
  'refused',
  'requests',
  'latency',
  'slowLatency',
  'loopDelay',
  'cpu',
  'memory',
  'subscribers',
  'subscribersLate',
  'storeBytes',
  'historyBytes',
  'logBytes'
] as const

export type ChartName = (typeof CHARTS)[number]

export function snapshotOf(metrics: Metrics): Snapshot {
  const one = (name: string) => metricValue(metrics, name)
  const sum = (name: string, is?: IsWanted) => sumOf(metrics, name, is)
  return {
    time: one('aas_hub_clock_seconds') ?? Date.now() / 1000,
    accepted: acceptedSamples(metrics),
    refused: sum('aas_hub_samples_total', ({ verdict }) => verdict === 'refused'),
    requests: sum('aas_hub_request_seconds_count'),
    requestSeconds: sum('aas_hub_request_seconds_sum'),
    requestBuckets: bucketsOf(metrics),
    cpuSeconds: sum('process_cpu_seconds_total'),
    loopDelaySeconds: one('nodejs_eventloop_lag_p99_seconds'),
    memory: sum('process_resident_memory_bytes'),
    subscribers: sum('aas_hub_subscribers'),
    subscribersLate: sum('aas_hub_subscribers_late'),
    storeBytes: one('aas_hub_store_bytes'),
    logBytes: one('aas_hub_log_bytes'),
    historyBytes: one('aas_hub_history_bytes')
  }
}

/** The value of a chart; rates are those since the snapshot before. Undefined where there is none. */
export function chartValue(name: ChartName, now: Snapshot, before: Snapshot | undefined): number | undefined {
  switch (name) {
    case 'samples':
      return rate(now, before, 'accepted')
    case 'refused':
      return rate(now, before, 'refused')
    case 'requests':
      return rate(now, before, 'requests')
    case 'cpu':
      return rate(now, before, 'cpuSeconds')
    case 'latency':
      return latency(now, before)
    case 'slowLatency':
      return slowLatency(now, before)
    case 'loopDelay':
      return now.loopDelaySeconds
    default:
      return now[name]
  }
}

type Counter = 'accepted' | 'refused' | 'requests' | 'cpuSeconds'

/** Per second. A hub that was started again counts from zero. */
function rate(now: Snapshot, before: Snapshot | undefined, name: Counter): number | undefined {
  if (before === undefined || now.time <= before.time || now[name] < before[name]) return undefined
  return (now[name] - before[name]) / (now.time - before.time)
}

/** Mean seconds of a request. */
function latency(now: Snapshot, before: Snapshot | undefined): number | undefined {
  if (before === undefined || now.requests <= before.requests) return undefined
  return (now.requestSeconds - before.requestSeconds) / (now.requests - before.requests)
}

/** Of a hundred requests one took longer. */
const SLOW_SHARE = 0.99

/** Seconds: the bucket that the quantile lies in, interpolated as Prometheus does. */
function slowLatency(now: Snapshot, before: Snapshot | undefined): number | undefined {
  if (before === undefined || now.requests <= before.requests) return undefined
  const since = (limit: number) => (now.requestBuckets.get(limit) ?? 0) - (before.requestBuckets.get(limit) ?? 0)
  const limits = [...now.requestBuckets.keys()].filter(Number.isFinite).toSorted((one, other) => one - other)
  const wanted = SLOW_SHARE * (now.requests - before.requests)
  const at = limits.findIndex((limit) => since(limit) >= wanted)
  const [limit, lower] = [limits[at], limits[at - 1]]
  if (limit === undefined) return limits.at(-1)
  const below = lower === undefined ? 0 : since(lower)
  const inside = since(limit) - below
  return inside <= 0 ? limit : (lower ?? 0) + ((wanted - below) / inside) * (limit - (lower ?? 0))
}

type IsWanted = (labels: Readonly<Record<string, string>>) => boolean

function sumOf(metrics: Metrics, name: string, isWanted: IsWanted = () => true): number {
  return (metrics.get(name) ?? []).reduce((total, { labels, value }) => total + (isWanted(labels) ? value : 0), 0)
}

/** Since the start of the hub. */
function acceptedSamples(metrics: Metrics): number {
  return sumOf(metrics, 'aas_hub_samples_total', ({ verdict }) => verdict === 'accepted')
}

function bucketsOf(metrics: Metrics): ReadonlyMap<number, number> {
  const buckets = new Map<number, number>()
  for (const { labels, value } of metrics.get('aas_hub_request_seconds_bucket') ?? []) {
    const limit = labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le)
    buckets.set(limit, (buckets.get(limit) ?? 0) + value)
  }
  return buckets
}

/** Counts of samples by day, among those of requests. */
const SAMPLE_USES: ReadonlySet<string> = new Set([
  ...['http', 'line-protocol', 'websocket', 'mqtt', 'time-series-record', 'senml', 'sparkplug-b'],
  ...['http-client', 'modbus', 'opcua']
])

const HOUR_S = 3600
const DAY_S = 86_400

/** Bytes of history per day, by the samples of yesterday or since the start, whichever is more; undefined: it is too early. */
export function growthOf(metrics: Metrics): number | undefined {
  const one = (name: string) => metricValue(metrics, name) ?? 0
  const [samples, now] = [one('aas_hub_history_samples'), one('aas_hub_clock_seconds')]
  if (samples === 0 || now === 0) return undefined
  const yesterday = new Date((now - DAY_S) * 1000).toISOString().slice(0, 10)
  const isOfYesterday: IsWanted = ({ day, by = '' }) => day === yesterday && SAMPLE_USES.has(by)
  const uptime = now - one('process_start_time_seconds')
  // Less than an hour says nothing of a day.
  const sinceStart = uptime < HOUR_S ? 0 : (acceptedSamples(metrics) / uptime) * DAY_S
  const perDay = Math.max(sumOf(metrics, 'aas_hub_used', isOfYesterday), sinceStart)
  if (perDay === 0 && uptime < HOUR_S) return undefined
  return (perDay * one('aas_hub_history_bytes')) / samples
}
