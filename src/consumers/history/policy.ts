/**
 * What of the history is kept: `off` records nothing; `keep=P1Y` drops what is older; `after=P30D; mean=PT1M` makes one
 * sample of each minute (the mean of numeric types, the last of anything else; see thinner.ts) of what is older than
 * thirty days. Parts are separated by `;`. A qualifier of the type `History` on an element says so for it, one on its
 * submodel for all that say nothing themselves, the configuration for the rest; where nobody says anything, all is kept
 * as it came.
 */
import { milliseconds } from '../../model/duration.ts'
import type { Submodel } from '../../model/types.ts'
import { walk } from '../../model/walk.ts'
import { unlessDamaged } from '../../store/damage.ts'
import type { SeriesName, Store } from '../../store/store.ts'

export interface Policy {
  readonly isRecorded: boolean
  /** Nanoseconds after which chunks are dropped. */
  readonly keep?: bigint
  /** Nanoseconds after which samples become one for each `mean`. */
  readonly after?: bigint
  readonly mean?: bigint
}

const HISTORY_QUALIFIER = 'History'

export const KEEP_EVERYTHING: Policy = { isRecorded: true }

/** @throws Error that says what was expected */
export function parsePolicy(text: string): Policy {
  const trimmed = text.trim()
  if (trimmed === '') return KEEP_EVERYTHING
  if (trimmed === 'off') return { isRecorded: false }
  const parts = new Map<string, bigint>()
  for (const part of trimmed.split(';').filter((one) => one.trim() !== '')) {
    const [, name = '', duration = ''] = /^\s*(keep|after|mean)\s*=\s*(\S+)\s*$/.exec(part) ?? []
    const length = milliseconds(duration)
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

/** Milliseconds for which a submodel's qualifiers are remembered, and of how many submodels. */
const CACHE_TTL_MS = 5000
const CACHE_ENTRIES = 10_000

/** The policy of a series; at once where it is known, as it is asked for with every sample. */
export type PolicyOf = (series: SeriesName) => Policy | Promise<Policy>

/** A qualifier that cannot be understood counts as none. */
export function policies(store: Store, standard: Policy): PolicyOf {
  const known = new Map<string, { readonly until: number; readonly of: (path: string) => Policy }>()
  return (series) => {
    const found = known.get(series.submodel)
    return found !== undefined && found.until > performance.now() ? found.of(series.path) : read(series)
  }

  async function read({ submodel, path }: SeriesName): Promise<Policy> {
    // What a damaged document wants of its history is not known, so nothing is let go of.
    let otherwise = standard
    const document = await unlessDamaged(store.document('Submodel', submodel), () => (otherwise = KEEP_EVERYTHING))
    // Most have no such qualifier, and need not be read.
    const of = document?.bytes.includes(`"${HISTORY_QUALIFIER}"`)
      ? qualified(JSON.parse(document.bytes.toString()) as Submodel, standard)
      : () => otherwise
    if (known.size >= CACHE_ENTRIES) known.clear()
    known.set(submodel, { until: performance.now() + CACHE_TTL_MS, of })
    return of(path)
  }
}

function qualified(submodel: Submodel, standard: Policy): (path: string) => Policy {
  const whole = told(submodel.qualifiers) ?? standard
  const byPath = new Map<string, Policy>()
  for (const { element, path } of walk(submodel)) {
    const own = told(element.qualifiers)
    if (own !== undefined) byPath.set(path, own)
  }
  return (path) => byPath.get(path) ?? whole
}

function told(qualifiers: Submodel['qualifiers']): Policy | undefined {
  const value = qualifiers?.find(({ type }) => type === HISTORY_QUALIFIER)?.value
  if (value === undefined) return undefined
  try {
    return parsePolicy(value)
  } catch {
    return undefined
  }
}
