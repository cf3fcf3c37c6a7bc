/** A hub with little memory stays within its container, whatever arrives, and serves on. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { type HubProcess, startHub } from '../../scripts/hub-process.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'
import { embedded } from './harness.ts'

const PROGRAM = fileURLToPath(new URL('../../src/aas-hub.js', import.meta.url))
const MIB = 2 ** 20
/** Of the container, of which a hub plans with nine tenths. */
const CONTAINER = 285 * MIB
const JSON_TYPE = { 'content-type': 'application/json' }

const SUBMODELS = 200
const PROPERTIES = 20

/** What the hub asks for with 429. */
const RETRY_MS = 1000

const skip = embedded || (process.platform === 'linux' ? false : 'reads /proc')

t.test('256 MiB suffice for ingest, exports, uploads and large bodies at once', { skip }, async (t) => {
  const directory = testDirectory(t)
  const hub = await startHub({ DATA_DIR: join(directory, 'data'), MEMORY: '256MiB', TEMPLATES: 'off' }, PROGRAM)
  t.teardown(() => hub.kill())
  await upload(hub, environment('first', SUBMODELS))
  // So that there is something to export from the beginning.
  t.equal((await push(hub, 0, 0)).status, 200)
  const statuses = new Map<number, number>()
  const once = async (act: () => Promise<Response>) => {
    const response = await act()
    statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
    await response.arrayBuffer()
    return response
  }
  /** Like a client that comes again when it is asked to wait, for as long as it is asked to. */
  const rounds = async (times: number, act: (round: number) => Promise<Response>) => {
    for (let round = 0; round < times; round++) {
      await until(async () => ![429, 503].includes((await once(() => act(round))).status), { pollMs: RETRY_MS })
    }
  }
  await Promise.all([
    ...[0, 1, 2].map((sender) => rounds(25, (round) => push(hub, sender, round))),
    rounds(4, () => fetch(`${hub.url}/timeseries?format=parquet&submodel=${encodeURIComponent('urn:first:0')}`)),
    rounds(4, () => fetch(`${hub.api}/serialization`, { headers: { accept: 'application/json' } })),
    rounds(3, (round) => upload(hub, environment(`more-${round}`, 60))),
    ...[0, 1, 2, 3, 4, 5].map((one) => rounds(3, () => put(hub, one)))
  ])
  const most = await peakOf(hub)
  t.ok(most < CONTAINER, `${Math.round(most / MIB)} MiB`)
  const count = (wanted: readonly number[]) => wanted.reduce((sum, status) => sum + (statuses.get(status) ?? 0), 0)
  t.equal(count([200, 201, 204]), 3 * 25 + 4 + 4 + 3 + 6 * 3, 'all came through')
  const unexpected = [...statuses.keys()].filter((status) => ![200, 201, 204, 429, 503].includes(status))
  t.same(unexpected, [], `what does not fit is asked to wait: ${JSON.stringify([...statuses])}`)
  t.equal((await fetch(`${hub.api}/submodels?limit=1`)).status, 200)
})

function element(index: number): object {
  return { modelType: 'Property', idShort: `P${index}`, valueType: 'xs:double', value: '0' }
}

function environment(name: string, submodels: number): string {
  const submodelElements = Array.from({ length: PROPERTIES }, (_, index) => element(index))
  const all = Array.from({ length: submodels }, (_, at) => {
    return { modelType: 'Submodel', id: `urn:${name}:${at}`, submodelElements }
  })
  return JSON.stringify({ submodels: all })
}

function upload(hub: HubProcess, text: string): Promise<Response> {
  return fetch(`${hub.url}/upload?existing=replace`, { method: 'POST', headers: JSON_TYPE, body: text })
}

/** 40 series of 500 samples. */
function push(hub: HubProcess, sender: number, round: number): Promise<Response> {
  const items = Array.from({ length: 40 }, (_, at) => {
    const [submodel, path] = [`urn:first:${(sender * 61 + round * 2 + (at % 2)) % SUBMODELS}`, `P${at % PROPERTIES}`]
    const values = Array.from({ length: 500 }, (_, index) => (index * 7919 + at) % 997)
    return { submodel, path, start: 1_764_000_000_000 + round * 600_000, step: 1000, values }
  })
  return fetch(`${hub.url}/ingest`, { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(items) })
}

/** A submodel of 20,000 elements, 1.6 MB. */
function put(hub: HubProcess, one: number): Promise<Response> {
  const submodelElements = Array.from({ length: 20_000 }, (_, index) => element(index))
  const body = JSON.stringify({ modelType: 'Submodel', id: `urn:large:${one}`, submodelElements })
  const id = Buffer.from(`urn:large:${one}`).toString('base64url')
  return fetch(`${hub.api}/submodels/${id}`, { method: 'PUT', headers: JSON_TYPE, body })
}

/** The most resident memory that the process has had. */
async function peakOf({ pid }: HubProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) * 1024
}
