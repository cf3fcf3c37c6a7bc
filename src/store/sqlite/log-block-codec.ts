/**
 * Encodes the log entries of one transaction together: most hold a single sample, of which names and times would take many
 * times the bytes of the value.
 *
 * Layout: version and whether the rest is a zstd frame (1 byte each), then columns: the number of entries, and per entry that
 * of its changes and which of them are late; the submodels; per series the index of its submodel and its path; tick of the
 * times and the first time; then per change its flags, its series, the distance of its time from the one before in
 * ticks, and its value; of samples the number, the distance to their last time, and the run.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { qualities } from '../../model/samples.ts'
import type { LoggedChange } from '../store.ts'
import { VarintReader, VarintWriter } from '../varints.ts'

type LoggedSamples = Extract<LoggedChange, { change: 'value' | 'samples' }>

/** An entry without its number and time. */
export interface BlockEntry {
  readonly changes: readonly LoggedSamples[]
  /** As in the table. */
  readonly late: readonly number[]
}

const VERSION = 1

/** Smaller blocks are not compressed. */
const MIN_ZSTD_BYTES = 512
const ZSTD_OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }
/** A damaged block must not exhaust memory. Larger ones are not compressed. */
const MAX_UNPACKED_BYTES = 64 * 1024 * 1024

/** Flags: the quality in the lowest two bits. */
const IS_SAMPLES = 4
const IS_DECIMAL = 8
/** The time follows as 8 bytes, as it is too far from the one before. */
const IS_FAR = 16

const MAX_DISTANCE = 2n ** 51n

/** Integers that a double holds exactly. */
const MAX_DIGITS = 15

/** Reused: the writer encodes one block after the other. */
const [head, body] = [new VarintWriter(), new VarintWriter()]

export function encodeBlock(entries: readonly BlockEntry[]): Uint8Array {
  head.clear()
  body.clear()
  const changes = entries.flatMap((entry) => entry.changes)
  head.unsigned(entries.length)
  for (const { changes, late } of entries) {
    head.unsigned(changes.length)
    head.unsigned(late.length)
    for (const index of late) head.unsigned(index)
  }
  const numberOf = writeSeries(changes)
  const { tick, distances } = distancesOf(changes)
  head.unsigned(tick)
  let [series, index] = [-1, 0]
  for (const change of changes) {
    const number = numberOf(change)
    writeChange(change, number - series, tick, distances[index++])
    series = number
  }
  head.bytes(body.view())
  const raw = head.view()
  const isOfSize = raw.length >= MIN_ZSTD_BYTES && raw.length <= MAX_UNPACKED_BYTES
  const packed = isOfSize ? zstdCompressSync(raw, ZSTD_OPTIONS) : raw
  const isPacked = packed.length < raw.length
  const bytes = new Uint8Array(2 + (isPacked ? packed : raw).length)
  bytes[0] = VERSION
  bytes[1] = isPacked ? 1 : 0
  bytes.set(isPacked ? packed : raw, 2)
  return bytes
}

/** @throws Error for bytes that are not a block, or are of a later release */
export function decodeBlock(bytes: Uint8Array): BlockEntry[] {
  if (bytes[0] !== VERSION) throw new Error(`The block has version ${bytes[0]}; this release reads ${VERSION}`)
  const stored = bytes.subarray(2)
  const raw = bytes[1] === 1 ? zstdDecompressSync(stored, { maxOutputLength: MAX_UNPACKED_BYTES }) : stored
  const reader = new VarintReader(raw)
  const entries = listOf(reader.unsigned(), () => {
    const length = reader.unsigned()
    return { length, late: listOf(reader.unsigned(), () => reader.unsigned()) }
  })
  const submodels = listOf(reader.unsigned(), () => reader.text())
  const series = listOf(reader.unsigned(), () => {
    return { submodel: submodels[reader.unsigned()] ?? '', path: reader.text() }
  })
  const tick = reader.unsigned()
  const last = { series: -1, time: 0n }
  const next = () => {
    const flags = reader.byte()
    last.series += reader.signed()
    last.time = flags & IS_FAR ? reader.int64() : last.time + BigInt(reader.signed() * tick)
    const { submodel = '', path = '' } = series[last.series] ?? {}
    return readChange(reader, flags, { submodel, path, time: last.time, tick })
  }
  return entries.map(({ length, late }) => ({ changes: listOf(length, next), late }))
}

function writeChange(change: LoggedSamples, step: number, tick: number, distance: number | undefined): void {
  const isSamples = change.change === 'samples'
  const decimal = isSamples ? undefined : decimalOf(change.value)
  const quality = isSamples ? undefined : change.quality
  body.byte(
    qualities.indexOf(quality) +
      (isSamples ? IS_SAMPLES : 0) +
      (decimal === undefined ? 0 : IS_DECIMAL) +
      (distance === undefined ? IS_FAR : 0)
  )
  body.signed(step)
  if (distance === undefined) body.int64(timeOf(change))
  else body.signed(distance / tick)
  if (isSamples) {
    const { count, from, to, run } = change
    body.unsigned(count)
    body.int64(to - from)
    body.unsigned(run.length)
    body.bytes(run)
  } else if (decimal === undefined) body.text(change.value)
  else {
    body.byte(decimal.scale)
    body.signed(decimal.whole)
  }
}

interface Place {
  readonly submodel: string
  readonly path: string
  readonly time: bigint
  readonly tick: number
}

function readChange(reader: VarintReader, flags: number, { submodel, path, time }: Place): LoggedSamples {
  if (flags & IS_SAMPLES) {
    const count = reader.unsigned()
    const to = BigInt.asIntN(64, time + reader.int64())
    return { change: 'samples', submodel, path, count, from: time, to, run: reader.take(reader.unsigned()) }
  }
  const value = flags & IS_DECIMAL ? decimalText(reader.byte(), reader.signed()) : reader.text()
  const change = { change: 'value', submodel, path, value, sourceTime: time } as const
  const quality = qualities[flags & 3]
  return quality === undefined ? change : { ...change, quality }
}

/** @returns the number of the series of a change */
function writeSeries(changes: readonly LoggedSamples[]): (change: LoggedSamples) => number {
  const submodels = new Map<string, { readonly number: number; readonly paths: Map<string, number> }>()
  const series: (readonly [submodel: number, path: string])[] = []
  for (const { submodel, path } of changes) {
    let known = submodels.get(submodel)
    if (known === undefined) {
      known = { number: submodels.size, paths: new Map() }
      submodels.set(submodel, known)
    }
    if (!known.paths.has(path)) known.paths.set(path, series.push([known.number, path]) - 1)
  }
  head.unsigned(submodels.size)
  for (const id of submodels.keys()) head.text(id)
  head.unsigned(series.length)
  for (const [submodel, path] of series) {
    head.unsigned(submodel)
    head.text(path)
  }
  return ({ submodel, path }) => submodels.get(submodel)?.paths.get(path) ?? 0
}

/** Distance of each time from the one before, in nanoseconds, undefined if it is far; and their greatest common divisor. */
function distancesOf(changes: readonly LoggedSamples[]): { tick: number; distances: (number | undefined)[] } {
  let tick = 0
  let before = 0n
  const distances = changes.map((change) => {
    const time = timeOf(change)
    const distance = time - before
    before = time
    if (distance > MAX_DISTANCE || distance < -MAX_DISTANCE) return undefined
    const number = Number(distance)
    let [a, b] = [tick, Math.abs(number)]
    while (b !== 0) [a, b] = [b, a % b]
    tick = a
    return number
  })
  return { tick: tick === 0 ? 1 : tick, distances }
}

function timeOf(change: LoggedSamples): bigint {
  return change.change === 'value' ? change.sourceTime : change.from
}

const BEFORE = '{"value":"'
const AFTER = '"}'

/** The value of a Property that is a decimal number, such that it can be written in only one way. */
function decimalOf(members: string): { readonly whole: number; readonly scale: number } | undefined {
  if (!members.startsWith(BEFORE) || !members.endsWith(AFTER)) return undefined
  const text = members.slice(BEFORE.length, -AFTER.length)
  if (text.length > MAX_DIGITS + 2 || !DECIMAL.test(text)) return undefined
  const point = text.indexOf('.')
  const scale = point < 0 ? 0 : text.length - point - 1
  const whole = Number(point < 0 ? text : text.slice(0, point) + text.slice(point + 1))
  return Math.abs(whole) < 10 ** MAX_DIGITS ? { whole, scale } : undefined
}

/** Without superfluous zeros before the point; not `-0`. */
const DECIMAL = /^(?!-[0.]*$)-?(0|[1-9][0-9]*)(\.[0-9]+)?$/

function decimalText(scale: number, whole: number): string {
  if (scale === 0) return `${BEFORE}${whole}${AFTER}`
  const digits = String(Math.abs(whole)).padStart(scale + 1, '0')
  const point = digits.length - scale
  return `${BEFORE}${whole < 0 ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}${AFTER}`
}

/** Grows with what is read: a damaged length must not exhaust memory. */
function listOf<Item>(length: number, next: () => Item): Item[] {
  const items: Item[] = []
  while (items.length < length) items.push(next())
  return items
}
