/**
 * The codec for runs of samples, in the log and in the history alike. Machines repeat themselves: run-columns.ts turns
 * each column so that the repetition becomes zeros, and zstd does the rest.
 *
 * Layout: version and flags (a byte each); base (8 bytes), count (4), checksum (4: CRC-32 of all other bytes); the
 * summary (seven doubles), where a flag tells that there is one; then the body, as a zstd frame where that is worth it:
 * length of the head (4 bytes), head (JSON), columns. In the body of a long run of numbers there are many such parts, so
 * that who needs few of its samples makes no more of them; before it stand their number (4 bytes) and what is known of
 * each: first and last time (8 bytes each), count, where it begins (4 bytes each), and its summary, zeros where it has
 * none.
 *
 * Version 2, which is still read, has no checksum, and in its summaries the mean in place of the sum.
 */
import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { HubError } from '../errors.ts'
import { concatRuns } from '../model/merge-runs.ts'
import { isAscending, lengthOf, qualities, type Run, sliceOf, spanOf } from '../model/samples.ts'
import { type Statistics, statisticsOf } from '../model/statistics.ts'
import { columnsOf, inNumbers, isOnScale, runAt } from './run-columns.ts'

/** A run as it is kept, and what is known of it from outside. */
export interface PackedRun {
  /** Source time of the first and the last sample, nanoseconds since 1970. */
  readonly from: bigint
  readonly to: bigint
  readonly count: number
  readonly bytes: Uint8Array
}

/**
 * What a run of numbers comes to, readable without unpacking it: a bucket that holds the whole run needs no more. There
 * is none for runs that are short, hold anything but finite numbers, or a value of bad quality.
 */
export type RunSummary = Statistics

/** A part of a packed run. */
export interface RunPart extends Omit<PackedRun, 'bytes'> {
  readonly summary?: RunSummary
  run(): Run
}

/** A packed run whose bytes are sound. */
export interface OpenedRun {
  readonly summary?: RunSummary
  run(): Run
  /** Are all values numbers that doubles hold exactly, or whole numbers within 2^53, as the heads of its columns say? */
  holdsOnly(wanted: 'numbers' | 'whole numbers'): boolean
  /** Unpacked once for all of them, when the first is needed; of what is in one part there are none. */
  parts(): RunPart[]
}

const VERSION = 3

/** Without a checksum. */
const UNCHECKED = 2

/** No run is larger when unpacked: a damaged one must not exhaust memory. */
const UNPACKED = 256 * 1024 * 1024

const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 3 } }

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

/** Where the checksum stands, and what follows it begins. */
const CHECKSUM = 14
const CHECKED = 18

/** Bytes of a summary, and of what is told of a part. */
const SUMMARY = 7 * Float64Array.BYTES_PER_ELEMENT
const ENTRY = 24 + SUMMARY

/** Packs a run, its samples in the order given. */
export function encodeRun(given: Run): Uint8Array {
  const run = inNumbers(withoutNothing(given))
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
  const bytes = together([
    beginning(run, flags),
    ...(sums === undefined ? [] : [new Uint8Array(sums.buffer)]),
    ...(isParted ? [indexOf(parts, columns.map(sizeOf))] : []),
    isWorthIt ? squeezed : raw
  ])
  viewOf(bytes).setUint32(CHECKSUM, checksumOf(bytes), true)
  return bytes
}

/**
 * Looks whether the bytes are sound, once for all that is read of them.
 * @param about what they are, for the message
 * @throws HubError `Damaged`
 */
export function openRun(bytes: Uint8Array, about = () => 'A run of samples'): OpenedRun {
  const damage = damageOf(bytes)
  if (damage !== undefined) throw new HubError('Damaged', [about(), damage])
  const summary = hasFlag(bytes, SUMMED_UP) ? summaryAt(viewOf(bytes), startOf(bytes), bytes[0]) : undefined
  const parts = () => partsIn(bytes)
  const run = () => {
    const common = commonOf(bytes)
    if (!hasFlag(bytes, PARTED)) return runAt(unpacked(bytes), 0, common)
    return concatRuns(
      common.base,
      parts().map((part) => part.run())
    )
  }
  // Without a checksum, damage shows only here.
  const soundly = <Result>(read: () => Result) => {
    try {
      return read()
    } catch (error) {
      throw new HubError('Damaged', [about(), error instanceof Error ? error.message : String(error)])
    }
  }
  return {
    ...(summary !== undefined && { summary }),
    run: () => soundly(run),
    holdsOnly: (wanted) => soundly(() => holdsOnly(bytes, wanted)),
    parts: () => soundly(parts).map((part) => ({ ...part, run: () => soundly(part.run) }))
  }
}

/** Unpacks a run. @throws HubError `Damaged` where the bytes are none */
export function decodeRun(bytes: Uint8Array, about?: () => string): Run {
  return openRun(bytes, about).run()
}

/** What is wrong with a packed run, in a sentence; undefined where it is sound. Takes as long as reading it takes. */
export function verifyRun(bytes: Uint8Array): string | undefined {
  const damage = damageOf(bytes)
  if (damage !== undefined || bytes[0] !== UNCHECKED) return damage
  try {
    const { run, parts, summary } = openRun(bytes)
    const whole = run()
    const isWhole = lengthOf(whole) === commonOf(bytes).count && isSummed(whole, summary)
    return isWhole && parts().every((part) => isSummed(part.run(), part.summary) && isWithin(part))
      ? undefined
      : 'its summary is not that of its samples'
  } catch (error) {
    return error instanceof HubError ? error.message : String(error)
  }
}

/** Do the times of a packed run rise strictly? */
export function isAscendingRun(bytes: Uint8Array): boolean {
  return hasFlag(bytes, ASCENDING)
}

// ---- whether it is sound

function damageOf(bytes: Uint8Array): string | undefined {
  if (bytes.length < CHECKSUM) return `a run of ${bytes.length} bytes`
  const [version] = bytes
  if (version !== VERSION && version !== UNCHECKED) {
    return `a run of version ${version}, where this release reads ${UNCHECKED} and ${VERSION}`
  }
  const isRight = bytes.length >= CHECKED && viewOf(bytes).getUint32(CHECKSUM, true) === checksumOf(bytes)
  // What has a checksum that is right is of the version that has one, whatever its first byte became.
  return isRight === (version === VERSION) ? undefined : 'its checksum is not that of its bytes'
}

function checksumOf(bytes: Uint8Array): number {
  const header = crc32(bytes.subarray(1, CHECKSUM), VERSION)
  return crc32(bytes.subarray(CHECKED), header)
}

function isSummed(run: Run, summary: RunSummary | undefined): boolean {
  if (summary === undefined) return true
  const found = statisticsOf(run, 0, lengthOf(run))
  const names = ['count', 'min', 'max', 'mean', 'squares', 'first', 'last'] as const
  return found !== undefined && names.every((name) => found[name] === summary[name])
}

function isWithin(part: RunPart): boolean {
  const { from, to } = spanOf(part.run())
  return from === part.from && to === part.to
}

// ---- writing

function beginning(run: Run, flags: number): Uint8Array {
  const bytes = new Uint8Array(CHECKED)
  const view = viewOf(bytes)
  view.setUint8(0, VERSION)
  view.setUint8(1, flags)
  view.setBigInt64(2, run.base, true)
  view.setUint32(10, lengthOf(run), true)
  return bytes
}

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

/** Where all samples stand for themselves, nothing more needs to be said of them. */
function withoutNothing(run: Run): Run {
  const { condensed, ...plain } = run
  return condensed === undefined || condensed.spans.some((span) => span > 0) ? run : plain
}

/** Parts of one size rather than full ones and a crumb. */
function divided(run: Run): Run[] {
  const count = Math.ceil(lengthOf(run) / PART)
  const size = Math.ceil(lengthOf(run) / count)
  return Array.from({ length: count }, (_, i) => sliceOf(run, i * size, Math.min((i + 1) * size, lengthOf(run))))
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

const BAD = qualities.indexOf('bad')

/** Count, least, greatest, sum, squares, first and last. */
function summarise(run: Run): Float64Array<ArrayBuffer> | undefined {
  const { values, quality } = run
  if (!(values instanceof Float64Array) || values.length < SUMMED || quality === 'bad') return undefined
  if (quality instanceof Uint8Array && quality.includes(BAD)) return undefined
  const found = statisticsOf({ ...run, quality: undefined }, 0, values.length)
  if (found === undefined || (run.condensed === undefined && found.count < values.length)) return undefined
  const { count, min, max, sum, squares, first, last } = found
  const figures = [count, min, max, sum, squares, first, last]
  const isNumbers = figures.every((figure): figure is number => typeof figure === 'number' && Number.isFinite(figure))
  return isNumbers ? Float64Array.from(figures) : undefined
}

// ---- reading

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}

function hasFlag(bytes: Uint8Array, flag: number): boolean {
  return ((bytes[1] ?? 0) & flag) !== 0
}

function commonOf(bytes: Uint8Array): Pick<Run, 'base' | 'form'> & { readonly count: number } {
  const view = viewOf(bytes)
  const form = forms[Math.floor(view.getUint8(1) / FORM)] ?? 'members'
  return { base: view.getBigInt64(2, true), form, count: view.getUint32(10, true) }
}

/** Where the summary begins, if there is one. */
function startOf(bytes: Uint8Array): number {
  return bytes[0] === UNCHECKED ? CHECKSUM : CHECKED
}

/** Where what follows the summary begins. */
function bodyOf(bytes: Uint8Array): number {
  return startOf(bytes) + (hasFlag(bytes, SUMMED_UP) ? SUMMARY : 0)
}

function partsIn(bytes: Uint8Array): RunPart[] {
  if (!hasFlag(bytes, PARTED)) return []
  const index = viewOf(bytes.subarray(bodyOf(bytes)))
  const common = commonOf(bytes)
  let raw: Buffer | undefined
  return Array.from({ length: index.getUint32(0, true) }, (_, place) => {
    const at = 4 + place * ENTRY
    const summary = summaryAt(index, at + 24, bytes[0])
    const count = index.getUint32(at + 16, true)
    return {
      from: index.getBigInt64(at, true),
      to: index.getBigInt64(at + 8, true),
      count,
      ...(summary.count > 0 && { summary }),
      run: () => {
        raw ??= unpacked(bytes)
        return runAt(raw, index.getUint32(at + 20, true), { ...common, count })
      }
    }
  })
}

function holdsOnly(bytes: Uint8Array, wanted: 'numbers' | 'whole numbers'): boolean {
  const { form } = commonOf(bytes)
  if (form === 'members') return false
  if (form === 'number' && wanted === 'numbers') return true
  const raw = unpacked(bytes)
  return startsIn(bytes).every((start) => isOnScale(raw, start, wanted))
}

/** Where the parts begin in the unpacked body. */
function startsIn(bytes: Uint8Array): number[] {
  if (!hasFlag(bytes, PARTED)) return [0]
  const index = viewOf(bytes.subarray(bodyOf(bytes)))
  return Array.from({ length: index.getUint32(0, true) }, (_, place) => index.getUint32(4 + place * ENTRY + 20, true))
}

function unpacked(bytes: Uint8Array): Buffer {
  let start = bodyOf(bytes)
  if (hasFlag(bytes, PARTED)) start += 4 + ENTRY * viewOf(bytes).getUint32(start, true)
  const body = Buffer.from(bytes.buffer, bytes.byteOffset + start, bytes.length - start)
  return hasFlag(bytes, SQUEEZED) ? zstdDecompressSync(body, { maxOutputLength: UNPACKED }) : body
}

function summaryAt(view: DataView, start: number, version: number | undefined): RunSummary {
  const at = (place: number) => view.getFloat64(start + place * Float64Array.BYTES_PER_ELEMENT, true)
  const count = at(0)
  const isUnchecked = version === UNCHECKED
  const sum = isUnchecked ? sumOf(at(3), count) : at(3)
  const mean = isUnchecked ? at(3) : sum / count
  return { count, min: at(1), max: at(2), mean, sum, squares: at(4), first: at(5), last: at(6) }
}

/**
 * The sum of so many numbers of this mean. Both the mean and their product were rounded, so what is within that of a
 * whole number is it: of whole numbers below 2^51 it is the sum itself, of others it is as near as a double can tell.
 */
function sumOf(mean: number, count: number): number {
  const sum = mean * count
  const whole = Math.round(sum)
  return Math.abs(sum - whole) <= Math.abs(sum) * Number.EPSILON ? whole : sum
}
