/** Senders of samples, the MQTT broker, subscriptions, and the use of each standard. */
import { useEffect } from 'preact/hooks'
import { type Metrics, metricValue, readMetrics } from '../../../client/api/system.ts'
import { hub } from '../../core/hub.ts'
import { language } from '../../core/language.ts'
import { useLoad } from '../../core/use-load.ts'
import { Failure } from '../../ui/failure.tsx'
import { Loading } from '../../ui/loading.tsx'
import { Notice } from '../../ui/notice.tsx'
import { Broker } from './broker.tsx'
import { connectionMessages } from './messages.ts'
import { SenderTable } from './sender-table.tsx'
import { readSenders } from './senders.ts'
import { Standards } from './standards.tsx'

const REFRESH_MS = 5000

export function Traffic() {
  const text = connectionMessages()
  const { value, error, isLoading, reload } = useLoad(`connections ${language.value}`, async (signal) => {
    const [list, metrics] = await Promise.all([readSenders(language.peek(), signal), readMetrics(hub(), signal)])
    return { ...list, metrics }
  })
  useEffect(() => {
    // After what is being read, which may take longer where there are many points.
    if (isLoading) return
    const timer = setInterval(() => document.hidden || reload(), REFRESH_MS)
    return () => clearInterval(timer)
  }, [isLoading, reload])
  return (
    <>
      {error !== undefined && <Failure error={error} onRetry={reload} />}
      {value === undefined && error === undefined && <Loading label={text.loading} />}
      {value !== undefined && (
        <>
          {value.isIncomplete && <Notice kind="warning">{text.incomplete}</Notice>}
          <h2 class="connections-heading">{text.senders}</h2>
          {value.senders.length === 0 ? (
            <p class="empty">{text.noSenders}</p>
          ) : (
            <SenderTable senders={value.senders} now={clockOf(value.metrics)} />
          )}
          <div class="connections-columns">
            <Broker metrics={value.metrics} />
            <Standards metrics={value.metrics} />
          </div>
        </>
      )}
    </>
  )
}

/** Of the hub: that of this computer may be wrong. */
function clockOf(metrics: Metrics): number {
  return 1000 * (metricValue(metrics, 'aas_hub_clock_seconds') ?? Date.now() / 1000)
}
