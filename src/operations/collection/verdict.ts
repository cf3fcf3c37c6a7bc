/** Plan against actual: what is to be said of one collection point, and by which figures. */
import { GAP_PERIODS, type PlannedPoint } from '../../model/collection/planned-point.ts'
import type { PointFigures } from '../../model/collection/point-figures.ts'

export const verdicts = ['ok', 'silent', 'slow', 'gaps', 'late', 'quality', 'unplanned'] as const
export type PointVerdict = (typeof verdicts)[number]

/** Times in microseconds since 1970, lengths in microseconds. */
export interface PointComparison {
  readonly verdict: PointVerdict
  /** Part of the samples that the plan expects and that are missing, 0 to 1; undefined where no period is planned. */
  readonly missingRate: number | undefined
  /** Mean distance of samples outside of gaps. */
  readonly period: number | undefined
}

/** A point is silent after GAP_PERIODS planned periods without a sample, but not before this. */
const SILENT_AFTER_US = 10_000_000
/** Slow: the measured period is longer than this many planned ones. */
const SLOW_FACTOR = 1.5
const MISSING_RATE = 0.01
const LATE_SHARE = 0.05
const BAD_SHARE = 0.05

/** @param now microseconds since 1970 */
export function compare(
  planned: PlannedPoint | undefined,
  figures: PointFigures | undefined,
  now: number
): PointComparison {
  const period = figures?.period
  if (planned === undefined) return { verdict: 'unplanned', missingRate: undefined, period }
  if (figures === undefined || figures.count === 0)
    return { verdict: 'silent', missingRate: planned.periodMs === undefined ? undefined : 1, period }
  const expected = planned.periodMs === undefined ? undefined : planned.periodMs * 1000
  const isSilent = expected !== undefined && now - figures.last > Math.max(GAP_PERIODS * expected, SILENT_AFTER_US)
  const missingRate = expected === undefined ? undefined : missing(figures, expected, isSilent ? now : figures.last)
  return { verdict: verdict(), missingRate, period }

  function verdict(): PointVerdict {
    const { timed, late, bad, count } = figures as PointFigures
    if (isSilent) return 'silent'
    if (expected !== undefined && (period ?? 0) > SLOW_FACTOR * expected) return 'slow'
    if ((missingRate ?? 0) > MISSING_RATE) return 'gaps'
    if (timed > 0 && late / timed > LATE_SHARE) return 'late'
    return bad / count > BAD_SHARE ? 'quality' : 'ok'
  }
}

/** Of those that a sample every period from the first on would make. */
function missing({ first, count }: PointFigures, period: number, end: number): number {
  const expected = Math.floor((end - first) / period) + 1
  return Math.max(0, 1 - count / expected)
}
