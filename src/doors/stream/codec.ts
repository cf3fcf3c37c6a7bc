/**
 * How messages are written on a connection: as JSON, or as CBOR (RFC 8949) where the client asks for it by subprotocol.
 * What tells of events is written once for all who get the same; only whose subscription it is differs.
 */
import { Decoder, Encoder } from 'cbor-x'
import fastJson from 'fast-json-stringify'
import { plainOf } from '../../followers/subscriptions/plain.ts'
import type { Message } from '../../followers/subscriptions/subscription.ts'

export interface Codec {
  readonly protocol: string
  readonly isBinary: boolean
  /** @throws Error where the bytes are no message */
  read(bytes: Buffer): unknown
  write(message: object): Uint8Array | string
  writeAck(ack: Ack): Uint8Array | string
  /** @param sub of which subscription the client is told */
  writeEvents(sub: string | number, message: Message): Uint8Array
}

/** Pushes that are durable by one commit. */
export interface Ack {
  readonly type: 'ack'
  readonly cursor: string
  readonly seq: number
  readonly acks: readonly {
    readonly id: string | number | undefined
    readonly accepted: number
    readonly repeated?: true
    readonly refused?: readonly object[]
  }[]
}

/** The members of an `event` message but for its type and whose it is. */
function eventsOf({ cursor, events, snapshot, recovered, conflated }: Message): object {
  return {
    ...(cursor !== '' && { cursor }),
    ...(snapshot !== undefined && { snapshot }),
    ...(recovered === false && { recovered }),
    ...(conflated && { conflated }),
    events: events.map(plainOf)
  }
}

const ackText = fastJson({
  type: 'object',
  properties: {
    type: { type: 'string' },
    cursor: { type: 'string' },
    seq: { type: 'integer' },
    acks: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          id: {},
          accepted: { type: 'integer' },
          repeated: { type: 'boolean' },
          refused: { type: 'array', items: {} }
        }
      }
    }
  }
})

export const json: Codec = {
  protocol: 'aas-hub.v1.json',
  isBinary: false,
  read: (bytes) => JSON.parse(bytes.toString()),
  write: (message) => JSON.stringify(message),
  writeAck: (ack) => ackText(ack),
  writeEvents: (sub, message) =>
    message.encoded(`stream json ${sub}`, () => {
      const rest = message.encoded('stream json', () => Buffer.from(JSON.stringify(eventsOf(message)).slice(1)))
      return Buffer.concat([Buffer.from(`{"type":"event","sub":${JSON.stringify(sub)},`), rest])
    })
}

// Plain maps: the short forms that cbor-x has for records are not everybody's.
const encoder = new Encoder({ useRecords: false, mapsAsObjects: true, tagUint8Array: false })
const decoder = new Decoder({ useRecords: false, mapsAsObjects: true, int64AsNumber: false } as object)

export const cbor: Codec = {
  protocol: 'aas-hub.v1.cbor',
  isBinary: true,
  read: (bytes) => decoder.decode(bytes),
  write: (message) => copied(message),
  writeAck: (ack) => copied(ack),
  writeEvents: (sub, message) =>
    message.encoded(`stream cbor ${typeof sub} ${sub}`, () => {
      const rest = message.encoded('stream cbor', () => copied(eventsOf(message)))
      // A map is its number of pairs and then the pairs: these are put before those that all have in common.
      const long = rest[0] === MAP_16
      const pairs = (long ? (rest[2] ?? 0) : (rest[0] ?? 0) - MAP) + 2
      const own = ['type', 'event', 'sub', sub].map(copied)
      return Buffer.concat([Uint8Array.of(MAP + pairs), ...own, rest.subarray(long ? 3 : 1)])
    })
}

/** The first byte of an empty map; and of one whose number of pairs, here below 24, follows in two bytes. */
const MAP = 0xa0
const MAP_16 = 0xb9

/** The encoder writes into a buffer that it uses again. */
function copied(value: unknown): Uint8Array {
  return Uint8Array.from(encoder.encode(value))
}
