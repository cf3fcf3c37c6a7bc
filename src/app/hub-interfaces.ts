/** How the hub is reached, for the documents of a machine. */
import type { Config } from '../config/config.ts'
import type { HubInterfaces } from '../reports/document-set/material.ts'
import type { Services } from './services.ts'

export function hubInterfaces(
  config: Pick<Config, 'API_PREFIX' | 'MQTT_URL'>,
  { baseUrl, identity }: Pick<Services, 'baseUrl' | 'identity'>
): HubInterfaces {
  return {
    url: baseUrl.current.replace(/\/$/, ''),
    apiPrefix: config.API_PREFIX,
    isSecured: identity.isConfigured,
    ...(config.MQTT_URL !== '' && { broker: withoutCredentials(config.MQTT_URL) })
  }
}

function withoutCredentials(address: string): string {
  const url = new URL(address)
  url.username = ''
  url.password = ''
  return url.href.replace(/\/$/, '')
}
