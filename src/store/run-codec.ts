/**
 * The codec for runs of samples, used by the log and the history. Machine data is repetitive: run-columns.ts transforms
 * each column so that repetition becomes zeros, and zstd compresses them.
 *
 * Layout: version and flags (1 byte each); base (8 bytes), count (4), checksum (4: CRC-32 of all other bytes); a summary
 * (seven doubles) if its flag is set; then the body, as a zstd frame if that is worth it: length of the head (4 bytes),
 * head (JSON), columns. The body of a long run of numbers consists of many such parts, so that a reader of few samples
 * decodes only those. An index precedes that body: the number of parts (4 bytes), then per part its first and last time
 * (8 bytes each), count and offset (4 bytes each) and summary, zeros if it has none.
 *
 * Version 2 is still read. It has no checksum, and its summaries contain the mean instead of the sum. Version 4 holds
 * several encoded runs (joined-runs.ts). Short runs of numbers have version 5: the same header, and a body as short-run.ts
 * describes it.
 */
import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { HubError } from '../errors.ts'
import { isAscending, lengthOf, qualities, type Run, sliceOf, spanOf } from '../model/samples.ts'
import { statisticsOf } from '../model/statistics.ts'
import {
  encodedRuns,
  isSoundJoined,
  JOINED_VERSION,
  type JoinableRun,
  joinEncoded,
  joinedRuns,
  openJoined
} from './joined-runs.ts'
import {
  type OpenedRun,
  type PackedRun,
  type RunPart,
  type RunSpace,
  type RunSummary,
  SUMMARY_BYTES,
  summaryAt,
  summaryFigures,
  viewOf
} from './packed-run.ts'
import { runOfParts } from './parted-run.ts'
import { decodeColumns, encodeColumns, holdsScaledNumbers, scaleOf, toNumberForm } from './run-columns.ts'
import { decodeShort, encodeShort, isShort, isSoundShort, SHORT_VERSION } from './short-run.ts'

const FORMAT_VERSION = 3

/** The version without checksum. */
const UNCHECKED_VERSION = 2

/** Limit of decompression: a damaged run must not exhaust memory. */
const MAX_UNPACKED_BYTES = 256 * 1024 * 1024

const ZSTD_OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: 3 } }

/** Shorter runs get no summary: decoding them is as fast. */
const MIN_SUMMARISED_SAMPLES = 64

const MAX_PART_SAMPLES = 1024

const FLAG_SUMMARY = 1
/** Times are strictly ascending. */
const FLAG_ASCENDING = 2
const FLAG_PARTS = 4
const FLAG_ZSTD = 8

/** The flags byte also contains the index of the form, times this factor. */
const FORM_FACTOR = 16

const forms: readonly Run['form'][] = ['number', 'text', 'members']

/** Bodies that zstd does not shrink below this ratio stay uncompressed: noise is then read in half the time. */
const MAX_ZSTD_RATIO = 2 / 3

/** Shorter bodies stay uncompressed: setting up a compression takes longer than the rest. */
const MIN_ZSTD_BYTES = 512

const CHECKSUM_OFFSET = 14
const HEADER_BYTES = 18

const PART_ENTRY_BYTES = 24 + SUMMARY_BYTES

/** Encodes a run, keeping the order of its samples. */
export function encodeRun(samples: Run): Uint8Array {
  const run = toNumberForm(dropEmptyCondensed(samples))
  if (isShort(run)) {
    const flags = FORM_FACTOR * forms.indexOf('number') + (isAscending(run) ? FLAG_ASCENDING : 0)
    return encodeShort(run, flags, scaleOf(run.values))
  }
  const isParted = run.form === 'number' && lengthOf(run) > MAX_PART_SAMPLES
  // Their body is many times that of other runs: to decompress all of it for one part takes longer than the part.
  if (isParted && scaleOf(run.values as Float64Array) === undefined && isAscending(run)) return encodeInParts(run)
  const sums = summarise(run)
  const parts = isParted ? splitIntoParts(run) : [run]
  const columns = parts.map(encodeColumns)
  const raw = Buffer.concat(columns.flat())
  const squeezed = raw.length < MIN_ZSTD_BYTES ? raw : zstdCompressSync(raw, ZSTD_OPTIONS)
  const isWorthIt = squeezed.length < MAX_ZSTD_RATIO * raw.length
  const flags =
    FORM_FACTOR * forms.indexOf(run.form) +
    (sums === undefined ? 0 : FLAG_SUMMARY) +
    (isAscending(run) ? FLAG_ASCENDING : 0) +
    (isParted ? FLAG_PARTS : 0) +
    (isWorthIt ? FLAG_ZSTD : 0)
  const bytes = concatBytes([
    encodeHeader(run, flags),
    ...(sums === undefined ? [] : [new Uint8Array(sums.buffer)]),
    ...(isParted ? [encodePartIndex(parts, columns.map(totalBytes))] : []),
    isWorthIt ? squeezed : raw
  ])
  viewOf(bytes).setUint32(CHECKSUM_OFFSET, checksumOf(bytes), true)
  return bytes
}

/**
 * Verifies the checksum, once for everything that is read afterwards.
 * @param about names the run in the error message
 * @throws HubError `Damaged`
 */
export function openRun(bytes: Uint8Array, about = () => 'A run of samples'): OpenedRun {
  const damage = damageOf(bytes)
  if (damage !== undefined) throw new HubError('Damaged', [about(), damage])
  if (bytes[0] === JOINED_VERSION) return openJoined(bytes, openRun, about)
  const summary = hasFlag(bytes, FLAG_SUMMARY) ? decodeSummary(viewOf(bytes), headerBytes(bytes), bytes[0]) : undefined
  const parts = () => decodeParts(bytes)
  const run = (space?: RunSpace) => {
    if (bytes[0] === SHORT_VERSION) return decodeShort(bytes)
    const common = decodeHeader(bytes)
    if (!hasFlag(bytes, FLAG_PARTS)) return decodeColumns(unpackBody(bytes), 0, common, space)
    return runOfParts(common.base, parts(), space)
  }
  // Without a checksum, damage is detected only while decoding.
  const orDamaged = <Result>(read: () => Result) => {
    try {
      return read()
    } catch (error) {
      throw new HubError('Damaged', [about(), error instanceof Error ? error.message : String(error)])
    }
  }
  return {
    ...(summary !== undefined && { summary }),
    run: (space) => orDamaged(() => run(space)),
    holdsOnly: (wanted) => orDamaged(() => holdsOnly(bytes, wanted)),
    parts: () => orDamaged(parts).map((part) => ({ ...part, run: (space) => orDamaged(() => part.run(space)) }))
  }
}

/** The summary of a run, if it has one and is sound. */
export function summaryOf(bytes: Uint8Array): RunSummary | undefined {
  return damageOf(bytes) === undefined ? openRun(bytes).summary : undefined
}

/** @throws HubError `Damaged` */
export function decodeRun(bytes: Uint8Array, about?: () => string): Run {
  return openRun(bytes, about).run()
}

/** Describes what is wrong with an encoded run; undefined if it is sound. Decodes all of it if it has no checksum. */
export function verifyRun(bytes: Uint8Array): string | undefined {
  const damage = damageOf(bytes)
  if (damage !== undefined) return damage
  if (bytes[0] === JOINED_VERSION)
    return encodedRuns(bytes)
      .map(verifyRun)
      .find((found) => found !== undefined)
  if (bytes[0] !== UNCHECKED_VERSION) return undefined
  try {
    const { run, parts, summary } = openRun(bytes)
    const whole = run()
    const isWhole = lengthOf(whole) === decodeHeader(bytes).count && matchesSummary(whole, summary)
    return isWhole && parts().every((part) => matchesSummary(part.run(), part.summary) && matchesTimes(part))
      ? undefined
      : 'its summary does not match its samples'
  } catch (error) {
    return error instanceof HubError ? error.message : String(error)
  }
}

/** Joins encoded runs without decoding them; see `isJoinableRun`. @throws HubError `Damaged` */
export function joinRuns(runs: readonly PackedRun[]): PackedRun {
  const joinable = runs.flatMap((run): JoinableRun[] => {
    if (run.bytes[0] === JOINED_VERSION) return joinedRuns(run.bytes)
    return [{ ...run, summary: openRun(run.bytes).summary }]
  })
  return joinEncoded(joinable, FORM_FACTOR * forms.indexOf('number') + FLAG_ASCENDING)
}

/** Is it an ascending run of numbers, and not a short one? */
export function isJoinableRun(bytes: Uint8Array): boolean {
  const isLong = bytes[0] === FORMAT_VERSION || bytes[0] === JOINED_VERSION
  return isLong && hasFlag(bytes, FLAG_ASCENDING) && decodeHeader(bytes).form === 'number'
}

/** Are the times of an encoded run strictly ascending? */
export function isAscendingRun(bytes: Uint8Array): boolean {
  return hasFlag(bytes, FLAG_ASCENDING)
}

// ---- verification

function damageOf(bytes: Uint8Array): string | undefined {
  if (bytes.length < CHECKSUM_OFFSET) return `it has only ${bytes.length} bytes`
  const [version] = bytes
  if (version === SHORT_VERSION) return isSoundShort(bytes) ? undefined : DIFFERENT_CHECKSUM
  if (version === JOINED_VERSION) return isSoundJoined(bytes) ? undefined : DIFFERENT_CHECKSUM
  if (version === undefined || version < UNCHECKED_VERSION || version > SHORT_VERSION) {
    return `it has format version ${version}; this release reads ${UNCHECKED_VERSION} to ${SHORT_VERSION}`
  }
  const isMatch = bytes.length >= HEADER_BYTES && viewOf(bytes).getUint32(CHECKSUM_OFFSET, true) === checksumOf(bytes)
  if (version === FORMAT_VERSION) return isMatch ? undefined : DIFFERENT_CHECKSUM
  // A correct checksum proves that the run is of a version that has one, even if its version byte was damaged.
  return isMatch || isSoundShort(bytes) || isSoundJoined(bytes) ? DIFFERENT_CHECKSUM : undefined
}

const DIFFERENT_CHECKSUM = 'its checksum does not match'

function checksumOf(bytes: Uint8Array): number {
  const header = crc32(bytes.subarray(1, CHECKSUM_OFFSET), FORMAT_VERSION)
  return crc32(bytes.subarray(HEADER_BYTES), header)
}

function matchesSummary(run: Run, summary: RunSummary | undefined): boolean {
  if (summary === undefined) return true
  const found = statisticsOf(run, 0, lengthOf(run))
  const names = ['count', 'min', 'max', 'mean', 'squares', 'first', 'last'] as const
  return found !== undefined && names.every((name) => found[name] === summary[name])
}

function matchesTimes(part: RunPart): boolean {
  const { from, to } = spanOf(part.run())
  return from === part.from && to === part.to
}

// ---- encoding

/** Each part as a run of its own. */
function encodeInParts(run: Run): Uint8Array {
  const parts = splitIntoParts(run).map((part) => ({
    ...spanOf(part),
    count: lengthOf(part),
    bytes: encodeRun(part)
  }))
  return joinRuns(parts).bytes
}

function encodeHeader(run: Run, flags: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES)
  const view = viewOf(bytes)
  view.setUint8(0, FORMAT_VERSION)
  view.setUint8(1, flags)
  view.setBigInt64(2, run.base, true)
  view.setUint32(10, lengthOf(run), true)
  return bytes
}

/** Into a buffer of its own: a view of a shared one would keep all of it alive, and send it to other threads. */
function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(totalBytes(parts))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

function totalBytes(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0)
}

/** Drops the `condensed` columns if no sample was condensed from others. */
function dropEmptyCondensed(run: Run): Run {
  const { condensed, ...plain } = run
  return condensed === undefined || condensed.spans.some((span) => span > 0) ? run : plain
}

/** Parts of equal size rather than full ones and a small rest. */
function splitIntoParts(run: Run): Run[] {
  const count = Math.ceil(lengthOf(run) / MAX_PART_SAMPLES)
  const size = Math.ceil(lengthOf(run) / count)
  return Array.from({ length: count }, (_, i) => sliceOf(run, i * size, Math.min((i + 1) * size, lengthOf(run))))
}

function encodePartIndex(parts: readonly Run[], sizes: readonly number[]): Uint8Array {
  const index = new DataView(new ArrayBuffer(4 + parts.length * PART_ENTRY_BYTES))
  index.setUint32(0, parts.length, true)
  let start = 0
  for (const [i, part] of parts.entries()) {
    const at = 4 + i * PART_ENTRY_BYTES
    const { from, to } = spanOf(part)
    index.setBigInt64(at, from, true)
    index.setBigInt64(at + 8, to, true)
    index.setUint32(at + 16, lengthOf(part), true)
    index.setUint32(at + 20, start, true)
    for (const [field, sum] of (summarise(part) ?? []).entries()) index.setFloat64(at + 24 + 8 * field, sum, true)
    start += sizes[i] ?? 0
  }
  return new Uint8Array(index.buffer)
}

const BAD_QUALITY = qualities.indexOf('bad')

function summarise(run: Run): Float64Array<ArrayBuffer> | undefined {
  const { values, quality } = run
  if (!(values instanceof Float64Array) || values.length < MIN_SUMMARISED_SAMPLES || quality === 'bad') return undefined
  if (quality instanceof Uint8Array && quality.includes(BAD_QUALITY)) return undefined
  const found = statisticsOf({ ...run, quality: undefined }, 0, values.length)
  if (found === undefined || (run.condensed === undefined && found.count < values.length)) return undefined
  return summaryFigures(found)
}

// ---- decoding

function hasFlag(bytes: Uint8Array, flag: number): boolean {
  return ((bytes[1] ?? 0) & flag) !== 0
}

function decodeHeader(bytes: Uint8Array): Pick<Run, 'base' | 'form'> & { readonly count: number } {
  const view = viewOf(bytes)
  const form = forms[Math.floor(view.getUint8(1) / FORM_FACTOR)] ?? 'members'
  return { base: view.getBigInt64(2, true), form, count: view.getUint32(10, true) }
}

/** Length of the header, after which the summary or the body follows. */
function headerBytes(bytes: Uint8Array): number {
  return bytes[0] === UNCHECKED_VERSION ? CHECKSUM_OFFSET : HEADER_BYTES
}

function bodyOffset(bytes: Uint8Array): number {
  return headerBytes(bytes) + (hasFlag(bytes, FLAG_SUMMARY) ? SUMMARY_BYTES : 0)
}

function decodeParts(bytes: Uint8Array): RunPart[] {
  if (!hasFlag(bytes, FLAG_PARTS)) return []
  const index = viewOf(bytes.subarray(bodyOffset(bytes)))
  const common = decodeHeader(bytes)
  let raw: Buffer | undefined
  return Array.from({ length: index.getUint32(0, true) }, (_, i) => {
    const at = 4 + i * PART_ENTRY_BYTES
    const summary = decodeSummary(index, at + 24, bytes[0])
    const count = index.getUint32(at + 16, true)
    return {
      from: index.getBigInt64(at, true),
      to: index.getBigInt64(at + 8, true),
      count,
      ...(summary.count > 0 && { summary }),
      run: (space) => {
        raw ??= unpackBody(bytes)
        return decodeColumns(raw, index.getUint32(at + 20, true), { ...common, count }, space)
      }
    }
  })
}

function holdsOnly(bytes: Uint8Array, wanted: 'numbers' | 'whole numbers'): boolean {
  const { form } = decodeHeader(bytes)
  if (form === 'members') return false
  if (form === 'number' && wanted === 'numbers') return true
  if (bytes[0] === SHORT_VERSION) {
    return decodeShort(bytes).values.every(Number.isSafeInteger)
  }
  const raw = unpackBody(bytes)
  return partOffsets(bytes).every((start) => holdsScaledNumbers(raw, start, wanted))
}

/** Offsets of the parts in the decompressed body. */
function partOffsets(bytes: Uint8Array): number[] {
  if (!hasFlag(bytes, FLAG_PARTS)) return [0]
  const index = viewOf(bytes.subarray(bodyOffset(bytes)))
  return Array.from({ length: index.getUint32(0, true) }, (_, i) =>
    index.getUint32(4 + i * PART_ENTRY_BYTES + 20, true)
  )
}

function unpackBody(bytes: Uint8Array): Buffer {
  let start = bodyOffset(bytes)
  if (hasFlag(bytes, FLAG_PARTS)) start += 4 + PART_ENTRY_BYTES * viewOf(bytes).getUint32(start, true)
  const body = Buffer.from(bytes.buffer, bytes.byteOffset + start, bytes.length - start)
  return hasFlag(bytes, FLAG_ZSTD) ? zstdDecompressSync(body, { maxOutputLength: MAX_UNPACKED_BYTES }) : body
}

function decodeSummary(view: DataView, start: number, version: number | undefined): RunSummary {
  const summary = summaryAt(view, start)
  if (version !== UNCHECKED_VERSION) return summary
  const mean = view.getFloat64(start + 3 * Float64Array.BYTES_PER_ELEMENT, true)
  return { ...summary, mean, sum: sumOfMean(mean, summary.count) }
}

/**
 * The sum of `count` numbers with this mean. The mean and the product are both rounded, so a result within that error of
 * an integer is taken to be it: exact for integers below 2^51, otherwise as close as a double can be.
 */
function sumOfMean(mean: number, count: number): number {
  const sum = mean * count
  const whole = Math.round(sum)
  return Math.abs(sum - whole) <= Math.abs(sum) * Number.EPSILON ? whole : sum
}
