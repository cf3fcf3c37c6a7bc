/**
 * Policies of the history: `off` records nothing; `keep=P1Y` drops samples older than a year; `after=P30D; mean=PT1M`
 * downsamples those older than thirty days to one per minute (the mean of numeric types, the last of anything else; see
 * downsampler.ts). Parts are separated by `;`. The policy of an element is its qualifier of type `History`, else that of
 * its submodel, else the setting `HISTORY`; by default everything is kept.
 */
import { type Clock, systemClock } from '../../clock.ts'
import { durationMs } from '../../model/duration.ts'
import type { Submodel } from '../../model/types.ts'
import { walk } from '../../model/walk.ts'
import { unlessDamaged } from '../../store/damage.ts'
import type { SeriesName } from '../../store/series.ts'
import type { Store } from '../../store/store.ts'

export interface HistoryPolicy {
  readonly isRecorded: boolean
  /** Chunks older than this are dropped; nanoseconds. */
  readonly keep?: bigint
  /** Samples older than `after` are downsampled to one per `mean`; nanoseconds. */
  readonly after?: bigint
  readonly mean?: bigint
}

const HISTORY_QUALIFIER = 'History'

export const KEEP_EVERYTHING: HistoryPolicy = { isRecorded: true }

/** @throws Error that names what was expected */
export function parseHistoryPolicy(text: string): HistoryPolicy {
  const trimmed = text.trim()
  if (trimmed === '') return KEEP_EVERYTHING
  if (trimmed === 'off') return { isRecorded: false }
  const parts = new Map<string, bigint>()
  for (const part of trimmed.split(';').filter((one) => one.trim() !== '')) {
    const [, name = '', duration = ''] = /^\s*(keep|after|mean)\s*=\s*(\S+)\s*$/.exec(part) ?? []
    const length = durationMs(duration)
    if (length === undefined || length < 1) throw new Error(EXPECTED)
    parts.set(name, BigInt(Math.round(length)) * 1_000_000n)
  }
  const [keep, after, mean] = [parts.get('keep'), parts.get('after'), parts.get('mean')]
  if ((after === undefined) !== (mean === undefined)) throw new Error(EXPECTED)
  return {
    isRecorded: true,
    ...(keep !== undefined && { keep }),
    ...(after !== undefined && { after }),
    ...(mean !== undefined && { mean })
  }
}

const EXPECTED = 'off, or durations such as keep=P1Y; after=P30D; mean=PT1M (after and mean together)'

/** The qualifiers of this many submodels are cached for this long. */
const CACHE_TTL_MS = 5000
const CACHE_ENTRIES = 10_000

/** The policy of a series; synchronous where it is cached, as it is needed for every sample. */
export type HistoryPolicyOf = (series: SeriesName) => HistoryPolicy | Promise<HistoryPolicy>

/** An invalid qualifier counts as none. @param standard for series without a qualifier */
export function historyPolicies(store: Store, standard: HistoryPolicy, clock: Clock = systemClock): HistoryPolicyOf {
  const known = new Map<string, { readonly until: number; readonly of: (path: string) => HistoryPolicy }>()
  return (series) => {
    const found = known.get(series.submodel)
    return found !== undefined && found.until > clock.monotonic() ? found.of(series.path) : read(series)
  }

  async function read({ submodel, path }: SeriesName): Promise<HistoryPolicy> {
    // The qualifiers of a damaged document are unknown, so nothing is dropped.
    let otherwise = standard
    const document = await unlessDamaged(store.document('Submodel', submodel), () => (otherwise = KEEP_EVERYTHING))
    // Most submodels have no such qualifier, and need not be parsed.
    const of = document?.bytes.includes(`"${HISTORY_QUALIFIER}"`)
      ? policiesOfElements(JSON.parse(document.bytes.toString()) as Submodel, standard)
      : () => otherwise
    if (known.size >= CACHE_ENTRIES) known.clear()
    known.set(submodel, { until: clock.monotonic() + CACHE_TTL_MS, of })
    return of(path)
  }
}

function policiesOfElements(submodel: Submodel, standard: HistoryPolicy): (path: string) => HistoryPolicy {
  const whole = policyOfQualifiers(submodel.qualifiers) ?? standard
  const byPath = new Map<string, HistoryPolicy>()
  for (const { element, path } of walk(submodel)) {
    const own = policyOfQualifiers(element.qualifiers)
    if (own !== undefined) byPath.set(path, own)
  }
  return (path) => byPath.get(path) ?? whole
}

function policyOfQualifiers(qualifiers: Submodel['qualifiers']): HistoryPolicy | undefined {
  const value = qualifiers?.find(({ type }) => type === HISTORY_QUALIFIER)?.value
  if (value === undefined) return undefined
  try {
    return parseHistoryPolicy(value)
  } catch {
    return undefined
  }
}
