/** Puts the parts of an encoded run together again (run-codec.ts, joined-runs.ts). */
import { concatRuns } from '../model/merge-runs.ts'
import type { Run } from '../model/samples.ts'
import type { RunPart, RunSpace } from './packed-run.ts'

/**
 * Decodes each part where it belongs, so that nothing is copied.
 * @param base from which no sample is too far
 */
export function runOfParts(base: bigint, parts: readonly RunPart[], space?: RunSpace): Run {
  const count = parts.reduce((sum, part) => sum + part.count, 0)
  const whole = space !== undefined && hasRoom(space, count) ? space : newSpace(count)
  const runs: Run[] = []
  let at = 0
  for (const part of parts) {
    runs.push(part.run(spaceAt(whole, at)))
    at += part.count
  }
  const quality = runs[0]?.quality
  const isWhole = runs.every(
    (run) => isIn(run, whole) && run.condensed === undefined && run.quality === quality && typeof quality !== 'object'
  )
  if (!isWhole) return concatRuns(base, runs)
  for (const run of runs) shift(run.offsets, Number(run.base - base))
  return {
    base,
    offsets: whole.offsets.subarray(0, count),
    form: 'number',
    values: whole.values.subarray(0, count),
    quality
  }
}

function newSpace(count: number): RunSpace {
  return { offsets: new Float64Array(count), values: new Float64Array(count) }
}

function hasRoom({ offsets, values }: RunSpace, count: number): boolean {
  return offsets.length >= count && values.length >= count
}

function spaceAt({ offsets, values }: RunSpace, at: number): RunSpace {
  return { offsets: offsets.subarray(at), values: values.subarray(at) }
}

/** Texts, and what is of a version without room for it, were decoded elsewhere. */
function isIn({ form, offsets, values }: Run, space: RunSpace): boolean {
  return (
    form === 'number' &&
    offsets.buffer === space.offsets.buffer &&
    (values as Float64Array).buffer === space.values.buffer
  )
}

/** Both numbers are below 2^51, so the sums are exact. */
function shift(offsets: Float64Array, by: number): void {
  if (by !== 0) for (let i = 0; i < offsets.length; i++) offsets[i] = (offsets[i] ?? 0) + by
}
