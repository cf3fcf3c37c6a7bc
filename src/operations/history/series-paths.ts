/** Which elements of a submodel have samples, without asking for each of its elements. */
import type { SeriesName } from '../../store/series.ts'
import type { Store } from '../../store/store.ts'

/** The idShortPaths of a submodel that have samples, with the rights of the hub. */
export type SeriesPaths = (submodel: string) => Promise<ReadonlySet<string>>

/** Implemented by the history writer (consumers/history). */
export interface RecentSeries {
  caughtUp(): Promise<void>
  /** Those of which samples are not in chunks yet. */
  series(): readonly SeriesName[]
}

/** Of a submodel that has few series the first read is enough. */
const FIRST_READ = 16
const NEXT_READ = 1000

/** For one request: what is acknowledged before its first question is found. */
export function seriesPaths(store: Pick<Store, 'series'>, recent: RecentSeries): SeriesPaths {
  let bySubmodel: Promise<ReadonlyMap<string, readonly SeriesName[]>> | undefined
  return async (submodel) => {
    // Before the store, as samples move from here to there.
    bySubmodel ??= recent.caughtUp().then(() => Map.groupBy(recent.series(), (series) => series.submodel))
    const paths = new Set((await bySubmodel).get(submodel)?.map(({ path }) => path))
    let after: SeriesName | undefined = { submodel, path: '' }
    for (let limit = FIRST_READ; after !== undefined; limit = NEXT_READ) {
      const page: readonly SeriesName[] = await store.series(after, limit)
      for (const series of page) if (series.submodel === submodel) paths.add(series.path)
      const last: SeriesName | undefined = page.at(-1)
      after = page.length === limit && last?.submodel === submodel ? last : undefined
    }
    return paths
  }
}
