/** Examinations of two hubs over one store, as each of them shows them. */
import t, { type Test } from 'tap'
import { Examinations } from '../../../src/reports/compliance/runs/examinations.ts'
import { SharedRun } from '../../../src/reports/compliance/runs/shared-run.ts'
import type { Store } from '../../../src/store/store.ts'
import { type Running, start } from '../../e2e/harness.ts'
import { type ManualClock, manualClock } from '../../manual-clock.ts'
import { until } from '../../until.ts'
import { selfExamined } from './examined.ts'

/** Another hub over the store of a running one; the leases of an embedded store are granted to all. */
function hubOver(hub: Running, store: Pick<Store, 'lease'> = hub.server.store): Examinations {
  const { archive, keys } = hub.server.compliance
  const { clock } = hub.server.context.ingest
  const shared = new SharedRun({ store: hub.server.store, clock })
  return new Examinations({ store, clock, archive, keys, shared, hub: () => selfExamined(hub), audit: () => [] })
}

async function ends(examinations: Examinations): Promise<void> {
  await examinations.ended()
  await until(async () => (await examinations.running()) === undefined, { timeoutMs: 120_000 })
}

t.test('another hub shows the progress, starts none beside it, and says where it can be ended', async (t) => {
  const hub = await start(t)
  const [one, other] = [hubOver(hub), hubOver(hub, { lease: async () => false })]
  const { id } = await one.start({ startedBy: 'schedule' })
  await until(async () => ((await other.running())?.progress.done ?? 0) > 0, { timeoutMs: 60_000 })
  t.match(await other.running(), { id, startedBy: 'schedule', progress: { of: 12 } })
  await t.rejects(other.start({ startedBy: 'command' }), { name: 'Conflict', message: new RegExp(id) })
  await t.rejects(other.cancel(id), { name: 'Conflict', message: /end it there/ })
  t.equal(await one.cancel(id), true)
  await ends(one)
  t.equal(await other.running(), undefined)
  t.match(await other.failureOf(id), /ended before it was finished/)
  t.equal(await other.failureOf('another'), undefined)
  await until(async () => (await hub.server.store.documents('ComplianceRun', [], { limit: 10 })).items.length === 1)
})

t.test('an examination whose hub has died is not shown for longer than a minute', async (t: Test) => {
  const clock: ManualClock = manualClock()
  const hub = await start(t, {}, { clock })
  const { store } = hub.server
  const dying = new SharedRun({ store, clock })
  const progress = { done: 1, of: 12 }
  const running = { id: 'r', startedBy: 'schedule', started: new Date(clock.milliseconds()).toISOString(), progress }
  dying.show(running)
  const other = new SharedRun({ store, clock })
  await until(async () => (await other.running()) !== undefined)
  await clock.advance(59_000)
  t.same(await other.running(), running)
  await clock.advance(2000)
  t.equal(await other.running(), undefined)
  const stop = other.begin(() => ({ ...running, id: 's' }))
  await until(async () => (await dying.running())?.id === 's')
  stop()
  await other.end('s')
  t.equal(await dying.running(), undefined)
})
