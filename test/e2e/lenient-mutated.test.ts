/** Documents that a lenient hub took with something wrong in them, read by everything that understands more of them than their form. */
import fc from 'fast-check'
import t from 'tap'
import { plant } from '../../scripts/demo/plant.ts'
import { global, mutated, RUNS } from '../mutate.ts'
import { encode, start } from './harness.ts'
import { refuseServerFault } from './server-fault.ts'

const AASX = 'application/asset-administration-shell-package+xml'

const operation = {
  modelType: 'Operation',
  idShort: 'Run',
  inputVariables: [{ value: { modelType: 'Property', idShort: 'In', valueType: 'xs:int' } }]
}
const collection = {
  modelType: 'SubmodelElementCollection',
  idShort: 'Group',
  semanticId: global('urn:meaning'),
  value: [
    { modelType: 'Range', idShort: 'Limits', valueType: 'xs:double', min: '0', max: '1' },
    { modelType: 'MultiLanguageProperty', idShort: 'Name', value: [{ language: 'en', text: 'Press' }] },
    { modelType: 'File', idShort: 'Manual', contentType: 'application/pdf', value: '/aasx/files/a.pdf' },
    { modelType: 'Entity', idShort: 'Part', specificAssetIds: [{ name: 'serial', value: '1' }] }
  ]
}
const series = (term: string) => global(`https://admin-shell.io/idta/TimeSeries/${term}1/1`)
const part = (idShort: string, term: string, value: object[]) => ({
  modelType: 'SubmodelElementCollection',
  idShort,
  semanticId: series(term),
  value
})
const variable = (idShort: string, valueType: string, more: object = {}) => ({
  modelType: 'Property',
  idShort,
  valueType,
  ...more
})

/** Submodels that the hub does more with than to store them. */
const meaningful = [
  {
    modelType: 'Submodel',
    id: 'urn:understood',
    semanticId: series(''),
    submodelElements: [
      part('Metadata', 'Metadata/', [
        part('Record', 'Record/', [
          variable('Time', 'xs:long', { semanticId: series('RelativePointInTime/') }),
          variable('TimeUtc', 'xs:dateTime', { semanticId: series('UtcTime/') }),
          variable('Pressure', 'xs:double', {
            value: '1',
            qualifiers: [
              {
                type: 'SeriesSource',
                valueType: 'xs:string',
                valueId: { type: 'ModelReference', keys: [{ type: 'Submodel', value: 'urn:other' }] }
              }
            ]
          })
        ])
      ]),
      part('Segments', 'Segments/', [
        part('Internal', 'Segments/InternalSegment/', [
          part('Records', 'Records/', [
            part('Record', 'Record/', [
              variable('TimeUtc', 'xs:dateTime', { semanticId: series('UtcTime/'), value: '2026-01-01T00:00:00Z' })
            ])
          ])
        ])
      ]),
      { ...operation, semanticId: series('Operations/ReadRecords/') }
    ]
  },
  { ...(plant().submodels ?? [])[0], id: 'urn:understood' },
  { modelType: 'Submodel', id: 'urn:understood', submodelElements: [operation, collection] }
]

t.test('leniently stored documents with errors can be read by every operation', async (t) => {
  const hub = await start(t, { LENIENT: 'true' })
  const ways = ['', '/$value', '/$metadata', '/$path', '/$reference', '/$validation', '/$schema', '/submodel-elements']
  await fc.assert(
    fc.asyncProperty(mutated(fc.constantFrom(...meaningful)), async (wrong) => {
      const body = JSON.stringify({ submodels: [wrong] })
      const taken = await hub.ask('POST', `${hub.url}/upload?existing=replace`, body, {
        'content-type': 'application/json'
      })
      refuseServerFault(`upload ${body}`, taken)
      if (taken.status >= 400) return
      const id = taken.json.created[0]?.id ?? taken.json.replaced[0]?.id
      const at = `/submodels/${encode(id)}`
      for (const way of ways) refuseServerFault(`GET ${way} ${body}`, await hub.get(at + way))
      refuseServerFault(`descriptor ${body}`, await hub.get(`/submodel-descriptors/${encode(id)}`))
      refuseServerFault(`table ${body}`, await hub.get(`/timeseries?submodel=${encodeURIComponent(id)}`))
      refuseServerFault(
        `samples ${body}`,
        await hub.post('/ingest', { submodel: id, samples: [{ path: 'Metadata.Record.Pressure', value: 1 }] })
      )
      refuseServerFault(
        `invoke ${body}`,
        await hub.post(`${at}/submodel-elements/Run/invoke/$value`, { inputArguments: { In: 1 } })
      )
      for (const form of ['application/xml', AASX]) {
        const answer = await hub.ask('GET', `/serialization?submodelIds=${encode(id)}`, undefined, { accept: form })
        if (answer.status !== 200) throw new Error(`${form} ${body}: ${answer.status} ${answer.text}`)
      }
      t.equal((await hub.remove(at)).status, 204, body)
    }),
    { numRuns: RUNS * 3 }
  )
})
