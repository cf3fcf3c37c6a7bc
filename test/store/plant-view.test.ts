import t from 'tap'
import { SCRATCH_PREFIX } from '../../src/model/examination.ts'
import { plantView } from '../../src/store/plant-view.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import type { Change } from '../../src/store/store.ts'
import { testDirectory } from '../test-directory.ts'

const create = (id: string): Change => {
  return { change: 'create', kind: 'ConceptDescription', id, json: JSON.stringify({ id }), facets: [] }
}

t.test('what an examination stores is neither listed nor logged, and positions stay', async (t) => {
  const store = await openSqlite(testDirectory(t))
  t.teardown(() => store.close())
  const view = plantView(store)
  const scratch = `${SCRATCH_PREFIX}x`
  await view.commit([create('urn:a')])
  await store.commit([create(scratch)])
  await view.commit([create('urn:b')])
  const { items } = await view.documents('ConceptDescription', [], { after: 0, limit: 10 })
  t.same(
    items.map(({ id }) => id),
    ['urn:a', 'urn:b']
  )
  const { entries } = await view.log(0, 10)
  t.same(
    entries.map(({ seq, changes }) => [seq, changes.length]),
    [
      [1, 1],
      [2, 0],
      [3, 1]
    ]
  )
  t.ok(await view.document('ConceptDescription', scratch), 'by its id it can be read')
  t.equal(view.epoch, store.epoch)
})
