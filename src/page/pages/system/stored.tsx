/** What the hub stores, and since when it runs. */
import { type Metrics, metricValue } from '../../../client/api/system.ts'
import { formatNumber, formatTime } from '../../core/format.ts'
import { FactList } from '../../ui/fact-list.tsx'
import { formatDuration } from './format.ts'
import { systemMessages } from './messages.ts'

export function Stored({ metrics }: { readonly metrics: Metrics }) {
  const text = systemMessages()
  const one = (name: string) => metricValue(metrics, name)
  const count = (name: string) => {
    const value = one(name)
    return value === undefined ? undefined : formatNumber(value)
  }
  const documents = (kind: string) =>
    formatNumber(metrics.get('aas_hub_documents')?.find(({ labels }) => labels.kind === kind)?.value ?? 0)
  const [now, startedAt] = [one('aas_hub_clock_seconds'), one('process_start_time_seconds')]
  const [first = 0, last = 0] = [one('aas_hub_log_first'), one('aas_hub_log_last')]
  const rows: readonly (readonly [string, string | undefined])[] = [
    [text.shells, documents('AssetAdministrationShell')],
    [text.submodels, documents('Submodel')],
    [text.elements, count('aas_hub_elements')],
    [text.series, count('aas_hub_history_series')],
    [text.historySamples, count('aas_hub_history_samples')],
    [text.log, formatNumber(Math.max(0, last - first + 1))],
    [text.started, startedAt === undefined ? undefined : formatTime(startedAt * 1000)],
    [text.uptime, now === undefined || startedAt === undefined ? undefined : formatDuration(now - startedAt)],
    [text.node, metrics.get('nodejs_version_info')?.[0]?.labels.version],
    [text.clock, clockText(metrics)]
  ]
  return (
    <section class="card" aria-labelledby="stored">
      <h2 id="stored">{text.stored}</h2>
      <FactList facts={rows} />
    </section>
  )
}

function clockText(metrics: Metrics): string {
  const text = systemMessages()
  const isSynchronized = metricValue(metrics, 'aas_hub_clock_synchronized')
  const jumps = metricValue(metrics, 'aas_hub_clock_jumps_total') ?? 0
  const state = isSynchronized === undefined ? text.clockUnknown : isSynchronized === 1 ? text.clockGood : text.clockBad
  return jumps === 0 ? state : `${state} · ${text.clockJumps(formatNumber(jumps))}`
}
