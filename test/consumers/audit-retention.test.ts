import { join } from 'node:path'
import t from 'tap'
import { clockOf } from '../../src/clock.ts'
import { startAuditRetention, trimAudit } from '../../src/consumers/audit-retention.ts'
import { checkDirectory } from '../../src/store/sqlite/check.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import { manualClock } from '../manual-clock.ts'
import { withStore } from '../store/fixtures.ts'
import { testDirectory } from '../test-directory.ts'

t.test('entries older than the retention time are removed, and a record says so', async (t) => {
  const directory = join(testDirectory(t), 'data')
  let now = 1_790_000_000_000
  await withStore(await openSqlite(directory, { clock: clockOf(() => now) }), async (store) => {
    for (let n = 1; n <= 20; n++, now += 1000) await store.commit([{ change: 'audit', record: `{"n":${n}}` }])
    const [last] = await store.audit(6, 1)
    t.equal(await trimAudit(store, 1_790_000_007_000), 7)
    const entries = await store.audit(0, 100)
    t.match([entries[0]?.number, entries.length], [8, 14])
    const { record, trimmed } = entries.at(-1) ?? {}
    t.equal(trimmed, 7)
    t.strictSame(JSON.parse(record ?? ''), {
      caller: 'hub',
      operation: 'TrimAudit',
      outcome: 'done',
      trimmed: { number: 7, hash: last?.hash }
    })
    t.equal(await trimAudit(store, 1_790_000_007_000), 0, 'nothing is left to be removed')
    t.equal(await trimAudit(store, Number.MAX_SAFE_INTEGER), 13, 'the newest entry stays')
  })
  t.strictSame(await checkDirectory(directory), [])
})

t.test('very many entries are removed in portions', async (t) => {
  const directory = join(testDirectory(t), 'data')
  await withStore(await openSqlite(directory), async (store) => {
    for (let n = 0; n < 5; n++) {
      await store.commit(Array.from({ length: 1000 }, () => ({ change: 'audit', record: '{}' }) as const))
    }
    await trimAudit(store, Number.MAX_SAFE_INTEGER)
    t.match(
      (await store.audit(0, 10)).map(({ trimmed }) => trimmed),
      [0, 2000, 4000, 4999]
    )
  })
  t.strictSame(await checkDirectory(directory), [])
})

t.test('the audit is trimmed at the start and every hour', async (t) => {
  const clock = manualClock()
  await withStore(await openSqlite(join(testDirectory(t), 'data'), { clock }), async (store) => {
    for (let n = 0; n < 3; n++) await store.commit([{ change: 'audit', record: '{}' }])
    const stop = startAuditRetention(store, { maxAgeMs: 1000, clock, failed: (error) => t.fail('', { error }) })
    await clock.advance(60 * 60_000)
    await clock.advance(10)
    await stop()
    t.match(await store.auditHead(), { number: 4, trimmed: 2 })
  })
})
