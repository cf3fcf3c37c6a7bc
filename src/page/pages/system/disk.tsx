/** What is left of the disk, how fast the history grows, and what is deleted when. */
import { type Metrics, metricValue, type Setting, settingValue } from '../../../client/api/system.ts'
import { formatBytes, formatNumber } from '../../core/format.ts'
import { FactList } from '../../ui/fact-list.tsx'
import { growthOf } from './figures.ts'
import { formatDuration } from './format.ts'
import { systemMessages } from './messages.ts'

/** Less is marked. */
const SCARCE_SHARE = 0.1
const SCARCE_DAYS = 30
/** A forecast of more years means nothing. */
const MAX_FORECAST_DAYS = 3650

export interface DiskProps {
  readonly metrics: Metrics
  /** Undefined while they are read. */
  readonly settings: readonly Setting[] | undefined
}

export function Disk({ metrics, settings }: DiskProps) {
  const text = systemMessages()
  const [size, free] = [metricValue(metrics, 'aas_hub_disk_bytes'), metricValue(metrics, 'aas_hub_disk_free_bytes')]
  const growth = growthOf(metrics)
  const days = growth === undefined || growth === 0 || free === undefined ? undefined : free / growth
  const inForce = (name: string) => settingValue(settings, name) ?? ''
  return (
    <section class="card" aria-labelledby="disk">
      <h2 id="disk">{text.disk}</h2>
      <FactList
        facts={[
          [
            text.free,
            free === undefined || size === undefined ? undefined : (
              <>
                {text.freeOf(formatBytes(free), formatBytes(size))}{' '}
                {free < SCARCE_SHARE * size && <span class="badge warning">{text.scarce}</span>}
              </>
            )
          ],
          [text.growth, growth === undefined ? text.tooEarly : text.perDay(formatBytes(growth))],
          [
            text.fullIn,
            days === undefined ? undefined : (
              <>
                {days > MAX_FORECAST_DAYS ? text.manyYears : formatDuration(days * 86_400)}{' '}
                {days < SCARCE_DAYS && <span class="badge warning">{text.soon}</span>}
              </>
            )
          ],
          [text.historyKept, settings && (inForce('HISTORY') || text.everything)],
          [text.logKept, settings && text.upTo(inForce('LOG_RETENTION'), inForce('LOG_SIZE'))],
          [text.auditKept, settings && inForce('AUDIT_RETENTION')],
          [text.bytesPerSample, bytesPerSample(metrics)]
        ]}
      />
      <p class="muted">{text.growthHow}</p>
    </section>
  )
}

function bytesPerSample(metrics: Metrics): string | undefined {
  const samples = metricValue(metrics, 'aas_hub_history_samples') ?? 0
  const bytes = metricValue(metrics, 'aas_hub_history_bytes')
  return samples === 0 || bytes === undefined ? undefined : formatNumber(bytes / samples, { maximumFractionDigits: 2 })
}
