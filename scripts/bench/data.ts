/** Data of the benchmark. */
import { facetsOf } from '../../src/model/facets.ts'
import type { Property, Submodel } from '../../src/model/types.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import type { Change } from '../../src/store/store.ts'

/** A submodel with this number of properties with semantic ids, like operational data of a machine. */
export function submodel(id: string, properties: number): Submodel {
  return {
    modelType: 'Submodel',
    id,
    idShort: 'OperationalData',
    semanticId: {
      type: 'ExternalReference',
      keys: [{ type: 'GlobalReference', value: 'https://bench.example/semantics/data/1/0' }]
    },
    submodelElements: Array.from({ length: properties }, (_, index) => property(index))
  }
}

function property(index: number): Property {
  return {
    modelType: 'Property',
    idShort: `Value${index}`,
    semanticId: {
      type: 'ExternalReference',
      keys: [{ type: 'GlobalReference', value: `https://bench.example/cd/${index}` }]
    },
    valueType: 'xs:double',
    value: '21.5'
  }
}

export function encode(id: string): string {
  return Buffer.from(id).toString('base64url')
}

/** Number of submodels of a filled directory with a distinct value in their first property. */
export const MARKED = 10
export const MARK = '99.5'

/** Fills a data directory with submodels, through the store's write interface. */
export async function fill(directory: string, count: number, properties = 1): Promise<void> {
  const store = await openSqlite(directory)
  // Several at a time share a transaction, and are prepared while it is synced.
  const commits = creations(count, properties)
  const sender = async () => {
    for (const changes of commits) await store.commit(changes)
  }
  await Promise.all(Array.from({ length: 8 }, sender))
  await store.close()
}

/** Fills a data directory with these. */
export async function fillWith(directory: string, documents: readonly Submodel[]): Promise<void> {
  const store = await openSqlite(directory)
  for (let from = 0; from < documents.length; from += 100)
    await store.commit(documents.slice(from, from + 100).map(creation))
  await store.close()
}

function creation(document: Submodel): Change {
  const { modelType: kind, id } = document
  return { change: 'create', kind, id, json: JSON.stringify(document), facets: facetsOf('Submodel', document) }
}

/** Commits that create submodels; some of them have a distinct value. */
export function* creations(count: number, properties: number): Generator<Change[]> {
  const batch = Math.ceil(2_000 / properties)
  for (let from = 0; from < count; from += batch) {
    const changes: Change[] = []
    for (let index = from; index < Math.min(from + batch, count); index++) {
      const document = submodel(`https://bench.example/sm/${index}`, properties)
      const first = document.submodelElements?.[0]
      if (index % (count / MARKED) === 0 && first?.modelType === 'Property') first.value = MARK
      changes.push(creation(document))
    }
    yield changes
  }
}
