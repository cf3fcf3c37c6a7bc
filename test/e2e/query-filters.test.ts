import t from 'tap'
import { rule } from '../security/fixture.ts'
import { startGuarded } from './access-fixture.ts'
import { start } from './harness.ts'

const external = (value: string) => ({ type: 'ExternalReference', keys: [{ type: 'GlobalReference', value }] })
const property = (idShort: string, value: string, semanticId: string) => ({
  modelType: 'Property',
  idShort,
  valueType: 'xs:string',
  value,
  semanticId: external(semanticId)
})
const blob = { modelType: 'Blob', idShort: 'photo', contentType: 'image/png', value: 'AAAA' }
const [speed, torque] = [property('speed', '12', 'urn:speed'), property('torque', '7', 'urn:torque')]
const motor = {
  modelType: 'Submodel',
  id: 'urn:motor',
  idShort: 'Motor',
  semanticId: external('urn:drive'),
  supplementalSemanticIds: [external('urn:public'), external('urn:internal')],
  submodelElements: [speed, torque, blob]
}
const pump = { ...motor, id: 'urn:pump', idShort: 'Pump', submodelElements: [torque] }
const shell = {
  modelType: 'AssetAdministrationShell',
  id: 'urn:shell',
  idShort: 'Machine',
  assetInformation: { assetKind: 'Instance', globalAssetId: 'urn:asset' },
  submodels: ['urn:motor', 'urn:pump'].map((value) => ({ type: 'ModelReference', keys: [{ type: 'Submodel', value }] }))
}
const endpoint = (name: string) => ({ interface: name, protocolInformation: { href: `https://plant/${name}` } })
const descriptor = { id: 'urn:far', endpoints: [endpoint('SUBMODEL-3.0'), endpoint('SUBMODEL-3.1')] }

const equals = ($field: string, $strVal: string) => ({ $eq: [{ $field }, { $strVal }] })
const ALL = { $boolean: true }

t.test('a query returns what its filters leave of the documents that it finds', async (t) => {
  const hub = await start(t)
  for (const submodel of [motor, pump]) await hub.post('/submodels', submodel)
  await hub.post('/shells', shell)
  await hub.post('/submodel-descriptors', descriptor)
  const query = async (of: string, $condition: object, ...$filters: object[]) => {
    const reply = await hub.post(`/query/${of}`, { $condition, $filters })
    t.equal(reply.status, 200, reply.text)
    return reply.json
  }

  const bySemantics = { $fragment: '$sme', $condition: equals('$sme#semanticId', 'urn:speed') }
  const found = await query('submodels', ALL, bySemantics)
  t.same(found.paging_metadata, { resultType: 'Submodel' })
  t.same(
    found.result,
    [{ ...motor, submodelElements: [speed] }, (({ submodelElements: _, ...rest }) => rest)(pump)],
    'the elements with a semanticId; the filter finds no fewer submodels'
  )

  const isPublic = equals('$sm#supplementalSemanticIds[].keys[].value', 'urn:public')
  const rows = { $fragment: '$sm#supplementalSemanticIds[]', $condition: isPublic }
  const { value: _, ...photo } = blob
  const publicMotor = { ...motor, supplementalSemanticIds: [external('urn:public')] }
  t.same(
    (await query('submodels', equals('$sm#idShort', 'Motor'), rows)).result,
    [{ ...publicMotor, submodelElements: [speed, torque, photo] }],
    'without the values of Blobs, as always'
  )

  const ofShell = { $fragment: '$sme', $condition: equals('$aas#idShort', 'Machine') }
  t.same((await query('submodels', equals('$sm#idShort', 'Pump'), ofShell)).result, [pump], 'its shell is known')

  const references = {
    $fragment: '$aas#submodels[]',
    $condition: equals('$aas#submodels[].keys[].value', 'urn:pump')
  }
  t.same((await query('shells', ALL, references)).result, [{ ...shell, submodels: shell.submodels.slice(1) }])

  const newer = {
    $fragment: '$smdesc#endpoints[]',
    $condition: equals('$smdesc#endpoints[].interface', 'SUBMODEL-3.1')
  }
  const described = await query('submodel-descriptors', equals('$smdesc#id', 'urn:far'), newer)
  t.same(described.result, [{ ...descriptor, endpoints: descriptor.endpoints.slice(1) }])

  const ids = await hub.post('/query/submodels', { $select: 'id', $condition: ALL, $filters: [bySemantics] })
  t.same(ids.json.result, ['urn:motor', 'urn:pump'])
  t.same((await hub.get('/submodels/dXJuOnB1bXA')).json, pump, 'what is stored stays')
})

t.test('a filter that is invalid, or about something else, is refused with its place', async (t) => {
  const hub = await start(t)
  const refused = async (of: string, filter: object, text: RegExp) => {
    const reply = await hub.post(`/query/${of}`, { $condition: ALL, $filters: [filter] })
    t.equal(reply.status, 400)
    t.match(reply.text, text)
  }
  await refused('submodels', { $fragment: '$sm#id', $condition: ALL }, /\/\$filters\/0\/\$fragment/)
  await refused('shells', { $fragment: '$sme', $condition: ALL }, /AssetAdministrationShell was expected/)
  await refused('submodels', { $fragment: '$sme' }, /\$condition/)
})

t.test('filters leave less of what a caller may read, never more', async (t) => {
  const attributes = [{ CLAIM: 'role' }]
  const isRole = (name: string) => ({ $eq: [{ $attribute: { CLAIM: 'role' } }, { $strVal: name }] })
  const slow = { $ne: [{ $field: '$sme#semanticId' }, { $strVal: 'urn:torque' }] }
  const { as } = await startGuarded(t, { admin: { role: 'admin' }, line: { role: 'line' } }, [
    rule({ rights: ['ALL'], attributes, formula: isRole('admin') }),
    rule({ attributes, formula: isRole('line'), more: { FILTER: { FRAGMENT: '$sme', CONDITION: slow } } })
  ])
  for (const submodel of [motor, pump]) t.equal((await as.admin.ask('POST', '/submodels', submodel)).status, 201)
  const elements = async (who: 'admin' | 'line', $condition: object) => {
    const filter = { $fragment: '$sme', $condition }
    const reply = await as[who].ask('POST', '/query/submodels', { $condition: ALL, $filters: [filter] })
    t.equal(reply.status, 200, reply.text)
    const { result } = reply.json as { result: { submodelElements?: { idShort: string }[] }[] }
    return result.map(({ submodelElements = [] }) => submodelElements.map(({ idShort }) => idShort))
  }
  t.same(await elements('admin', ALL), [['speed', 'torque', 'photo'], ['torque']])
  t.same(await elements('line', ALL), [['speed'], []], 'hidden by the rule, also where the filter leaves all')
  t.same(await elements('line', equals('$sme#semanticId', 'urn:torque')), [[], []])
  t.same(await elements('line', equals('$sme#idShort', 'speed')), [['speed'], []])
  const hidden = { $match: [equals('$sme#idShort', 'torque')] }
  t.same(await elements('line', { $or: [equals('$sm#idShort', 'Pump'), hidden] }), [[], []], 'nor by its condition')
})

t.test('filters of a large submodel that take too long are refused, and hold up no one', async (t) => {
  const hub = await start(t, { QUERY_TIMEOUT: '1s' })
  const submodelElements = Array.from({ length: 5000 }, (_, at) => property(`element${at}`, 'x', 'urn:speed'))
  t.equal((await hub.post('/submodels', { ...motor, submodelElements })).status, 201)
  // For each element all of them are searched.
  const slow = { $fragment: '$sme', $condition: { $regex: [{ $field: '$sme.element7#value' }, { $strVal: '^y' }] } }
  const body = { $condition: ALL, $filters: Array(100).fill(slow) }
  const asked = hub.post('/query/submodels', body)
  let answered = 0
  const others = asked.then(() => false)
  while (await Promise.race([others, hub.get('/shells').then(() => true)])) answered++
  const reply = await asked
  t.equal(reply.status, 400)
  t.match(reply.text, /take too long/)
  t.ok(answered > 0, `${answered} requests were answered in the meantime`)
  const fast = { $fragment: '$sme', $condition: equals('$sme#idShort', 'element7') }
  const { json } = await hub.post('/query/submodels', { $condition: ALL, $filters: [fast] })
  t.equal(json.result[0].submodelElements.length, 1)
})
