/**
 * Handles samples with times further in the future than clocks usually differ: the clock of the sender or of the hub is
 * wrong. Stored unchanged they would stay the current values until that time.
 */
import { isPlausible } from '../../clock.ts'
import type { Violation } from '../../errors.ts'
import { lengthOf, MAX_OFFSET_NS, pickSamples, qualities, qualityAt, type Run, timeAt } from '../../model/samples.ts'
import { formatTime, fromMilliseconds } from '../../model/time.ts'
import type { SampleColumn } from './batch.ts'
import { MAX_REPORTED, type Refusals } from './refusals.ts'
import type { ValidSamples } from './validate-samples.ts'

/**
 * - `refuse`: for senders that get an error;
 * - `clamp`: moved back so that the newest is at the current time, with quality uncertain unless bad; for other senders;
 * - `take`: stored unchanged.
 */
export type FuturePolicy = 'refuse' | 'clamp' | 'take'

/** Current time in milliseconds since 1970, and how far ahead of it a time may be. */
export interface FutureBound {
  readonly policy: FuturePolicy | undefined
  readonly clock: number
  readonly limit: number
}

/** Removes or moves the samples of a column that are too far in the future. */
export function applyFuturePolicy(
  column: SampleColumn,
  valid: ValidSamples,
  { policy = 'refuse', clock, limit }: FutureBound,
  refused: Refusals
): (ValidSamples & { readonly clamped: number }) | undefined {
  const { run, indexes } = valid
  const beyond = policy === 'take' ? [] : indexesBeyond(run, clock, limit)
  if (beyond.length === 0) return { ...valid, clamped: 0 }
  if (policy === 'clamp') return { run: clamp(run, beyond, clock), indexes, clamped: beyond.length }
  const indexOf = (index: number) => (indexes === 'all' ? index : (indexes[index] ?? 0))
  const first = beyond.slice(0, MAX_REPORTED).map((index) => {
    return { at: indexOf(index), violation: describeFuture(run, index, clock, limit) }
  })
  refused.addSome(column, beyond.length, first)
  const rest = without(run, beyond)
  return rest && { run: rest.run, indexes: rest.kept.map(indexOf), clamped: 0 }
}

/** Indexes of the samples that are further ahead of the clock than the limit; both in milliseconds. */
function indexesBeyond({ base, offsets }: Run, clock: number, limit: number): readonly number[] {
  // With a clock that was never set nothing is in the future.
  if (limit === Number.POSITIVE_INFINITY || !isPlausible(clock)) return NONE
  const room = fromMilliseconds(clock + limit) - base
  if (room >= FURTHEST_AHEAD) return NONE
  const most = Number(room)
  const indexes: number[] = []
  for (let index = 0; index < offsets.length; index++) if ((offsets[index] ?? 0) > most) indexes.push(index)
  return indexes
}

const NONE: readonly number[] = []
const FURTHEST_AHEAD = BigInt(MAX_OFFSET_NS)

/** Moves samples back so that the newest is at the current time; distances between them stay. */
function clamp(run: Run, indexes: readonly number[], clock: number): Run {
  const newest = indexes.reduce((most, index) => Math.max(most, run.offsets[index] ?? 0), Number.NEGATIVE_INFINITY)
  const now = fromMilliseconds(clock)
  const quality = Uint8Array.from({ length: lengthOf(run) }, (_, index) => qualities.indexOf(qualityAt(run, index)))
  for (const index of indexes) if (quality[index] !== BAD) quality[index] = UNCERTAIN
  if (indexes.length === lengthOf(run)) return { ...run, base: now - BigInt(newest), quality }
  const offsets = run.offsets.slice()
  const shift = newest - Number(now - run.base)
  for (const index of indexes) offsets[index] = Math.max((offsets[index] ?? 0) - shift, -MAX_OFFSET_NS)
  return { ...run, offsets, quality }
}

const BAD = qualities.indexOf('bad')
const UNCERTAIN = qualities.indexOf('uncertain')

/** The samples of a run except those at these indexes, with their indexes. */
function without(run: Run, indexes: readonly number[]): { run: Run; kept: readonly number[] } | undefined {
  const gone = new Set(indexes)
  const kept = Array.from(run.offsets.keys()).filter((index) => !gone.has(index))
  return kept.length === 0 ? undefined : { run: pickSamples(run, kept), kept }
}

function describeFuture(run: Run, index: number, clock: number, limit: number): Violation {
  const time = timeAt(run, index)
  const now = fromMilliseconds(clock)
  const text =
    `the time ${formatTime(time)} is ${span(Number(time - now) / 1e6)} ahead of the clock of the hub, which says ` +
    `${formatTime(now)}; up to ${span(limit)} are taken (FUTURE_LIMIT): set the clock of the sender, or of the hub`
  return { pointer: '', rule: 'future', text }
}

const UNITS = [
  ['days', 86_400_000],
  ['hours', 3_600_000],
  ['minutes', 60_000],
  ['seconds', 1000]
] as const

function span(ms: number): string {
  const [unit, length] = UNITS.find(([, length]) => ms >= 2 * length) ?? (['seconds', 1000] as const)
  return `${Math.round(ms / length)} ${unit}`
}
