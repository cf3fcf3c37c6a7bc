/** Messages as CBOR (RFC 8949): lists of numbers as typed arrays (RFC 8746), which a hub takes over as they are. */

/** Shorter lists of numbers stay lists. */
const MIN_TYPED = 8
const FLOAT64_LITTLE_ENDIAN = 86
const MAX_SAFE_HIGH = 0x1fffff

/** @param value of what JSON has; undefined members are left out */
export function encodeCbor(value: unknown): Uint8Array<ArrayBuffer> {
  const writer = new Writer()
  writer.write(value)
  return writer.bytes
}

/** @throws Error where the bytes are not one complete item */
export function decodeCbor(bytes: Uint8Array): unknown {
  return new Reader(bytes).read()
}

class Writer {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(1024)
  #view = new DataView(this.#bytes.buffer)
  #size = 0

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#size)
  }

  write(value: unknown): void {
    if (typeof value === 'number') this.#number(value)
    else if (typeof value === 'string') this.#text(value)
    else if (Array.isArray(value)) this.#list(value)
    else if (typeof value === 'object' && value !== null) this.#map(value)
    else this.#byte(value === true ? 0xf5 : value === false ? 0xf4 : 0xf6)
  }

  #number(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      if (value < 0) this.#head(1, -1 - value)
      else this.#head(0, value)
      return
    }
    this.#reserve(9)
    this.#bytes[this.#size] = 0xfb
    this.#view.setFloat64(this.#size + 1, value)
    this.#size += 9
  }

  #text(value: string): void {
    const content = new TextEncoder().encode(value)
    this.#head(3, content.length)
    this.#append(content)
  }

  #list(values: readonly unknown[]): void {
    if (values.length >= MIN_TYPED && values.every((one) => typeof one === 'number')) {
      this.#head(6, FLOAT64_LITTLE_ENDIAN)
      this.#head(2, 8 * values.length)
      this.#reserve(8 * values.length)
      for (const one of values) {
        this.#view.setFloat64(this.#size, one as number, true)
        this.#size += 8
      }
      return
    }
    this.#head(4, values.length)
    for (const one of values) this.write(one)
  }

  #map(value: object): void {
    const members = Object.entries(value).filter(([, held]) => held !== undefined)
    this.#head(5, members.length)
    for (const [name, held] of members) {
      this.#text(name)
      this.write(held)
    }
  }

  /** Major type and argument (RFC 8949, 3). */
  #head(major: number, argument: number): void {
    const first = major << 5
    this.#reserve(9)
    if (argument < 24) this.#bytes[this.#size++] = first + argument
    else if (argument < 0x100) {
      this.#bytes[this.#size++] = first + 24
      this.#bytes[this.#size++] = argument
    } else if (argument < 0x10000) {
      this.#bytes[this.#size] = first + 25
      this.#view.setUint16(this.#size + 1, argument)
      this.#size += 3
    } else if (argument < 0x100000000) {
      this.#bytes[this.#size] = first + 26
      this.#view.setUint32(this.#size + 1, argument)
      this.#size += 5
    } else {
      this.#bytes[this.#size] = first + 27
      this.#view.setBigUint64(this.#size + 1, BigInt(argument))
      this.#size += 9
    }
  }

  #byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#size++] = value
  }

  #append(content: Uint8Array): void {
    this.#reserve(content.length)
    this.#bytes.set(content, this.#size)
    this.#size += content.length
  }

  #reserve(count: number): void {
    if (this.#size + count <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#size + count))
    larger.set(this.#bytes)
    this.#bytes = larger
    this.#view = new DataView(larger.buffer)
  }
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  read(): unknown {
    const first = this.#view.getUint8(this.#at++)
    const [major, short] = [first >> 5, first & 0x1f]
    if (major === 7) return this.#simple(short)
    const argument = this.#argument(short)
    switch (major) {
      case 0:
        return argument
      case 1:
        return -1 - argument
      case 2:
        return this.#content(argument)
      case 3:
        return new TextDecoder().decode(this.#content(argument))
      case 4:
        return Array.from({ length: argument }, () => this.read())
      case 5:
        return Object.fromEntries(Array.from({ length: argument }, () => [String(this.read()), this.read()]))
      default:
        return this.read()
    }
  }

  #argument(short: number): number {
    const at = this.#at
    if (short < 24) return short
    this.#at += 2 ** (short - 24)
    if (short === 24) return this.#view.getUint8(at)
    if (short === 25) return this.#view.getUint16(at)
    if (short === 26) return this.#view.getUint32(at)
    if (short !== 27 || this.#view.getUint32(at) > MAX_SAFE_HIGH) throw new Error('a number or a length is too large')
    return this.#view.getUint32(at) * 2 ** 32 + this.#view.getUint32(at + 4)
  }

  #content(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) throw new Error('the message ends too early')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  #simple(short: number): unknown {
    const at = this.#at
    switch (short) {
      case 20:
        return false
      case 21:
        return true
      case 25:
        this.#at += 2
        return halfOf(this.#view.getUint16(at))
      case 26:
        this.#at += 4
        return this.#view.getFloat32(at)
      case 27:
        this.#at += 8
        return this.#view.getFloat64(at)
      default:
        return short === 22 ? null : undefined
    }
  }
}

/** IEEE 754 half precision, which encoders use for short numbers. */
function halfOf(bits: number): number {
  const [exponent, fraction] = [(bits >> 10) & 0x1f, bits & 0x3ff]
  const sign = bits & 0x8000 ? -1 : 1
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
