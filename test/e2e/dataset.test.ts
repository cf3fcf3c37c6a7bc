import { createHash } from 'node:crypto'
import t from 'tap'
import { validate } from '../../src/formats/json.ts'
import { loadTemplates } from '../../src/formats/templates/load.ts'
import { SampleBatch } from '../../src/operations/samples/batch.ts'
import { type Running, start } from './harness.ts'
import { unzip } from './unzip.ts'

const reference = (value: string) => ({ type: 'ExternalReference', keys: [{ type: 'GlobalReference', value }] })
const machine = {
  modelType: 'Submodel',
  id: 'urn:m',
  idShort: 'Machine',
  submodelElements: [
    {
      modelType: 'Property',
      idShort: 'Speed',
      valueType: 'xs:double',
      semanticId: reference('urn:cd:speed'),
      displayName: [
        { language: 'ko', text: '속도' },
        { language: 'en', text: 'Speed of the screw' }
      ]
    },
    {
      modelType: 'Property',
      idShort: 'Weight',
      valueType: 'xs:double',
      qualifiers: [{ kind: 'ConceptQualifier', type: 'CollectionMethod', valueType: 'xs:string', value: 'manual' }]
    }
  ]
}
const shell = {
  modelType: 'AssetAdministrationShell',
  id: 'urn:shell',
  assetInformation: { assetKind: 'Instance', globalAssetId: 'urn:asset' },
  submodels: [{ type: 'ModelReference', keys: [{ type: 'Submodel', value: 'urn:m' }] }]
}

const DAY = 86_400_000_000_000n
const START = 1_764_028_800_000_000_000n

async function filled(t: Parameters<typeof start>[0]): Promise<Running> {
  const hub = await start(t)
  await hub.post('/submodels', machine)
  await hub.post('/shells', shell)
  const batch = new SampleBatch()
  for (let i = 0n; i < 10n; i++) {
    batch.add('urn:m', 'Speed', START + i * (DAY / 4n), Number(i))
    if (i % 2n === 0n) batch.add('urn:m', 'Weight', START + i * (DAY / 4n), 1.5)
  }
  await hub.server.context.ingest.push(batch)
  return hub
}

async function unpack(hub: Running, query: string): Promise<Map<string, Buffer>> {
  const response = await fetch(`${hub.url}/dataset?${query}`)
  if (response.status !== 200) throw new Error(await response.text())
  return unzip(Buffer.from(await response.arrayBuffer()))
}

t.test('a data set is one archive, with explanations in Korean and English', async (t) => {
  const hub = await filled(t)
  const files = await unpack(hub, 'submodel=urn:m&language=ko&purpose=Scrap')
  const names = ['data.csv', 'data-dictionary.csv', 'dataset.json', 'environment.json', 'README.md', 'manifest.json']
  t.strictSame([...files.keys()], names)
  const text = (name: string) => String(files.get(name))
  t.equal(text('data.csv').split('\r\n')[1], '2025-11-25T00:00:00.000Z,0,1.5')
  t.match(text('data.csv'), /^\uFEFFtime,속도,Weight\r\n/)
  const [, speed, weight] = text('data-dictionary.csv').split('\r\n')
  t.match(
    speed,
    /^Speed,속도,Speed of the screw,,urn:cd:speed,xs:double,0,9,urn:m Speed,자동 \/ automatic,.*,10,0\.0000$/
  )
  t.match(weight, /^Weight,.*수동 \/ manual,.*,5,0\.5000$/)
  t.match(text('README.md'), /Purpose: Scrap[\s\S]*Completeness: 0\.7500/)
  const manifest = JSON.parse(text('manifest.json'))
  for (const name of names.slice(0, 5)) {
    const bytes = files.get(name) ?? Buffer.alloc(0)
    t.strictSame(manifest[name], { size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') })
  }
  const environment = JSON.parse(text('environment.json'))
  t.match(environment, { assetAdministrationShells: [{ id: 'urn:shell' }], submodels: [{ id: 'urn:m' }] })
})

t.test('its submodel fulfils the template AI Dataset, and can be stored', async (t) => {
  const hub = await filled(t)
  const files = await unpack(hub, 'submodel=urn:m&format=parquet')
  const [submodel] = JSON.parse(String(files.get('dataset.json'))).submodels
  t.strictSame(validate('Submodel', submodel), [])
  const { template, findings } = loadTemplates('').evaluate(submodel)
  t.match(template?.name, /dataset/i)
  t.strictSame(findings, [])
  t.equal((await hub.post('/submodels', submodel)).status, 201)
  t.equal(String(files.get('data.parquet')?.subarray(0, 4)), 'PAR1')
})

t.test('there is a file for each period', async (t) => {
  const hub = await filled(t)
  const files = await unpack(hub, 'submodel=urn:m&path=Speed&period=P1D')
  const data = [...files].filter(([name]) => name.startsWith('data-2'))
  t.strictSame(
    data.map(([name, bytes]) => [name, String(bytes).trim().split('\r\n').length - 1]),
    [
      ['data-2025-11-25T000000Z.csv', 4],
      ['data-2025-11-26T000000Z.csv', 4],
      ['data-2025-11-27T000000Z.csv', 2]
    ]
  )
  t.match(String(files.get('data-dictionary.csv')), /,10,0\.0000/)
})

t.test('periods follow the calendar of a time zone, and no bucket is in two of them', async (t) => {
  const hub = await filled(t)
  const names = async (query: string) =>
    [...(await unpack(hub, `submodel=urn:m&path=Speed&${query}`)).keys()].filter((name) => name.startsWith('data-2'))
  t.strictSame(await names('period=P1D&timezone=Asia/Seoul'), [
    'data-2025-11-25T000000+0900.csv',
    'data-2025-11-26T000000+0900.csv',
    'data-2025-11-27T000000+0900.csv'
  ])
  t.strictSame(await names('period=P1W'), ['data-2025-11-24T000000Z.csv'])
  t.strictSame(await names('period=P1M&timezone=%2B09:00'), ['data-2025-11-01T000000+0900.csv'])
  const asked = 'interval=7h&aggregate=count&timeFormat=excel&timezone=Asia/Seoul'
  const files = await unpack(hub, `submodel=urn:m&path=Speed&${asked}&period=P1D`)
  const rows = [...files].filter(([name]) => name.startsWith('data-2')).flatMap(([, bytes]) => rowsOf(bytes))
  t.strictSame(rows, rowsOf((await unpack(hub, `submodel=urn:m&path=Speed&${asked}`)).get('data.csv')))
  t.equal(rows[0], '2025-11-25 06:00:00,1')
})

function rowsOf(csv: Buffer | undefined): string[] {
  return String(csv).trim().split('\r\n').slice(1)
}

t.test('the dictionary describes each column of values, beside qualities and for each aggregate', async (t) => {
  const hub = await filled(t)
  const linesOf = async (query: string) =>
    rowsOf((await unpack(hub, `submodel=urn:m&${query}`)).get('data-dictionary.csv')).map((line) => {
      const cells = line.split(',')
      return [cells[0], cells[6], cells[7], cells[12], cells[13]]
    })
  t.strictSame(await linesOf('quality=true'), [
    ['Speed', '0', '9', '10', '0.0000'],
    ['Weight', '1.5', '1.5', '5', '0.5000']
  ])
  t.strictSame(await linesOf('interval=1d&aggregate=max,count'), [
    ['Speed.max', '3', '9', '3', '0.0000'],
    ['Speed.count', '2', '4', '3', '0.0000'],
    ['Weight.max', '1.5', '1.5', '3', '0.0000'],
    ['Weight.count', '1', '2', '3', '0.0000']
  ])
})

t.test('an invalid request is refused before the archive begins', async (t) => {
  const hub = await filled(t)
  for (const query of ['', '?submodel=urn:m&format=xls', '?submodel=urn:m&period=soon', '?submodel=urn:m&from=x']) {
    t.equal((await hub.get(`/dataset${query}`)).status, 400, query)
  }
  t.equal((await hub.get('/dataset?submodel=urn:nothing')).status, 404)
})
