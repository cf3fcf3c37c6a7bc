import t from 'tap'
import { startHistoryWriter } from '../../src/consumers/history/history-writer.ts'
import { seriesPaths } from '../../src/operations/history/series-paths.ts'
import { Ingest } from '../../src/operations/samples/ingest.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import { create, property, submodel } from '../store/fixtures.ts'
import { testDirectory } from '../test-directory.ts'

t.test('the series of a submodel are found, however many, before and after they are in chunks', async (t) => {
  const store = await openSqlite(testDirectory(t))
  const writing = { failed: (error: unknown) => t.fail(String(error)) }
  const first = await startHistoryWriter(store, writing)
  const names = Array.from({ length: 40 }, (_, index) => `P${index}`)
  for (const id of ['a', 'b', 'c']) {
    await store.commit([create(submodel(id, ...['Last', ...names].map((name) => property(name, '1'))))])
  }
  const ingest = new Ingest({ store })
  const push = async (id: string, paths: readonly string[]) => {
    const batch = ingest.batch()
    for (const path of paths) batch.add(id, path, 5n, 1, undefined)
    t.equal((await ingest.push(batch)).accepted, paths.length)
  }
  await push('a', names)
  await push('c', ['P1'])
  const check = async (writer: typeof first, expected: readonly (readonly string[])[]) => {
    const pathsOf = seriesPaths(store, writer)
    for (const [at, id] of ['a', 'b', 'c'].entries()) t.strictSame([...(await pathsOf(id))].sort(), expected[at], id)
  }
  await check(first, [names.toSorted(), [], ['P1']])
  await first.stop()
  t.match(await store.figures(), { series: 41 }, 'they are in chunks now')
  const second = await startHistoryWriter(store, writing)
  await push('a', ['Last'])
  await check(second, [['Last', ...names].sort(), [], ['P1']])
  await second.stop()
  await store.close()
})
