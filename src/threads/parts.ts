/** Gathers bytes into parts that are worth a message. */
import type { TimeSlice } from '../time-slice.ts'

export const PART_BYTES = 64 * 1024

/** Of a character of a string. */
const MAX_UTF8_BYTES = 3

/**
 * @param bytes copied before the next are asked for
 * @returns parts whose memory is theirs alone, so that it can be handed over
 */
export async function* partsOf(
  bytes: AsyncIterable<Uint8Array | string>,
  slice: TimeSlice
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let part = newPart()
  let length = 0
  for await (const piece of bytes) {
    if (typeof piece === 'string' && piece.length * MAX_UTF8_BYTES <= PART_BYTES - length) {
      length += part.write(piece, length)
    } else {
      const rest = typeof piece === 'string' ? Buffer.from(piece) : piece
      for (let at = 0; at < rest.length; ) {
        const next = rest.subarray(at, at + PART_BYTES - length)
        part.set(next, length)
        at += next.length
        length += next.length
        if (length < PART_BYTES) continue
        yield part
        ;[part, length] = [newPart(), 0]
      }
    }
    if (slice.isOver()) await slice.pause()
  }
  if (length > 0) yield new Uint8Array(part.subarray(0, length))
}

/** Not of the pool of small buffers, which cannot be handed over. */
function newPart(): Buffer<ArrayBuffer> {
  return Buffer.allocUnsafeSlow(PART_BYTES)
}
