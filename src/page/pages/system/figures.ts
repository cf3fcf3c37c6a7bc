/** Figures of the hub at one moment, and what is charted of two of them. */
import type { Metrics } from '../../../client/api/system.ts'

/** What is read from the metrics; undefined where the hub does not have it. */
export interface Snapshot {
  /** Seconds of the hub's clock. */
  readonly time: number
  readonly accepted: number
  readonly refused: number
  readonly requests: number
  /** Sum of the durations of all requests. */
  readonly requestSeconds: number
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
  const one = (name: string) => metrics.get(name)?.[0]?.value
  const sum = (name: string, is: (labels: Readonly<Record<string, string>>) => boolean = () => true) =>
    (metrics.get(name) ?? []).reduce((total, { labels, value }) => total + (is(labels) ? value : 0), 0)
  return {
    time: one('aas_hub_clock_seconds') ?? Date.now() / 1000,
    accepted: sum('aas_hub_samples_total', ({ verdict }) => verdict === 'accepted'),
    refused: sum('aas_hub_samples_total', ({ verdict }) => verdict === 'refused'),
    requests: sum('aas_hub_request_seconds_count'),
    requestSeconds: sum('aas_hub_request_seconds_sum'),
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
