import t from 'tap'
import { startConsumer } from '../../src/consumers/consumer.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import { create, submodel, withStore } from '../store/fixtures.ts'
import { testDirectory } from '../test-directory.ts'

const HOUR = 3_600_000

t.test('a consumer that accumulates entries reads on while it is behind, and waits when it is not', async (t) => {
  await withStore(await openSqlite(testDirectory(t)), async (store) => {
    await store.setCursor('patient', 0)
    const many = 2500
    await Promise.all(Array.from({ length: many }, (_, n) => store.commit([create(submodel(`s${n}`))])))
    const taken: number[] = []
    let level = () => {}
    const done = new Promise<void>((resolve) => {
      level = resolve
    })
    const stop = startConsumer(store, {
      name: 'patient',
      batchDelayMs: HOUR,
      handle: async (entries) => {
        taken.push(...entries.map(({ seq }) => seq))
        if (taken.length === many) level()
      },
      resync: async () => void t.fail('nothing was trimmed'),
      failed: (error) => t.fail(String(error))
    })
    await done
    t.strictSame(
      taken,
      Array.from({ length: many }, (_, n) => n + 1)
    )
    await store.commit([create(submodel('later'))])
    await stop()
    t.equal(taken.length, many, 'what came while it rested waits')
    t.equal(await store.cursor('patient'), many)
  })
})
