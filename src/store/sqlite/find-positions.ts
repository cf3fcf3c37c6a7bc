/** Finds the positions of documents by kind, facets and element conditions. */
import { pathTail, SEVERAL_VALUES, textSearchKey } from '../element-rows.ts'
import type { DocumentKind, ElementCondition, Facet } from '../store.ts'
import { intersect, type Seek } from './intersect.ts'
import type { ReadStatements } from './reads-sql.ts'
import { kinds, type StoredRow, SUBMODEL } from './schema.ts'
import type { UnwrittenValues, ValueCondition } from './unwritten-values.ts'

/** Documents gathered at most for a range of values; a range that matches more excludes too few to be useful. */
const MAX_GATHERED = 50_000

type SearchKey = string | number | Uint8Array

interface SearchedTables {
  readonly sql: ReadStatements
  readonly unwritten: UnwrittenValues
}

export interface DocumentFilter {
  readonly kind: DocumentKind
  readonly facets: readonly Facet[]
  readonly elements: readonly ElementCondition[]
}

/** Positions after `after` in ascending order, at most `limit`; `stoppedAt` as in intersect.ts. */
export function findPositions(
  tables: SearchedTables,
  { kind, facets, elements }: DocumentFilter,
  after: number,
  limit: number
): ReturnType<typeof intersect> {
  const { sql } = tables
  const code = kinds.indexOf(kind)
  const byFacet = facets.map(
    ([name, value]): Seek =>
      (from) =>
        positionOf(sql.seek.get(code, name, value, from))
  )
  const seeks = [...byFacet, ...elements.flatMap((condition) => seeksOf(tables, condition, after))]
  if (seeks.length > 0) return intersect(seeks, after, limit)
  const rows = sql.positions.all(code, after, limit)
  return { positions: rows.map(({ position }) => Number(position)), stoppedAt: undefined }
}

/** Both parts of a condition must hold in the document; whether they hold for the same element, the caller checks. */
function seeksOf(
  { sql, unwritten }: SearchedTables,
  { path, semanticId, value }: ElementCondition,
  after: number
): Seek[] {
  const seeks: Seek[] = []
  if (semanticId !== undefined) seeks.push((from) => positionOf(sql.seekSemanticId.get(semanticId, from)))
  if (path === undefined || value === undefined) return seeks
  const tail = pathTail(path)
  const newly = newlyMatching({ sql, unwritten }, path, value)
  if (value.is === 'eq') {
    const key = typeof value.than === 'number' ? value.than : textSearchKey(value.than)
    const seekKey = (key: SearchKey, from: number) => seekMatch({ sql, unwritten }, tail, key, from)
    const seekNewly = seekIn(newly)
    seeks.push((from) => earliestOf(earliestOf(seekKey(key, from), seekKey(SEVERAL_VALUES, from)), seekNewly(from)))
  } else {
    // A range of values is not in document order, so its documents are gathered and sorted first. Some of them may have
    // other values by now, which the caller finds out.
    const rows = sql[value.is].all(tail, value.than, after, MAX_GATHERED)
    const positions = rows.map((row) => Number(row.position))
    if (rows.length < MAX_GATHERED) seeks.push(seekIn(merged(positions, newly)))
  }
  return seeks
}

/** Positions of submodels that match by a value that is not in its row. */
function newlyMatching({ sql, unwritten }: SearchedTables, path: string, value: ValueCondition): number[] {
  const positions: number[] = []
  for (const [id, revision] of unwritten.matching(path, value)) {
    const head = sql.headOf.get(SUBMODEL, id)
    if (head !== undefined && Number(head.structure) < revision) positions.push(Number(head.position))
  }
  return positions.sort((one, other) => one - other)
}

/** The first position with this search key, not counting those of elements that have another value by now. */
function seekMatch({ sql, unwritten }: SearchedTables, tail: string, key: SearchKey, from: number): number | undefined {
  for (;;) {
    const position = positionOf(sql.seekKey.get(tail, key, from))
    if (position === undefined || unwritten.isEmpty) return position
    const id = String(sql.head.get(position)?.id)
    const matches = unwritten.revisionOf(id) === 0 ? undefined : sql.keysOf.all(tail, key, position)
    if (matches === undefined) return position
    if (matches.some((row) => !unwritten.isNewer(id, String(row.path), Number(row.revision)))) return position
    from = position + 1
  }
}

function positionOf(row: StoredRow | undefined): number | undefined {
  return row === undefined ? undefined : Number(row.position)
}

function earliestOf(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || (other !== undefined && other < one) ? other : one
}

/** Two ascending lists as one. */
function merged(positions: readonly number[], newly: readonly number[]): readonly number[] {
  if (newly.length === 0) return positions
  return [...positions, ...newly].sort((one, other) => one - other)
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
