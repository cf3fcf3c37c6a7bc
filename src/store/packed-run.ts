/** Encoded runs, and the layout of their summaries (run-codec.ts, joined-runs.ts). */
import type { Run } from '../model/samples.ts'
import type { Statistics } from '../model/statistics.ts'

/** An encoded run and what is known without decoding it. */
export interface PackedRun {
  /** Source time of the first and the last sample, nanoseconds since 1970. */
  readonly from: bigint
  readonly to: bigint
  readonly count: number
  readonly bytes: Uint8Array
}

/**
 * Statistics of a run of numbers, readable without decoding it: enough for a bucket that contains the whole run. Absent
 * for short runs and for runs with values that are not finite numbers or are of bad quality.
 */
export type RunSummary = Statistics

/**
 * Memory that runs of numbers are decoded into where it is long enough. Such a run is valid until the memory is used again,
 * for readers of much that look at each run once: the arrays of all of them would keep the garbage collector busy.
 */
export interface RunSpace {
  readonly offsets: Float64Array
  readonly values: Float64Array
}

/** A part of an encoded run. */
export interface RunPart extends Omit<PackedRun, 'bytes'> {
  readonly summary?: RunSummary
  run(space?: RunSpace): Run
  /** Smaller ones, if it is divided itself. */
  parts?(): readonly RunPart[]
}

/** An encoded run whose checksum was verified; of a joined one, that of its index. */
export interface OpenedRun {
  readonly summary?: RunSummary
  /** @throws HubError `Damaged` */
  run(space?: RunSpace): Run
  /** Are all values exact doubles, or integers within ±2^53? Answered from the heads of the columns. */
  holdsOnly(wanted: 'numbers' | 'whole numbers'): boolean
  /** Decompressed once, when the first part is decoded. Empty if the run is not divided. */
  parts(): readonly RunPart[]
}

export const SUMMARY_BYTES = 7 * Float64Array.BYTES_PER_ELEMENT

/** Count, min, max, sum, squares, first and last; undefined if not all are finite doubles. */
export function summaryFigures(summary: Statistics): Float64Array<ArrayBuffer> | undefined {
  const { count, min, max, sum, squares, first, last } = summary
  const figures = [count, min, max, sum, squares, first, last]
  const isNumbers = figures.every((figure): figure is number => typeof figure === 'number' && Number.isFinite(figure))
  return isNumbers ? Float64Array.from(figures) : undefined
}

/** Reverses `summaryFigures`. */
export function summaryAt(view: DataView, start: number): RunSummary {
  const count = view.getFloat64(start, true)
  const sum = view.getFloat64(start + 24, true)
  return {
    count,
    min: view.getFloat64(start + 8, true),
    max: view.getFloat64(start + 16, true),
    mean: sum / count,
    sum,
    squares: view.getFloat64(start + 32, true),
    first: view.getFloat64(start + 40, true),
    last: view.getFloat64(start + 48, true)
  }
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
