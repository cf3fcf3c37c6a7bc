/**
 * Policies of the history: `off` records nothing; `keep=P1Y` drops samples older than a year; `after=P30D; mean=PT1M`
 * downsamples those older than thirty days to one per minute (the mean of numeric types, the last of anything else; see
 * downsampler.ts). Parts are separated by `;`. The policy of an element is its qualifier of type `History`, else that of
 * its submodel, else the setting `HISTORY`; by default everything is kept.
 */
import { durationMs } from '../../model/duration.ts'
import type { Submodel } from '../../model/types.ts'
import { walk } from '../../model/walk.ts'
import { unlessDamaged } from '../../store/damage.ts'
import type { SeriesName } from '../../store/series.ts'
import type { LoggedChange, Store } from '../../store/store.ts'

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

/** Submodels whose policies are remembered. */
const CACHE_ENTRIES = 100_000

/** The policy of a series; synchronous where it is known, as it is needed for every sample. */
export interface HistoryPolicyOf {
  (series: SeriesName): HistoryPolicy | Promise<HistoryPolicy>
  /** Called for each change of the log, in order. */
  readonly note?: (change: LoggedChange) => void
  /** Called where entries of the log are missing. */
  readonly forget?: () => void
  /** Called with false while changes are not noted: nothing is remembered then. */
  readonly follow?: (isFollowing: boolean) => void
}

/**
 * Policies are remembered until the log says that their submodel has changed. An invalid qualifier counts as none.
 * @param standard for series without a qualifier
 */
export function historyPolicies(store: Store, standard: HistoryPolicy): HistoryPolicyOf {
  const known = new Map<string, (path: string) => HistoryPolicy>()
  const standardOfAll = () => standard
  let isFollowing = true
  /** Rises with each change, so that nothing is remembered that was read before it. */
  let changes = 0
  const policyOf = ({ submodel, path }: SeriesName) => known.get(submodel)?.(path) ?? read(submodel, path)
  const note = (change: LoggedChange) => {
    if (!('kind' in change) || change.kind !== 'Submodel') return
    changes++
    known.delete(change.id)
  }
  const forget = () => {
    changes++
    known.clear()
  }
  const follow = (isOn: boolean) => {
    if (isFollowing !== isOn) forget()
    isFollowing = isOn
  }
  return Object.assign(policyOf, { note, forget, follow })

  async function read(submodel: string, path: string): Promise<HistoryPolicy> {
    const before = changes
    let isDamaged = false
    // Values say nothing about it, and would have to be joined first.
    const structure = await unlessDamaged(store.structure('Submodel', submodel), () => (isDamaged = true))
    // The qualifiers of a damaged document are unknown, so nothing is dropped. It may be restored without a change.
    if (isDamaged) return KEEP_EVERYTHING
    // Most submodels have no such qualifier, and need not be parsed.
    const of = structure?.includes(`"${HISTORY_QUALIFIER}"`)
      ? policiesOfElements(JSON.parse(structure.toString()) as Submodel, standard)
      : standardOfAll
    if (known.size >= CACHE_ENTRIES) known.clear()
    if (changes === before && isFollowing) known.set(submodel, of)
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
