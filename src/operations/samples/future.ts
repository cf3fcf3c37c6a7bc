/**
 * Samples whose time lies in the future by more than clocks differ: their source has a wrong clock, or the hub has. Taken
 * as they are they would stay the current values until that time has come.
 */
import { isPlausible } from '../../clock.ts'
import type { Violation } from '../../errors.ts'
import { lengthOf, MAX_OFFSET_NS, pickSamples, qualities, qualityAt, type Run, timeAt } from '../../model/samples.ts'
import { formatTime, fromMilliseconds } from '../../model/time.ts'
import type { Column } from './batch.ts'
import { MAX_REPORTED, type Refusals } from './refusals.ts'
import type { ValidatedColumn } from './validate-samples.ts'

/**
 * - `refuse`: for senders that hear of it;
 * - `clamp`: moved back until the newest is of now, with quality uncertain unless it is bad: for those that do not;
 * - `take`: as they are.
 */
export type FuturePolicy = 'refuse' | 'clamp' | 'take'

/** What is known of the future: milliseconds since 1970, and how far ahead of it a time may be. */
export interface FutureBound {
  readonly policy: FuturePolicy | undefined
  readonly clock: number
  readonly limit: number
}

/** Leaves out, or moves, the samples of a column that come from too far in the future. */
export function dated(
  column: Column,
  fitting: ValidatedColumn,
  { policy = 'refuse', clock, limit }: FutureBound,
  refused: Refusals
): (ValidatedColumn & { readonly clamped: number }) | undefined {
  const { run, places } = fitting
  const beyond = policy === 'take' ? [] : placesBeyond(run, clock, limit)
  if (beyond.length === 0) return { ...fitting, clamped: 0 }
  if (policy === 'clamp') return { run: clamp(run, beyond, clock), places, clamped: beyond.length }
  const placeOf = (place: number) => (places === 'all' ? place : (places[place] ?? 0))
  const first = beyond.slice(0, MAX_REPORTED).map((place) => {
    return { at: placeOf(place), violation: describeFuture(run, place, clock, limit) }
  })
  refused.addSome(column, beyond.length, first)
  const rest = without(run, beyond)
  return rest && { run: rest.run, places: rest.kept.map(placeOf), clamped: 0 }
}

/** Places of the samples that lie further ahead of the clock than the limit; both in milliseconds. */
function placesBeyond({ base, offsets }: Run, clock: number, limit: number): readonly number[] {
  // A clock that was never set knows no future.
  if (limit === Number.POSITIVE_INFINITY || !isPlausible(clock)) return NONE
  const room = fromMilliseconds(clock + limit) - base
  if (room >= FURTHEST_AHEAD) return NONE
  const most = Number(room)
  const places: number[] = []
  for (let place = 0; place < offsets.length; place++) if ((offsets[place] ?? 0) > most) places.push(place)
  return places
}

const NONE: readonly number[] = []
const FURTHEST_AHEAD = BigInt(MAX_OFFSET_NS)

/** Moves samples back until the newest of them is of now; what lies between them stays. */
function clamp(run: Run, places: readonly number[], clock: number): Run {
  const newest = places.reduce((most, place) => Math.max(most, run.offsets[place] ?? 0), Number.NEGATIVE_INFINITY)
  const now = fromMilliseconds(clock)
  const quality = Uint8Array.from({ length: lengthOf(run) }, (_, place) => qualities.indexOf(qualityAt(run, place)))
  for (const place of places) if (quality[place] !== BAD) quality[place] = UNCERTAIN
  if (places.length === lengthOf(run)) return { ...run, base: now - BigInt(newest), quality }
  const offsets = run.offsets.slice()
  const shift = newest - Number(now - run.base)
  for (const place of places) offsets[place] = Math.max((offsets[place] ?? 0) - shift, -MAX_OFFSET_NS)
  return { ...run, offsets, quality }
}

const BAD = qualities.indexOf('bad')
const UNCERTAIN = qualities.indexOf('uncertain')

/** The samples of a run that are not at these places, and where they stood. */
function without(run: Run, places: readonly number[]): { run: Run; kept: readonly number[] } | undefined {
  const gone = new Set(places)
  const kept = Array.from(run.offsets.keys()).filter((place) => !gone.has(place))
  return kept.length === 0 ? undefined : { run: pickSamples(run, kept), kept }
}

function describeFuture(run: Run, place: number, clock: number, limit: number): Violation {
  const time = timeAt(run, place)
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
