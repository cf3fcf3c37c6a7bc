/** The elements that the samples of a push are for: found, or created if configured. Other series are refused. */
import type { Access } from '../../security/access.ts'
import { isDamaged } from '../../store/damage.ts'
import type { Store } from '../../store/store.ts'
import type { TimeSlice } from '../../time-slice.ts'
import { type SampleAuthorizer, type SeriesRow, unknownSeries } from './authorize-samples.ts'
import type { SampleColumn } from './batch.ts'
import type { CreateSeries, RefusalReason } from './create.ts'
import { FORBIDDEN, type Refusals } from './refusals.ts'
import { findCachedSeries, findSeries } from './series.ts'

export interface FindRowsOptions {
  readonly store: Store
  /** Absent: unknown series are refused. */
  readonly create: CreateSeries | undefined
  readonly authorizer: SampleAuthorizer
  /** Absent: the sender may do everything. */
  readonly access: Access | undefined
  readonly slice: TimeSlice | undefined
}

export async function findRows(
  columns: readonly SampleColumn[],
  refused: Refusals,
  options: FindRowsOptions
): Promise<readonly SeriesRow[]> {
  const { create } = options
  const found = await lookUp(columns, options)
  const rows = [...found.rows]
  const { unreadable } = found
  let { missing } = found
  if (missing.length === 0 && unreadable.length === 0) return rows
  let reasons: ReadonlyMap<SampleColumn, RefusalReason> = new Map()
  if (create !== undefined && missing.length > 0) {
    reasons = await create(missing, options.access)
    const created = await lookUp(
      missing.filter((column) => !reasons.has(column)),
      options
    )
    rows.push(...created.rows)
    unreadable.push(...created.unreadable)
    missing = created.missing
  }
  const reasonOf = await refusalReasons(options)
  for (const [column, why] of reasons) {
    const reason = await reasonOf(column, why)
    if (why.rule === FORBIDDEN) refused.deny(column, reason)
    else refused.addAll(column, reason)
  }
  for (const column of unreadable) refused.addAll(column, await reasonOf(column, damaged(column)))
  for (const column of missing) refused.addAll(column, await reasonOf(column))
  return rows
}

/** The elements of all these series if they are in memory: most pushes are of few series, which were pushed before. */
export function findCachedRows(columns: readonly SampleColumn[], store: Store): readonly SeriesRow[] | undefined {
  const rows: SeriesRow[] = []
  for (const column of columns) {
    const row = findCachedSeries(store, column.submodel, column.path)
    if (row === undefined) return undefined
    rows.push([column, row])
  }
  return rows
}

interface LookedUp {
  readonly rows: readonly SeriesRow[]
  readonly missing: SampleColumn[]
  readonly unreadable: SampleColumn[]
}

async function lookUp(
  columns: readonly SampleColumn[],
  { store, slice }: Pick<FindRowsOptions, 'store' | 'slice'>
): Promise<LookedUp> {
  const rows: SeriesRow[] = []
  const missing: SampleColumn[] = []
  const unreadable: SampleColumn[] = []
  for (const column of columns) {
    if (slice?.isOver()) await slice.pause()
    try {
      const { submodel, path } = column
      // Of few series each takes the same steps, so that pushes stay in their order.
      const cached = slice === undefined ? undefined : findCachedSeries(store, submodel, path)
      const row = cached ?? (await findSeries(store, submodel, path))
      if (row !== undefined) rows.push([column, row])
      else missing.push(column)
    } catch (error) {
      if (!isDamaged(error)) throw error
      unreadable.push(column)
    }
  }
  return { rows, missing, unreadable }
}

type ReasonOf = (column: SampleColumn, known?: RefusalReason) => Promise<RefusalReason>

/** Reasons for series without an element; each submodel is looked up once. Nothing of what the caller may not see is revealed. */
async function refusalReasons({ store, authorizer, access }: FindRowsOptions): Promise<ReasonOf> {
  if (access !== undefined && !(await seesEverything(access))) return (column) => authorizer.refusal(access, column)
  const submodels = new Map<string, boolean>()
  return async ({ submodel, path }, known) => {
    if (known !== undefined) return known
    const isKnown = submodels.get(submodel) ?? (await store.head('Submodel', submodel)) !== undefined
    submodels.set(submodel, isKnown)
    return unknownSeries(submodel, path, isKnown)
  }
}

async function seesEverything(access: Access): Promise<boolean> {
  const verdicts = [await access.ofKind('VIEW', 'Submodel'), await access.ofKind('UPDATE', 'Submodel')]
  return verdicts.includes('allowed')
}

function damaged({ submodel, path }: SampleColumn): RefusalReason {
  const text = `the element "${path}" of "${submodel}" is damaged in the store; replace the submodel`
  return { rule: 'Damaged', text }
}
