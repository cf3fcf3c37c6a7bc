/** Who may write records of a time series (IDTA 02008), which become samples of other elements. */
import t from 'tap'
import { eq, type Json, rule, str } from '../security/fixture.ts'
import { startGuarded } from './access-fixture.ts'
import { encode } from './harness.ts'

const ID = 'urn:series'
const AT = `/submodels/${encode(ID)}`
const means = (term: string) => ({
  type: 'ExternalReference',
  keys: [{ type: 'GlobalReference', value: `https://admin-shell.io/idta/TimeSeries/${term}1/1` }]
})
const collection = (idShort: string, term: string, value?: unknown[]) => ({
  modelType: 'SubmodelElementCollection',
  idShort,
  semanticId: means(term),
  ...(value && { value })
})
const utc = { modelType: 'Property', idShort: 'TimeUtc', valueType: 'xs:dateTime', semanticId: means('UtcTime/') }
const pressure = { modelType: 'Property', idShort: 'Pressure', valueType: 'xs:double' }
const series = {
  modelType: 'Submodel',
  id: ID,
  idShort: 'TimeSeries',
  semanticId: means(''),
  submodelElements: [
    collection('Metadata', 'Metadata/', [collection('Record', 'Record/', [utc, pressure])]),
    collection('Segments', 'Segments/')
  ]
}
const record = (at: string, value: string) =>
  collection('Record', 'Record/', [
    { ...utc, value: at },
    { ...pressure, value }
  ])

t.test('a record is written by who may write the elements whose samples it holds', async (t) => {
  const role = (name: string): Json => eq({ $attribute: { CLAIM: 'role' } }, str(name))
  const of = (name: string, rights: readonly string[], ...objects: readonly Json[]) =>
    rule({ rights, attributes: [{ CLAIM: 'role' }], objects, formula: role(name) })
  const segments = { REFERABLE: `$sme("${ID}").Segments` }
  const measured = { REFERABLE: `$sme("${ID}").Metadata.Record.Pressure` }
  const { as, hub } = await startGuarded(t, { admin: { role: 'admin' }, one: { role: 'one' }, two: { role: 'two' } }, [
    of('admin', ['ALL'], { ROUTE: '*' }),
    of('one', ['ALL'], segments),
    of('two', ['ALL'], segments, measured)
  ])
  t.equal((await as.admin.ask('POST', '/submodels', series)).status, 201)
  const first = await as.admin.ask('POST', `${hub.url}/ingest`, [
    { submodel: ID, path: 'Metadata.Record.Pressure', time: '2026-11-24T12:00:00Z', value: 1 }
  ])
  t.equal(first.status, 200, first.text)
  const at = `${AT}/submodel-elements/Segments.Latest.Records`
  const values = async () =>
    Object.values((await as.admin.get(`${at}/$value`)).json).map((one) => (one as Json).Pressure)
  const post = (by: 'one' | 'two', value: string) => as[by].ask('POST', at, record('2026-11-24T12:00:01Z', value))
  const refused = await post('one', '2')
  t.equal(refused.status, 403, refused.text)
  t.same(await values(), [1])
  const written = await post('two', '3')
  t.equal(written.status, 201, written.text)
  t.same(await values(), [1, 3])
})
