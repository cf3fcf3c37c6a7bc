/**
 * Frees the memory of parts of a response when the system has taken them. Left to the garbage collector they would make it
 * search all of the memory of the hub again for every few dozen megabytes that are sent.
 */
import type { ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { Readable } from 'node:stream'

/** @param parts no one uses their memory after the response. @returns them, to be sent */
export function streamOfOwned(parts: AsyncGenerator<Uint8Array>, response: ServerResponse): Readable {
  const stream: Readable = Readable.from(freed(), { objectMode: false })
  // Not where it goes through something else first, which may still hold parts.
  let isDirect = false
  response.on('pipe', (source) => {
    isDirect = source === stream
  })
  return stream

  async function* freed(): AsyncGenerator<Uint8Array> {
    let given: Uint8Array[] = []
    for await (const part of parts) {
      if (areSent()) {
        given.forEach(free)
        given = []
      }
      yield part
      given.push(part)
    }
  }

  /** A connection that was destroyed may still be writing. */
  function areSent(): boolean {
    const { socket, writableLength } = response
    const isConnected = socket instanceof Socket && !socket.destroyed
    return isDirect && isConnected && stream.readableLength === 0 && writableLength === 0
  }
}

/** Not if it is only a piece of the memory, as short buffers are, which have that of others around them. */
function free({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
}
