/** How messages are written: as JSON, or as CBOR. */
import { decodeCbor, encodeCbor } from './cbor.ts'
import type { ClientOptions } from './options.ts'
import type { ServerMessage } from './types.ts'

export function encodeMessage(message: object, encoding: ClientOptions['encoding']): string | Uint8Array<ArrayBuffer> {
  return encoding === 'cbor' ? encodeCbor(message) : JSON.stringify(message)
}

/** @param data of a frame: text, or bytes in a buffer of their own */
export function decodeMessage(data: unknown): ServerMessage {
  const message = typeof data === 'string' ? JSON.parse(data) : decodeCbor(new Uint8Array(data as ArrayBuffer))
  return message as ServerMessage
}
