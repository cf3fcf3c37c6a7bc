/** Lists: what the collections hold, and over it what the log did since. */
import type { Filter } from 'mongodb'
import type { Series, SeriesName } from '../series.ts'
import type { Document, DocumentKind, ElementCondition, Facet, Page, PageRequest } from '../store.ts'
import type { Connection, Row } from './connection.ts'
import { DocumentState, hasKeys, type Wanted, wantedKeys } from './document.ts'
import { type Key, keyOf, type SeriesState } from './keys.ts'
import type { ReplicatedState } from './replicated-state.ts'
import { facetText } from './rows.ts'
import { glance } from './series.ts'
import type { Tables } from './tables.ts'

/** A page takes no more once it has this many bytes, so that memory stays bounded. */
const PAGE_BYTES = 16 * 1024 * 1024

interface Parts {
  readonly connection: Connection
  readonly machine: ReplicatedState
  readonly tables: Tables
}

export async function documents(
  parts: Parts,
  kind: DocumentKind,
  facets: readonly Facet[],
  { after = 0, limit }: PageRequest,
  elements: readonly ElementCondition[]
): Promise<Page<Document>> {
  const { machine } = parts
  const wanted = elements.flatMap(wantedKeys)
  const filter = filterOf(kind, facets, after, wanted)
  for (;;) {
    const { mark } = machine
    const rows = await found(parts, filter, limit + 1)
    const hasMore = rows.length > limit
    const horizon = hasMore ? Number(rows.at(-1)?.position) : Number.POSITIVE_INFINITY
    const stored = rows.slice(0, limit + 1).map((row) => keyOf.document(row.kind as DocumentKind, String(row.id)))
    await Promise.all(rows.map((row, index) => offer(parts, stored[index] ?? '', row, mark)))
    const keys = [...new Set([...stored, ...changedSince(machine, `d${kind} `)])]
    const page = await machine.together(keys, () => {
      // What is in the log and not in the collections must all be among the keys.
      if (machine.mark !== mark) return undefined
      const all = new Set([...keys, ...changedSince(machine, `d${kind} `)])
      if (all.size > keys.length) return undefined
      const inKeys = new Set(stored)
      const states = keys.flatMap((key) => {
        const state = machine.peek(key)
        if (!(state instanceof DocumentState)) return []
        const { position } = state.head
        if (position <= after || position > horizon) return []
        // Of a row that nothing changed since, the database looked at the rest.
        const isAsFound = inKeys.has(key) && machine.tail.of(key).length === 0
        return isAsFound || (hasAll(state, facets) && hasKeys(state.keys(), wanted)) ? [state] : []
      })
      states.sort((one, other) => one.head.position - other.head.position)
      return pageOf(states, limit, hasMore ? horizon : undefined)
    })
    if (page === undefined) continue
    if (page.next !== horizon) return page
    // Rows that were found are gone by now, so none of them shows whether anything follows.
    const rest = await documents(parts, kind, facets, { after: horizon, limit: 1 }, elements)
    return rest.items.length > 0 || rest.next !== undefined ? page : { items: page.items }
  }
}

function pageOf(states: readonly DocumentState[], limit: number, horizon: number | undefined): Page<Document> {
  const items: Document[] = []
  let bytes = 0
  for (const state of states) {
    const last = items.at(-1)
    if (last !== undefined && (items.length === limit || bytes > PAGE_BYTES)) return { items, next: last.position }
    const item = state.document()
    bytes += item.bytes.length
    items.push(item)
  }
  return horizon === undefined ? { items } : { items, next: horizon }
}

function filterOf(
  kind: DocumentKind,
  facets: readonly Facet[],
  after: number,
  wantedKeys: readonly Wanted[]
): Filter<Row> {
  const all: Filter<Row>[] = facets.map((facet) => ({ facets: facetText(facet) }))
  for (const wanted of wantedKeys) {
    if ('among' in wanted) all.push({ keys: { $in: [...wanted.among] } })
    else {
      const inRange = { keys: { $elemMatch: { $gte: wanted.from, $lt: wanted.before } } }
      all.push({ $or: [inRange, { keys: { $in: [...wanted.or] } }] })
    }
  }
  return { kind, position: { $gt: after }, ...(all.length > 0 && { $and: all }) }
}

function found({ connection }: Parts, filter: Filter<Row>, limit: number): Promise<Row[]> {
  const cursor = () =>
    connection.rows('documents').find(filter).project<Row>({ keys: 0 }).sort({ position: 1 }).limit(limit)
  return connection.run(() => cursor().toArray())
}

/** A row that was read need not be read again. */
async function offer({ machine, tables }: Parts, key: Key, row: Row, mark: number): Promise<void> {
  if (machine.peek(key) !== undefined) return
  const stored = await tables.fromRow(key, row)
  if (stored !== undefined) await machine.offer(key, stored, mark)
}

function changedSince(machine: ReplicatedState, start: string): Key[] {
  return [...machine.tail.keys()].filter((key) => key.startsWith(start))
}

function hasAll({ head }: DocumentState, facets: readonly Facet[]): boolean {
  return facets.every(([name, value]) => head.facets.some((facet) => facet[0] === name && facet[1] === value))
}

export async function series(parts: Parts, after: SeriesName | undefined, limit: number): Promise<Series[]> {
  const { connection, machine } = parts
  const filter: Filter<Row> =
    after === undefined
      ? {}
      : { $or: [{ submodel: { $gt: after.submodel } }, { submodel: after.submodel, path: { $gt: after.path } }] }
  for (;;) {
    const { mark } = machine
    const rows = await connection.run(() =>
      connection
        .rows('series')
        .find(filter)
        .project<Row>({ list: 0 })
        .sort({ submodel: 1, path: 1 })
        .limit(limit)
        .toArray()
    )
    const changed = new Set(changedSince(machine, 's'))
    const horizon = rows.length === limit ? rows.at(-1) : undefined
    const listed = await machine.together([...changed], () => {
      if (machine.mark !== mark || changedSince(machine, 's').some((key) => !changed.has(key))) return undefined
      const stored = rows.map(glanceOf).filter((one) => !changed.has(keyOf.series(one)))
      const now = [...changed].flatMap((key) => glance(machine.peek(key) as SeriesState | null) ?? [])
      const inReach = now.filter((one) => {
        if (after !== undefined && compare(one, after) <= 0) return false
        return horizon === undefined || compare(one, glanceOf(horizon)) <= 0
      })
      return { list: [...stored, ...inReach].sort(compare).slice(0, limit), isWhole: horizon === undefined }
    })
    if (listed === undefined) continue
    // All that were there may be gone: what follows them is not the end.
    if (listed.list.length > 0 || listed.isWhole || horizon === undefined) return listed.list
    return series(parts, glanceOf(horizon), limit)
  }
}

function glanceOf(row: Row): Series {
  const { submodel, path, count, chunks, bytes, from, to } = row
  const [name, figures] = [
    { submodel: String(submodel), path: String(path) },
    { count: Number(count), chunks: Number(chunks) }
  ]
  return { ...name, ...figures, bytes: Number(bytes), from: BigInt(String(from)), to: BigInt(String(to)) }
}

/** In the order of the bytes, as databases have it. */
function compare(one: SeriesName, other: SeriesName): number {
  const order = Buffer.compare(Buffer.from(one.submodel), Buffer.from(other.submodel))
  return order === 0 ? Buffer.compare(Buffer.from(one.path), Buffer.from(other.path)) : order
}
