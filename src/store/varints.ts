/** Integers of variable length: seven bits a byte, the least significant first; signed ones folded, so that small ones stay small. */

const FIRST_BYTES = 1024

/** A larger buffer is not kept for what is written next. */
const MAX_KEPT_BYTES = 4 * 1024 * 1024

/** Appends to a buffer that grows. */
export class VarintWriter {
  #bytes = new Uint8Array(FIRST_BYTES)
  #at = 0

  get length(): number {
    return this.#at
  }

  byte(byte: number): void {
    this.#reserve(1)
    this.#bytes[this.#at++] = byte
  }

  /** An integer up to 2^53. */
  unsigned(number: number): void {
    this.#reserve(8)
    let rest = number
    while (rest > 0x7fffffff) {
      this.#bytes[this.#at++] = (rest % 128) + 128
      rest = Math.floor(rest / 128)
    }
    while (rest > 127) {
      this.#bytes[this.#at++] = (rest & 127) | 128
      rest >>>= 7
    }
    this.#bytes[this.#at++] = rest
  }

  /** An integer within ±2^52. */
  signed(number: number): void {
    this.unsigned(number >= 0 ? number * 2 : number * -2 - 1)
  }

  int64(number: bigint): void {
    const low = Number(BigInt.asUintN(32, number))
    const high = Number(BigInt.asUintN(32, number >> 32n))
    for (let shift = 0; shift < 32; shift += 8) this.byte((low >>> shift) & 255)
    for (let shift = 0; shift < 32; shift += 8) this.byte((high >>> shift) & 255)
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /** With its length before it. */
  text(text: string): void {
    const bytes = Buffer.from(text)
    this.unsigned(bytes.length)
    this.bytes(bytes)
  }

  /** What was written, until the next write. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#at)
  }

  clear(): void {
    this.#at = 0
    if (this.#bytes.length > MAX_KEPT_BYTES) this.#bytes = new Uint8Array(FIRST_BYTES)
  }

  #reserve(length: number): void {
    if (this.#at + length <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#at + length))
    larger.set(this.#bytes.subarray(0, this.#at))
    this.#bytes = larger
  }
}

/** Reads what was written. Each method throws an Error where the bytes end before. */
export class VarintReader {
  readonly #bytes: Uint8Array
  readonly #end: number
  #at: number

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
  }

  byte(): number {
    if (this.#at === this.#end) throw endedEarly()
    return this.#bytes[this.#at++] ?? 0
  }

  unsigned(): number {
    let number = 0
    for (let unit = 1; ; unit *= 128) {
      const byte = this.byte()
      number += (byte & 127) * unit
      if (byte < 128) return number
    }
  }

  signed(): number {
    const folded = this.unsigned()
    return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2
  }

  int64(): bigint {
    const bytes = this.take(8)
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigInt64(0, true)
  }

  text(): string {
    const bytes = this.take(this.unsigned())
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
  }

  /** A view of the next bytes. */
  take(length: number): Uint8Array {
    const start = this.#at
    if (start + length > this.#end) throw endedEarly()
    this.#at += length
    return this.#bytes.subarray(start, this.#at)
  }
}

function endedEarly(): Error {
  return new Error('The bytes end before what they hold')
}
