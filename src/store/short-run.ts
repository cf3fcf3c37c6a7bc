/**
 * Short runs of numbers, with the header of run-codec.ts and a body of integers of variable length (seven bits a byte, the least significant first, signed
 * ones folded). A push has few samples of each of many series, and for these a head in JSON and a zstd frame would cost
 * many times what the samples do.
 *
 * Layout: scale of the values (1 byte; 255: doubles), quality (1 byte; 255: one byte each, after the values); tick of the times
 * (0: regular), first time, step; the times after the second, as differences of differences in ticks, unless regular; the
 * values, as differences of integers on their scale, or as doubles.
 */
import { crc32 } from 'node:zlib'
import { type Quality, qualities, type Run } from '../model/samples.ts'
import { VarintReader } from './varints.ts'

export const SHORT_VERSION = 5

const COUNT_OFFSET = 10
const CHECKSUM_OFFSET = 14
const HEADER_BYTES = 18

/** Runs from here on are long. */
const MIN_LONG_RUN = 64

const DOUBLES = 255
const EACH = 255

/**
 * Holds one run while it is read or written: a view of a small array costs more than a copy of it. The longest has 10 bytes a
 * time, 8 or 9 a value, 1 a quality.
 */
const scratch = new Uint8Array(64 + 24 * MIN_LONG_RUN)
const view = new DataView(scratch.buffer)
let at = 0

type NumberRun = Run & { readonly values: Float64Array }

export function isShort(run: Run): run is NumberRun {
  return run.offsets.length < MIN_LONG_RUN && run.values instanceof Float64Array && run.condensed === undefined
}

/** @param scale number of decimals that all values have at most; undefined: they are not decimal */
export function encodeShort(run: NumberRun, flags: number, scale: number | undefined): Uint8Array {
  const { base, offsets, values, quality } = run
  scratch[0] = SHORT_VERSION
  scratch[1] = flags
  view.setBigInt64(2, base, true)
  view.setUint32(COUNT_OFFSET, offsets.length, true)
  at = HEADER_BYTES
  scratch[at++] = scale ?? DOUBLES
  const isEach = quality instanceof Uint8Array
  scratch[at++] = isEach ? EACH : qualities.indexOf(quality)
  writeTimes(offsets)
  if (scale === undefined) writeDoubles(values)
  else writeDecimals(values, 10 ** scale)
  if (isEach) {
    scratch.set(quality, at)
    at += quality.length
  }
  view.setUint32(CHECKSUM_OFFSET, checksum(at), true)
  return scratch.slice(0, at)
}

/** Has it the checksum of a short run? */
export function isSoundShort(bytes: Uint8Array): boolean {
  if (bytes.length < HEADER_BYTES || bytes.length > scratch.length) return false
  scratch.set(bytes)
  return view.getUint32(CHECKSUM_OFFSET, true) === checksum(bytes.length)
}

/** @param bytes of a sound short run */
export function decodeShort(bytes: Uint8Array): NumberRun {
  scratch.set(bytes)
  const base = view.getBigInt64(2, true)
  const count = view.getUint32(COUNT_OFFSET, true)
  const reader = new VarintReader(scratch, HEADER_BYTES, bytes.length)
  const scale = reader.byte()
  const quality = reader.byte()
  const offsets = readTimes(reader, count)
  const values = scale === DOUBLES ? readDoubles(reader, count) : readDecimals(reader, count, 10 ** scale)
  const ofRun = quality === EACH ? reader.take(count).slice() : (qualities[quality] as Quality)
  return { base, offsets, form: 'number', values, quality: ofRun }
}

/** Of the run in `scratch`, without the bytes of the checksum itself. */
function checksum(length: number): number {
  return crc32(scratch.subarray(HEADER_BYTES, length), crc32(scratch.subarray(1, CHECKSUM_OFFSET), SHORT_VERSION))
}

function writeTimes(offsets: Float64Array): void {
  const [first = 0, second = first] = offsets
  const tick = tickOf(offsets, first, second - first)
  writeUnsigned(tick)
  writeSigned(first)
  let step = tick === 0 ? second - first : (second - first) / tick
  writeSigned(step)
  if (tick === 0) return
  for (let i = 2; i < offsets.length; i++) {
    const next = ((offsets[i] ?? 0) - (offsets[i - 1] ?? 0)) / tick
    writeSigned(next - step)
    step = next
  }
}

/** Greatest common divisor of the steps; 0 if they are all the same. */
function tickOf(offsets: Float64Array, first: number, step: number): number {
  let isRegular = true
  for (let i = 2; i < offsets.length && isRegular; i++) isRegular = offsets[i] === first + i * step
  if (isRegular) return 0
  let tick = 0
  for (let i = 1; i < offsets.length; i++) {
    let [a, b] = [tick, Math.abs((offsets[i] ?? 0) - (offsets[i - 1] ?? 0))]
    while (b !== 0) [a, b] = [b, a % b]
    tick = a
  }
  return tick
}

function readTimes(reader: VarintReader, count: number): Float64Array {
  const tick = reader.unsigned()
  const first = reader.signed()
  let step = reader.signed()
  const offsets = new Float64Array(count)
  let offset = first
  for (let i = 0; i < count; i++) {
    offsets[i] = offset
    if (tick === 0) {
      // Not a sum, as the writer compared with this product.
      offset = first + (i + 1) * step
      continue
    }
    if (i > 0 && i + 1 < count) step += reader.signed()
    offset += step * tick
  }
  return offsets
}

function writeDecimals(values: Float64Array, power: number): void {
  let before = 0
  for (let i = 0; i < values.length; i++) {
    const whole = Math.round((values[i] ?? 0) * power)
    writeSigned(whole - before)
    before = whole
  }
}

function readDecimals(reader: VarintReader, count: number, power: number): Float64Array {
  const values = new Float64Array(count)
  let whole = 0
  for (let i = 0; i < count; i++) {
    whole += reader.signed()
    values[i] = whole / power
  }
  return values
}

function writeDoubles(values: Float64Array): void {
  for (let i = 0; i < values.length; i++) {
    view.setFloat64(at, values[i] ?? 0, true)
    at += 8
  }
}

function readDoubles(reader: VarintReader, count: number): Float64Array {
  const bytes = reader.take(8 * count)
  const doubles = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Float64Array.from({ length: count }, (_, i) => doubles.getFloat64(8 * i, true))
}

/** An integer within ±2^52. */
function writeSigned(number: number): void {
  writeUnsigned(number >= 0 ? number * 2 : number * -2 - 1)
}

function writeUnsigned(number: number): void {
  let rest = number
  while (rest > 0x7fffffff) {
    scratch[at++] = (rest % 128) + 128
    rest = Math.floor(rest / 128)
  }
  while (rest > 127) {
    scratch[at++] = (rest & 127) | 128
    rest >>>= 7
  }
  scratch[at++] = rest
}
