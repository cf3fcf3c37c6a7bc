/** Submodels that are joined with their values in slices, between which others write. */
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Property, Submodel } from '../../src/model/types.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import type { Change, Store } from '../../src/store/store.ts'
import { testDirectory } from '../test-directory.ts'
import { create, parsed, property, replace, submodel, withStore } from './fixtures.ts'

const ID = 'urn:large'
const NAMES = Array.from({ length: 40 }, (_, index) => `P${index}`)

type Values = ReadonlyMap<string, string>

/** Rows are read one by one, and follow their values soon. */
function open(t: Test): Promise<Store> {
  const slices = { fromBytes: 0, rows: 1 }
  return openSqlite(join(testDirectory(t), 'data'), { cacheBytes: 0, slices, maxUnwritten: 20 })
}

function documentOf(values: Values): Submodel {
  return submodel(ID, ...[...values].map(([name, value]) => property(name, value)))
}

function valuesOf(document: Submodel): Values {
  const properties = (document.submodelElements ?? []) as Property[]
  return new Map(properties.map(({ idShort = '', value = '' }) => [idShort, value]))
}

/** Some values at once, or all of them with the structure; and what the submodel is then. */
async function commit(store: Store, before: Values, round: number) {
  const written = new Map(NAMES.filter((_, index) => index % 7 === round % 7).map((name) => [name, `${round}.5`]))
  const after = new Map([...before, ...written])
  const changes: Change[] = []
  if (round % 25 === 24) changes.push(replace(documentOf(after), { touched: [...written.keys()] }))
  else {
    for (const [path, text] of written) {
      const { incarnation = -1 } = (await store.element(ID, path)) ?? {}
      changes.push({ change: 'value', submodel: ID, path, incarnation, value: JSON.stringify({ value: text }) })
    }
  }
  const { seq } = await store.commit(changes)
  return { seq, after }
}

t.test(
  'a read between writes, alone or in a page, shows the submodel as it was at its revision, and nothing older',
  async (t) => {
    await withStore(await open(t), async (store) => {
      const first = new Map(NAMES.map((name) => [name, '0']))
      const { seq } = await store.commit([create(documentOf(first))])
      const byRevision = new Map<number, Values>([[seq, first]])
      const shown: { readonly revision: number; readonly values: Values; readonly acknowledged: number }[] = []
      let [acknowledged, isOver] = [seq, false]
      const reading = [false, false, true, true].map(async (isPage) => {
        while (!isOver) {
          const before = acknowledged
          const inPage = async () =>
            (await store.documents('Submodel', [], { limit: 5 })).items.find(({ id }) => id === ID)
          const document = isPage ? await inPage() : await store.document('Submodel', ID)
          const values = valuesOf(parsed(document) as Submodel)
          shown.push({ revision: document?.revision ?? -1, values, acknowledged: before })
          // A read without newer values does not yield.
          await new Promise((resolve) => setImmediate(resolve))
        }
      })
      let values: Values = first
      for (let round = 1; round <= 120; round++) {
        const { seq, after } = await commit(store, values, round)
        byRevision.set(seq, after)
        values = after
        acknowledged = seq
      }
      isOver = true
      await Promise.all(reading)
      t.ok(shown.length > 20, `${shown.length} reads`)
      for (const { revision, values, acknowledged } of shown) {
        t.ok(revision >= acknowledged, 'not older')
        t.strictSame(values, byRevision.get(revision), `revision ${revision}`)
      }
      t.strictSame(valuesOf(parsed(await store.document('Submodel', ID)) as Submodel), values)
    })
  }
)

t.test('a Blob that got its value later is noticed', async (t) => {
  await withStore(await open(t), async (store) => {
    const blob = { modelType: 'Blob', idShort: 'B', contentType: 'text/plain' } as const
    await store.commit([create(submodel(ID, blob, property('P', '1')))])
    t.equal((await store.document('Submodel', ID))?.hasBlob, false)
    const { incarnation = -1 } = (await store.element(ID, 'B')) ?? {}
    const value = JSON.stringify({ value: 'eA==' })
    await store.commit([{ change: 'value', submodel: ID, path: 'B', incarnation, value }])
    const document = await store.document('Submodel', ID)
    t.equal(document?.hasBlob, true)
    t.match(parsed(document), { submodelElements: [{ idShort: 'B', value: 'eA==' }, { value: '1' }] })
  })
})

t.test('of a submodel that is deleted meanwhile there is nothing', async (t) => {
  await withStore(await open(t), async (store) => {
    await store.commit([create(documentOf(new Map(NAMES.map((name) => [name, '0']))))])
    await commit(store, new Map(), 1)
    const reading = store.document('Submodel', ID)
    await store.commit([{ change: 'delete', kind: 'Submodel', id: ID }])
    const document = await reading
    t.ok(document === undefined || valuesOf(parsed(document) as Submodel).size === NAMES.length)
    t.equal(await store.document('Submodel', ID), undefined)
  })
})
