/** Scans JSON bytes as they arrive for structural characters outside of strings; everything else is left to JSON.parse. */

export const [QUOTE, OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET, COMMA, COLON] = Buffer.from('"{}[],:')

const BACKSLASH = 0x5c

export class JsonScanner {
  readonly #isStructural = new Uint8Array(256)
  #inString = false
  /** The last byte of the previous part was a backslash in a string. */
  #escaped = false

  /** @param structural the characters to stop at, beside quotes that open a string */
  constructor(structural: string) {
    for (const byte of Buffer.from(`"${structural}`)) this.#isStructural[byte] = 1
  }

  /** Position of the next structural character, or the length of the part. Continue right behind it. */
  next(part: Uint8Array, from: number): number {
    let at = this.#inString ? this.#skipString(part, from) : from
    while (at < part.length && this.#isStructural[part[at] as number] === 0) at++
    if (at < part.length && part[at] === QUOTE) this.#inString = true
    return at
  }

  /** @returns the position behind the string, or the length of the part if the string continues */
  #skipString(part: Uint8Array, from: number): number {
    let at = from
    if (this.#escaped && at < part.length) {
      this.#escaped = false
      at++
    }
    while (at < part.length) {
      const byte = part[at++]
      if (byte === BACKSLASH) {
        this.#escaped = at === part.length
        at++
      } else if (byte === QUOTE) {
        this.#inString = false
        return at
      }
    }
    return part.length
  }
}
