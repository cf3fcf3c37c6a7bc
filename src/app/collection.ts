/** The collection plan that the settings name, and the figures to compare it with. */
import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Clock } from '../clock.ts'
import { type Config, ConfigError } from '../config/config.ts'
import { CollectionFigures } from '../consumers/collection/collection-figures.ts'
import { type PlanOrigin, PlanSource } from '../consumers/collection/plan-source.ts'
import { readCollectionPlan } from '../formats/collection-plan/read-plan.ts'
import { SampleSources } from '../operations/samples/sources.ts'
import type { Store } from '../store/store.ts'

const MAX_PLAN_BYTES = 64 * 2 ** 20

/**
 * The plan of the setting `COLLECTION_PLAN`; undefined where it is not set.
 * @throws ConfigError with file, row and column
 */
export async function readPlanOrigin({ COLLECTION_PLAN: plan }: Config): Promise<PlanOrigin | undefined> {
  if (plan === '') return undefined
  // A drive of Windows has one letter.
  if (/^[a-z][a-z\d+.-]+:/i.test(plan)) return { submodel: plan }
  try {
    const { size } = await stat(plan)
    if (size > MAX_PLAN_BYTES) throw new Error(`it is larger than ${MAX_PLAN_BYTES / 2 ** 20} MiB`)
    return { points: await readCollectionPlan(await readFile(plan), basename(plan)) }
  } catch (error) {
    throw new ConfigError([`COLLECTION_PLAN: ${plan}: ${(error as Error).message}`])
  }
}

export interface Collection {
  readonly figures: CollectionFigures
  readonly sources: SampleSources
}

export function openCollection(
  store: Store,
  origin: PlanOrigin | undefined,
  options: { readonly clock: Clock; readonly failed: (error: unknown) => void }
): Collection | undefined {
  if (origin === undefined) return undefined
  const sources = new SampleSources()
  const plan = new PlanSource(store, origin)
  return {
    sources,
    figures: new CollectionFigures(store, { plan, sourceOf: (series) => sources.of(series), ...options })
  }
}
