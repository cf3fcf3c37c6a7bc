/** Bytes that can be cloned alone: the whole memory behind a part of it would be cloned with it. */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes)
}
