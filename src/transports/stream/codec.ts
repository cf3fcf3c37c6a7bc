/**
 * Encodings of messages: JSON, or CBOR (RFC 8949) if the client selects it as subprotocol. Events are encoded once for all
 * subscribers of the same content; only the id of the subscription is added for each.
 */
import { isUtf8 } from 'node:buffer'
import { decode, encode, Tokenizer } from 'cborg'
import fastJson from 'fast-json-stringify'
import { jsonEventOf } from '../../consumers/subscriptions/json-envelope.ts'
import type { Message } from '../../consumers/subscriptions/subscription.ts'
import { parseSampleJson } from '../../formats/sample-json.ts'

export interface Codec {
  readonly protocol: string
  readonly isBinary: boolean
  /** @throws Error where the bytes are no message */
  read(bytes: Buffer): unknown
  write(message: object): Uint8Array | string
  writeAck(ack: Ack): Uint8Array | string
  /** @param sub id of the subscription */
  writeEvents(sub: string | number, message: Message): Uint8Array
}

/** Acknowledges the pushes that one commit made durable. */
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

/** The members of an `event` message without `type` and `sub`. */
function eventsOf({ cursor, events, snapshot, recovered, conflated }: Message): object {
  return {
    ...(cursor !== '' && { cursor }),
    ...(snapshot !== undefined && { snapshot }),
    ...(recovered === false && { recovered }),
    ...(conflated && { conflated }),
    events: events.map(jsonEventOf)
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
  read: (bytes) => parseSampleJson(bytes.toString(), bytes),
  write: (message) => JSON.stringify(message),
  writeAck: (ack) => ackText(ack),
  writeEvents: (sub, message) =>
    message.encoded(`stream json ${sub}`, () => {
      const rest = message.encoded('stream json', () => Buffer.from(JSON.stringify(eventsOf(message)).slice(1)))
      return Buffer.concat([Buffer.from(`{"type":"event","sub":${JSON.stringify(sub)},`), rest])
    })
}

export const cbor: Codec = {
  protocol: 'aas-hub.v1.cbor',
  isBinary: true,
  read: (bytes) => decode(bytes, { ...DECODE_OPTIONS, tokenizer: new Utf8Tokenizer(bytes, DECODE_OPTIONS) }),
  write: (message) => encode(defined(message)),
  writeAck: (ack) => encode(defined(ack)),
  writeEvents: (sub, message) =>
    message.encoded(`stream cbor ${typeof sub} ${sub}`, () => {
      const rest = message.encoded('stream cbor', () => encode(defined(eventsOf(message))))
      // A map is its number of pairs and then the pairs: two are put in front of the shared ones.
      const pairs = (rest[0] ?? 0) - EMPTY_MAP + 2
      return Buffer.concat([
        Uint8Array.of(EMPTY_MAP + pairs),
        ...['type', 'event', 'sub', sub].map((one) => encode(one)),
        rest.subarray(1)
      ])
    })
}

/** Refuses text that is not UTF-8 (RFC 8949, 5.3.1), which the decoder would turn into replacement characters. */
class Utf8Tokenizer extends Tokenizer {
  override next(): ReturnType<Tokenizer['next']> {
    const start = this.pos()
    const token = super.next()
    if (typeof token.value !== 'string' || !token.value.includes('\ufffd')) return token
    // The text itself may contain U+FFFD.
    const content = start + headLength(this.data[start] ?? 0)
    if (!isUtf8(this.data.subarray(content, this.pos()))) throw new Error('a text is not UTF-8')
    return token
  }
}

/** Bytes before the content of a text: the first byte encodes how many hold the length (RFC 8949, 3). */
function headLength(first: number): number {
  const short = first & 0x1f
  return short < 24 ? 1 : 1 + 2 ** (short - 24)
}

/** The first byte of an empty map; for up to 23 pairs their number is added. */
const EMPTY_MAP = 0xa0

/** Typed arrays (RFC 8746): single bytes, and little-endian, as on gateways. */
const tags = typedArrays({
  64: Uint8Array,
  69: Uint16Array,
  70: Uint32Array,
  71: BigUint64Array,
  72: Int8Array,
  77: Int16Array,
  78: Int32Array,
  79: BigInt64Array,
  85: Float32Array,
  86: Float64Array
})

/** For the decoder and, separately, for its tokenizer. */
const DECODE_OPTIONS = { strict: false, allowIndefinite: true, allowUndefined: true, allowBigInt: true, tags }

function typedArrays(kinds: Readonly<Record<number, new (buffer: ArrayBuffer) => ArrayLike<unknown>>>) {
  const found: ((content: () => unknown) => unknown)[] = []
  for (const [tag, Kind] of Object.entries(kinds)) {
    found[Number(tag)] = (content) => {
      const bytes = content()
      if (!(bytes instanceof Uint8Array)) throw new Error(`the tag ${tag} requires bytes`)
      // Copied, since typed arrays must be aligned.
      return new Kind(Uint8Array.from(bytes).buffer)
    }
  }
  return found
}

/** Omits undefined members, as JSON does. */
function defined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(defined)
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, held]) => (held === undefined ? [] : [[name, defined(held)]]))
  )
}
