import t from 'tap'
import { Usage } from '../../src/consumers/usage.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import { manualClock } from '../manual-clock.ts'
import { testDirectory } from '../test-directory.ts'

const DAY_MS = 86_400_000

t.test('what several hubs count is added by day, once, and kept across restarts', async (t) => {
  const clock = manualClock(Date.UTC(2026, 10, 29, 12))
  const store = await openSqlite(testDirectory(t), { clock })
  t.teardown(() => store.close())
  const failed = (error: unknown) => t.fail(String(error))
  const open = (totals: Record<string, number>) => {
    const usage = new Usage(store, { clock, failed })
    usage.addSource(() => totals)
    t.teardown(() => usage.stop())
    return usage
  }
  const [here, there] = [{ senml: 3 } as Record<string, number>, { senml: 2, mqtt: 1 }]
  const [one, other] = [open(here), open(there)]
  t.same(await one.byDay(), new Map([['2026-11-29', { senml: 3 }]]), 'also what is not stored yet')
  await one.write()
  await other.write()
  await one.write()
  t.same(await one.byDay(), new Map([['2026-11-29', { senml: 5, mqtt: 1 }]]))
  clock.jump(DAY_MS)
  here.senml = 10
  await one.write()
  const expected = new Map([
    ['2026-11-29', { senml: 5, mqtt: 1 }],
    ['2026-11-30', { senml: 7 }]
  ])
  t.same(await one.byDay(), expected)
  t.same(await open({}).byDay(), expected, 'a hub that was just started')
  clock.jump(40 * DAY_MS)
  t.same(await one.byDay(), new Map(), 'older days are not shown')
})

t.test('days of long ago are removed', async (t) => {
  const clock = manualClock(Date.UTC(2025, 0, 1))
  const store = await openSqlite(testDirectory(t), { clock })
  t.teardown(() => store.close())
  const totals: Record<string, number> = { http: 1 }
  const usage = new Usage(store, { clock, failed: (error) => t.fail(String(error)) })
  usage.addSource(() => totals)
  t.teardown(() => usage.stop())
  await usage.write()
  clock.jump(500 * DAY_MS)
  totals.http = 2
  await usage.write()
  const { items } = await store.documents('Usage', [], { after: 0, limit: 10 })
  t.same(
    items.map(({ id }) => id),
    ['2026-05-16']
  )
})
