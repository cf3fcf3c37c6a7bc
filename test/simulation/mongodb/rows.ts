/** The collections of a simulated server: rows by `_id`, the operators that the hub uses, and what a write changes. */
import { BSON, type Document, MongoBulkWriteError, MongoServerError } from 'mongodb'

const DUPLICATE_KEY = 11000
/** The largest row that a server takes. */
const MAX_ROW_BYTES = 16 * 1024 * 1024

export interface Row {
  /** As stored: what a client gets is its own. */
  readonly bytes: Uint8Array
  readonly content: Document
}

/** By collection, then by `_id`. */
export type Rows = Map<string, Map<string, Row>>

/** What a write does: rows that are put, or removed if undefined. */
export type Effect = readonly (readonly [collection: string, id: string, row: Row | undefined])[]

export function copyOfRows(rows: Rows): Rows {
  return new Map([...rows].map(([name, own]) => [name, new Map(own)]))
}

export function applyEffect(rows: Rows, effect: Effect): void {
  for (const [name, id, row] of effect) {
    const own = rows.get(name) ?? new Map<string, Row>()
    rows.set(name, own)
    if (row === undefined) own.delete(id)
    else own.set(id, row)
  }
}

export interface Find {
  readonly filter: Document
  readonly projection?: Document
  readonly sort?: Document
  readonly limit?: number
}

/** Rows as a client gets them. */
export function find(rows: Rows, collection: string, { filter, projection, sort, limit }: Find): Document[] {
  const found = [...candidates(rows, collection, filter)]
  if (sort !== undefined) found.sort((one, other) => compareBy(sort, one.content, other.content))
  return found.slice(0, limit === 0 ? undefined : limit).map(({ bytes }) => project(fromBytes(bytes), projection))
}

export type WriteOperation =
  | { readonly insert: Document }
  | { readonly replace: Document; readonly filter: Document; readonly upsert: boolean }
  | { readonly update: Document; readonly filter: Document; readonly upsert: boolean }
  | { readonly remove: Document; readonly isMany: boolean }

export interface WriteResult {
  readonly effect: Effect
  /** Why some of the operations were refused. */
  readonly error: Error | undefined
}

/** Carries out operations that do not depend on each other's success (`ordered: false`). */
export function write(
  rows: Rows,
  collection: string,
  operations: readonly WriteOperation[],
  isBulk: boolean
): WriteResult {
  const effect: [string, string, Row | undefined][] = []
  const refused: { index: number; code: number; errmsg: string }[] = []
  const own: Rows = new Map([[collection, new Map(rows.get(collection))]])
  for (const [index, operation] of operations.entries()) {
    const done = writeOne(own, collection, operation)
    if (done === 'duplicate') refused.push({ index, code: DUPLICATE_KEY, errmsg: 'E11000 duplicate key error' })
    else {
      applyEffect(own, done)
      effect.push(...done)
    }
  }
  return { effect, error: refused.length === 0 ? undefined : errorOf(refused, isBulk) }
}

function writeOne(
  rows: Rows,
  collection: string,
  operation: WriteOperation
): [string, string, Row | undefined][] | 'duplicate' {
  if ('insert' in operation) {
    const row = toRow(operation.insert)
    const id = String(row.content._id)
    return rows.get(collection)?.has(id) === true ? 'duplicate' : [[collection, id, row]]
  }
  if ('remove' in operation) {
    const found = [...candidates(rows, collection, operation.remove)].slice(0, operation.isMany ? undefined : 1)
    return found.map(({ content }) => [collection, String(content._id), undefined])
  }
  const { filter, upsert } = operation
  const [met] = candidates(rows, collection, filter)
  if (met === undefined && !upsert) return []
  const id = met === undefined ? String(filter._id) : String(met.content._id)
  // An upsert inserts the `_id` of its filter, which another row may have that the rest of the filter excludes.
  if (met === undefined && rows.get(collection)?.has(id) === true) return 'duplicate'
  const content = 'replace' in operation ? operation.replace : updated(met?.content ?? {}, operation.update)
  return [[collection, id, toRow({ ...content, _id: id })]]
}

function updated(before: Document, { $max = {}, $set = {} }: Document): Document {
  const after = { ...before, ...$set }
  for (const [name, value] of Object.entries($max)) if (!(after[name] >= Number(value))) after[name] = value
  return after
}

function errorOf(refused: { index: number; code: number; errmsg: string }[], isBulk: boolean): Error {
  const [first] = refused
  const about = { message: String(first?.errmsg), code: DUPLICATE_KEY }
  if (!isBulk) return new MongoServerError(about)
  const error = new MongoBulkWriteError({ ...about, writeErrors: [] }, {} as never)
  return Object.assign(error, { writeErrors: refused })
}

function toRow(content: Document): Row {
  const bytes = BSON.serialize(content)
  if (bytes.length > MAX_ROW_BYTES) throw new MongoServerError({ message: 'BSONObjectTooLarge', code: 10334 })
  return { bytes, content: fromBytes(bytes) }
}

function fromBytes(bytes: Uint8Array): Document {
  return BSON.deserialize(bytes, { promoteBuffers: true })
}

function* candidates(rows: Rows, collection: string, filter: Document): Generator<Row> {
  const own = rows.get(collection)
  if (own === undefined) return
  const { _id } = filter
  if (typeof _id === 'string') {
    const row = own.get(_id)
    if (row !== undefined && matches(row.content, filter)) yield row
    return
  }
  for (const row of own.values()) if (matches(row.content, filter)) yield row
}

function matches(row: Document, filter: Document): boolean {
  return Object.entries(filter).every(([name, condition]) => {
    if (name === '$and') return (condition as Document[]).every((one) => matches(row, one))
    if (name === '$or') return (condition as Document[]).some((one) => matches(row, one))
    return meets(row[name], condition)
  })
}

function meets(value: unknown, condition: unknown): boolean {
  if (typeof condition !== 'object' || condition === null || Buffer.isBuffer(condition)) return equals(value, condition)
  return Object.entries(condition).every(([operator, wanted]) => {
    switch (operator) {
      case '$gt':
        return compare(value, wanted) > 0
      case '$gte':
        return compare(value, wanted) >= 0
      case '$lt':
        return compare(value, wanted) < 0
      case '$lte':
        return compare(value, wanted) <= 0
      case '$in':
        return (wanted as unknown[]).some((one) => equals(value, one))
      case '$elemMatch':
        return Array.isArray(value) && value.some((one) => meets(one, wanted))
      default:
        throw new Error(`The simulated server does not know ${operator}`)
    }
  })
}

function equals(value: unknown, wanted: unknown): boolean {
  return Array.isArray(value) ? value.includes(wanted) : value === wanted
}

/** NaN, which meets no condition, if they are of different types. */
function compare(one: unknown, other: unknown): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other
  if (typeof one === 'string' && typeof other === 'string') return Buffer.compare(Buffer.from(one), Buffer.from(other))
  return Number.NaN
}

function compareBy(sort: Document, one: Document, other: Document): number {
  for (const name of Object.keys(sort)) {
    const order = compare(one[name], other[name])
    if (order !== 0) return order
  }
  return 0
}

function project(row: Document, projection: Document | undefined): Document {
  if (projection === undefined) return row
  const names = Object.keys(projection)
  if (names.every((name) => projection[name] === 0)) {
    for (const name of names) delete row[name]
    return row
  }
  return Object.fromEntries(Object.entries(row).filter(([name]) => name === '_id' || names.includes(name)))
}
