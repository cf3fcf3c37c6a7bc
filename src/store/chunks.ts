/**
 * The codec for runs of samples, in the log and in the history alike. Machines repeat themselves, and each column is
 * turned so that the repetition becomes zeros; zstd does the rest.
 *
 * - Times: nothing but a step where they are regular, else differences of differences in ticks of their greatest
 *   common divisor.
 * - Values: differences of whole numbers on a common scale, where that brings them back as they were, with the number of
 *   decimals of each where they were written as text (`21.50`); else XOR of doubles; else places in a dictionary.
 * - Qualities: one, or a byte each.
 *
 * Columns of whole numbers are stored by planes (all lowest bytes, then all second bytes …), and only as many planes as
 * the largest takes.
 *
 * Layout: a byte with the version; a byte of flags; the summary (seven doubles), where a flag tells that there is one; then
 * as one zstd frame: length of the head (4 bytes), head (JSON), columns.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { FURTHEST, isAscending, lengthOf, type Quality, qualities, type Run } from '../model/samples.ts'

interface Head {
  readonly count: number
  readonly form: Run['form']
  /** First time, nanoseconds as text. */
  readonly base: string
  readonly times: { readonly first: number; readonly step: number } | Column<{ readonly tick: number }>
  readonly values:
    | (Column<{ readonly scale: number }> & { readonly decimals?: true })
    | 'doubles'
    | Column<{ readonly dictionary: readonly string[] }>
  readonly quality?: Quality | 'each'
}

/** A column of whole numbers that takes so many planes. */
type Column<More> = More & { readonly planes: number }

const VERSION = 1

/** No run is larger when unpacked: a damaged one must not exhaust memory. */
const UNPACKED = 256 * 1024 * 1024

const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 3 } }

/**
 * What a run of numbers comes to, readable without unpacking it: a bucket that holds the whole run needs no more. There
 * is none for runs that are short, hold anything but finite numbers, or a value of bad quality.
 */
export interface Summary {
  readonly count: number
  readonly min: number
  readonly max: number
  readonly mean: number
  /** Sum of the squares of the differences from the mean. */
  readonly squares: number
  /** In the order of the run. */
  readonly first: number
  readonly last: number
}

/** Shorter runs are as quickly unpacked. */
const SUMMED = 64

/** Flags: whether a summary follows, and whether the times rise strictly. */
const SUMMED_UP = 1
const ASCENDING = 2

/** Packs a run, its samples in the order given. */
export function encodeRun(run: Run): Uint8Array {
  const times = encodeTimes(run.offsets)
  const values = encodeValues(run)
  const quality = encodeQuality(run.quality)
  const head: Head = {
    count: lengthOf(run),
    form: values.form,
    base: String(run.base),
    times: times.head,
    values: values.head,
    ...(quality.head !== undefined && { quality: quality.head })
  }
  const json = Buffer.from(JSON.stringify(head))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  const packed = zstdCompressSync(
    Buffer.concat([length, json, ...times.columns, ...values.columns, ...quality.columns]),
    LEVEL
  )
  const summary = values.form === 'number' ? summarise(run) : undefined
  const ascending = isAscending(run) ? ASCENDING : 0
  if (summary === undefined) return Buffer.concat([Uint8Array.of(VERSION, ascending), packed])
  const sums = new Uint8Array(Float64Array.of(...summary).buffer)
  return Buffer.concat([Uint8Array.of(VERSION, ascending | SUMMED_UP), sums, packed])
}

/** Do the times of a packed run rise strictly? */
export function isAscendingRun(bytes: Uint8Array): boolean {
  return ((bytes[1] ?? 0) & ASCENDING) !== 0
}

function hasSummary(bytes: Uint8Array): boolean {
  return ((bytes[1] ?? 0) & SUMMED_UP) !== 0
}

/** Unpacks a run. @throws Error where the bytes are none */
export function decodeRun(bytes: Uint8Array): Run {
  if (bytes[0] !== VERSION) throw new Error(`A run of version ${bytes[0]}; this release reads version ${VERSION}`)
  const raw = zstdDecompressSync(bytes.subarray(hasSummary(bytes) ? SUMMARY_END : 2), { maxOutputLength: UNPACKED })
  const start = 4 + raw.readUInt32LE(0)
  const head = JSON.parse(raw.toString('utf8', 4, start)) as Head
  const reader = new Columns(raw, start, head.count)
  const offsets = decodeTimes(head, reader)
  const values = decodeValues(head, reader)
  const quality = head.quality === 'each' ? reader.bytes() : head.quality
  return { base: BigInt(head.base), offsets, form: head.form, values, quality }
}

/** The summary of a packed run, if it has one. */
export function summaryOf(bytes: Uint8Array): Summary | undefined {
  if (bytes[0] !== VERSION || !hasSummary(bytes) || bytes.length < SUMMARY_END) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset + 2)
  const at = (place: number) => view.getFloat64(place * Float64Array.BYTES_PER_ELEMENT, true)
  return { count: at(0), min: at(1), max: at(2), mean: at(3), squares: at(4), first: at(5), last: at(6) }
}

/** Where the summary ends that begins behind the first two bytes. */
const SUMMARY_END = 2 + 7 * Float64Array.BYTES_PER_ELEMENT

const BAD = qualities.indexOf('bad')

/** The members of a Summary in their order. */
function summarise({ values, quality }: Run): number[] | undefined {
  if (!(values instanceof Float64Array) || values.length < SUMMED || quality === 'bad') return undefined
  if (quality instanceof Uint8Array && quality.includes(BAD)) return undefined
  const [first = 0] = values
  let [min, max, sum] = [first, first, 0]
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0
    if (value < min) min = value
    if (value > max) max = value
    sum += value
  }
  if (!Number.isFinite(sum)) return undefined
  const mean = sum / values.length
  let squares = 0
  for (let i = 0; i < values.length; i++) squares += ((values[i] ?? 0) - mean) ** 2
  return [values.length, min, max, mean, squares, first, values[values.length - 1] ?? 0]
}

// ---- times

function encodeTimes(offsets: Float64Array): { head: Head['times']; columns: Uint8Array[] } {
  const [first = 0, second = 0] = offsets
  const step = offsets.length > 1 ? second - first : 0
  if (isRegular(offsets, first, step)) return { head: { first, step }, columns: [] }
  let tick = 0
  let before = 0
  for (const offset of offsets) {
    if (Math.abs(offset) > FURTHEST) throw new RangeError(`An offset of ${offset} ns is too far from the base`)
    tick = divisor(tick, Math.abs(offset - before))
    before = offset
  }
  const column = new Float64Array(offsets.length)
  before = 0
  let delta = 0
  for (let i = 0; i < column.length; i++) {
    const next = ((offsets[i] ?? 0) - before) / tick
    before = offsets[i] ?? 0
    column[i] = next - delta
    delta = next
  }
  const { planes, bytes } = split(column)
  return { head: { tick, planes }, columns: [bytes] }
}

function isRegular(offsets: Float64Array, first: number, step: number): boolean {
  for (let i = 0; i < offsets.length; i++) if (offsets[i] !== first + i * step) return false
  return true
}

function decodeTimes({ count, times }: Head, columns: Columns): Float64Array {
  if ('step' in times) {
    const { first, step } = times
    const offsets = new Float64Array(count)
    for (let i = 0; i < count; i++) offsets[i] = first + i * step
    return offsets
  }
  const column = columns.whole(times.planes)
  let offset = 0
  let delta = 0
  for (let i = 0; i < count; i++) {
    delta += column[i] ?? 0
    offset += delta * times.tick
    column[i] = offset
  }
  return column
}

// ---- values

interface EncodedValues {
  readonly form: Run['form']
  readonly head: Head['values']
  readonly columns: Uint8Array[]
}

function encodeValues({ form, values }: Run): EncodedValues {
  if (values instanceof Float64Array) return encodeNumbers(values)
  if (form === 'text') {
    const numbers = numbersOf(values)
    if (numbers !== undefined) return encodeNumbers(numbers)
    const decimals = encodeDecimals(values)
    if (decimals !== undefined) return decimals
  }
  const places = new Map<string, number>()
  const indices = Float64Array.from(values, (text) => {
    const place = places.get(text) ?? places.size
    if (place === places.size) places.set(text, place)
    return place
  })
  const { planes, bytes } = split(indices)
  return { form, head: { planes, dictionary: [...places.keys()] }, columns: [bytes] }
}

function encodeNumbers(numbers: Float64Array): EncodedValues {
  const scale = scaleOf(numbers)
  if (scale === undefined) {
    const words = new Uint32Array(numbers.slice().buffer)
    for (let i = words.length - 1; i > 1; i--) words[i] = (words[i] ?? 0) ^ (words[i - 2] ?? 0)
    return { form: 'number', head: 'doubles', columns: [transpose(new Uint8Array(words.buffer), 8)] }
  }
  const power = 10 ** scale
  const whole = new Float64Array(numbers.length)
  for (let i = 0; i < whole.length; i++) whole[i] = Math.round((numbers[i] ?? 0) * power)
  const { planes, bytes } = split(differences(whole))
  return { form: 'number', head: { scale, planes }, columns: [bytes] }
}

/** Numbers that were written as text, but not in the shortest way: a scale for all, and the decimals of each. */
function encodeDecimals(texts: readonly string[]): EncodedValues | undefined {
  if (!texts.every(isDecimal)) return undefined
  const decimals = Uint8Array.from(texts, decimalsOf)
  const scale = decimals.reduce((most, next) => Math.max(most, next), 0)
  const whole = Float64Array.from(texts, (text, i) =>
    Number(text.replace('.', '') + '0'.repeat(scale - (decimals[i] ?? 0)))
  )
  if (whole.some((number) => Math.abs(number) > FURTHEST)) return undefined
  const { planes, bytes } = split(differences(whole))
  return { form: 'text', head: { scale, planes, decimals: true }, columns: [bytes, decimals] }
}

function decodeValues({ count, values }: Head, columns: Columns): Run['values'] {
  if (values === 'doubles') {
    const words = new Uint32Array(columns.planes(8).buffer)
    for (let i = 2; i < words.length; i++) words[i] = (words[i] ?? 0) ^ (words[i - 2] ?? 0)
    return new Float64Array(words.buffer)
  }
  const whole = columns.whole(values.planes)
  if ('dictionary' in values) return Array.from(whole, (place) => values.dictionary[place] ?? '')
  let sum = 0
  for (let i = 0; i < count; i++) {
    sum += whole[i] ?? 0
    whole[i] = sum
  }
  if (values.decimals) {
    const decimals = columns.bytes()
    return Array.from(whole, (number, i) => writeDecimal(number, values.scale, decimals[i] ?? 0))
  }
  const power = 10 ** values.scale
  for (let i = 0; i < count; i++) whole[i] = (whole[i] ?? 0) / power
  return whole
}

/** The numbers, where the texts are what JavaScript writes for them. */
function numbersOf(texts: readonly string[]): Float64Array | undefined {
  const numbers = new Float64Array(texts.length)
  for (const [i, text] of texts.entries()) {
    const number = Number(text)
    if (String(number) !== text) return undefined
    numbers[i] = number
  }
  return numbers
}

/** The least number of decimals with which all numbers come back exactly; undefined where there is none. */
function scaleOf(numbers: Float64Array): number | undefined {
  let scale = 0
  let power = 1
  for (let i = 0; i < numbers.length; ) {
    const number = numbers[i] ?? 0
    const whole = Math.round(number * power)
    if (Math.abs(whole) > FURTHEST) return undefined
    if (whole / power === number) {
      i++
      continue
    }
    if (++scale > MOST_DECIMALS) return undefined
    power = 10 ** scale
    // What came back with fewer decimals comes back with more, unless it grows too large.
    i = 0
  }
  return scale
}

const MOST_DECIMALS = 12

/** A number that a whole one and a number of decimals bring back as it was; `-0` is none, for it would lose its sign. */
function isDecimal(text: string): boolean {
  return text.length <= 20 && /^(?!-[0.]*$)-?(0|[1-9][0-9]*)(\.[0-9]+)?$/.test(text)
}

function decimalsOf(text: string): number {
  const point = text.indexOf('.')
  return point < 0 ? 0 : text.length - point - 1
}

function writeDecimal(whole: number, scale: number, decimals: number): string {
  const digits = String(Math.abs(whole)).padStart(scale + 1, '0')
  const units = (whole < 0 ? '-' : '') + digits.slice(0, digits.length - scale)
  return decimals === 0 ? units : `${units}.${digits.slice(digits.length - scale, digits.length - scale + decimals)}`
}

function differences(column: Float64Array): Float64Array {
  for (let i = column.length - 1; i > 0; i--) column[i] = (column[i] ?? 0) - (column[i - 1] ?? 0)
  return column
}

// ---- qualities

function encodeQuality(quality: Run['quality']): { head: Head['quality']; columns: Uint8Array[] } {
  if (!(quality instanceof Uint8Array)) return { head: quality, columns: [] }
  const [first = 0] = quality
  if (quality.every((one) => one === first)) return { head: qualities[first], columns: [] }
  return { head: 'each', columns: [quality] }
}

// ---- columns

/**
 * Whole numbers within ±2^52 by planes. Signs go to the lowest bit (zigzag), so that small negative numbers are small
 * as well.
 */
function split(column: Float64Array): { planes: number; bytes: Uint8Array } {
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
  for (let i = 0; i < count; i++) {
    const folded = column[i] ?? 0
    let word = folded >>> 0
    for (let plane = 0; plane < planes; plane++) {
      if (plane === 4) word = Math.floor(folded / 2 ** 32)
      bytes[plane * count + i] = word
      word >>>= 8
    }
  }
  return { planes, bytes }
}

function transpose(bytes: Uint8Array, width: number): Uint8Array {
  const count = bytes.length / width
  const planes = new Uint8Array(bytes.length)
  for (let plane = 0; plane < width; plane++) {
    for (let i = 0; i < count; i++) planes[plane * count + i] = bytes[i * width + plane] ?? 0
  }
  return planes
}

function divisor(a: number, b: number): number {
  let [x, y] = [a, b]
  while (y !== 0) [x, y] = [y, x % y]
  return x
}

/** Reads one column after the other. */
class Columns {
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

  /** Whole numbers as `split` wrote them. */
  whole(planes: number): Float64Array {
    const count = this.#count
    const bytes = this.#take(planes * count)
    const column = new Float64Array(count)
    for (let i = 0; i < count; i++) {
      let low = 0
      for (let plane = Math.min(planes, 4) - 1; plane >= 0; plane--) low = (low << 8) | (bytes[plane * count + i] ?? 0)
      let high = 0
      for (let plane = planes - 1; plane > 3; plane--) high = (high << 8) | (bytes[plane * count + i] ?? 0)
      const folded = (low >>> 0) + high * 2 ** 32
      column[i] = (low & 1) === 0 ? folded / 2 : -(folded + 1) / 2
    }
    return column
  }

  /** The bytes of values of this width, each together again. */
  planes(width: number): Uint8Array {
    const count = this.#count
    const taken = this.#take(width * count)
    const bytes = new Uint8Array(taken.length)
    for (let plane = 0; plane < width; plane++) {
      for (let i = 0; i < count; i++) bytes[i * width + plane] = taken[plane * count + i] ?? 0
    }
    return bytes
  }

  #take(length: number): Uint8Array {
    const from = this.#at
    this.#at += length
    if (this.#at > this.#raw.length) throw new Error('A run that ends before its columns do')
    return this.#raw.subarray(from, this.#at)
  }
}
