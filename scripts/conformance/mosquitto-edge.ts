/** Edge nodes of Sparkplug B, for mosquitto.ts. */
import mqtt, { type MqttClient } from 'mqtt'
import type { newClient } from 'sparkplug-client'
import sparkplug from 'sparkplug-payload'

export type EdgeNode = ReturnType<typeof newClient>

export function sendSpeed(edge: EdgeNode, value: number): void {
  edge.publishDeviceData('Press', {
    timestamp: Date.now(),
    metrics: [{ alias: 1, name: null, type: 'Double', value }] as never
  })
}

/** An edge node that sends its birth, answers nothing, and has left its death as the will. */
export async function silentNode(
  url: string,
  login: { readonly username: string; readonly password: string }
): Promise<MqttClient> {
  const library = sparkplug.get('spBv1.0')
  if (library === undefined || library === null) throw new Error('The library knows no Sparkplug B')
  const message = (metrics: object[], seq?: number) =>
    Buffer.from(library.encodePayload({ timestamp: Date.now(), ...(seq !== undefined && { seq }), metrics } as never))
  const bdSeq = { name: 'bdSeq', type: 'UInt64', value: 1 }
  const client = await mqtt.connectAsync(url, {
    ...login,
    ...{ clientId: 'quiet', reconnectPeriod: 0 },
    will: { topic: 'spBv1.0/Plant/NDEATH/Quiet', payload: message([bdSeq]), qos: 1, retain: false }
  })
  await client.publishAsync('spBv1.0/Plant/NBIRTH/Quiet', message([bdSeq], 0), { qos: 1 })
  const metrics = [{ name: 'Quiet', alias: 1, type: 'Double', value: 6.5 }]
  await client.publishAsync('spBv1.0/Plant/DBIRTH/Quiet/Press', message(metrics, 1), { qos: 1 })
  return client
}
