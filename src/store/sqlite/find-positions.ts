/** Finds the positions of documents by kind, facets and element conditions. */
import { pathTail, SEVERAL_VALUES, textSearchKey } from '../element-rows.ts'
import type { DocumentKind, ElementCondition, Facet } from '../store.ts'
import { intersect, type Seek } from './intersect.ts'
import type { ReadStatements } from './reads-sql.ts'
import { kinds, type StoredRow } from './schema.ts'

/** Documents gathered at most for a range of values; a range that matches more excludes too few to be useful. */
const MAX_GATHERED = 50_000

export interface DocumentFilter {
  readonly kind: DocumentKind
  readonly facets: readonly Facet[]
  readonly elements: readonly ElementCondition[]
}

/** Positions after `after` in ascending order, at most `limit`; `stoppedAt` as in intersect.ts. */
export function findPositions(
  sql: ReadStatements,
  { kind, facets, elements }: DocumentFilter,
  after: number,
  limit: number
): ReturnType<typeof intersect> {
  const code = kinds.indexOf(kind)
  const byFacet = facets.map(
    ([name, value]): Seek =>
      (from) =>
        positionOf(sql.seek.get(code, name, value, from))
  )
  const seeks = [...byFacet, ...elements.flatMap((condition) => seeksOf(sql, condition, after))]
  if (seeks.length > 0) return intersect(seeks, after, limit)
  const rows = sql.positions.all(code, after, limit)
  return { positions: rows.map(({ position }) => Number(position)), stoppedAt: undefined }
}

/** Both parts of a condition must hold in the document; whether they hold for the same element, the caller checks. */
function seeksOf(sql: ReadStatements, { path, semanticId, value }: ElementCondition, after: number): Seek[] {
  const seeks: Seek[] = []
  if (semanticId !== undefined) seeks.push((from) => positionOf(sql.seekSemanticId.get(semanticId, from)))
  if (path === undefined || value === undefined) return seeks
  const tail = pathTail(path)
  if (value.is === 'eq') {
    const key = typeof value.than === 'number' ? value.than : textSearchKey(value.than)
    const seekKey = (key: string | number | Uint8Array, from: number) => positionOf(sql.seekKey.get(tail, key, from))
    seeks.push((from) => earliestOf(seekKey(key, from), seekKey(SEVERAL_VALUES, from)))
  } else {
    // A range of values is not in document order, so its documents are gathered and sorted first.
    const rows = sql[value.is].all(tail, value.than, after, MAX_GATHERED)
    if (rows.length < MAX_GATHERED) seeks.push(seekIn(rows.map((row) => Number(row.position))))
  }
  return seeks
}

function positionOf(row: StoredRow | undefined): number | undefined {
  return row === undefined ? undefined : Number(row.position)
}

function earliestOf(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || (other !== undefined && other < one) ? other : one
}

/** Seeks in an ascending list, by binary search. */
function seekIn(positions: readonly number[]): Seek {
  return (from) => {
    let [low, high] = [0, positions.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((positions[middle] ?? 0) < from) low = middle + 1
      else high = middle
    }
    return positions[low]
  }
}
