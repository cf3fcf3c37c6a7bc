import t, { type Test } from 'tap'
import { clockOf } from '../../src/clock.ts'
import { type LogRetentionOptions, startLogRetention } from '../../src/consumers/log-retention.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { testDirectory } from '../test-directory.ts'

const FOREVER = { maxAgeMs: 1e12, maxBytes: 1e12 }

t.test('entries older than the retention time are trimmed, all others stay', async (t) => {
  for (const before of [0, 1000, 1001, 1005, 1010, 1020, 2000]) {
    const store = await filled(t, (entry) => 1000 + entry)
    await trimmed(store, { ...FOREVER, maxAgeMs: 0, clock: clockOf(() => before) })
    const { logFirst, logLast } = await store.figures()
    const { entries } = await store.log(logFirst - 1, 100)
    t.equal(entries.length, Math.min(20, Math.max(0, 1020 - before)), `before ${before}`)
    t.ok(entries.every(({ time }) => time >= before))
    t.equal(logLast, 20)
    await store.close()
  }
})

t.test('the oldest entries are trimmed where the log is too large', async (t) => {
  const store = await filled(t)
  const { logBytes } = await store.figures()
  await trimmed(store, { ...FOREVER, maxBytes: logBytes / 2 })
  const left = await store.figures()
  t.ok(left.logBytes < logBytes * 0.6 && left.logBytes > logBytes * 0.4, `${left.logBytes} of ${logBytes} bytes`)
  t.equal(left.logLast, 20)
  await store.close()
})

t.test('entries that the history has not taken yet are not trimmed', async (t) => {
  const store = await filled(t, () => 1000)
  await trimmed(store, { maxAgeMs: 1, maxBytes: 1, taken: async () => 7 })
  t.equal((await store.figures()).logFirst, 8)
  await store.close()
})

t.test('an empty log is left as it is', async (t) => {
  const store = await openSqlite(testDirectory(t))
  await trimmed(store, { maxAgeMs: 1, maxBytes: 1 })
  t.equal((await store.figures()).logLast, 0)
  await store.close()
})

t.test('a failure is reported', async (t) => {
  const store = await filled(t)
  await store.close()
  const failures: unknown[] = []
  await startLogRetention(store, { ...FOREVER, failed: (error) => failures.push(error) })()
  t.equal(failures.length, 1)
})

async function trimmed(store: Store, options: Omit<LogRetentionOptions, 'failed'>): Promise<void> {
  const failures: unknown[] = []
  await startLogRetention(store, { ...options, failed: (error) => failures.push(error) })()
  t.strictSame(failures, [])
}

/** Twenty entries, and the time of each. */
async function filled(t: Test, timeOf: (entry: number) => number = Date.now): Promise<Store> {
  let entry = 0
  const store = await openSqlite(testDirectory(t), { clock: clockOf(() => timeOf(entry)) })
  for (; entry < 20; entry++) {
    const id = `urn:${entry}`
    const json = JSON.stringify({ modelType: 'Submodel', id })
    await store.commit([{ change: 'create', kind: 'Submodel', id, json, facets: [] }])
  }
  return store
}
