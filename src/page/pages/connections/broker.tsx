/** The MQTT broker, and the subscriptions of this hub. */
import { type Metrics, metricValue } from '../../../client/api/system.ts'
import { formatNumber } from '../../core/format.ts'
import { FactList } from '../../ui/fact-list.tsx'
import { connectionMessages } from './messages.ts'

export function Broker({ metrics }: { readonly metrics: Metrics }) {
  const text = connectionMessages()
  const connected = metricValue(metrics, 'aas_hub_mqtt_connected')
  const count = (name: string, label?: string) =>
    formatNumber(
      (metrics.get(name) ?? [])
        .filter(({ labels }) => label === undefined || Object.values(labels).includes(label))
        .reduce((sum, { value }) => sum + value, 0)
    )
  const rows: readonly (readonly [string, string])[] =
    connected === undefined
      ? []
      : [
          [text.messages, count('aas_hub_mqtt_messages_total')],
          [text.accepted, count('aas_hub_mqtt_samples_total', 'accepted')],
          [text.refused, count('aas_hub_mqtt_samples_total', 'refused')],
          [text.unmapped, count('aas_hub_mqtt_misfits_total', 'unmapped')],
          [text.unreadable, count('aas_hub_mqtt_misfits_total', 'unreadable')]
        ]
  return (
    <section class="card" aria-labelledby="broker">
      <h2 id="broker">{text.broker}</h2>
      <p>
        {connected === undefined ? (
          <span class="muted">{text.noBroker}</span>
        ) : (
          <span class={`badge ${connected === 1 ? 'good' : 'error'}`}>
            {connected === 1 ? text.connected : text.disconnected}
          </span>
        )}
      </p>
      <FactList
        facts={[
          ...rows,
          [text.subscriptions, count('aas_hub_subscribers')],
          [text.behind, count('aas_hub_subscribers_late')],
          [text.allAccepted, count('aas_hub_samples_total', 'accepted')],
          [text.allRefused, count('aas_hub_samples_total', 'refused')]
        ]}
      />
    </section>
  )
}
