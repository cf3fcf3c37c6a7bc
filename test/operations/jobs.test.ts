import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { BULK, performBulk } from '../../src/operations/bulk.ts'
import { type Job, Jobs } from '../../src/operations/jobs.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import type { Store } from '../../src/store/store.ts'

const test = (title: string, body: (t: Test, store: Store) => Promise<void>) =>
  t.test(title, async (t) => {
    const store = await openSqlite(join(t.testdir({}), 'data'))
    try {
      await body(t, store)
    } finally {
      await store.close()
    }
  })

const descriptor = {
  id: 'urn:sm',
  endpoints: [{ interface: 'SUBMODEL-3.1', protocolInformation: { href: 'http://a' } }]
}
const task = { name: BULK, data: { kind: 'SubmodelDescriptor', verb: 'create', items: [descriptor] } }

test('work goes on after the answer, and its end is known under the handle and nowhere else', async (t, store) => {
  const jobs = jobsOf(store)
  const { handleId } = await jobs.start('owner', async () => ({ state: 'Timeout', result: { some: 'thing' } }))
  t.match(await ended(jobs, handleId), { state: 'Timeout', result: { some: 'thing' } })
  await t.rejects(jobs.get(handleId, 'another'), { name: 'NotFound' })
  await t.rejects(jobs.get(undefined, 'owner'), { name: 'NotFound' })
  t.match(await jobsOf(store).get(handleId, 'owner'), { state: 'Timeout' }, 'any process knows')
})

test('what a task changes becomes durable together with its end', async (t, store) => {
  const jobs = jobsOf(store)
  const { handleId } = await jobs.start('owner', task)
  t.match(await ended(jobs, handleId), { state: 'Completed' })
  const { entries } = await store.log(0, 10)
  t.same(
    entries.at(-1)?.changes.map((change) => 'kind' in change && change.kind),
    ['SubmodelDescriptor', 'Job']
  )
  const again = await jobs.start('owner', task)
  t.match(await ended(jobs, again.handleId), {
    state: 'Failed',
    error: { violations: [{ pointer: '/0', rule: 'create' }] }
  })
})

test('a task of a process that died is done by another, once', async (t, store) => {
  await left(store, { handleId: 'a', owner: 'owner', state: 'Running', task })
  const jobs = jobsOf(store)
  const stop = jobs.watch((error) => t.fail(String(error)))
  t.match(await ended(jobs, 'a'), { state: 'Completed' })
  await stop()
  await jobsOf(store).watch((error) => t.fail(String(error)))()
  t.equal((await store.figures()).documents.SubmodelDescriptor, 1)
})

test('what only the process that died could do is told as failed', async (t, store) => {
  await left(store, { handleId: 'a', owner: 'owner', state: 'Running' })
  const jobs = jobsOf(store)
  const stop = jobs.watch((error) => t.fail(String(error)))
  t.match(await ended(jobs, 'a'), { state: 'Failed', error: { rule: 'Unavailable' } })
  await stop()
})

test('jobs are bounded in number, and forgotten in time', async (t, store) => {
  const jobs = new Jobs({ store, limit: 1, keep: 0 })
  const { handleId } = await jobs.start('owner', async () => ({}))
  await t.rejects(
    jobs.start('owner', async () => ({})),
    { name: 'TooManyRequests' }
  )
  await ended(jobs, handleId)
  await sleep(2)
  await jobs.watch((error) => t.fail(String(error)))()
  await t.rejects(jobs.get(handleId, 'owner'), { name: 'NotFound' })
  t.ok(await jobs.start('owner', async () => ({})))
})

function jobsOf(store: Store): Jobs {
  return new Jobs({ store, limit: 10, keep: 60_000, tasks: { [BULK]: (data) => performBulk(store, data) } })
}

async function left(store: Store, job: Job): Promise<void> {
  const document = { kind: 'Job', id: job.handleId, json: JSON.stringify(job), facets: [['state', 'open']] } as const
  await store.commit([{ change: 'create', ...document }])
}

async function ended(jobs: Jobs, handleId: string): Promise<Job> {
  for (;;) {
    const job = await jobs.get(handleId, 'owner')
    if (job.state !== 'Running') return job
    await sleep(5)
  }
}
