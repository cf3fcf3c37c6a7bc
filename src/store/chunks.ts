/**
 * The codec for chunks of history: a run of samples of one series, column by column. Machines repeat themselves, and
 * each column is turned so that the repetition becomes zeros; zstd does the rest.
 *
 * - Times: differences of differences, in ticks of their greatest common divisor.
 * - Values: texts. What all have in common at both ends (`{"value":"` … `"}`) is kept once. Where the rest are decimal
 *   numbers, differences of integers of a common scale, with the number of decimals of each, so that `21.50` comes back
 *   as `21.50`; where they are other numbers, XOR of doubles; where they are anything else, indices into a dictionary.
 * - Qualities: one byte each.
 *
 * Columns of 64-bit integers are stored by planes (all lowest bytes, then all second bytes …): small numbers leave
 * seven planes of zeros, which cost next to nothing.
 *
 * Layout: a byte with the version, then as one zstd frame: length of the head (4 bytes), head (JSON), columns.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { Quality } from './store.ts'

export interface Sample {
  /** Nanoseconds since 1970, within 64 bits. */
  readonly time: bigint
  /** The value as it was sent: the JSON of the value members, or any other text. */
  readonly value: string
  readonly quality: Quality | undefined
}

interface Head {
  readonly count: number
  /** First time and tick, as text. */
  readonly first: string
  readonly tick: string
  readonly prefix: string
  readonly suffix: string
  /** Decimals to which all values are scaled; absent where the values are not decimal numbers. */
  readonly scale?: number
  /** The distinct values; absent where they are numbers. */
  readonly dictionary?: readonly string[]
}

const VERSION = 1

/** No chunk is larger when unpacked: a damaged one must not exhaust memory. */
const UNPACKED = 256 * 1024 * 1024

const qualities: readonly (Quality | undefined)[] = [undefined, 'good', 'uncertain', 'bad']

/** Packs samples, in the order given; at least one. */
export function encodeSamples(samples: readonly Sample[]): Uint8Array {
  const times = encodeTimes(samples.map((sample) => sample.time))
  const values = encodeValues(samples.map((sample) => sample.value))
  const head: Head = { count: samples.length, ...times.head, ...values.head }
  const json = Buffer.from(JSON.stringify(head))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  const quality = Uint8Array.from(samples, (sample) => qualities.indexOf(sample.quality))
  const raw = Buffer.concat([length, json, split(times.column), ...values.columns, quality])
  const packed = zstdCompressSync(raw, { params: { [constants.ZSTD_c_compressionLevel]: 6 } })
  return Buffer.concat([Uint8Array.of(VERSION), packed])
}

/** Unpacks samples as they were given, in their order. @throws Error where the bytes are no chunk */
export function decodeSamples(bytes: Uint8Array): Sample[] {
  if (bytes[0] !== VERSION) throw new Error(`A chunk of version ${bytes[0]}; this release reads version ${VERSION}`)
  const raw = zstdDecompressSync(bytes.subarray(1), { maxOutputLength: UNPACKED })
  const start = 4 + raw.readUInt32LE(0)
  const head = JSON.parse(raw.toString('utf8', 4, start)) as Head
  const { count } = head
  const times = decodeTimes(head, merge(raw, start, count))
  const values = decodeValues(head, raw, start + 8 * count)
  const quality = raw.subarray(raw.length - count)
  return times.map((time, i) => ({ time, value: values[i] ?? '', quality: qualities[quality[i] ?? 0] }))
}

function encodeTimes(times: readonly bigint[]) {
  const column = new BigInt64Array(times.length)
  const first = times[0] ?? 0n
  let tick = 0n
  let before = first
  for (const [i, time] of times.entries()) {
    column[i] = time - before
    tick = divisor(tick, column[i] ?? 0n)
    before = time
  }
  if (tick === 0n) tick = 1n
  // The typed array counts modulo 2^64, and so does the way back: no difference is too large.
  let delta = 0n
  for (let i = 0; i < column.length; i++) {
    const next = (column[i] ?? 0n) / tick
    column[i] = next - delta
    delta = next
  }
  return { head: { first: String(first), tick: String(tick) }, column }
}

function decodeTimes(head: Head, column: BigInt64Array): bigint[] {
  const tick = BigInt(head.tick)
  let time = BigInt(head.first)
  let delta = 0n
  return Array.from(column, (second) => {
    delta = BigInt.asIntN(64, delta + second)
    time = BigInt.asIntN(64, time + delta * tick)
    return time
  })
}

function encodeValues(values: readonly string[]): {
  head: Omit<Head, 'count' | 'first' | 'tick'>
  columns: Uint8Array[]
} {
  const { prefix, suffix } = commonEnds(values)
  const texts = values.map((value) => value.slice(prefix.length, value.length - suffix.length))
  if (texts.every(isDecimal)) {
    const decimals = Uint8Array.from(texts, decimalsOf)
    const scale = decimals.reduce((most, next) => Math.max(most, next), 0)
    const integers = texts.map((text, i) => BigInt(text.replace('.', '') + '0'.repeat(scale - (decimals[i] ?? 0))))
    if (integers.every((integer) => BigInt.asIntN(64, integer) === integer)) {
      return { head: { prefix, suffix, scale }, columns: [split(differences(integers)), decimals] }
    }
  }
  if (texts.every((text) => String(Number(text)) === text)) {
    const bits = new BigInt64Array(Float64Array.from(texts, Number).buffer)
    return { head: { prefix, suffix }, columns: [split(bits.map((word, i) => word ^ (bits[i - 1] ?? 0n)))] }
  }
  const places = new Map<string, number>()
  for (const text of texts) if (!places.has(text)) places.set(text, places.size)
  const indices = BigInt64Array.from(texts, (text) => BigInt(places.get(text) ?? 0))
  return { head: { prefix, suffix, dictionary: [...places.keys()] }, columns: [split(indices)] }
}

function decodeValues(head: Head, raw: Buffer, start: number): string[] {
  const { count, prefix, suffix, scale, dictionary } = head
  const column = merge(raw, start, count)
  let before = 0n
  if (dictionary !== undefined) return Array.from(column, (place) => prefix + dictionary[Number(place)] + suffix)
  if (scale === undefined) {
    const bits = column.map((word) => {
      before ^= word
      return before
    })
    return Array.from(new Float64Array(bits.buffer), (number) => prefix + String(number) + suffix)
  }
  const decimals = raw.subarray(start + 8 * count)
  return Array.from(column, (difference, i) => {
    before = BigInt.asIntN(64, before + difference)
    return prefix + writeDecimal(before, scale, decimals[i] ?? 0) + suffix
  })
}

/** What all texts begin and end with, but no part of a number: digits that happen to agree belong to the numbers. */
function commonEnds(texts: readonly string[]): { prefix: string; suffix: string } {
  const [first = ''] = texts
  let start = first.length
  let end = first.length
  for (const text of texts) {
    let same = 0
    while (same < start && text[same] === first[same]) same++
    start = same
    let alike = 0
    while (alike < end && text.at(-1 - alike) === first.at(-1 - alike)) alike++
    end = alike
  }
  while (start > 0 && NUMERIC.test(first[start - 1] ?? '')) start--
  while (end > 0 && NUMERIC.test(first.at(-end) ?? '')) end--
  const shortest = texts.reduce((least, text) => Math.min(least, text.length), first.length)
  return { prefix: first.slice(0, start), suffix: first.slice(first.length - Math.min(end, shortest - start)) }
}

const NUMERIC = /[0-9.eE+-]/

/** A number that an integer and a number of decimals bring back as it was; `-0` is none, for it would lose its sign. */
function isDecimal(text: string): boolean {
  return text.length <= 20 && /^(?!-[0.]*$)-?(0|[1-9][0-9]*)(\.[0-9]+)?$/.test(text)
}

function decimalsOf(text: string): number {
  const point = text.indexOf('.')
  return point < 0 ? 0 : text.length - point - 1
}

function writeDecimal(integer: bigint, scale: number, decimals: number): string {
  const digits = String(integer < 0n ? -integer : integer).padStart(scale + 1, '0')
  const whole = digits.slice(0, digits.length - scale)
  const sign = integer < 0n ? '-' : ''
  return (
    sign + whole + (decimals === 0 ? '' : `.${digits.slice(digits.length - scale, digits.length - scale + decimals)}`)
  )
}

function differences(integers: readonly bigint[]): BigInt64Array {
  return BigInt64Array.from(integers, (integer, i) => integer - (integers[i - 1] ?? 0n))
}

function divisor(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b]
  while (y !== 0n) [x, y] = [y, x % y]
  return x
}

/** By planes. Signs go to the lowest bit (zigzag), so that small negative numbers are small as well. */
function split(column: BigInt64Array): Uint8Array {
  const zigzag = column.map((word) => (word << 1n) ^ (word >> 63n))
  const bytes = new Uint8Array(zigzag.buffer)
  const planes = new Uint8Array(bytes.length)
  const count = column.length
  for (let plane = 0; plane < 8; plane++) {
    for (let i = 0; i < count; i++) planes[plane * count + i] = bytes[i * 8 + plane] ?? 0
  }
  return planes
}

function merge(raw: Buffer, start: number, count: number): BigInt64Array {
  const bytes = new Uint8Array(8 * count)
  for (let plane = 0; plane < 8; plane++) {
    for (let i = 0; i < count; i++) bytes[i * 8 + plane] = raw[start + plane * count + i] ?? 0
  }
  const zigzag = new BigUint64Array(bytes.buffer)
  return BigInt64Array.from(zigzag, (word) => (word >> 1n) ^ -(word & 1n))
}
