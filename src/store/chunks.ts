/**
 * The codec for runs of samples, in the log and in the history alike. Machines repeat themselves, and each column is
 * turned so that the repetition becomes zeros; zstd does the rest.
 *
 * - Times: a first one and a step, and where they are not regular differences of differences in ticks of their greatest
 *   common divisor.
 * - Values: differences of whole numbers on a common scale, where that brings them back as they were, with the number of
 *   decimals of each where they were written as text (`21.50`); else XOR of doubles; else places in a dictionary.
 * - Qualities: one, or a byte each.
 *
 * Layout: version and flags (a byte each); base (8 bytes), count (4); the summary (seven doubles), where a flag tells that
 * there is one; then the body, as a zstd frame where that is worth it: length of the head (4 bytes), head (JSON), columns
 * (see columns.ts). In the body of a long run of numbers there are many such parts, so that who needs few of its samples
 * makes no more of them; before it stand their number (4 bytes) and what is known of each: first and last time (8 bytes
 * each), count, where it begins (4 bytes each), and its summary, zeros where it has none.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import {
  FURTHEST,
  isAscending,
  joined,
  lengthOf,
  type Quality,
  qualities,
  type Run,
  sliceOf,
  spanOf
} from '../model/samples.ts'
import { Columns, split, transpose } from './columns.ts'

interface Head {
  /** A step in nanoseconds; or in ticks, between the first two. */
  readonly times: { readonly first: number; readonly step: number } & (Column<{ readonly tick: number }> | object)
  readonly values:
    | (Column<{ readonly scale: number; readonly first: number }> & { readonly decimals?: true })
    | 'doubles'
    | Column<{ readonly dictionary: readonly string[] }>
  readonly quality?: Quality | 'each'
}

/** A column of whole numbers that takes so many planes. */
type Column<More> = More & { readonly planes: number }

const VERSION = 2

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

/** Samples of a part, at most. */
const PART = 1024

/** Flags: whether a summary follows, whether the times rise strictly, whether it is in parts, whether zstd packed it. */
const SUMMED_UP = 1
const ASCENDING = 2
const PARTED = 4
const SQUEEZED = 8

/** So many times its place in the list tells the form. */
const FORM = 16

const forms: readonly Run['form'][] = ['number', 'text', 'members']

/** What zstd makes no smaller than this is left as it is: noise takes hardly more room so, and is read in half the time. */
const WORTH = 2 / 3

/** A run as it is kept, and what is known of it from outside. */
export interface PackedRun {
  /** Source time of the first and the last sample, nanoseconds since 1970. */
  readonly from: bigint
  readonly to: bigint
  readonly count: number
  readonly bytes: Uint8Array
}

/** A part of a packed run. */
export interface Part extends Omit<PackedRun, 'bytes'> {
  readonly summary?: Summary
  run(): Run
}

/** Packs a run, its samples in the order given. */
export function encodeRun(given: Run): Uint8Array {
  const run = inNumbers(given)
  const sums = summarise(run)
  const isParted = run.form === 'number' && lengthOf(run) > PART
  const parts = isParted ? divided(run) : [run]
  const columns = parts.map(columnsOf)
  const raw = Buffer.concat(columns.flat())
  const squeezed = zstdCompressSync(raw, LEVEL)
  const isWorthIt = squeezed.length < WORTH * raw.length
  const flags =
    FORM * forms.indexOf(run.form) +
    (sums === undefined ? 0 : SUMMED_UP) +
    (isAscending(run) ? ASCENDING : 0) +
    (isParted ? PARTED : 0) +
    (isWorthIt ? SQUEEZED : 0)
  return together([
    beginning(run, flags),
    ...(sums === undefined ? [] : [new Uint8Array(sums.buffer)]),
    ...(isParted ? [indexOf(parts, columns.map(sizeOf))] : []),
    isWorthIt ? squeezed : raw
  ])
}

function beginning(run: Run, flags: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(BEGINNING))
  view.setUint8(0, VERSION)
  view.setUint8(1, flags)
  view.setBigInt64(2, run.base, true)
  view.setUint32(10, lengthOf(run), true)
  return new Uint8Array(view.buffer)
}

/** Bytes before the summary. */
const BEGINNING = 14

/** In a buffer of their own: with a part of a shared one all of that would be kept, and sent to other threads. */
function together(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(sizeOf(parts))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

function sizeOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0)
}

/** Parts of one size rather than full ones and a crumb. */
function divided(run: Run): Run[] {
  const count = Math.ceil(lengthOf(run) / PART)
  const size = Math.ceil(lengthOf(run) / count)
  return Array.from({ length: count }, (_, i) => sliceOf(run, i * size, Math.min((i + 1) * size, lengthOf(run))))
}

/** The head and the columns of a run. */
function columnsOf(run: Run): Uint8Array[] {
  const times = encodeTimes(run.offsets)
  const values = encodeValues(run)
  const quality = encodeQuality(run.quality)
  const head: Head = {
    times: times.head,
    values: values.head,
    ...(quality.head !== undefined && { quality: quality.head })
  }
  const json = Buffer.from(JSON.stringify(head))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  return [length, json, ...times.columns, ...values.columns, ...quality.columns]
}

function indexOf(parts: readonly Run[], sizes: readonly number[]): Uint8Array {
  const index = new DataView(new ArrayBuffer(4 + parts.length * ENTRY))
  index.setUint32(0, parts.length, true)
  let start = 0
  for (const [place, part] of parts.entries()) {
    const at = 4 + place * ENTRY
    const { from, to } = spanOf(part)
    index.setBigInt64(at, from, true)
    index.setBigInt64(at + 8, to, true)
    index.setUint32(at + 16, lengthOf(part), true)
    index.setUint32(at + 20, start, true)
    for (const [i, sum] of (summarise(part) ?? []).entries()) index.setFloat64(at + 24 + 8 * i, sum, true)
    start += sizes[place] ?? 0
  }
  return new Uint8Array(index.buffer)
}

/** Bytes of a summary, and of what is told of a part. */
const SUMMARY = 7 * Float64Array.BYTES_PER_ELEMENT
const ENTRY = 24 + SUMMARY

/** Do the times of a packed run rise strictly? */
export function isAscendingRun(bytes: Uint8Array): boolean {
  return hasFlag(bytes, ASCENDING)
}

function hasFlag(bytes: Uint8Array, flag: number): boolean {
  return ((bytes[1] ?? 0) & flag) !== 0
}

/** Unpacks a run. @throws Error where the bytes are none */
export function decodeRun(bytes: Uint8Array): Run {
  if (bytes[0] !== VERSION) throw new Error(`A run of version ${bytes[0]}; this release reads version ${VERSION}`)
  const runs = partsOf(bytes).map((part) => part.run())
  const { base, form, count } = commonOf(bytes)
  return runs.length === 0 ? runAt(unpacked(bytes), 0, base, form, count) : joined(base, runs)
}

/** Unpacked once for all of them, when the first is needed; of what is in one part there are none. */
export function partsOf(bytes: Uint8Array): Part[] {
  if (!hasFlag(bytes, PARTED)) return []
  const start = bodyOf(bytes)
  const index = new DataView(bytes.buffer, bytes.byteOffset + start, bytes.length - start)
  const { base, form } = commonOf(bytes)
  let raw: Buffer | undefined
  return Array.from({ length: index.getUint32(0, true) }, (_, place) => {
    const at = 4 + place * ENTRY
    const summary = summaryAt(index, at + 24)
    const count = index.getUint32(at + 16, true)
    return {
      from: index.getBigInt64(at, true),
      to: index.getBigInt64(at + 8, true),
      count,
      ...(summary.count > 0 && { summary }),
      run: () => {
        raw ??= unpacked(bytes)
        return runAt(raw, index.getUint32(at + 20, true), base, form, count)
      }
    }
  })
}

function commonOf(bytes: Uint8Array): Pick<Run, 'base' | 'form'> & { readonly count: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const form = forms[Math.floor(view.getUint8(1) / FORM)] ?? 'members'
  return { base: view.getBigInt64(2, true), form, count: view.getUint32(10, true) }
}

/** Where what follows the summary begins. */
function bodyOf(bytes: Uint8Array): number {
  return hasFlag(bytes, SUMMED_UP) ? BEGINNING + SUMMARY : BEGINNING
}

function unpacked(bytes: Uint8Array): Buffer {
  let start = bodyOf(bytes)
  if (hasFlag(bytes, PARTED)) start += 4 + ENTRY * new DataView(bytes.buffer, bytes.byteOffset).getUint32(start, true)
  const body = Buffer.from(bytes.buffer, bytes.byteOffset + start, bytes.length - start)
  return hasFlag(bytes, SQUEEZED) ? zstdDecompressSync(body, { maxOutputLength: UNPACKED }) : body
}

function runAt(raw: Buffer, at: number, base: bigint, form: Run['form'], count: number): Run {
  const start = at + 4 + raw.readUInt32LE(at)
  const head = JSON.parse(raw.toString('utf8', at + 4, start)) as Head
  const reader = new Columns(raw, start, count)
  const offsets = decodeTimes(head, count, reader)
  const values = decodeValues(head, count, reader)
  const quality = head.quality === 'each' ? reader.bytes() : head.quality
  return { base, offsets, form, values, quality }
}

/** The summary of a packed run, if it has one. */
export function summaryOf(bytes: Uint8Array): Summary | undefined {
  if (bytes[0] !== VERSION || !hasFlag(bytes, SUMMED_UP) || bytes.length < bodyOf(bytes)) return undefined
  return summaryAt(new DataView(bytes.buffer, bytes.byteOffset + BEGINNING), 0)
}

function summaryAt(view: DataView, start: number): Summary {
  const at = (place: number) => view.getFloat64(start + place * Float64Array.BYTES_PER_ELEMENT, true)
  return { count: at(0), min: at(1), max: at(2), mean: at(3), squares: at(4), first: at(5), last: at(6) }
}

const BAD = qualities.indexOf('bad')

/** The members of a Summary in their order. */
function summarise({ values, quality }: Run): Float64Array<ArrayBuffer> | undefined {
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
  return Float64Array.of(values.length, min, max, mean, squares, first, values[values.length - 1] ?? 0)
}

// ---- times

function encodeTimes(offsets: Float64Array): { head: Head['times']; columns: Uint8Array[] } {
  const [first = 0, second = first] = offsets
  const step = second - first
  if (isRegular(offsets, first, step)) return { head: { first, step }, columns: [] }
  let tick = 0
  let before = first
  for (let i = 0; i < offsets.length; i++) {
    const offset = offsets[i] ?? 0
    if (Math.abs(offset) > FURTHEST) throw new RangeError(`An offset of ${offset} ns is too far from the base`)
    tick = divisor(tick, Math.abs(offset - before))
    before = offset
  }
  const column = new Float64Array(offsets.length)
  let delta = step / tick
  for (let i = 1; i < column.length; i++) {
    const next = ((offsets[i] ?? 0) - (offsets[i - 1] ?? 0)) / tick
    column[i] = next - delta
    delta = next
  }
  const { planes, bytes } = split(column)
  return { head: { first, step: step / tick, tick, planes }, columns: [bytes] }
}

function isRegular(offsets: Float64Array, first: number, step: number): boolean {
  for (let i = 0; i < offsets.length; i++) if (offsets[i] !== first + i * step) return false
  return true
}

function decodeTimes({ times }: Head, count: number, columns: Columns): Float64Array {
  const { first, step } = times
  if (!('tick' in times)) {
    const offsets = new Float64Array(count)
    for (let i = 0; i < count; i++) offsets[i] = first + i * step
    return offsets
  }
  const { tick, planes } = times
  const column = columns.whole(planes)
  const offsets = new Float64Array(count)
  let offset = first
  let delta = step
  offsets[0] = offset
  for (let i = 1; i < count; i++) {
    delta += column[i] ?? 0
    offset += delta * tick
    offsets[i] = offset
  }
  return offsets
}

// ---- values

interface EncodedValues {
  readonly head: Head['values']
  readonly columns: Uint8Array[]
}

/** Texts that are what JavaScript writes for numbers are kept as these. */
function inNumbers(run: Run): Run {
  if (run.form !== 'text' || run.values instanceof Float64Array) return run
  const values = numbersOf(run.values)
  return values === undefined ? run : { ...run, form: 'number', values }
}

function encodeValues({ form, values }: Run): EncodedValues {
  if (values instanceof Float64Array) return encodeNumbers(values)
  const decimals = form === 'text' ? encodeDecimals(values) : undefined
  if (decimals !== undefined) return decimals
  const places = new Map<string, number>()
  const indices = Float64Array.from(values, (text) => {
    const place = places.get(text) ?? places.size
    if (place === places.size) places.set(text, place)
    return place
  })
  const { planes, bytes } = split(indices)
  return { head: { planes, dictionary: [...places.keys()] }, columns: [bytes] }
}

function encodeNumbers(numbers: Float64Array): EncodedValues {
  const scale = scaleOf(numbers)
  if (scale === undefined) {
    const words = new Uint32Array(numbers.slice().buffer)
    for (let i = words.length - 1; i > 1; i--) words[i] = (words[i] ?? 0) ^ (words[i - 2] ?? 0)
    return { head: 'doubles', columns: [transpose(new Uint8Array(words.buffer), 8)] }
  }
  const power = 10 ** scale
  const whole = new Float64Array(numbers.length)
  for (let i = 0; i < whole.length; i++) whole[i] = Math.round((numbers[i] ?? 0) * power)
  const { first, planes, bytes } = differences(whole)
  return { head: { scale, first, planes }, columns: [bytes] }
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
  const { first, planes, bytes } = differences(whole)
  return { head: { scale, first, planes, decimals: true }, columns: [bytes, decimals] }
}

function decodeValues({ values }: Head, count: number, columns: Columns): Run['values'] {
  if (values === 'doubles') {
    const words = new Uint32Array(columns.planes(8).buffer)
    for (let i = 2; i < words.length; i++) words[i] = (words[i] ?? 0) ^ (words[i - 2] ?? 0)
    return new Float64Array(words.buffer)
  }
  const whole = columns.whole(values.planes)
  if ('dictionary' in values) return texts(count, (i) => values.dictionary[whole[i] ?? 0] ?? '')
  const numbers = summed(whole, values.first, values.decimals ? 1 : 10 ** values.scale)
  if (!values.decimals) return numbers
  const decimals = columns.bytes()
  return texts(count, (i) => writeDecimal(numbers[i] ?? 0, values.scale, decimals[i] ?? 0))
}

function summed(differences: Int32Array | Float64Array, first: number, power: number): Float64Array {
  const numbers = new Float64Array(differences.length)
  let sum = first
  for (let i = 0; i < numbers.length; i++) {
    sum += differences[i] ?? 0
    numbers[i] = sum / power
  }
  return numbers
}

/** A list that is made at once is much faster than one that grows. */
function texts(count: number, textAt: (index: number) => string): string[] {
  const made = new Array<string>(count)
  for (let i = 0; i < count; i++) made[i] = textAt(i)
  return made
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

/** The first one, and what each is more than the one before. */
function differences(column: Float64Array): { first: number; planes: number; bytes: Uint8Array } {
  const [first = 0] = column
  for (let i = column.length - 1; i > 0; i--) column[i] = (column[i] ?? 0) - (column[i - 1] ?? 0)
  column[0] = 0
  return { first, ...split(column) }
}

// ---- qualities

function encodeQuality(quality: Run['quality']): { head: Head['quality']; columns: Uint8Array[] } {
  if (!(quality instanceof Uint8Array)) return { head: quality, columns: [] }
  const [first = 0] = quality
  if (quality.every((one) => one === first)) return { head: qualities[first], columns: [] }
  return { head: 'each', columns: [quality] }
}

function divisor(a: number, b: number): number {
  let [x, y] = [a, b]
  while (y !== 0) [x, y] = [y, x % y]
  return x
}
