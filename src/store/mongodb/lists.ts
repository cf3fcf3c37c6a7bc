/**
 * Pages of documents and series: what the collections contain, corrected by what the log did since. A page is of one
 * moment: it is read again if a checkpoint or a new document came between.
 */
import type { Filter } from 'mongodb'
import type { Series, SeriesName } from '../series.ts'
import type { Document, DocumentKind, ElementCondition, Facet, Page, PageRequest } from '../store.ts'
import type { Collections } from './collections.ts'
import type { MongoConnection, StoredRow } from './connection.ts'
import { DocumentState } from './document.ts'
import { documentKeyPrefix, keyOf, type SeriesState, type StateKey, seriesKeyPrefix } from './keys.ts'
import type { Replica } from './replica.ts'
import type { ReplicatedState } from './replicated-state.ts'
import { encodeFacet } from './row-codec.ts'
import { type KeyCondition, matchesKeys, toKeyConditions } from './search-keys.ts'
import { summarizeSeries } from './series-state.ts'

/** A page ends once it has this many bytes, so that memory stays bounded. */
const PAGE_BYTES = 16 * 1024 * 1024

export interface ListContext {
  readonly connection: MongoConnection
  readonly collections: Collections
  readonly replica: Replica
}

interface DocumentQuery {
  readonly kind: DocumentKind
  readonly facets: readonly Facet[]
  readonly conditions: readonly KeyCondition[]
}

export async function listDocuments(
  context: ListContext,
  kind: DocumentKind,
  facets: readonly Facet[],
  { after = 0, limit }: PageRequest,
  elements: readonly ElementCondition[]
): Promise<Page<Document>> {
  const query = { kind, facets, conditions: elements.flatMap(toKeyConditions) }
  await context.replica.applier.sync()
  for (;;) {
    const page = await readDocumentPage(context, query, after, limit)
    if (page !== undefined) return page
  }
}

/** @returns undefined if it has to be read again */
async function readDocumentPage(
  context: ListContext,
  query: DocumentQuery,
  after: number,
  limit: number
): Promise<Page<Document> | undefined> {
  const { state, loader } = context.replica
  const prefix = documentKeyPrefix(query.kind)
  const checkpoint = state.checkpointNumber
  const rows = await findDocumentRows(context, query, after, limit + 1)
  const hasMore = rows.length > limit
  /** Nothing is known of what follows this position. */
  const end = hasMore ? Number(rows.at(-1)?.position) : Number.POSITIVE_INFINITY
  const found = rows.map((row) => keyOf.document(row.kind as DocumentKind, String(row.id)))
  await Promise.all(rows.map((row, index) => cacheRow(context, found[index] ?? '', row, checkpoint)))
  const keys = [...new Set([...found, ...uncheckpointedKeys(state, prefix)])]
  const page = await loader.withStates(keys, () => {
    // Everything that is in the log and not in the collections must be among the keys.
    if (state.checkpointNumber !== checkpoint) return undefined
    if (new Set([...keys, ...uncheckpointedKeys(state, prefix)]).size > keys.length) return undefined
    const wasFound = new Set(found)
    const documents = keys.flatMap((key) => {
      const document = state.peek(key)
      if (!(document instanceof DocumentState)) return []
      const { position } = document.head
      if (position <= after || position > end) return []
      // The database has tested a row that did not change since.
      const isTested = wasFound.has(key) && state.uncheckpointed.batchesOf(key).length === 0
      return isTested || matches(document, query) ? [document] : []
    })
    documents.sort((one, other) => one.head.position - other.head.position)
    return toPage(documents, limit, hasMore ? end : undefined)
  })
  if (page === undefined || page.next !== end) return page
  // Rows that were found are gone by now, so none of them proves that anything follows.
  const rest = await readDocumentPage(context, query, end, 1)
  if (rest === undefined) return undefined
  return rest.items.length > 0 || rest.next !== undefined ? page : { items: page.items }
}

/** @param end where to go on if all documents fit; undefined if nothing follows */
function toPage(documents: readonly DocumentState[], limit: number, end: number | undefined): Page<Document> {
  const items: Document[] = []
  let bytes = 0
  for (const document of documents) {
    const last = items.at(-1)
    if (last !== undefined && (items.length === limit || bytes > PAGE_BYTES)) return { items, next: last.position }
    const item = document.document()
    bytes += item.bytes.length
    items.push(item)
  }
  return end === undefined ? { items } : { items, next: end }
}

function findDocumentRows(
  { connection }: ListContext,
  query: DocumentQuery,
  after: number,
  limit: number
): Promise<StoredRow[]> {
  const documents = connection.collection('documents')
  const filter = toFilter(query, after)
  const cursor = () => documents.find(filter).project<StoredRow>({ keys: 0 }).sort({ position: 1 }).limit(limit)
  return connection.run(() => cursor().toArray())
}

function toFilter({ kind, facets, conditions }: DocumentQuery, after: number): Filter<StoredRow> {
  const all: Filter<StoredRow>[] = facets.map((facet) => ({ facets: encodeFacet(facet) }))
  for (const condition of conditions) {
    if ('among' in condition) all.push({ keys: { $in: [...condition.among] } })
    else {
      const inRange = { keys: { $elemMatch: { $gte: condition.from, $lt: condition.before } } }
      all.push({ $or: [inRange, { keys: { $in: [...condition.or] } }] })
    }
  }
  return { kind, position: { $gt: after }, ...(all.length > 0 && { $and: all }) }
}

function matches(document: DocumentState, { facets, conditions }: DocumentQuery): boolean {
  const hasFacet = ([name, value]: Facet) =>
    document.head.facets.some((facet) => facet[0] === name && facet[1] === value)
  return facets.every(hasFacet) && matchesKeys(document.searchKeys(), conditions)
}

/** A row that was listed need not be read again. */
async function cacheRow(
  { replica, collections }: ListContext,
  key: StateKey,
  row: StoredRow,
  checkpoint: number
): Promise<void> {
  if (replica.state.peek(key) !== undefined) return
  const stored = await collections.fromRow(key, row)
  if (stored !== undefined) await replica.loader.cacheIfCurrent(key, stored, checkpoint)
}

function uncheckpointedKeys(state: ReplicatedState, prefix: string): StateKey[] {
  return [...state.uncheckpointed.keys()].filter((key) => key.startsWith(prefix))
}

export async function listSeries(
  context: ListContext,
  after: SeriesName | undefined,
  limit: number
): Promise<readonly Series[]> {
  await context.replica.applier.sync()
  for (let start = after; ; ) {
    const page = await readSeriesPage(context, start, limit)
    if (page === undefined) continue
    // All that were found may be gone by now: that is not the end.
    if (page.series.length > 0 || page.next === undefined) return page.series
    start = page.next
  }
}

/** @returns undefined if it has to be read again; `next` is where to go on */
async function readSeriesPage(
  context: ListContext,
  after: SeriesName | undefined,
  limit: number
): Promise<{ readonly series: readonly Series[]; readonly next: SeriesName | undefined } | undefined> {
  const { state, loader } = context.replica
  const checkpoint = state.checkpointNumber
  const rows = (await findSeriesRows(context.connection, after, '$gt', limit)).map(toSeries)
  const end = rows.length === limit ? rows.at(-1) : undefined
  const changed = new Set(uncheckpointedKeys(state, seriesKeyPrefix))
  return loader.withStates([...changed], () => {
    const isOutdated = uncheckpointedKeys(state, seriesKeyPrefix).some((key) => !changed.has(key))
    if (state.checkpointNumber !== checkpoint || isOutdated) return undefined
    const stored = rows.filter((series) => !changed.has(keyOf.series(series)))
    const current = [...changed].flatMap((key) => summarizeSeries(state.peek(key) as SeriesState | null) ?? [])
    const inRange = current.filter((series) => {
      if (after !== undefined && compareSeries(series, after) <= 0) return false
      return end === undefined || compareSeries(series, end) <= 0
    })
    return { series: [...stored, ...inRange].sort(compareSeries).slice(0, limit), next: end }
  })
}

/** Rows of series in the order of their names, without their chunks. */
export function findSeriesRows(
  connection: MongoConnection,
  after: SeriesName | undefined,
  comparison: '$gt' | '$gte',
  limit: number
): Promise<StoredRow[]> {
  const series = connection.collection('series')
  const filter: Filter<StoredRow> =
    after === undefined
      ? {}
      : {
          $or: [{ submodel: { $gt: after.submodel } }, { submodel: after.submodel, path: { [comparison]: after.path } }]
        }
  const cursor = () => series.find(filter).project<StoredRow>({ list: 0 }).sort({ submodel: 1, path: 1 }).limit(limit)
  return connection.run(() => cursor().toArray())
}

function toSeries(row: StoredRow): Series {
  const { submodel, path, count, chunks, bytes, from, to } = row
  return {
    submodel: String(submodel),
    path: String(path),
    count: Number(count),
    chunks: Number(chunks),
    bytes: Number(bytes),
    from: BigInt(String(from)),
    to: BigInt(String(to))
  }
}

/** By bytes, as databases sort. */
function compareSeries(one: SeriesName, other: SeriesName): number {
  const order = Buffer.compare(Buffer.from(one.submodel), Buffer.from(other.submodel))
  return order === 0 ? Buffer.compare(Buffer.from(one.path), Buffer.from(other.path)) : order
}
