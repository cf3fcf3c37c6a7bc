/** Pages and cursors. Cursors are opaque to clients, and validated when they come back. [AASa-001] */
import { HubError } from '../errors.ts'
import { unlessDamaged } from '../store/damage.ts'
import type { Document, DocumentKind, Facet } from '../store/store.ts'
import type { ApiResponse } from './api-request.ts'
import type { OperationContext } from './operation-context.ts'
import type { RequestQuery } from './request-query.ts'

/** For one page: is its time over? */
export function pageTime({ ingest: { clock }, queryTimeMs }: OperationContext): () => boolean {
  const deadline = clock.monotonic() + queryTimeMs
  return () => clock.monotonic() >= deadline
}

/** The cursor of the page after a position. */
export function toCursor(position: number): string {
  return encodeCursor(position)
}

/** The position in a document list; undefined without a cursor. @throws HubError `BadRequest` if it is invalid */
export function parseCursor(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined
  const position = decodeCursor(cursor)
  if (typeof position !== 'number' || !Number.isSafeInteger(position) || position < 0) throw invalidCursor()
  return position
}

/**
 * A page of items within one document. They have no positions, so the cursor holds index and key of the last item
 * returned, and the key of the next one: if items were added or removed meanwhile a key still finds the place, also if the
 * last item itself was removed.
 */
export function pageOfItems<Item>(
  items: readonly Item[],
  keyOf: (item: Item, index: number) => string,
  query: RequestQuery
): { items: readonly Item[]; cursor?: string } {
  const start = query.cursor === undefined ? 0 : indexAfter(items, keyOf, query.cursor)
  const page = items.slice(start, start + query.limit)
  const last = start + page.length - 1
  const item = items[last]
  const next = items[last + 1]
  if (item === undefined || next === undefined) return { items: page }
  return { items: page, cursor: encodeCursor([last, keyOf(item, last), keyOf(next, last + 1)]) }
}

/**
 * A page of documents of several kinds, one kind after the other. `render` returns the JSON of a document, or undefined
 * to omit it.
 */
export async function listKinds(
  context: OperationContext,
  kinds: readonly DocumentKind[],
  facets: readonly Facet[],
  query: RequestQuery,
  render: (document: Document) => Promise<Buffer | string | undefined>
): Promise<ApiResponse> {
  let [turn, after] = query.cursor === undefined ? [0, 0] : parseListCursor(query.cursor, kinds.length)
  const results: (Buffer | string)[] = []
  const damaged: string[] = []
  const isOver = pageTime(context)
  while (turn < kinds.length) {
    const kind = kinds[turn] as DocumentKind
    const page = await context.store.documents(kind, facets, { after, limit: query.limit - results.length, isOver })
    damaged.push(...(page.damaged ?? []))
    for (const document of page.items) {
      const text = await unlessDamaged(render(document), () => damaged.push(document.id))
      if (text !== undefined) results.push(text)
    }
    if (page.next === undefined) [turn, after] = [turn + 1, 0]
    else after = page.next
    if (results.length === query.limit || isOver()) break
  }
  const more = turn < kinds.length && (after > 0 || (await anyIn(context, kinds.slice(turn), facets, isOver)))
  return paged(results, more ? encodeCursor([turn, after]) : undefined, damagedMetadata(damaged))
}

/** Page metadata that names documents of the list that cannot be read. */
export function damagedMetadata(ids: readonly string[] = []): { readonly damaged?: readonly string[] } {
  return ids.length === 0 ? {} : { damaged: ids }
}

/** A page in the format of Part 2; `results` are JSON texts. @param more further members of its metadata */
export function paged(
  results: readonly (Buffer | string)[],
  cursor: string | undefined,
  more: object = {}
): ApiResponse {
  const metadata = JSON.stringify(cursor === undefined ? more : { cursor, ...more })
  const parts: Buffer[] = [Buffer.from(`{"paging_metadata":${metadata},"result":[`)]
  for (const [index, result] of results.entries()) {
    if (index > 0) parts.push(COMMA)
    parts.push(typeof result === 'string' ? Buffer.from(result) : result)
  }
  parts.push(Buffer.from(']}'))
  return { status: 200, bytes: Buffer.concat(parts) }
}

const COMMA = Buffer.from(',')

function indexAfter<Item>(
  items: readonly Item[],
  keyOf: (item: Item, index: number) => string,
  cursor: string
): number {
  const place = decodeCursor(cursor)
  if (!Array.isArray(place) || !Number.isSafeInteger(place[0]) || place[0] < 0 || typeof place[1] !== 'string') {
    throw invalidCursor()
  }
  const [index, key, nextKey] = place as [number, string, unknown]
  const item = items[index]
  if (item !== undefined && keyOf(item, index) === key) return index + 1
  const moved = items.findIndex((other, at) => keyOf(other, at) === key)
  if (moved !== -1) return moved + 1
  const next = items.findIndex((other, at) => keyOf(other, at) === nextKey)
  return next === -1 ? Math.min(index, items.length) : next
}

/** The position in a list of several kinds, one after the other. */
export function parseListCursor(cursor: string, kinds: number): [kind: number, after: number] {
  const place = parsePairCursor(cursor)
  if (place[0] >= kinds) throw invalidCursor()
  return place
}

/** A cursor of two numbers. */
export function parsePairCursor(cursor: string): [number, number] {
  const place = decodeCursor(cursor)
  if (!Array.isArray(place) || place.length !== 2 || !place.every((part) => Number.isSafeInteger(part) && part >= 0)) {
    throw invalidCursor()
  }
  return place as [number, number]
}

async function anyIn(
  context: OperationContext,
  kinds: readonly DocumentKind[],
  facets: readonly Facet[],
  isOver: () => boolean
): Promise<boolean> {
  for (const kind of kinds) {
    const { items, next } = await context.store.documents(kind, facets, { limit: 1, isOver })
    if (items.length > 0 || next !== undefined) return true
  }
  return false
}

/** Encodes any JSON value as a cursor. */
export function encodeCursor(place: unknown): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

function decodeCursor(cursor: string): unknown {
  if (!/^[A-Za-z0-9_-]+$/.test(cursor)) throw invalidCursor()
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    throw invalidCursor()
  }
}

function invalidCursor(): HubError {
  return new HubError('BadRequest', ['The cursor is not valid for this list; start again without one'])
}
