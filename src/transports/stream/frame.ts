/**
 * Frames of short messages (RFC 6455, 5.2), header and content in one buffer. `ws` writes them as two, which takes longer
 * than the rest of sending an acknowledgement.
 */

/** Longer ones are not worth copying. */
const MAX_CONTENT_BYTES = 4096

/** Lengths up to this one are in the second byte of the header; longer ones in two more. */
const MAX_SHORT_LENGTH = 125
const LENGTH_FOLLOWS = 126

/** Of a whole text message, not masked, as servers send it. */
const TEXT = 0x81

/** @returns undefined if the text is long */
export function frameOfText(text: string): Buffer | undefined {
  if (text.length > MAX_CONTENT_BYTES) return undefined
  const length = Buffer.byteLength(text)
  const start = length > MAX_SHORT_LENGTH ? 4 : 2
  const frame = Buffer.allocUnsafe(start + length)
  frame[0] = TEXT
  frame[1] = start === 2 ? length : LENGTH_FOLLOWS
  if (start === 4) frame.writeUInt16BE(length, 2)
  frame.write(text, start)
  return frame
}
