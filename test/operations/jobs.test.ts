import { join } from 'node:path'
import t, { type Test } from 'tap'
import { HubError } from '../../src/errors.ts'
import { BULK_TASK, performBulk } from '../../src/operations/bulk-task.ts'
import { type Job, type JobOutcome, Jobs } from '../../src/operations/jobs.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { manualClock } from '../manual-clock.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'

const RESULTS = { count: 100, bytes: 1_000_000, keptMs: 60_000 }

const test = (title: string, body: (t: Test, store: Store) => Promise<void>) =>
  t.test(title, async (t) => {
    const store = await openSqlite(join(testDirectory(t), 'data'))
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
const task = { name: BULK_TASK, data: { kind: 'SubmodelDescriptor', verb: 'create', items: [descriptor] } }

test('a job runs after the response, and its result is available under its handle only', async (t, store) => {
  const jobs = jobsOf(store)
  const { handleId } = await jobs.start('owner', async () => ({ state: 'Timeout', result: { some: 'thing' } }))
  t.match(await ended(jobs, handleId), { state: 'Timeout', result: { some: 'thing' } })
  await t.rejects(jobs.get(handleId, 'another'), { name: 'NotFound' })
  await t.rejects(jobs.get(undefined, 'owner'), { name: 'NotFound' })
  t.match(await jobsOf(store).get(handleId, 'owner'), { state: 'Timeout' }, 'any process knows')
})

test('the changes of a task are committed together with its end', async (t, store) => {
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

test('a task of a dead process is run by another one, once', async (t, store) => {
  await left(store, { handleId: 'a', owner: 'owner', state: 'Running', task })
  const jobs = jobsOf(store)
  const stop = jobs.watch((error) => t.fail(String(error)))
  t.match(await ended(jobs, 'a'), { state: 'Completed' })
  await stop()
  await jobsOf(store).watch((error) => t.fail(String(error)))()
  t.equal((await store.figures()).documents.SubmodelDescriptor, 1)
})

test('a closure of a dead process is reported as failed', async (t, store) => {
  await left(store, { handleId: 'a', owner: 'owner', state: 'Running' })
  const jobs = jobsOf(store)
  const stop = jobs.watch((error) => t.fail(String(error)))
  t.match(await ended(jobs, 'a'), { state: 'Failed', error: { rule: 'Unavailable' } })
  await stop()
})

test('the number of running jobs is bounded', async (t, store) => {
  const jobs = new Jobs({ store, limit: 2, results: { ...RESULTS, count: 3 } })
  const { promise, resolve } = Promise.withResolvers<void>()
  const slow = await jobs.start('owner', () => promise.then(() => ({})))
  const handles: string[] = []
  for (let n = 0; n < 10; n++) {
    const { handleId } = await startWhenFree(jobs, async () => ({ result: n }))
    handles.push(handleId)
    await ended(jobs, handleId)
  }
  const one = startWhenFree(jobs, () => promise.then(() => ({})))
  await one
  const other = jobs.start('owner', () => promise.then(() => ({})))
  await t.rejects(other, { name: 'TooManyRequests' }, 'those under way are')
  resolve()
  for (const { handleId } of [slow, await one]) t.match(await ended(jobs, handleId), { state: 'Completed' })
  await t.rejects(jobs.get(handles[0], 'owner'), { name: 'NotFound' }, 'the oldest results go first')
  t.match(await jobs.get(handles.at(-1), 'owner'), { result: 9 })
})

test('results are bounded in bytes, except for the last one', async (t, store) => {
  const jobs = new Jobs({ store, limit: 2, results: { ...RESULTS, bytes: 1000 } })
  const first = await jobs.start('owner', async () => ({ result: 'x'.repeat(500) }))
  await ended(jobs, first.handleId)
  const last = await jobs.start('owner', async () => ({ result: 'x'.repeat(5000) }))
  await ended(jobs, last.handleId)
  await forgotten(jobs, first.handleId)
  t.match(await jobs.get(last.handleId, 'owner'), { state: 'Completed' })
})

test('a bulk PUT is repeated after a conflict', async (t, store) => {
  const overtaken: Store = Object.assign(Object.create(store), {
    document: store.document.bind(store),
    lease: store.lease.bind(store),
    head: async () => undefined,
    commit: store.commit.bind(store)
  })
  let looked = 0
  overtaken.head = (kind, id) => (kind !== 'Job' && looked++ === 0 ? Promise.resolve(undefined) : store.head(kind, id))
  const { facets, ...json } = { ...descriptor, facets: [] }
  const document = { kind: 'SubmodelDescriptor', id: json.id, json: JSON.stringify(json), facets } as const
  await store.commit([{ change: 'create', ...document }])
  const jobs = jobsOf(overtaken)
  const put = { name: BULK_TASK, data: { kind: 'SubmodelDescriptor', verb: 'put', items: [descriptor] } }
  const { handleId } = await jobs.start('owner', put)
  t.match(await ended(jobs, handleId), { state: 'Completed' })
  t.equal(looked, 2)
})

test('the state of a job that runs here is known without reading its task, until another process has changed it', async (t, store) => {
  const jobs = jobsOf(store)
  const { promise, resolve } = Promise.withResolvers<void>()
  const { handleId } = await jobs.start('owner', () => promise.then(() => ({})))
  const { document } = store
  store.document = async () => t.fail('it is read') as never
  t.match(await jobs.get(handleId, 'owner'), { state: 'Running' })
  await t.rejects(jobs.get(handleId, 'another'), { name: 'NotFound' })
  store.document = document
  const job = { handleId, owner: 'owner', state: 'Failed' }
  await store.commit([{ change: 'replace', kind: 'Job', id: handleId, json: JSON.stringify(job), facets: [] }])
  t.match(await jobs.get(handleId, 'owner'), { state: 'Failed' })
  resolve()
})

test('results expire', async (t, store) => {
  const clock = manualClock()
  const jobs = new Jobs({ store, clock, limit: 1, results: { ...RESULTS, keptMs: 1000 } })
  const { handleId } = await jobs.start('owner', async () => ({}))
  await ended(jobs, handleId)
  await clock.advance(2000)
  await jobs.watch((error) => t.fail(String(error)))()
  await t.rejects(jobs.get(handleId, 'owner'), { name: 'NotFound' })
  t.ok(await jobs.start('owner', async () => ({})))
})

function jobsOf(store: Store): Jobs {
  return new Jobs({
    store,
    limit: 10,
    results: RESULTS,
    tasks: { [BULK_TASK]: ({ data }) => performBulk({ store, accessOf }, data) }
  })
}

/** That a job ended may be read a moment before its place is free. */
async function startWhenFree(jobs: Jobs, work: () => Promise<JobOutcome>): Promise<Job> {
  let job: Job | undefined
  await until(async () => {
    job = await jobs.start('owner', work).catch(() => undefined)
    return job !== undefined
  })
  return job as Job
}

async function left(store: Store, job: Job): Promise<void> {
  const document = { kind: 'Job', id: job.handleId, json: JSON.stringify(job), facets: [['state', 'open']] } as const
  await store.commit([{ change: 'create', ...document }])
}

/** Old results go after the new one can be read. */
async function forgotten(jobs: Jobs, handleId: string): Promise<void> {
  const isKept = () =>
    jobs.get(handleId, 'owner').then(
      () => true,
      (error) => !(error instanceof HubError && error.name === 'NotFound')
    )
  await until(async () => !(await isKept()))
}

async function ended(jobs: Jobs, handleId: string): Promise<Job> {
  await until(async () => (await jobs.get(handleId, 'owner')).state !== 'Running')
  return jobs.get(handleId, 'owner')
}

/** The jobs of these tests have no requester. */
function accessOf(): never {
  throw new Error('No job here is authorized')
}
