/** Brings what is wrong in descriptions of machines, as their readers find it, into the validation results. */
import type { Clock } from '../clock.ts'
import type { InterfaceProblem } from '../operations/asset-interfaces/asset-interface.ts'
import type { Connections } from '../operations/asset-interfaces/connection.ts'
import type { TemplateChecker } from '../operations/validation/template-checker.ts'

const CHECK_INTERVAL_MS = 1000

export interface WatchedDescriptions {
  readonly connections: Pick<Connections, 'list' | 'problems'>
  readonly checker: TemplateChecker
  /** Checks submodels again whose content has not changed. */
  readonly recheck: (submodels: readonly string[]) => Promise<void>
  readonly clock: Clock
  readonly failed: (error: unknown) => void
}

/** @returns stops it */
export function watchDescriptions({ connections, checker, recheck, clock, failed }: WatchedDescriptions): () => void {
  let known: ReadonlyMap<string, readonly InterfaceProblem[]> = new Map()
  /** A second time in the next round: a result that was being computed meanwhile may have replaced the first one. */
  let again: readonly string[] = []
  let isRunning = false
  checker.problemsOf = (submodel) => known.get(submodel) ?? []
  return clock.every(CHECK_INTERVAL_MS, async () => {
    if (isRunning) return
    isRunning = true
    try {
      const all = [...connections.problems, ...connections.list().flatMap(({ problems }) => problems)]
      const found = Map.groupBy(all, ({ submodel }) => submodel)
      // Also without problems, as results of an earlier process may have some.
      for (const { submodel } of connections.list()) if (!found.has(submodel)) found.set(submodel, [])
      const changed = [...new Set([...known.keys(), ...found.keys()])].filter(
        (submodel) => JSON.stringify(known.get(submodel)) !== JSON.stringify(found.get(submodel))
      )
      known = found
      const wanted = [...new Set([...again, ...changed])]
      again = wanted
      if (wanted.length > 0) await recheck(wanted)
      again = changed
    } catch (error) {
      failed(error)
    } finally {
      isRunning = false
    }
  })
}
