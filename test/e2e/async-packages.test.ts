/** The asynchronous upload of packages, of release 3.2. */
import { once } from 'node:events'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import t from 'tap'
import { PACKAGE_TASK, storePackage } from '../../src/operations/async-packages.ts'
import type { JobContext } from '../../src/operations/job-handles.ts'
import { Jobs } from '../../src/operations/jobs.ts'
import type { Store } from '../../src/store/store.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'
import { encode, openStored, start } from './harness.ts'

const BYTES = 'PK these bytes are stored as they are'

function form(bytes = BYTES): FormData {
  const data = new FormData()
  data.append('aasIds', 'urn:machine')
  data.append('fileName', 'machine.aasx')
  data.append('file', new Blob([bytes]), 'x.aasx')
  return data
}

/** The address of the result, once the status leads there. */
async function resultOf(location: string): Promise<string> {
  let result: string | undefined
  await until(async () => {
    const response = await fetch(location, { redirect: 'manual' })
    if (response.status === 302) result = response.headers.get('location') ?? undefined
    else t.match(await response.json(), { executionState: 'Running' })
    return result !== undefined
  })
  return result ?? ''
}

t.test('a package is uploaded by a job with a status and a result', async (t) => {
  const hub = await start(t)
  const accepted = await hub.post('/packages-async', form())
  t.equal(accepted.status, 202, accepted.text)
  const { handleId } = accepted.json
  const location = accepted.headers.get('location') ?? ''
  t.equal(location, `${hub.api}/packages-async/${encode(handleId)}`)
  const address = await resultOf(location)
  t.equal(address, `${hub.api}/packages-async/result/${encode(handleId)}`)

  const result = await hub.get(`/packages-async/result/${encode(handleId)}`)
  t.equal(result.status, 200)
  t.match(result.json, {
    executionState: 'Completed',
    success: true,
    outputArguments: [{ value: { modelType: 'Property', idShort: 'packageId', valueType: 'xs:string' } }]
  })
  const packageId: string = result.json.outputArguments[0].value.value
  t.same((await hub.get('/packages')).json.result, [{ packageId, aasIds: ['urn:machine'] }])
  const download = await fetch(`${hub.api}/packages/${encode(packageId)}`)
  t.equal(download.headers.get('x-filename'), 'machine.aasx')
  t.equal(await download.text(), BYTES)

  t.same((await hub.get(`/packages-async/results/${encode(handleId)}`)).json, result.json, 'also by the other path')
  const status = await fetch(`${hub.api}/packages-async/status/${encode(handleId)}`, { redirect: 'manual' })
  t.equal(status.headers.get('location'), address)
  for (const path of ['', '/status', '/result', '/results']) {
    t.equal((await hub.get(`/packages-async${path}/${encode('another')}`)).status, 404, path)
  }
  t.equal((await hub.get(`/bulk/status/${encode(handleId)}`)).status, 404, 'the handle means nothing elsewhere')
})

t.test('a form without a file, or with ids that are none, is refused at once', async (t) => {
  const hub = await start(t)
  const empty = new FormData()
  empty.append('aasIds', 'urn:machine')
  t.equal((await hub.post('/packages-async', empty)).status, 400)
  const wrong = new FormData()
  wrong.append('aasIds', '[5]')
  wrong.append('file', new Blob([BYTES]), 'x.aasx')
  t.equal((await hub.post('/packages-async', wrong)).status, 400)
  t.same((await hub.get('/packages')).json.result, [])
})

t.test('an empty file is refused, by a job as at once', async (t) => {
  const hub = await start(t)
  for (const path of ['/packages', '/packages-async']) {
    const { status, json } = await hub.post(path, form(''))
    t.match({ status, json }, { status: 400, json: { messages: [{ code: 'BadRequest', text: /empty/ }] } }, path)
  }
  t.same((await hub.get('/packages')).json.result, [])
})

t.test('while too many jobs are under way, a package is refused before its file has arrived', async (t) => {
  const hub = await start(t)
  const { jobs } = hub.server.context
  const { promise, resolve: finish } = Promise.withResolvers<object>()
  t.teardown(() => finish({}))
  const isFull = async () => {
    try {
      await Promise.all(Array.from({ length: 100 }, () => jobs.start('test', () => promise)))
      return false
    } catch (error) {
      t.match(error, { name: 'TooManyRequests' })
      return true
    }
  }
  while (!(await isFull()));
  const head = '--part\r\nContent-Disposition: form-data; name="file"; filename="x.aasx"\r\n\r\n'
  let end = () => {}
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(Buffer.from(head + BYTES))
      end = () => controller.close()
    }
  })
  const refused = await hub.post('/packages-async', body, { 'content-type': 'multipart/form-data; boundary=part' })
  t.match(refused, { status: 429, json: { messages: [{ code: 'TooManyRequests' }] } })
  end()
})

// ---- The store and its jobs, without the server

const description = { packageId: 'urn:package', aasIds: ['urn:machine'] }
const never: JobContext['accessOf'] = () => {
  throw new TypeError('The hub is open')
}

function jobsOf(store: Store, perform: NonNullable<ConstructorParameters<typeof Jobs>[0]['tasks']>[string]): Jobs {
  const results = { count: 10, bytes: 1_000_000, keptMs: 60_000 }
  return new Jobs({ store, limit: 10, results, tasks: { [PACKAGE_TASK]: perform } })
}

async function startUpload(store: Store, jobs: Jobs): Promise<string> {
  const received = await store.receive(Readable.from([Buffer.from(BYTES)]), 1000)
  const file = { name: 'package', contentType: 'application/zip', fileName: 'x.aasx', ...received }
  const { handleId } = await jobs.start('packages', { name: PACKAGE_TASK, data: { description }, file })
  t.equal((await store.files('Job', handleId)).length, 1)
  return handleId
}

async function ended(jobs: Jobs, handleId: string) {
  await until(async () => (await jobs.get(handleId, 'packages')).state !== 'Running')
  return jobs.get(handleId, 'packages')
}

t.test('an upload that its process has not finished is finished after the next start', async (t) => {
  const directory = join(testDirectory(t), 'data')
  const first = await openStored(directory)
  const handleId = await startUpload(
    first,
    jobsOf(first, () => new Promise(() => {}))
  )
  await first.close()

  const store = await openStored(directory)
  t.teardown(() => store.close())
  // The lease of the process that is gone ends.
  const jobs = jobsOf(store, (task) => storePackage({ store, accessOf: never }, task))
  let stop = async () => {}
  t.teardown(() => stop())
  await until(async () => {
    await stop()
    stop = jobs.watch((error) => t.fail(String(error)))
    return (await jobs.get(handleId, 'packages')).state !== 'Running'
  })
  t.match(await ended(jobs, handleId), { state: 'Completed', result: description })
  const file = await store.file('Package', 'urn:package', 'package')
  const bytes: Buffer[] = []
  if (file !== undefined) {
    const stream = store.open(file).on('data', (part: Buffer) => bytes.push(part))
    await once(stream, 'end')
  }
  t.equal(Buffer.concat(bytes).toString(), BYTES)
  t.same(await store.files('Job', handleId), [], 'the job releases the file')
})

t.test('the file of an upload that failed is not kept', async (t) => {
  const store = await openStored(join(testDirectory(t), 'data'))
  t.teardown(() => store.close())
  const jobs = jobsOf(store, () => Promise.reject(new Error('no')))
  const handleId = await startUpload(store, jobs)
  t.match(await ended(jobs, handleId), { state: 'Failed' })
  t.same(await store.files('Job', handleId), [])
  t.equal(await store.head('Package', 'urn:package'), undefined)
})
