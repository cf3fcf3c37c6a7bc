/** The AsyncAPI 3.0 document of `/stream`, derived from the messages. */
import { cbor, json } from './codec.ts'
import { closeCodes, type MessageDeclaration, messages } from './messages.ts'

/** @param url under which clients reach the hub */
export function asyncApi(version: string, url = 'http://127.0.0.1:8080'): object {
  const { host, protocol } = new URL(url)
  const of = (from: MessageDeclaration['from']) => messages.filter((message) => message.from === from)
  const reference = ({ name }: MessageDeclaration) => ({ $ref: `#/channels/stream/messages/${name}` })
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'AAS Hub: stream',
      version,
      description: [
        'One WebSocket to push samples and to subscribe to changes.',
        `The subprotocol \`${json.protocol}\`, the default, uses text frames of JSON; \`${cbor.protocol}\` uses binary frames of CBOR (RFC 8949) with the same members, in which columns may be typed arrays (RFC 8746).`,
        'A push is acknowledged when it is durable. While more than `credit` samples of a client are unacknowledged, the hub does not read from it: the client is slowed down and loses nothing.',
        `Close codes: ${Object.entries(closeCodes)
          .map(([code, text]) => `${code}: ${text}`)
          .join('. ')}.`
      ].join('\n\n')
    },
    servers: { hub: { host, protocol: protocol === 'https:' ? 'wss' : 'ws' } },
    defaultContentType: 'application/json',
    channels: {
      stream: {
        address: '/stream',
        messages: Object.fromEntries(messages.map(({ name }) => [name, { $ref: `#/components/messages/${name}` }]))
      }
    },
    operations: {
      receive: { action: 'receive', channel: { $ref: '#/channels/stream' }, messages: of('client').map(reference) },
      send: { action: 'send', channel: { $ref: '#/channels/stream' }, messages: of('hub').map(reference) }
    },
    components: {
      messages: Object.fromEntries(
        messages.map(({ name, summary, payload, examples }) => [
          name,
          { name, summary, payload, examples: examples.map((example) => ({ payload: example })) }
        ])
      )
    }
  }
}
