import t from 'tap'
import { keepLogFor, trimBefore } from '../../src/followers/retention.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import type { Store } from '../../src/store/store.ts'

t.test('entries older than a time are forgotten, all others stay', async (t) => {
  for (const time of [0, 1000, 1001, 1005, 1010, 1020, 2000]) {
    let now = 1000
    const store = await openSqlite(t.testdir({}), { clock: () => now })
    for (let entry = 0; entry < 20; entry++, now++) await write(store, entry)
    await trimBefore(store, time)
    const { logFirst, logLast } = await store.figures()
    const { entries } = await store.log(logFirst - 1, 100)
    t.equal(entries.length, Math.min(20, Math.max(0, 1020 - time)), `before ${time}`)
    t.ok(entries.every((entry) => entry.time >= time))
    t.equal(logLast, 20)
    await store.close()
  }
})

t.test('an empty log stays as it is', async (t) => {
  const store = await openSqlite(t.testdir({}))
  await trimBefore(store, Date.now())
  t.equal((await store.figures()).logLast, 0)
  await store.close()
})

t.test('what is too old is forgotten at once, and a failure is told', async (t) => {
  const store = await openSqlite(t.testdir({}), { clock: () => 1000 })
  await write(store, 1)
  await keepLogFor(60_000, store, (error) => t.fail(String(error)))()
  t.same((await store.log(0, 10)).entries, [])
  await store.close()
  const failures: unknown[] = []
  await keepLogFor(60_000, store, (error) => failures.push(error))()
  t.equal(failures.length, 1)
})

function write(store: Store, number: number) {
  const id = `urn:${number}`
  return store.commit([
    { change: 'create', kind: 'Submodel', id, json: JSON.stringify({ modelType: 'Submodel', id }), facets: [] }
  ])
}
