/**
 * Reads the usual lines of the line protocol from their bytes: `measurement,tag=value field=21.5,other=3i 1700000000000`. A
 * sender repeats its series, so what stands before a value was nearly always seen before, and mostly after the same
 * predecessor; the series is found by comparing bytes, without a text or an object per point. Any other line (texts,
 * booleans, backslashes, no time, errors, new series) is left to line-protocol.ts, which knows all of the syntax.
 */
import type { DataTypeDefXsd } from '../model/types.ts'
import { MAX_FIELDS } from './line-protocol.ts'

/** A field of the points with one measurement and one set of tags. */
export interface ScannedSeries {
  head: ScannedHead
  /** Of the element. */
  path: string
  /** For the collector of samples: where it holds those of this series. */
  holder: number
  slot: number
  /** Where its bytes are kept: of the first field from the start of the line up to the `=`, of others from the comma. */
  readonly start: number
  readonly length: number
  /** Another one with the same hash. */
  readonly twin: ScannedSeries | undefined
  /** The one that was read after it last time. */
  next: ScannedSeries | undefined
}

/** Measurement and tags. */
export interface ScannedHead {
  readonly number: number
  readonly submodel: string
  /** Time after which the submodel must be found again. */
  until: number
}

/** The time of a line: `high` × 10^9 + `low`, in some unit. */
export interface ScannedTime {
  readonly high: number
  readonly low: number
}

/** Of a cache that is full, nothing is kept: it fills again within as many lines. */
const MAX_SERIES = 200_000
const MAX_CACHED_BYTES = 32 * 1024 * 1024
/** Of one hash; a sender could choose names that all have the same. Further ones are read in the other way each time. */
const MAX_TWINS = 16

/** Numbers of more digits are converted by the engine. */
const MAX_EXACT_DIGITS = 15
const MAX_TIME_DIGITS = 19
const POWERS = Array.from({ length: MAX_EXACT_DIGITS + 1 }, (_, digits) => 10 ** digits)

const NEWLINE = 10
const RETURN = 13
const SPACE = 32
const QUOTE = 34
const HASH = 35
const COMMA = 44
const MINUS = 45
const POINT = 46
const ZERO = 48
const NINE = 57
const EQUALS = 61
const BACKSLASH = 92
const INTEGER = 105
const UNSIGNED = 117

export class LineScanner implements ScannedTime {
  /** Of the last line that was read: its series, values and types, of which the first `count` are valid, and its time. */
  readonly series: ScannedSeries[] = []
  readonly values: number[] = []
  readonly types: DataTypeDefXsd[] = []
  count = 0
  high = 0
  low = 0

  #cached = new Uint8Array(64 * 1024)
  #used = 0
  #size = 0
  readonly #byHash = new Map<number, ScannedSeries>()
  readonly #heads = new Map<string, ScannedHead>()
  #last: ScannedSeries | undefined
  #heading = 0
  /** What `#number` and `#find` found; of a hash, how many others have it. */
  #value = 0
  #type: DataTypeDefXsd = 'xs:double'
  #hash = 0
  #twins = 0

  /**
   * Reads the line that begins at `at`.
   * @param now on the clock of {@link ScannedHead.until}
   * @returns the start of the next line; -1 if the line must be read in another way
   */
  scan(bytes: Uint8Array, at: number, now: number): number {
    this.count = 0
    let series = this.#expect(bytes, at, 0) ?? this.#find(bytes, at, this.#firstEnd(bytes, at), 0)
    if (series === undefined || series.head.until < now) return -1
    let end = at + series.length
    for (;;) {
      this.#last = series
      end = this.#number(bytes, end + 1)
      if (end < 0) return -1
      this.series[this.count] = series
      this.values[this.count] = this.#value
      this.types[this.count++] = this.#type
      if (bytes[end] !== COMMA) break
      if (this.count === MAX_FIELDS) return -1
      const number: number = series.head.number
      series = this.#expect(bytes, end, number) ?? this.#find(bytes, end, this.#nameEnd(bytes, end + 1), number)
      if (series === undefined) return -1
      end += series.length
    }
    return bytes[end] === SPACE ? this.#time(bytes, end + 1) : -1
  }

  /**
   * Remembers the series of a line that was read in another way, if it is one that can be scanned.
   * @param pathOf the path of a field
   * @param until see {@link ScannedHead}
   */
  learn(bytes: Uint8Array, at: number, submodel: string, pathOf: (field: string) => string, until: number): void {
    const firstEnd = this.#firstEnd(bytes, at)
    if (firstEnd < 0) return
    const head = this.#headOf(Buffer.from(bytes.subarray(at, this.#heading)).toString('latin1'), submodel, until)
    let [start, nameStart, end] = [at, this.#heading + 1, firstEnd]
    for (let seed = 0; ; seed = head.number) {
      if (end < 0) return
      const name = Buffer.from(bytes.subarray(nameStart, end)).toString()
      const known = this.#find(bytes, start, end, seed)
      if (known === undefined) this.#add(bytes, start, end, head, pathOf(name))
      else {
        if (known.head !== head) Object.assign(known, { head, path: pathOf(name), holder: 0 })
        this.#last = known
      }
      start = this.#number(bytes, end + 1)
      if (start < 0 || bytes[start] !== COMMA) return
      nameStart = start + 1
      end = this.#nameEnd(bytes, nameStart)
    }
  }

  /** The series that followed the last one before, if it does again. */
  #expect(bytes: Uint8Array, at: number, seed: number): ScannedSeries | undefined {
    const expected = this.#last?.next
    if (expected === undefined || !this.#isOf(expected, seed)) return undefined
    const { start, length } = expected
    return bytes[at + length] === EQUALS && this.#isCached(bytes, at, start, length) ? expected : undefined
  }

  #isCached(bytes: Uint8Array, at: number, start: number, length: number): boolean {
    const cached = this.#cached
    // From the end, where the names of series differ.
    for (let i = length - 1; i >= 0; i--) if (cached[start + i] !== bytes[at + i]) return false
    return true
  }

  /** @param seed of the hash: the number of the head of a field that is not the first */
  #find(bytes: Uint8Array, start: number, end: number, seed: number): ScannedSeries | undefined {
    if (end < 0) return undefined
    let hash = seed
    for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + (bytes[i] ?? 0)) | 0
    this.#hash = hash
    const length = end - start
    let found = this.#byHash.get(hash)
    this.#twins = 0
    while (found !== undefined && !this.#isSame(found, bytes, start, length, seed)) {
      found = found.twin
      this.#twins++
    }
    if (found !== undefined && this.#last !== undefined) this.#last.next = found
    return found
  }

  #isSame(found: ScannedSeries, bytes: Uint8Array, at: number, length: number, seed: number): boolean {
    return this.#isOf(found, seed) && found.length === length && this.#isCached(bytes, at, found.start, length)
  }

  #isOf({ head, start }: ScannedSeries, seed: number): boolean {
    const isFirst = this.#cached[start] !== COMMA
    return seed === 0 ? isFirst : !isFirst && head.number === seed
  }

  /** Call after `#find` found none. */
  #add(bytes: Uint8Array, start: number, end: number, head: ScannedHead, path: string): void {
    const length = end - start
    if (this.#size >= MAX_SERIES || this.#used + length > MAX_CACHED_BYTES) {
      this.#clear()
      return
    }
    this.#size++
    if (this.#twins >= MAX_TWINS) {
      // It counts nevertheless, as its head may be kept.
      this.#used += length
      return
    }
    while (this.#used + length > this.#cached.length) {
      const larger = new Uint8Array(2 * this.#cached.length)
      larger.set(this.#cached)
      this.#cached = larger
    }
    this.#cached.set(bytes.subarray(start, end), this.#used)
    const twin = this.#byHash.get(this.#hash)
    const series: ScannedSeries = { head, path, holder: 0, slot: 0, start: this.#used, length, twin, next: undefined }
    if (this.#last !== undefined) this.#last.next = series
    this.#last = series
    this.#byHash.set(this.#hash, series)
    this.#used += length
  }

  #clear(): void {
    this.#byHash.clear()
    this.#heads.clear()
    this.#last = undefined
    this.#used = 0
    this.#size = 0
  }

  #headOf(name: string, submodel: string, until: number): ScannedHead {
    const known = this.#heads.get(name)
    if (known !== undefined && known.submodel === submodel) {
      known.until = until
      return known
    }
    const head = { number: ++headCount, submodel, until }
    this.#heads.set(name, head)
    return head
  }

  /** End of the name of the first field: the head must be without signs that need a closer look. Sets `#heading`. */
  #firstEnd(bytes: Uint8Array, start: number): number {
    const first = bytes[start]
    if (first === HASH || first === SPACE || first === COMMA) return -1
    for (let at = start; at < bytes.length; at++) {
      const sign = bytes[at]
      if (sign === SPACE) {
        this.#heading = at
        return this.#nameEnd(bytes, at + 1)
      }
      if (sign === NEWLINE || sign === BACKSLASH || sign === QUOTE) return -1
    }
    return -1
  }

  #nameEnd(bytes: Uint8Array, start: number): number {
    for (let at = start; at < bytes.length; at++) {
      const sign = bytes[at]
      if (sign === EQUALS) return at > start ? at : -1
      if (sign === SPACE || sign === COMMA || sign === NEWLINE || sign === BACKSLASH || sign === QUOTE) return -1
    }
    return -1
  }

  /** Reads a number that JavaScript writes in just this way, so that nothing is lost of its text. @returns its end, or -1 */
  #number(bytes: Uint8Array, start: number): number {
    let at = start
    const isNegative = bytes[at] === MINUS
    if (isNegative) at++
    const firstDigit = at
    let mantissa = 0
    let point = -1
    let sign = bytes[at] ?? 0
    for (; ; sign = bytes[++at] ?? 0) {
      if (sign >= ZERO && sign <= NINE) mantissa = mantissa * 10 + (sign - ZERO)
      else if (sign === POINT && point < 0) point = at
      else break
    }
    const digits = at - firstDigit - (point < 0 ? 0 : 1)
    const decimals = point < 0 ? 0 : at - point - 1
    const isPlain =
      digits > decimals &&
      (bytes[firstDigit] !== ZERO || digits === decimals + 1) &&
      (point < 0 || bytes[at - 1] !== ZERO)
    if (!isPlain || (point >= 0 && decimals === 0)) return -1
    if (
      digits > MAX_EXACT_DIGITS ||
      (mantissa === 0 && isNegative) ||
      (decimals > 6 && mantissa < (POWERS[decimals - 6] ?? 1))
    ) {
      const text = Buffer.from(bytes.subarray(start, at)).toString('latin1')
      this.#value = Number(text)
      if (String(this.#value) !== text) return -1
    } else {
      // Both are exact, so the quotient is the double that is nearest to the decimal number.
      const value = decimals === 0 ? mantissa : mantissa / (POWERS[decimals] ?? 1)
      this.#value = isNegative ? -value : value
    }
    this.#type = 'xs:double'
    if (sign !== INTEGER && sign !== UNSIGNED) return at
    if (point >= 0 || (isNegative && sign === UNSIGNED)) return -1
    this.#type = sign === INTEGER ? 'xs:long' : 'xs:unsignedLong'
    return at + 1
  }

  /** @returns the start of the next line, or -1 */
  #time(bytes: Uint8Array, start: number): number {
    let end = start
    for (let sign = bytes[end] ?? 0; sign >= ZERO && sign <= NINE; ) sign = bytes[++end] ?? 0
    const digits = end - start
    if (digits === 0 || digits > MAX_TIME_DIGITS) return -1
    const middle = Math.max(start, end - 9)
    let [high, low] = [0, 0]
    for (let at = start; at < middle; at++) high = high * 10 + ((bytes[at] ?? 0) - ZERO)
    for (let at = middle; at < end; at++) low = low * 10 + ((bytes[at] ?? 0) - ZERO)
    this.high = high
    this.low = low
    if (bytes[end] === RETURN) end++
    return end === bytes.length || bytes[end] === NEWLINE ? end + 1 : -1
  }
}

/** Heads are distinguished also after the cache was cleared. */
let headCount = 0
