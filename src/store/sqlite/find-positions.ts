/** Finds the positions of documents by kind, facets and element conditions. */
import { TimeSlice } from '../../time-slice.ts'
import { pathTail, SEVERAL_VALUES, textSearchKey } from '../element-rows.ts'
import type { DocumentKind, ElementCondition, Facet } from '../store.ts'
import { intersect, type Seek } from './intersect.ts'
import type { ReadStatements } from './reads-sql.ts'
import { kinds, type StoredRow, SUBMODEL } from './schema.ts'
import type { UnwrittenValues, ValueCondition } from './unwritten-values.ts'

/** Documents gathered at most for a range of values; a range that matches more excludes too few to be useful. */
const MAX_GATHERED = 50_000

/** Index entries read at once. */
const ROWS_PER_READ = 1000

/** Documents with an outdated key that are skipped at once; the next one is returned, as only looking at it costs more. */
const MAX_SKIPPED = 100

type SearchKey = string | number | Uint8Array

/** Of a condition with a range of values: positions, ascending; undefined: too many. */
export type Gathered = ReadonlyMap<ElementCondition, Float64Array | undefined>

interface SearchedTables {
  readonly sql: ReadStatements
  readonly unwritten: UnwrittenValues
}

export interface DocumentFilter {
  readonly kind: DocumentKind
  readonly facets: readonly Facet[]
  readonly elements: readonly ElementCondition[]
}

/**
 * Does in slices what takes long, before the page is read. Some of what it finds may have other values, or be gone, when it
 * is; what the page must contain was stored before.
 */
export async function gather(
  { sql, unwritten }: SearchedTables,
  elements: readonly ElementCondition[],
  after: number
): Promise<Gathered> {
  const slice = new TimeSlice()
  const gathered = new Map<ElementCondition, Float64Array | undefined>()
  for (const condition of elements) {
    const { path, value } = condition
    if (path === undefined || value === undefined) continue
    await unwritten.prepare(path, (id) => positionById(sql, id), slice)
    if (value.is === 'eq') continue
    // From here on a value may get from memory to its row, behind the scan.
    const newly = unwritten.matching(path, value, (id) => positionById(sql, id))
    const found = await gatherRange(sql, pathTail(path), value, after, slice)
    gathered.set(condition, found && merged(found, newly))
  }
  return gathered
}

/** Positions after `after` in ascending order, at most `limit`; `stoppedAt` as in intersect.ts. */
export function findPositions(
  tables: SearchedTables,
  { kind, facets, elements }: DocumentFilter,
  { after, limit, gathered }: { after: number; limit: number; gathered: Gathered }
): ReturnType<typeof intersect> {
  const { sql } = tables
  const code = kinds.indexOf(kind)
  const byFacet = facets.map(
    ([name, value]): Seek =>
      (from) =>
        positionOf(sql.seek.get(code, name, value, from))
  )
  const seeks = [...byFacet, ...elements.flatMap((condition) => seeksOf(tables, condition, gathered))]
  if (seeks.length > 0) return intersect(seeks, after, limit)
  const rows = sql.positions.all(code, after, limit)
  return { positions: rows.map(({ position }) => Number(position)), stoppedAt: undefined }
}

/** Both parts of a condition must hold in the document; whether they hold for the same element, the caller checks. */
function seeksOf({ sql, unwritten }: SearchedTables, condition: ElementCondition, gathered: Gathered): Seek[] {
  const { path, semanticId, value } = condition
  const seeks: Seek[] = []
  if (semanticId !== undefined) seeks.push((from) => positionOf(sql.seekSemanticId.get(semanticId, from)))
  if (path === undefined || value === undefined) return seeks
  const tail = pathTail(path)
  const newly = unwritten.matching(path, value, (id) => positionById(sql, id))
  if (value.is === 'eq') {
    const key = typeof value.than === 'number' ? value.than : textSearchKey(value.than)
    const seekKey = (key: SearchKey, from: number) => seekMatch({ sql, unwritten }, tail, key, from)
    const seekNewly = seekIn(sql, newly)
    seeks.push((from) => earliestOf(earliestOf(seekKey(key, from), seekKey(SEVERAL_VALUES, from)), seekNewly(from)))
  } else {
    const found = gathered.get(condition)
    if (found !== undefined) seeks.push(seekIn(sql, merged(found, newly)))
  }
  return seeks
}

/** A range of values is not in document order, so its documents are gathered and sorted. */
async function gatherRange(
  sql: ReadStatements,
  tail: string,
  { is, than }: ValueCondition,
  after: number,
  slice: TimeSlice
): Promise<Float64Array | undefined> {
  const isBelow = is === 'lt' || is === 'le'
  const excluded = is === 'lt' || is === 'gt' ? than : undefined
  const positions: number[] = []
  const bounds = isBelow ? [Number.NEGATIVE_INFINITY, Number(than)] : [Number(than), Number.POSITIVE_INFINITY]
  const scans: readonly (readonly [low: SearchKey, high: SearchKey])[] = [
    [bounds[0] ?? 0, bounds[1] ?? 0],
    [SEVERAL_VALUES, SEVERAL_VALUES]
  ]
  for (const [low, high] of scans) {
    let [key, document]: [SearchKey, number] = [low, low === high ? after : -1]
    for (;;) {
      const rows = sql.range.all(tail, key, document, high, ROWS_PER_READ) as unknown as [SearchKey, number][]
      for (const [found, position] of rows) if (position > after && found !== excluded) positions.push(position)
      if (positions.length >= MAX_GATHERED) return undefined
      if (slice.isOver()) await slice.pause()
      const last = rows.at(-1)
      if (last === undefined || rows.length < ROWS_PER_READ) break
      ;[key, document] = last
    }
  }
  return Float64Array.from(positions).sort()
}

function positionById(sql: ReadStatements, id: string): number | undefined {
  return positionOf(sql.headOf.get(SUBMODEL, id))
}

/** The first position with this search key, not counting those of elements that have another value by now. */
function seekMatch({ sql, unwritten }: SearchedTables, tail: string, key: SearchKey, from: number): number | undefined {
  for (let skipped = 0; ; skipped++) {
    const position = positionOf(sql.seekKey.get(tail, key, from))
    if (position === undefined || unwritten.isEmpty || skipped === MAX_SKIPPED) return position
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
function merged(one: Float64Array, other: Float64Array): Float64Array {
  if (other.length === 0) return one
  const both = new Float64Array(one.length + other.length)
  both.set(one)
  both.set(other, one.length)
  return both.sort()
}

/** Seeks in an ascending list, by binary search; documents that are gone are skipped. */
function seekIn(sql: ReadStatements, positions: Float64Array): Seek {
  return (from) => {
    let [low, high] = [0, positions.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((positions[middle] ?? 0) < from) low = middle + 1
      else high = middle
    }
    while (low < positions.length && sql.head.get(positions[low] ?? 0) === undefined) low++
    return positions[low]
  }
}
