/**
 * `createdFrom` and `updatedFrom` of lists (Part 2, release 3.2), by when the hub committed the documents, as in
 * `$recent-changes`. When a document changed before revisions were kept, or while none are, is not known; where the time of
 * the query is that early, it is listed, so that a client misses no change.
 */
import { fromMilliseconds } from '../model/time.ts'
import type { RevisedKind } from '../store/revisions.ts'
import type { Document } from '../store/store.ts'
import type { OperationContext } from './operation-context.ts'
import type { RequestQuery } from './request-query.ts'

export async function changedSince(
  { revisions }: OperationContext,
  { createdFrom, updatedFrom }: RequestQuery
): Promise<(document: Document) => Promise<boolean>> {
  const since = await revisions.keptSince()
  const isKnown = (time: bigint) => since !== undefined && time > fromMilliseconds(since)
  const firstSeq = updatedFrom !== undefined && isKnown(updatedFrom) ? await revisions.firstSeq(updatedFrom) : 0
  return async ({ kind, id, position, structureRevision }) => {
    if (structureRevision < firstSeq) return false
    if (createdFrom === undefined) return true
    const created = await revisions.createdAt(kind as RevisedKind, id, position)
    return created === undefined ? !isKnown(createdFrom) : fromMilliseconds(created) >= createdFrom
  }
}
