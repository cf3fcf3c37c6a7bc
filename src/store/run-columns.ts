/**
 * The columns of a run, each transformed so that repetition becomes zeros, which zstd compresses well (run-codec.ts).
 *
 * - Times: first time and step; if they are irregular, differences of differences in ticks of their greatest common
 *   divisor.
 * - Values: differences of integers on a common decimal scale if that is lossless, with the number of decimals of each if
 *   they were written as text (`21.50`); else XOR of doubles; else indexes into a dictionary.
 * - Qualities: one for all, or a byte each.
 * - Statistics of downsampled samples: seven columns of values.
 */
import {
  type Condensed,
  condensedColumns,
  type ExactColumn,
  MAX_OFFSET_NS,
  type Quality,
  qualities,
  type Run
} from '../model/samples.ts'
import { PlaneReader, splitPlanes, transposePlanes } from './byte-planes.ts'
import type { RunSpace } from './packed-run.ts'

interface RunHead {
  /** The step in nanoseconds; with `tick`, the first step in ticks. */
  readonly times: { readonly first: number; readonly step: number } & (PlanesOf<{ readonly tick: number }> | object)
  readonly values: ValuesHead
  readonly quality?: Quality | 'each'
  /** In the order of `condensedColumns`. */
  readonly condensed?: readonly ValuesHead[]
}

type ValuesHead =
  | (PlanesOf<{ readonly scale: number; readonly first: number }> & { readonly decimals?: true })
  | 'doubles'
  | PlanesOf<{ readonly dictionary: readonly string[] }>

/** A column of integers in this many byte planes. */
type PlanesOf<More> = More & { readonly planes: number }

/** Encodes a run as its head and its columns. */
export function encodeColumns(run: Run): Uint8Array[] {
  const times = encodeTimes(run.offsets)
  const values = encodeValues(run.form, run.values)
  const quality = encodeQuality(run.quality)
  const condensed = run.condensed === undefined ? [] : encodeCondensed(run.condensed)
  const head: RunHead = {
    times: times.head,
    values: values.head,
    ...(quality.head !== undefined && { quality: quality.head }),
    ...(condensed.length > 0 && { condensed: condensed.map(({ head }) => head) })
  }
  const json = Buffer.from(JSON.stringify(head))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  const more = condensed.flatMap(({ columns }) => columns)
  return [length, json, ...times.columns, ...values.columns, ...quality.columns, ...more]
}

/** Decodes the run whose head begins at `at`. */
export function decodeColumns(
  raw: Buffer,
  at: number,
  { base, form, count }: Pick<Run, 'base' | 'form'> & { readonly count: number },
  space?: RunSpace
): Run {
  const { head, start } = readHead(raw, at)
  const reader = new PlaneReader(raw, start, count)
  const offsets = decodeTimes(head, arrayIn(space?.offsets, count), reader)
  const values = decodeValues(head.values, count, reader, space?.values)
  const quality = head.quality === 'each' ? reader.bytes() : head.quality
  const run: Run = { base, offsets, form, values, quality }
  return head.condensed === undefined ? run : { ...run, condensed: decodeCondensed(head.condensed, count, reader) }
}

/** The first elements of the memory, if it has as many. */
function arrayIn(memory: Float64Array | undefined, count: number): Float64Array {
  return memory !== undefined && memory.length >= count ? memory.subarray(0, count) : new Float64Array(count)
}

/** Are the values of a run numbers on one scale, which doubles represent exactly; or integers within ±2^53? */
export function holdsScaledNumbers(raw: Buffer, at: number, wanted: 'numbers' | 'whole numbers'): boolean {
  const { values } = readHead(raw, at).head
  return typeof values === 'object' && 'scale' in values && (wanted === 'numbers' || values.scale === 0)
}

/** The head of a run and the offset of its columns. */
function readHead(raw: Buffer, at: number): { head: RunHead; start: number } {
  const start = at + 4 + raw.readUInt32LE(at)
  return { head: JSON.parse(raw.toString('utf8', at + 4, start)) as RunHead, start }
}

// ---- times

function encodeTimes(offsets: Float64Array): { head: RunHead['times']; columns: Uint8Array[] } {
  const [first = 0, second = first] = offsets
  const step = second - first
  if (isRegular(offsets, first, step)) return { head: { first, step }, columns: [] }
  let tick = 0
  let before = first
  for (let i = 0; i < offsets.length; i++) {
    const offset = offsets[i] ?? 0
    if (Math.abs(offset) > MAX_OFFSET_NS) throw new RangeError(`An offset of ${offset} ns is too far from the base`)
    tick = greatestCommonDivisor(tick, Math.abs(offset - before))
    before = offset
  }
  const column = new Float64Array(offsets.length)
  let delta = step / tick
  for (let i = 1; i < column.length; i++) {
    const next = ((offsets[i] ?? 0) - (offsets[i - 1] ?? 0)) / tick
    column[i] = next - delta
    delta = next
  }
  const { planes, bytes } = splitPlanes(column)
  return { head: { first, step: step / tick, tick, planes }, columns: [bytes] }
}

function isRegular(offsets: Float64Array, first: number, step: number): boolean {
  for (let i = 0; i < offsets.length; i++) if (offsets[i] !== first + i * step) return false
  return true
}

/** @param offsets of the count of samples, which are overwritten */
function decodeTimes({ times }: RunHead, offsets: Float64Array, columns: PlaneReader): Float64Array {
  const { first, step } = times
  const count = offsets.length
  if (!('tick' in times)) {
    for (let i = 0; i < count; i++) offsets[i] = first + i * step
    return offsets
  }
  const { tick, planes } = times
  const column = columns.whole(planes)
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
  readonly head: ValuesHead
  readonly columns: Uint8Array[]
}

/** Converts texts to numbers if JavaScript formats the numbers as exactly these texts. */
export function toNumberForm(run: Run): Run {
  if (run.form !== 'text' || run.values instanceof Float64Array) return run
  const values = numbersOf(run.values)
  return values === undefined ? run : { ...run, form: 'number', values }
}

function encodeValues(form: Run['form'], values: ExactColumn): EncodedValues {
  if (values instanceof Float64Array) return encodeNumbers(values)
  const decimals = form === 'text' ? encodeDecimals(values) : undefined
  if (decimals !== undefined) return decimals
  const indexes = new Map<string, number>()
  const indices = Float64Array.from(values, (text) => {
    const index = indexes.get(text) ?? indexes.size
    if (index === indexes.size) indexes.set(text, index)
    return index
  })
  const { planes, bytes } = splitPlanes(indices)
  return { head: { planes, dictionary: [...indexes.keys()] }, columns: [bytes] }
}

function encodeNumbers(numbers: Float64Array): EncodedValues {
  const scale = scaleOf(numbers)
  if (scale === undefined) {
    const words = new Uint32Array(numbers.slice().buffer)
    for (let i = words.length - 1; i > 1; i--) words[i] = (words[i] ?? 0) ^ (words[i - 2] ?? 0)
    return { head: 'doubles', columns: [transposePlanes(new Uint8Array(words.buffer), 8)] }
  }
  const power = 10 ** scale
  const whole = new Float64Array(numbers.length)
  for (let i = 0; i < whole.length; i++) whole[i] = Math.round((numbers[i] ?? 0) * power)
  const { first, planes, bytes } = differences(whole)
  return { head: { scale, first, planes }, columns: [bytes] }
}

/** Decimal texts that are not in shortest form (`21.50`): one scale for all, and the number of decimals of each. */
function encodeDecimals(texts: readonly string[]): EncodedValues | undefined {
  if (!texts.every(isDecimal)) return undefined
  const decimals = Uint8Array.from(texts, decimalsOf)
  const scale = decimals.reduce((most, next) => Math.max(most, next), 0)
  const whole = Float64Array.from(texts, (text, i) =>
    Number(text.replace('.', '') + '0'.repeat(scale - (decimals[i] ?? 0)))
  )
  if (whole.some((number) => Math.abs(number) > MAX_OFFSET_NS)) return undefined
  const { first, planes, bytes } = differences(whole)
  return { head: { scale, first, planes, decimals: true }, columns: [bytes, decimals] }
}

/** @param memory for numbers, if it is long enough */
function decodeValues(values: ValuesHead, count: number, columns: PlaneReader, memory?: Float64Array): ExactColumn {
  if (values === 'doubles') {
    const doubles = arrayIn(memory, count)
    columns.planes(8, new Uint8Array(doubles.buffer, doubles.byteOffset, doubles.byteLength))
    const words = new Uint32Array(doubles.buffer, doubles.byteOffset, 2 * count)
    for (let i = 2; i < words.length; i++) words[i] = (words[i] ?? 0) ^ (words[i - 2] ?? 0)
    return doubles
  }
  const whole = columns.whole(values.planes)
  if ('dictionary' in values) return mapTexts(count, (i) => values.dictionary[whole[i] ?? 0] ?? '')
  const numbers = arrayIn(memory, count)
  writeSums(numbers, whole, values.first, values.decimals ? 1 : 10 ** values.scale)
  if (!values.decimals) return numbers
  const decimals = columns.bytes()
  return mapTexts(count, (i) => writeDecimal(numbers[i] ?? 0, values.scale, decimals[i] ?? 0))
}

function writeSums(numbers: Float64Array, differences: Int32Array | Float64Array, first: number, power: number): void {
  let sum = first
  for (let i = 0; i < numbers.length; i++) {
    sum += differences[i] ?? 0
    numbers[i] = sum / power
  }
}

/** Allocates the list at once, which is much faster than growing it. */
function mapTexts(count: number, textAt: (index: number) => string): string[] {
  const made = new Array<string>(count)
  for (let i = 0; i < count; i++) made[i] = textAt(i)
  return made
}

function numbersOf(texts: readonly string[]): Float64Array | undefined {
  const numbers = new Float64Array(texts.length)
  for (const [i, text] of texts.entries()) {
    const number = Number(text)
    if (String(number) !== text || Math.abs(number) === Number.POSITIVE_INFINITY) return undefined
    numbers[i] = number
  }
  return numbers
}

/** The least number of decimals that reproduces all numbers exactly; undefined if there is none. */
export function scaleOf(numbers: Float64Array): number | undefined {
  let scale = 0
  let power = 1
  for (let i = 0; i < numbers.length; ) {
    const number = numbers[i] ?? 0
    const whole = Math.round(number * power)
    if (Math.abs(whole) > MAX_OFFSET_NS) return undefined
    if (whole / power === number) {
      i++
      continue
    }
    if (++scale > MAX_DECIMALS) return undefined
    power = 10 ** scale
    // Start over: earlier numbers are exact with more decimals too, but may have become too large.
    i = 0
  }
  return scale
}

const MAX_DECIMALS = 12

/** Can the text be restored from an integer and a number of decimals? Not `-0`, which would lose its sign. */
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

/** The first number, and the difference of each to the one before. */
function differences(column: Float64Array): { first: number; planes: number; bytes: Uint8Array } {
  const [first = 0] = column
  for (let i = column.length - 1; i > 0; i--) column[i] = (column[i] ?? 0) - (column[i - 1] ?? 0)
  column[0] = 0
  return { first, ...splitPlanes(column) }
}

// ---- statistics of downsampled samples

function encodeCondensed(condensed: Condensed): EncodedValues[] {
  return condensedColumns.map((name) => encodeValues('text', condensed[name]))
}

function decodeCondensed(heads: readonly ValuesHead[], count: number, columns: PlaneReader): Condensed {
  const found = heads.map((head) => decodeValues(head, count, columns))
  return Object.fromEntries(condensedColumns.map((name, i) => [name, found[i]])) as unknown as Condensed
}

// ---- qualities

function encodeQuality(quality: Run['quality']): { head: RunHead['quality']; columns: Uint8Array[] } {
  if (!(quality instanceof Uint8Array)) return { head: quality, columns: [] }
  const [first = 0] = quality
  if (quality.every((one) => one === first)) return { head: qualities[first], columns: [] }
  return { head: 'each', columns: [quality] }
}

function greatestCommonDivisor(a: number, b: number): number {
  let [x, y] = [a, b]
  while (y !== 0) [x, y] = [y, x % y]
  return x
}
