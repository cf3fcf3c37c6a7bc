/** The wire format of Protocol Buffers, as far as needed for messages with known field numbers. */

/** The bytes are not a message: truncated, too long or malformed. */
export class ProtobufError extends Error {
  override readonly name = 'WireError'
}

/** Wire types. Groups (3 and 4) are deprecated and refused. */
const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** An unsigned integer; a bigint only beyond 2^53. */
export type Uint64 = number | bigint

/** Reads the fields of one message in order, never beyond its end. @throws ProtobufError */
export class ProtobufReader {
  readonly #bytes: Uint8Array
  readonly #end: number
  #at: number
  #wire = VARINT

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
  }

  /** Number of the next field; undefined at the end. Its value must be read or skipped before the next call. */
  field(): number | undefined {
    if (this.#at === this.#end) return undefined
    const tag = this.#varint()
    if (typeof tag === 'bigint' || tag > 0xffff_ffff || tag < 8) throw new ProtobufError(`${tag} begins no field`)
    this.#wire = tag & 7
    return tag >>> 3
  }

  skip(): void {
    if (this.#wire === VARINT) this.#varint()
    else if (this.#wire === BYTES) this.bytes()
    else if (this.#wire === FIXED64) this.#take(8)
    else if (this.#wire === FIXED32) this.#take(4)
    else throw new ProtobufError(`Wire type ${this.#wire} is not known`)
  }

  /** 64 bits. */
  uint64(): Uint64 {
    this.#expect(VARINT)
    return this.#varint()
  }

  /** 32 bits; negative numbers are written with 64, of which the upper half is ignored. */
  uint32(): number {
    const value = this.uint64()
    return typeof value === 'bigint' ? Number(value & 0xffff_ffffn) : value % 2 ** 32
  }

  boolean(): boolean {
    return this.uint64() !== 0
  }

  float(): number {
    this.#expect(FIXED32)
    return this.#copy(4).getFloat32(0, true)
  }

  double(): number {
    this.#expect(FIXED64)
    return this.#copy(8).getFloat64(0, true)
  }

  /** A view of the bytes, not a copy. */
  bytes(): Uint8Array {
    const start = this.#length()
    return this.#bytes.subarray(start, this.#at)
  }

  /** A nested message. */
  message(): ProtobufReader {
    const start = this.#length()
    return new ProtobufReader(this.#bytes, start, this.#at)
  }

  text(): string {
    const start = this.#length()
    if (this.#at - start < MAX_ASCII_FAST_PATH_BYTES) {
      const short = ascii(this.#bytes, start, this.#at)
      if (short !== undefined) return short
    }
    try {
      return utf8.decode(this.#bytes.subarray(start, this.#at))
    } catch {
      throw new ProtobufError('A text is not UTF-8')
    }
  }

  #expect(wire: number): void {
    if (this.#wire !== wire) throw new ProtobufError(`Wire type ${this.#wire} where ${wire} was expected`)
  }

  /** Start of a length-delimited value. */
  #length(): number {
    this.#expect(BYTES)
    // Also correct for lengths beyond 2^53: they exceed the end as well.
    return this.#take(Number(this.#varint()))
  }

  /** Start of the next bytes, which are consumed. */
  #take(count: number): number {
    const start = this.#at
    if (start + count > this.#end) throw new ProtobufError('A field goes on after the end')
    this.#at += count
    return start
  }

  #copy(count: number): DataView {
    const start = this.#take(count)
    for (let at = 0; at < count; at++) fixedBytes[at] = this.#bytes[start + at] ?? 0
    return fixed
  }

  /** Seven bits per byte, the lowest first. */
  #varint(): Uint64 {
    // 28 bits at a time fit into integer operations on numbers.
    let low = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte()
      low |= (byte & 0x7f) << shift
      if (byte < 0x80) return low
    }
    let middle = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte()
      middle |= (byte & 0x7f) << shift
      if (byte < 0x80) return uint64Of(low, middle, 0)
    }
    const high = this.#byte()
    if (high < 0x80) return uint64Of(low, middle, high)
    const highest = this.#byte()
    if (highest >= 0x80) throw new ProtobufError('A number has more than 64 bits')
    return uint64Of(low, middle, (high & 0x7f) | ((highest & 1) << 7))
  }

  #byte(): number {
    if (this.#at === this.#end) throw new ProtobufError('A field goes on after the end')
    return this.#bytes[this.#at++] ?? 0
  }
}

/** Combines 28, 28 and 8 bits. */
function uint64Of(low: number, middle: number, high: number): Uint64 {
  const whole = low + middle * 2 ** 28 + high * 2 ** 56
  if (Number.isSafeInteger(whole)) return whole
  return BigInt(low) + (BigInt(middle) << 28n) + (BigInt(high) << 56n)
}

/** Buffer for numbers of fixed width. */
const fixed = new DataView(new ArrayBuffer(8))
const fixedBytes = new Uint8Array(fixed.buffer)

/** Shorter texts are read byte by byte, which is faster than the decoder. */
const MAX_ASCII_FAST_PATH_BYTES = 24

/** Undefined if there are other characters. */
function ascii(bytes: Uint8Array, start: number, end: number): string | undefined {
  let text = ''
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0
    if (byte >= 0x80) return undefined
    text += String.fromCharCode(byte)
  }
  return text
}

/** Writes the fields of one message in the order of the calls. */
export class ProtobufWriter {
  readonly #parts: number[] = []

  uint64(field: number, value: bigint): this {
    return this.#varint(BigInt(field << 3) | BigInt(VARINT)).#varint(BigInt.asUintN(64, value))
  }

  boolean(field: number, value: boolean): this {
    return this.uint64(field, value ? 1n : 0n)
  }

  bytes(field: number, value: Uint8Array): this {
    this.#varint(BigInt(field << 3) | BigInt(BYTES)).#varint(BigInt(value.length))
    for (const byte of value) this.#parts.push(byte)
    return this
  }

  text(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value))
  }

  message(): Buffer {
    return Buffer.from(this.#parts)
  }

  #varint(value: bigint): this {
    let rest = value
    while (rest >= 0x80n) {
      this.#parts.push(Number(rest & 0x7fn) | 0x80)
      rest >>= 7n
    }
    this.#parts.push(Number(rest))
    return this
  }
}
