/** The metrics that a birth announced, and how the metrics of later messages are read against them. */
import { HubError } from '../../errors.ts'
import type { Uint64 } from '../../formats/protobuf.ts'
import { type SparkplugMetric, type SparkplugPayload, valueOfMetric, valueTypeOf } from '../../formats/sparkplug.ts'
import { qualityOfCode } from '../../model/opcua.ts'
import type { Quality } from '../../model/samples.ts'
import type { SubmodelSelector } from '../../model/submodel-selector.ts'
import type { Sample } from '../../mqtt/sample.ts'
import type { BirthMetric } from './births.ts'
import type { ParsedMessage, SourceLoss } from './sample.ts'

/** Metrics that control edge nodes; they are not data of the asset (6.4.19). */
const CONTROL = /^(?:(?:Node|Device) Control(?:\/|$)|bdSeq$)/

/** A metric of a birth, and the path of its element. */
interface KnownMetric extends BirthMetric {
  readonly path: string
}

/** The metrics of an edge node itself, or of one of its devices. */
export interface MetricTable {
  readonly target: SubmodelSelector
  readonly pathOf: (metric: string) => string
  readonly byName: Map<string, KnownMetric>
  readonly byAlias: Map<Uint64, KnownMetric>
}

export function addMetrics(table: MetricTable, metrics: readonly BirthMetric[]): void {
  for (const metric of metrics) {
    const known = { ...metric, path: table.pathOf(metric.name) }
    table.byName.set(metric.name, known)
    if (metric.alias !== undefined) table.byAlias.set(metric.alias, known)
  }
}

/** What a birth message announces, to be kept. */
export function birthMetrics(metrics: readonly SparkplugMetric[]): BirthMetric[] {
  return metrics.flatMap(({ name, alias, datatype }) => (hasText(name) ? { name, alias, datatype } : []))
}

export interface MetricReading extends ParsedMessage {
  /** Some metric is in no birth: a birth was missed. */
  readonly hasUnknown: boolean
}

export function readMetrics(
  table: MetricTable,
  { metrics, timestamp, now }: SparkplugPayload & { readonly now: number }
): MetricReading {
  const samples: Sample[] = []
  const losses: SourceLoss[] = []
  const problems: string[] = []
  let hasUnknown = false
  for (const metric of metrics) {
    const known = findMetric(table, metric)
    if (known === undefined) {
      hasUnknown = true
      problems.push(
        metric.alias === undefined
          ? 'a metric has neither a name nor an alias'
          : `a metric has the alias ${metric.alias}, which no birth announced`
      )
      continue
    }
    if (CONTROL.test(known.name)) continue
    // A metric that no birth announced is stored all the same where it has a name.
    if (!table.byName.has(known.name)) hasUnknown = true
    const time = nanoseconds(metric.timestamp ?? timestamp ?? now)
    if (time === undefined) {
      problems.push(`the metric "${known.name}" has an invalid time`)
      continue
    }
    if (metric.isNull) {
      if (!metric.isHistorical) losses.push({ target: table.target, path: known.path, time, isLast: false })
      continue
    }
    try {
      const sample = sampleOf(metric, known, table.target, time)
      if (sample !== undefined) samples.push(sample)
    } catch (error) {
      if (!(error instanceof HubError)) throw error
      problems.push(`the metric "${known.name}": ${error.message}`)
    }
  }
  return { samples, losses, problems, hasUnknown }
}

/** Every value of a table becomes bad when its device dies. */
export function lossesOf({ target, byName }: MetricTable, time: bigint): SourceLoss[] {
  return [...byName.values()]
    .filter(({ name }) => !CONTROL.test(name))
    .map(({ path }) => ({ target, path, time, isLast: true }))
}

/** Nanoseconds; undefined beyond what 64 bits of them hold. */
export function nanoseconds(ms: Uint64): bigint | undefined {
  const time = BigInt(ms) * 1_000_000n
  return BigInt.asIntN(64, time) === time ? time : undefined
}

/** @throws HubError `BadRequest` for a value that does not fit its type */
function sampleOf(
  metric: SparkplugMetric,
  known: KnownMetric,
  target: SubmodelSelector,
  time: bigint
): Sample | undefined {
  const value = valueOfMetric(metric, known.datatype)
  if (value === undefined) return undefined
  const quality = metric.quality === undefined ? undefined : qualityOf(metric.quality)
  const type = valueTypeOf(metric.datatype ?? known.datatype)
  return {
    ...{ target, path: known.path, time, value },
    ...(quality !== undefined && { quality }),
    ...(type !== undefined && { type }),
    // Sent after an outage: never current, even where the hub has no newer value.
    ...(metric.isHistorical && { isHistorical: true as const })
  }
}

/** By name, or by alias alone. */
function findMetric(table: MetricTable, { name, alias, datatype }: SparkplugMetric): KnownMetric | undefined {
  if (!hasText(name)) return alias === undefined ? undefined : table.byAlias.get(alias)
  return table.byName.get(name) ?? { name, alias, path: table.pathOf(name), datatype }
}

/** Some senders write an empty name where there is only an alias. */
function hasText(name: string | undefined): name is string {
  return name !== undefined && name !== ''
}

/** Sparkplug defines 0 (bad), 192 (good) and 500 (stale); other senders use the codes of OPC UA. */
function qualityOf(code: number): Quality | undefined {
  if (code === 0 || code === 500) return 'bad'
  return qualityOfCode(code)
}
