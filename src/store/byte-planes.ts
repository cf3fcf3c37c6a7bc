/**
 * Columns of integers as byte planes: all lowest bytes, then all second bytes …, as many planes as the largest number
 * needs. This groups zeros together.
 */

/** Zigzag-encodes integers within ±2^52, so that small negative numbers stay small. Overwrites `column`. */
export function splitPlanes(column: Float64Array): { planes: number; bytes: Uint8Array } {
  const count = column.length
  let largest = 0
  for (let i = 0; i < count; i++) {
    const number = column[i] ?? 0
    const folded = number >= 0 ? number * 2 : number * -2 - 1
    column[i] = folded
    if (folded > largest) largest = folded
  }
  const planes = largest === 0 ? 0 : Math.floor(Math.log2(largest) / 8) + 1
  const bytes = new Uint8Array(planes * count)
  for (let plane = 0; plane < planes; plane++) {
    const at = plane * count
    if (plane < 4) for (let i = 0; i < count; i++) bytes[at + i] = (column[i] ?? 0) >>> (8 * plane)
    else for (let i = 0; i < count; i++) bytes[at + i] = Math.floor((column[i] ?? 0) / 2 ** (8 * plane))
  }
  return { planes, bytes }
}

/** For values of `width` bytes: all first bytes, then all second bytes … */
export function transposePlanes(bytes: Uint8Array, width: number): Uint8Array {
  const count = bytes.length / width
  const planes = new Uint8Array(bytes.length)
  for (let plane = 0; plane < width; plane++) {
    for (let i = 0; i < count; i++) planes[plane * count + i] = bytes[i * width + plane] ?? 0
  }
  return planes
}

/** Of the column that was read last: most columns are short, and an array for each would keep the garbage collector busy. */
const scratch = new Int32Array(8192)

/** Reads columns one after the other. */
export class PlaneReader {
  readonly #raw: Buffer
  readonly #count: number
  #at: number

  constructor(raw: Buffer, start: number, count: number) {
    this.#raw = raw
    this.#at = start
    this.#count = count
  }

  bytes(): Uint8Array {
    return this.#take(this.#count).slice()
  }

  /** Integers as `splitPlanes` wrote them, until the next column is read; up to four planes fit into 32 bits. */
  whole(planes: number): Int32Array | Float64Array {
    const count = this.#count
    const bytes = this.#take(planes * count)
    const low = count <= scratch.length ? scratch.subarray(0, count) : new Int32Array(count)
    if (planes === 0) low.fill(0)
    else for (let i = 0; i < count; i++) low[i] = bytes[i] ?? 0
    for (let plane = 1; plane < planes && plane < 4; plane++) {
      const at = plane * count
      const shift = 8 * plane
      for (let i = 0; i < count; i++) low[i] = (low[i] ?? 0) | ((bytes[at + i] ?? 0) << shift)
    }
    if (planes > 4) return addHighPlanes(low, bytes, planes)
    for (let i = 0; i < count; i++) low[i] = unzigzag(low[i] ?? 0)
    return low
  }

  /** Reverses `transposePlanes`. @param bytes of this length, into which they are read */
  planes(width: number, bytes: Uint8Array): void {
    const count = this.#count
    const taken = this.#take(width * count)
    for (let plane = 0; plane < width; plane++) {
      const at = plane * count
      for (let i = 0; i < count; i++) bytes[i * width + plane] = taken[at + i] ?? 0
    }
  }

  #take(length: number): Uint8Array {
    const from = this.#at
    this.#at += length
    if (this.#at > this.#raw.length) throw new Error('The run ends before its columns do')
    return this.#raw.subarray(from, this.#at)
  }
}

function addHighPlanes(low: Int32Array, bytes: Uint8Array, planes: number): Float64Array {
  const column = Float64Array.from(low, unzigzag)
  for (let plane = 4; plane < planes; plane++) {
    const at = plane * low.length
    const unit = 2 ** (8 * plane - 1)
    for (let i = 0; i < low.length; i++) {
      const more = (bytes[at + i] ?? 0) * unit
      column[i] = (column[i] ?? 0) + (((low[i] ?? 0) & 1) === 0 ? more : -more)
    }
  }
  return column
}

function unzigzag(word: number): number {
  return (word >>> 1) ^ -(word & 1)
}
