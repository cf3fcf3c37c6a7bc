/** What operators look after: the metrics of the hub, whether it can serve, who sends samples, and the settings. */
import { ApiError, type HttpClient } from './http.ts'

/** A value of the text format of Prometheus, with its labels. */
export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** By the full name, e.g. `aas_hub_samples_total`. */
export type Metrics = ReadonlyMap<string, readonly MetricSample[]>

/** @returns the value of a metric that has one without labels, or its first */
export function metricValue(metrics: Metrics, name: string): number | undefined {
  return metrics.get(name)?.[0]?.value
}

export async function readMetrics(http: HttpClient, signal?: AbortSignal): Promise<Metrics> {
  const response = await http.send(http.hub('/metrics'), { signal })
  return parseMetrics(await response.text())
}

function parseMetrics(text: string): Metrics {
  const metrics = new Map<string, MetricSample[]>()
  for (const line of text.split('\n')) {
    const [, name, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    if (name === undefined) continue
    const samples = metrics.get(name) ?? []
    samples.push({ labels: parseLabels(labels), value: Number(value) })
    metrics.set(name, samples)
  }
  return metrics
}

function parseLabels(text: string): Readonly<Record<string, string>> {
  const pairs = [...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)]
  return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value.replace(/\\(.)/g, '$1')]))
}

export interface Readiness {
  /** `ready`, or why not, in English. */
  readonly status: string
  /** Stored records that were found damaged. */
  readonly damaged?: number
  /** Submodels whose rows cannot be written, as a page is damaged; their values are kept elsewhere. */
  readonly setAside?: number
  /** Rows cannot be written at all; if it lasts, values are refused. */
  readonly checkpointFailing?: boolean
  /** Why the newest access rules are not in force. */
  readonly accessRules?: string
  /** Settings whose changed files are not valid. */
  readonly invalidFiles?: readonly string[]
  readonly insecure?: boolean
}

/** Also where the hub is not ready. @throws ApiError where it does not answer */
export async function readReadiness(http: HttpClient, signal?: AbortSignal): Promise<Readiness> {
  try {
    return await http.json<Readiness>(http.hub('/readyz'), { signal })
  } catch (error) {
    if (error instanceof ApiError && error.status === 503) return { status: error.message }
    throw error
  }
}

/** Who sends samples, since the start of the hub. Times are ISO 8601. */
export interface Sender {
  readonly transport: string
  /** Absent: it was not authenticated. */
  readonly caller?: string
  readonly kind?: 'gateway' | 'user'
  /** Network address; by MQTT, group and edge node of Sparkplug. */
  readonly client?: string
  readonly since: string
  readonly accepted: number
  readonly refused: number
  /** Samples per second in the last minute. */
  readonly rate: number
  readonly lastSample?: string
  readonly lastError?: { readonly time: string; readonly text: string }
}

export async function listSenders(http: HttpClient, signal?: AbortSignal): Promise<readonly Sender[]> {
  return (await http.json<{ readonly result: readonly Sender[] }>(http.hub('/senders'), { signal })).result
}

export interface Setting {
  /** Of the environment variable. */
  readonly name: string
  readonly flag: string
  /** As it was written; absent: it leads to a secret. */
  readonly value?: string
  readonly isSet: boolean
  readonly source: 'default' | 'environment' | 'flag'
  readonly default: string
  readonly meaning: { readonly en: string; readonly ko: string }
}

export async function listSettings(http: HttpClient, signal?: AbortSignal): Promise<readonly Setting[]> {
  return (await http.json<{ readonly result: readonly Setting[] }>(http.hub('/settings'), { signal })).result
}

/** @param settings undefined while they are read @param name of the environment variable */
export function settingValue(settings: readonly Setting[] | undefined, name: string): string | undefined {
  return settings?.find((setting) => setting.name === name)?.value
}
