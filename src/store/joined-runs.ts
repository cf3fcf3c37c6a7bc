/**
 * Encoded runs of numbers joined into one, as they are: a chunk of many pushes costs no encoding, and its readers decode
 * only the runs they need.
 *
 * Layout: version and flags (1 byte each); unused (8 bytes); count of all samples (4); checksum (4: CRC-32 of everything
 * else up to the runs); number of runs (4); the summary of the whole (seven doubles, zeros if it has none); then per run
 * its first and last time (8 bytes each), count and offset (4 each) and summary (zeros if it has none); then the runs,
 * each with a checksum of its own.
 */
import { crc32 } from 'node:zlib'
import { HubError } from '../errors.ts'
import { combine, type Statistics } from '../model/statistics.ts'
import {
  type OpenedRun,
  type PackedRun,
  type RunPart,
  type RunSummary,
  SUMMARY_BYTES,
  summaryAt,
  summaryFigures,
  viewOf
} from './packed-run.ts'
import { runOfParts } from './parted-run.ts'

export const JOINED_VERSION = 4

/** What the joining needs to know of each run. */
export interface JoinableRun extends PackedRun {
  readonly summary: RunSummary | undefined
}

type OpenRun = (bytes: Uint8Array, about: () => string) => OpenedRun

const COUNT_OFFSET = 10
const CHECKSUM_OFFSET = 14
const LENGTH_OFFSET = 18
const SUMMARY_OFFSET = 22
const INDEX_OFFSET = SUMMARY_OFFSET + SUMMARY_BYTES
const ENTRY_BYTES = 24 + SUMMARY_BYTES

/** @param flags of the joined run. @param runs of numbers, each ascending and after the one before; at least one */
export function joinEncoded(runs: readonly JoinableRun[], flags: number): PackedRun {
  const start = INDEX_OFFSET + runs.length * ENTRY_BYTES
  const size = runs.reduce((sum, { bytes }) => sum + bytes.length, start)
  const count = runs.reduce((sum, run) => sum + run.count, 0)
  const bytes = new Uint8Array(size)
  const view = viewOf(bytes)
  view.setUint8(0, JOINED_VERSION)
  view.setUint8(1, flags)
  view.setUint32(COUNT_OFFSET, count, true)
  view.setUint32(LENGTH_OFFSET, runs.length, true)
  setSummary(view, SUMMARY_OFFSET, summaryOfAll(runs))
  let at = start
  for (const [i, run] of runs.entries()) {
    const entry = INDEX_OFFSET + i * ENTRY_BYTES
    view.setBigInt64(entry, run.from, true)
    view.setBigInt64(entry + 8, run.to, true)
    view.setUint32(entry + 16, run.count, true)
    view.setUint32(entry + 20, at, true)
    setSummary(view, entry + 24, run.summary)
    bytes.set(run.bytes, at)
    at += run.bytes.length
  }
  view.setUint32(CHECKSUM_OFFSET, checksumOf(bytes, start), true)
  return { from: runs[0]?.from ?? 0n, to: runs.at(-1)?.to ?? 0n, count, bytes }
}

/** Is it a joined run whose index is sound? */
export function isSoundJoined(bytes: Uint8Array): boolean {
  if (bytes.length < INDEX_OFFSET) return false
  const view = viewOf(bytes)
  const end = INDEX_OFFSET + view.getUint32(LENGTH_OFFSET, true) * ENTRY_BYTES
  return end <= bytes.length && view.getUint32(CHECKSUM_OFFSET, true) === checksumOf(bytes, end)
}

/** @param bytes with a sound index. @param open opens one of the runs. @param about names the whole in error messages */
export function openJoined(bytes: Uint8Array, open: OpenRun, about: () => string): OpenedRun {
  const view = viewOf(bytes)
  const summary = summaryIfAny(view, SUMMARY_OFFSET)
  const parts = () => partsOf(bytes, view, open, about)
  return {
    ...(summary !== undefined && { summary }),
    parts,
    // Not the base of a run, which may lie far from its samples: all offsets are within the span of the whole.
    run: (space) => {
      const all = parts()
      return runOfParts(all[0]?.from ?? 0n, all, space)
    },
    holdsOnly: (wanted) => encodedRuns(bytes, view).every((one) => open(one, about).holdsOnly(wanted))
  }
}

/** The joined runs, still encoded. */
export function encodedRuns(bytes: Uint8Array, view = viewOf(bytes)): Uint8Array[] {
  return Array.from({ length: view.getUint32(LENGTH_OFFSET, true) }, (_, i) => encodedRun(bytes, view, i))
}

/** The joined runs of bytes with a sound index, to be joined with others. */
export function joinedRuns(bytes: Uint8Array): JoinableRun[] {
  const view = viewOf(bytes)
  return encodedRuns(bytes, view).map((run, i) => {
    const entry = INDEX_OFFSET + i * ENTRY_BYTES
    return {
      from: view.getBigInt64(entry, true),
      to: view.getBigInt64(entry + 8, true),
      count: view.getUint32(entry + 16, true),
      bytes: run,
      summary: summaryIfAny(view, entry + 24)
    }
  })
}

function encodedRun(bytes: Uint8Array, view: DataView, index: number): Uint8Array {
  const isLast = index + 1 === view.getUint32(LENGTH_OFFSET, true)
  const offset = INDEX_OFFSET + index * ENTRY_BYTES + 20
  return bytes.subarray(
    view.getUint32(offset, true),
    isLast ? bytes.length : view.getUint32(offset + ENTRY_BYTES, true)
  )
}

function partsOf(bytes: Uint8Array, view: DataView, open: OpenRun, about: () => string): RunPart[] {
  const length = view.getUint32(LENGTH_OFFSET, true)
  const parts: RunPart[] = []
  for (let i = 0; i < length; i++) {
    const entry = INDEX_OFFSET + i * ENTRY_BYTES
    const summary = summaryIfAny(view, entry + 24)
    const count = view.getUint32(entry + 16, true)
    let opened: OpenedRun | undefined
    const openPart = () => {
      opened ??= open(encodedRun(bytes, view, i), about)
      return opened
    }
    parts.push({
      from: view.getBigInt64(entry, true),
      to: view.getBigInt64(entry + 8, true),
      count,
      ...(summary !== undefined && { summary }),
      parts: () => openPart().parts(),
      run: (space) => {
        const run = openPart().run(space)
        if (run.offsets.length !== count) throw new HubError('Damaged', [about(), 'its index does not match'])
        return run
      }
    })
  }
  return parts
}

function checksumOf(bytes: Uint8Array, end: number): number {
  const head = crc32(bytes.subarray(1, CHECKSUM_OFFSET), JOINED_VERSION)
  return crc32(bytes.subarray(LENGTH_OFFSET, end), head)
}

function summaryOfAll(runs: readonly JoinableRun[]): Statistics | undefined {
  let whole: Statistics | undefined
  for (const { summary } of runs) {
    if (summary === undefined) return undefined
    whole = combine(whole, summary)
  }
  return whole
}

function setSummary(view: DataView, at: number, summary: Statistics | undefined): void {
  const figures = summary === undefined ? undefined : summaryFigures(summary)
  for (const [field, figure] of (figures ?? []).entries()) view.setFloat64(at + 8 * field, figure, true)
}

function summaryIfAny(view: DataView, at: number): RunSummary | undefined {
  return view.getFloat64(at, true) === 0 ? undefined : summaryAt(view, at)
}
