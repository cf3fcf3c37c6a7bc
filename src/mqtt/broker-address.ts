/** Addresses of brokers. */

export interface BrokerAddress {
  readonly scheme: 'mqtt' | 'mqtts' | 'ws' | 'wss'
  readonly host: string
  readonly port: number
}

const PORTS: Readonly<Record<string, number>> = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 }

/** Undefined where the text is no address of a broker. */
export function brokerAddress(text: string): BrokerAddress | undefined {
  const url = URL.parse(text.trim())
  const scheme = url?.protocol.slice(0, -1) ?? ''
  const standard = PORTS[scheme]
  if (url === null || standard === undefined || url.hostname === '') return undefined
  return {
    scheme: scheme as BrokerAddress['scheme'],
    host: url.hostname.toLowerCase().replace(/^\[|\]$/g, ''),
    port: url.port === '' ? standard : Number(url.port)
  }
}

/** Do both lead to the same broker, as they are written? */
export function isSameBroker(one: string, other: string): boolean {
  const [first, second] = [brokerAddress(one), brokerAddress(other)]
  return first !== undefined && first.host === second?.host && first.port === second.port
}
