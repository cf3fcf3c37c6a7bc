/** How far each consumer of the log of changes is behind. */
import type { Metrics } from '../../../client/api/system.ts'
import { formatNumber } from '../../core/format.ts'
import { FactList } from '../../ui/fact-list.tsx'
import { formatSeconds } from './format.ts'
import { systemMessages } from './messages.ts'

/** A consumer that works in batches is behind for some seconds. */
const LATE_S = 60

export function Consumers({ metrics }: { readonly metrics: Metrics }) {
  const text = systemMessages()
  const seconds = new Map(
    (metrics.get('aas_hub_consumer_lag_seconds') ?? []).map(({ labels, value }) => [labels.consumer, value])
  )
  const consumers = metrics.get('aas_hub_consumer_lag') ?? []
  if (consumers.length === 0) return null
  return (
    <section class="card" aria-labelledby="consumers">
      <h2 id="consumers">{text.consumers}</h2>
      <p class="muted">{text.consumersAbout}</p>
      <FactList
        facts={consumers.map(({ labels: { consumer = '' }, value }) => [
          nameOf(consumer),
          <Lag key={consumer} entries={value} seconds={seconds.get(consumer) ?? 0} />
        ])}
      />
    </section>
  )
}

function Lag({ entries, seconds }: { readonly entries: number; readonly seconds: number }) {
  const text = systemMessages()
  if (entries === 0) return <span class="badge good">{text.upToDate}</span>
  return (
    <>
      {text.behind(formatNumber(entries), formatSeconds(seconds))}{' '}
      {seconds > LATE_S && <span class="badge warning">{text.late}</span>}
    </>
  )
}

function nameOf(consumer: string): string {
  const text = systemMessages()
  const names: Readonly<Record<string, string>> = {
    history: text.historyWriter,
    validation: text.validation,
    'collection-points': text.collectionPoints,
    registration: text.registration,
    'mqtt-publish': text.mqttPublish,
    'mqtt-events': text.mqttEvents
  }
  return names[consumer] ?? consumer
}
