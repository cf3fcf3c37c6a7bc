/** On which topics of the broker changes are published, by the settings. */
import type { Config } from '../config/config.ts'
import { asyncAasConsumer, asyncAasForm } from '../transports/mqtt/publishing/async-aas.ts'
import { basyxConsumer, basyxForm } from '../transports/mqtt/publishing/basyx.ts'
import type { PublicationForm } from '../transports/mqtt/publishing/publisher.ts'
import type { Services } from './services.ts'

/** Once the hub listens, and so knows its URL. */
export function publicationForms(config: Config, { store, baseUrl }: Services): PublicationForm[] {
  const { MQTT_PUBLISH: repository, MQTT_EVENTS_TOPIC: topic, MQTT_EVENTS_DATA: withData } = config
  const base = baseUrl.current + config.API_PREFIX
  return [
    ...(repository === '' ? [] : [basyxForm(repository)]),
    ...(topic === '' ? [] : [asyncAasForm({ topic, base, epoch: store.epoch, withData })])
  ]
}

/** Names of their cursors, by what they are called in metrics. */
export function publishingConsumers({ MQTT_URL, MQTT_PUBLISH, MQTT_EVENTS_TOPIC }: Config): Record<string, string> {
  if (MQTT_URL === '') return {}
  return {
    ...(MQTT_PUBLISH !== '' && { 'mqtt-publish': basyxConsumer(MQTT_PUBLISH) }),
    ...(MQTT_EVENTS_TOPIC !== '' && { 'mqtt-events': asyncAasConsumer(MQTT_EVENTS_TOPIC) })
  }
}
