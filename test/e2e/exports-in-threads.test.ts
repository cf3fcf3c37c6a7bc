/** What threads compute is, byte for byte, what the main thread computes; and what happens when the client leaves. */
import { once } from 'node:events'
import { request } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import { tableFromIPC } from 'apache-arrow'
import t from 'tap'
import { formatTime } from '../../src/model/time.ts'
import { SampleBatch } from '../../src/operations/samples/batch.ts'
import { until } from '../until.ts'
import { encode, type Running, start } from './harness.ts'

const START = 1_764_000_000_000_000_000n
const SECOND = 1_000_000_000n

const machine = {
  modelType: 'Submodel',
  id: 'urn:m',
  idShort: 'Machine',
  submodelElements: [
    ...['S1', 'S2', 'S3'].map((idShort) => ({ modelType: 'Property', idShort, valueType: 'xs:double' })),
    { modelType: 'Property', idShort: 'State', valueType: 'xs:string', value: 'running' },
    { modelType: 'File', idShort: 'Manual', contentType: 'text/plain', value: '/manual.txt' },
    { modelType: 'Blob', idShort: 'Picture', contentType: 'image/png', value: 'AAAA' },
    { modelType: 'SubmodelElementCollection', idShort: 'Parts', value: [{ modelType: 'Capability', idShort: 'Mould' }] }
  ]
}
const shell = {
  ...{
    modelType: 'AssetAdministrationShell',
    id: 'urn:s',
    assetInformation: { assetKind: 'Instance', globalAssetId: 'urn:a' }
  },
  submodels: [{ type: 'ModelReference', keys: [{ type: 'Submodel', value: 'urn:m' }] }]
}

async function fill(hub: Running): Promise<void> {
  for (const [path, document] of [
    ['/submodels', machine],
    ['/shells', shell]
  ] as const) {
    const { status, text } = await hub.post(path, document)
    if (status !== 201) throw new Error(text)
  }
  const form = new FormData()
  form.append('file', new Blob(['How to use it']), 'manual.txt')
  await hub.put(`/submodels/${encode('urn:m')}/submodel-elements/Manual/attachment`, form)
  const batch = new SampleBatch()
  for (const [at, name] of ['S1', 'S2', 'S3'].entries()) {
    for (let i = 0n; i < 20_000n; i++) batch.add('urn:m', name, START + i * SECOND, Number(i) / 8 + at)
  }
  await hub.server.context.ingest.push(batch)
}

const [plain, threaded] = [await start(t, { EXPORT_THREADS: 'off' }), await start(t, {}, { allInThreads: true })]
await Promise.all([fill(plain), fill(threaded)])

const submodel = `/api/v3/submodels/${encode('urn:m')}`
const json = { accept: 'application/json' }
const asked: readonly (readonly [path: string, headers?: Record<string, string>])[] = [
  ...['csv', 'json', 'ndjson', 'parquet', 'arrow', 'flux'].flatMap((format) => [
    [`/timeseries?submodel=urn:m&format=${format}`] as const,
    [`/timeseries?submodel=urn:m&interval=1h&aggregate=mean,count&format=${format}&timezone=Asia/Seoul`] as const
  ]),
  ['/timeseries?submodel=urn:m&interval=1500ms&align=linear&limit=100&timeFormat=excel&timezone=%2B09:00'],
  ['/timeseries?submodel=urn:m&path=S1&quality=true&limit=7'],
  ['/timeseries?submodel=urn:m&interval=1ns&align=previous'],
  ['/timeseries?submodel=urn:n'],
  ['/dataset?submodel=urn:m&interval=1ms&align=previous'],
  ['/api/v3/serialization', json],
  ['/api/v3/serialization?version=3.0', json],
  [`/api/v3/serialization?submodelIds=${encode('urn:m')}`, { accept: 'application/xml' }],
  [`/api/v3/serialization?submodelIds=${encode('urn:n')}`, json],
  ['/api/v3/serialization', { accept: 'application/asset-administration-shell-package+json' }],
  [submodel],
  [`${submodel}?level=core`],
  [`${submodel}?extent=withBlobValue`],
  ...['$value', '$metadata', '$path', '$reference', '$value?level=core', '$schema', '$schema?form=value'].map(
    (content) => [`${submodel}/${content}`] as const
  ),
  [`${submodel}/$schema`, { accept: 'application/typescript' }]
]

t.test('what a thread computes is what the main thread computes', async (t) => {
  for (const [path, headers = {}] of asked) {
    const [one, other] = await Promise.all(
      [plain, threaded].map(async ({ url }) => {
        const response = await fetch(url + path, { headers })
        const { status } = response
        const kept = ['content-type', 'link', 'aas-adaptations', 'content-disposition'].map((name) => {
          return response.headers.get(name)
        })
        const bytes = Buffer.from(await response.arrayBuffer())
        if (status >= 400) return { status, text: JSON.parse(bytes.toString()).messages[0].text }
        return { status, kept, bytes: bytes.toString('latin1') }
      })
    )
    t.strictSame(other, one, path)
  }
})

t.test('a series alone has the same rows as Arrow, in larger batches', async (t) => {
  const at = (second: bigint) => formatTime(START + second * SECOND)
  const bounds = `from=${at(5n)}&to=${at(19_990n)}`
  for (const query of ['path=S1', `path=S1&${bounds}`, `path=S2&from=${at(15_000n)}`, 'path=S3&quality=true']) {
    const [one, other] = await Promise.all(
      [plain, threaded].map(async ({ url }) => {
        return tableFromIPC(await fetch(`${url}/timeseries?submodel=urn:m&format=arrow&${query}`))
      })
    )
    t.ok(one !== undefined && other !== undefined && one.numRows > 0, query)
    t.equal(String(other?.schema), String(one?.schema))
    for (const { name } of one?.schema.fields ?? []) {
      t.ok(isDeepStrictEqual(other?.getChild(name)?.toArray(), one?.getChild(name)?.toArray()), `${query}: ${name}`)
    }
  }
})

t.test('a data set made by a thread has all its files', async (t) => {
  const sizes = await Promise.all(
    [plain, threaded].map(async ({ url }) => {
      const response = await fetch(`${url}/dataset?submodel=urn:m`)
      t.equal(response.status, 200)
      return (await response.arrayBuffer()).byteLength
    })
  )
  // The time at which it was made, and its id, differ.
  t.ok(Math.abs((sizes[0] ?? 0) - (sizes[1] ?? 0)) < 200, sizes.join(' and '))
})

t.test('HEAD sends the headers alone, and the task ends', async (t) => {
  for (const path of ['/timeseries?submodel=urn:m&format=csv', '/api/v3/serialization']) {
    const { status, headers } = await fetch(threaded.url + path, { method: 'HEAD' })
    t.equal(status, 200)
    t.ok(headers.get('content-type'))
  }
  await until(() => threaded.server.context.threads.tasks === 0)
})

t.test('a task ends when its client leaves', async (t) => {
  const { threads } = threaded.server.context
  for (const path of ['/timeseries?submodel=urn:m&interval=10ms&align=linear&format=json', '/dataset?submodel=urn:m']) {
    const asking = request(threaded.url + path)
    asking.on('error', () => {})
    asking.end()
    if (path.startsWith('/timeseries')) await once(asking, 'response')
    else await until(() => threads.tasks > 0)
    asking.destroy()
    await until(() => threads.tasks === 0)
    t.pass(path)
  }
})
