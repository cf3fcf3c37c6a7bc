/** Gathers bytes into parts that are worth a message. */
import type { TimeSlice } from '../time-slice.ts'

const PART_BYTES = 64 * 1024

/** @returns parts whose memory is theirs alone, so that it can be handed over */
export async function* partsOf(
  bytes: AsyncIterable<Uint8Array | string>,
  slice: TimeSlice
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let gathered: (Uint8Array | string)[] = []
  let size = 0
  for await (const piece of bytes) {
    gathered.push(piece)
    // Of text at least its length.
    size += piece.length
    if (slice.isOver()) await slice.pause()
    if (size < PART_BYTES) continue
    yield joined(gathered)
    gathered = []
    size = 0
  }
  if (size > 0) yield joined(gathered)
}

function joined(pieces: readonly (Uint8Array | string)[]): Uint8Array<ArrayBuffer> {
  const size = pieces.reduce(
    (sum, piece) => sum + (typeof piece === 'string' ? Buffer.byteLength(piece) : piece.length),
    0
  )
  // Not of the pool of small buffers, which cannot be handed over.
  const part = Buffer.allocUnsafeSlow(size)
  let at = 0
  for (const piece of pieces) {
    if (typeof piece === 'string') at += part.write(piece, at)
    else {
      part.set(piece, at)
      at += piece.length
    }
  }
  return part as Uint8Array<ArrayBuffer>
}
