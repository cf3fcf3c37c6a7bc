/** Paths of the generated segments, and which of them can be written. */
import { HubError } from '../../errors.ts'
import { isWithin, parseStoredPath } from '../../model/path.ts'
import type { Submodel, SubmodelElement } from '../../model/types.ts'
import { resolve } from '../../model/walk.ts'

/** idShortPaths of the generated segments. */
export interface SegmentPaths {
  readonly latest: string
  readonly linked: string
}

export function isGeneratedPath(path: string, { latest, linked }: SegmentPaths): boolean {
  return isWithin(path, latest) || isWithin(path, linked)
}

/** Whether a path lies in a record of the generated internal segment. */
export function isRecordPath(path: string, { latest }: SegmentPaths): boolean {
  return path.startsWith(`${latest}.Records.`)
}

export function elementAt(submodel: Submodel, path: string): SubmodelElement | undefined {
  return resolve(submodel, parseStoredPath(path) ?? [])
}

/**
 * Of the generated segments the internal one can be written: as a whole, its records, or one of them. Nothing in them
 * can be deleted, as they show what the history holds.
 * @param touched paths of the changed subtrees; absent if the whole submodel was written
 * @throws HubError `MethodNotAllowed` on any other change of a generated segment
 */
export function refuseUnsupported(submodel: Submodel, touched: readonly string[] = [], paths: SegmentPaths): void {
  for (const path of touched) {
    if (isWithin(path, paths.linked)) {
      // Replaced as a whole it is a segment of the client's own, unless the query is unchanged.
      if (path !== paths.linked || elementAt(submodel, paths.linked) === undefined) throw notWritable(path)
    }
    if (!isWithin(path, paths.latest)) continue
    const isWhole = path === paths.latest || path === `${paths.latest}.Records`
    if (elementAt(submodel, path) === undefined || !(isWhole || isRecordPath(path, paths))) throw notWritable(path)
  }
}

export function notWritable(path: string): HubError {
  const allowed = 'GET of all of it, and records to be written into the internal segment'
  return new HubError('MethodNotAllowed', ['This change', `"${path}", which is generated from the history`, allowed])
}
