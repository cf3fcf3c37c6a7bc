/** Cursors: opaque to the caller, checked when they come back. [AASa-001] */
import { HubError } from '../errors.ts'
import { unlessDamaged } from '../store/damage.ts'
import type { Document, DocumentKind, Facet } from '../store/store.ts'
import type { ApiResponse } from './api-request.ts'
import type { OperationContext } from './operation-context.ts'
import type { RequestQuery } from './request-query.ts'

/** Writes the position after which the next page goes on. */
export function toCursor(position: number): string {
  return encodeCursor(position)
}

/** The position in a document list that a cursor stands for; undefined where none was given. */
export function parseCursor(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined
  const position = decodeCursor(cursor)
  if (typeof position !== 'number' || !Number.isSafeInteger(position) || position < 0) throw invalidCursor()
  return position
}

/**
 * A page of items that stand in one document. They have no positions of their own, so the cursor holds the index and
 * the key of the last item given, and the key of the one that comes next: where items before it came or went, a key
 * finds the place again, also when the last item itself is gone.
 */
export function pageOfItems<Item>(
  items: readonly Item[],
  keyOf: (item: Item, index: number) => string,
  query: RequestQuery
): { items: readonly Item[]; cursor?: string } {
  const start = query.cursor === undefined ? 0 : placeAfter(items, keyOf, query.cursor)
  const page = items.slice(start, start + query.limit)
  const last = start + page.length - 1
  const item = items[last]
  const next = items[last + 1]
  if (item === undefined || next === undefined) return { items: page }
  return { items: page, cursor: encodeCursor([last, keyOf(item, last), keyOf(next, last + 1)]) }
}

/**
 * A page of documents of several kinds, one kind after the other. `render` gives the JSON text that stands for a
 * document, or undefined to leave it out.
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
  while (turn < kinds.length) {
    const kind = kinds[turn] as DocumentKind
    const page = await context.store.documents(kind, facets, { after, limit: query.limit - results.length })
    damaged.push(...(page.damaged ?? []))
    for (const document of page.items) {
      const text = await unlessDamaged(render(document), () => damaged.push(document.id))
      if (text !== undefined) results.push(text)
    }
    if (page.next === undefined) [turn, after] = [turn + 1, 0]
    else after = page.next
    if (results.length === query.limit) break
  }
  const more = turn < kinds.length && (after > 0 || (await anyIn(context, kinds.slice(turn), facets)))
  return paged(results, more ? encodeCursor([turn, after]) : undefined, damagedMetadata(damaged))
}

/** What the metadata of a page tells of documents that belong there and cannot be read. */
export function damagedMetadata(ids: readonly string[] = []): { readonly damaged?: readonly string[] } {
  return ids.length === 0 ? {} : { damaged: ids }
}

/** A page as Part 2 sends it; `results` are JSON texts. @param more what its metadata tells beside the cursor */
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

function placeAfter<Item>(
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

/** The place in lists of several kinds, one after the other, that a cursor stands for. */
export function parseListCursor(cursor: string, turns: number): [turn: number, after: number] {
  const place = parsePairCursor(cursor)
  if (place[0] >= turns) throw invalidCursor()
  return place
}

/** Two numbers that a cursor stands for. */
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
  facets: readonly Facet[]
): Promise<boolean> {
  for (const kind of kinds) {
    if ((await context.store.documents(kind, facets, { limit: 1 })).items.length > 0) return true
  }
  return false
}

/** Writes any place as a cursor. */
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
  return new HubError('BadRequest', ['The cursor was not given out by this list; start again without one'])
}
