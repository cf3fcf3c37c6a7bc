/** A client of `/stream` whose messages are taken one by one. */
import { once } from 'node:events'
import { decode, encode as encodeCbor, Token, Type } from 'cborg'
import { WebSocket } from 'ws'
import { inTime } from '../until.ts'
import type { Running } from './harness.ts'

// biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
export type Received = any

/** Columns of doubles as RFC 8746 has them. */
const typeEncoders = {
  Float64Array: (array: Float64Array) => [new Token(Type.tag, 86), new Token(Type.bytes, new Uint8Array(array.buffer))]
}

export class StreamClient {
  readonly socket: WebSocket
  readonly received: Received[] = []
  /** All bytes so far. */
  text = ''
  /** Code and reason of the close. */
  readonly closed: Promise<readonly [number, string]>
  #notify = () => {}

  constructor(socket: WebSocket, isBinary: boolean) {
    this.socket = socket
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve([code, String(reason)]))
    })
    socket.on('message', (data) => {
      this.text += String(data)
      this.received.push(isBinary ? decode(data as Buffer) : JSON.parse(String(data)))
      this.#notify()
    })
  }

  /** @param protocols the first names the codec */
  static async open(hub: Running, protocols: string | readonly string[] = [], headers = {}): Promise<StreamClient> {
    const offered = [protocols].flat()
    const socket = new WebSocket(`${hub.url.replace('http', 'ws')}/stream`, offered, { headers })
    const client = new StreamClient(socket, offered[0] === 'aas-hub.v1.cbor')
    await once(socket, 'open')
    return client
  }

  send(message: object): void {
    this.socket.send(
      this.socket.protocol === 'aas-hub.v1.cbor'
        ? encodeCbor(message, { typeEncoders } as object)
        : JSON.stringify(message)
    )
  }

  /** The next message of a type; those of others are passed over. */
  async next(...types: string[]): Promise<Received> {
    for (;;) {
      while (this.received.length > 0) {
        const message = this.received.shift()
        if (types.includes(message.type)) return message
      }
      const arrival = new Promise<void>((resolve) => {
        this.#notify = resolve
      })
      await inTime(arrival, types.join(' or '))
    }
  }
}
