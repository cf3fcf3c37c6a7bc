/** Small documents for store tests. */
import type { Property, Submodel, SubmodelElement } from '../../src/model/types.ts'
import type { Change, Document, Store } from '../../src/store/store.ts'

export function property(idShort: string, value?: string): Property {
  const bare: Property = { modelType: 'Property', idShort, valueType: 'xs:double' }
  return value === undefined ? bare : { ...bare, value }
}

export function collection(idShort: string, value: SubmodelElement[]): SubmodelElement {
  return { modelType: 'SubmodelElementCollection', idShort, value }
}

export function submodel(id: string, ...submodelElements: SubmodelElement[]): Submodel {
  const bare: Submodel = { modelType: 'Submodel', id }
  return submodelElements.length === 0 ? bare : { ...bare, submodelElements }
}

export function create(document: Submodel, ...facets: [string, string][]): Change {
  return { change: 'create', kind: 'Submodel', id: document.id, json: JSON.stringify(document), facets }
}

export function replace(
  document: Submodel,
  more: {
    touched?: string[]
    subtreeAction?: 'created' | 'deleted'
    ifStructureRevision?: number
    ifRevision?: number
    asOf?: number
  } = {}
) {
  const { id } = document
  return { change: 'replace', kind: 'Submodel', id, json: JSON.stringify(document), facets: [], ...more } as const
}

/** A value change of a property, for its current incarnation. */
export async function write(store: Store, id: string, path: string, value: string): Promise<Change> {
  const incarnation = (await store.element(id, path))?.incarnation ?? -1
  return { change: 'value', submodel: id, path, incarnation, value: JSON.stringify({ value }) }
}

export function parsed(document: Document | undefined): unknown {
  return document === undefined ? undefined : JSON.parse(document.bytes.toString())
}

export async function submodelOf(store: Store, id: string): Promise<unknown> {
  return parsed(await store.document('Submodel', id))
}

export async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = []
  for await (const item of items) list.push(item)
  return list
}

/** SQL that reverts the migrations from those on that added checksums. */
export const WITHOUT_CHECKSUMS = `${['document', 'body', 'element', 'file', 'log', 'series', 'chunk']
  .map((table) => `ALTER TABLE ${table} DROP COLUMN crc;`)
  .join(
    ''
  )} ALTER TABLE blob DROP COLUMN parts; DROP TABLE audit; DROP TRIGGER chunk_summary_deleted; DROP TABLE chunk_summary; ALTER TABLE log DROP COLUMN late; ALTER TABLE log DROP COLUMN first; DROP TABLE set_aside;`

/** Closes the store when the work is done or has failed, before its directory is removed. */
export async function withStore<Opened extends Store, Result>(
  store: Opened,
  work: (store: Opened) => Promise<Result>
): Promise<Result> {
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}
