/** What is stored, as clients of OPC UA see it: the shipped hub, and a real client. */
import { AttributeIds, DataType, StatusCodes, Variant } from 'node-opcua-client'
import t from 'tap'
import { until } from '../until.ts'
import { encode } from './harness.ts'
import { node, OpcuaClient, opcuaHub } from './opcua-client.ts'

const property = (idShort: string, valueType: string, value?: string) => {
  return { modelType: 'Property', idShort, valueType, ...(value !== undefined && { value }) }
}
const reference = (type: string, value: string) => ({ type: 'ModelReference', keys: [{ type, value }] })

const shell = {
  ...{ modelType: 'AssetAdministrationShell', id: 'urn:shell', idShort: 'Press' },
  assetInformation: { assetKind: 'Instance', globalAssetId: 'https://plant.kr/press/4' },
  submodels: [reference('Submodel', 'urn:press'), reference('Submodel', 'urn:elsewhere')]
}
const press = {
  ...{ modelType: 'Submodel', id: 'urn:press', idShort: 'OperationalData' },
  submodelElements: [
    {
      ...property('Speed', 'xs:double', '21.5'),
      displayName: [{ language: 'en', text: 'Speed of the ram' }],
      semanticId: { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value: '0173-1#02-AAB713#005' }] }
    },
    property('Total', 'xs:long', '9007199254740993'),
    property('Note', 'xs:string'),
    { modelType: 'Range', idShort: 'Limits', valueType: 'xs:int', min: '1', max: '5' },
    { modelType: 'MultiLanguageProperty', idShort: 'Name', value: [{ language: 'ko', text: '프레스' }] },
    { modelType: 'ReferenceElement', idShort: 'Plan', value: reference('Submodel', 'urn:press') },
    {
      ...{ modelType: 'SubmodelElementList', idShort: 'Spectrum', typeValueListElement: 'Property' },
      ...{ valueTypeListElement: 'xs:double', orderRelevant: true },
      value: [
        { modelType: 'Property', valueType: 'xs:double', value: '1.5' },
        { modelType: 'Property', valueType: 'xs:double', value: '2.5' }
      ]
    }
  ]
}

// One for all: the server takes seconds to start.
const { hub, url } = await opcuaHub(t, {}, async (hub) => {
  await hub.post('/shells', shell)
  for (const id of ['urn:press', 'urn:other']) await hub.post('/submodels', { ...press, id })
})

t.test('a shell and its submodel are an address space by OPC 30270', async (t) => {
  const client = await OpcuaClient.open(t, url)
  const objects = await client.browse('i=85')
  t.ok(objects.some(({ browseName }) => browseName.name === 'AASEnvironment'))
  t.same(await client.names(node('AASEnvironment/AssetAdministrationShells')), ['FolderType', 'Press'])
  const below = await client.browse(node('AAS:urn:shell#'))
  t.same(
    below.map(({ browseName }) => browseName.name),
    [
      ...['AASAssetAdministrationShellType', 'Identification', 'Asset', 'OperationalData', 'SubmodelReference:1'],
      'AssetAdministrationShells'
    ],
    'a submodel that is stored elsewhere is a reference'
  )
  const submodel = below.find(({ browseName }) => browseName.name === 'OperationalData')
  t.equal(submodel?.nodeId.toString(), node('SM:urn:press#'))
  t.equal(
    (await client.read(node('SM:urn:press#Speed'), AttributeIds.DisplayName)).value.value.text,
    'Speed of the ram'
  )
  const speed = await client.browse(node('SM:urn:press#Speed'))
  t.ok(speed.some(({ browseName, isForward }) => isForward && browseName.name === 'AASPropertyType'))
  t.ok(
    speed.some(({ browseName }) => browseName.name === '0173-1#02-AAB713#005'),
    'its concept'
  )
  t.ok(
    speed.some(({ browseName, isForward }) => !isForward && browseName.name === 'OperationalData'),
    'the way back'
  )
  t.same((await client.names(node('SM:urn:press#Spectrum'))).slice(2), ['[0]', '[1]'])
  const { targets } = await client.session.translateBrowsePath({
    startingNode: node('SM:urn:press#'),
    relativePath: {
      elements: [
        { referenceTypeId: 'i=33', includeSubtypes: true, targetName: { namespaceIndex: 3, name: 'Speed' } },
        { referenceTypeId: 'i=33', includeSubtypes: true, targetName: { namespaceIndex: 2, name: 'Value' } }
      ]
    }
  } as never)
  t.equal(targets?.[0]?.targetId.toString(), node('SM:urn:press#Speed/Value'))

  const value = async (id: string) => (await client.read(node(id))).value?.value as unknown
  t.equal(await value('SM:urn:press#Speed/Value'), 21.5)
  t.same(await value('SM:urn:press#Total/Value'), [2_097_152, 1], 'an integer beyond 2^53, exactly')
  t.equal(await value('SM:urn:press#Limits/Max'), 5)
  t.match(await value('SM:urn:press#Name/Value'), [{ locale: 'ko', text: '프레스' }])
  t.match(await value('SM:urn:press#Plan/Value/Keys'), [{ type: 20, local: true, value: 'urn:press' }])
  t.equal(await value('SM:urn:press#Spectrum[1]/Value'), 2.5)
  t.equal(await value('AAS:urn:shell#/Asset/Identification/Id'), 'https://plant.kr/press/4')
  t.equal((await client.read(node('SM:urn:press#Note/Value'))).statusCode, StatusCodes.BadWaitingForInitialData)
  for (const absent of ['SM:urn:press#None', 'SM:urn:none#', 'SM:urn:press#Speed/None', 'nothing']) {
    t.equal((await client.read(node(absent), AttributeIds.BrowseName)).statusCode, StatusCodes.BadNodeIdUnknown, absent)
    t.equal((await client.result(node(absent))).statusCode, StatusCodes.BadNodeIdUnknown, absent)
  }
})

t.test('values are live, with source time and quality; structure follows what is stored', async (t) => {
  const client = await OpcuaClient.open(t, url)
  const each = await client.monitor(node('SM:urn:press#Speed/Value'), 0)
  const sampled = await client.monitor(node('SM:urn:press#Speed/Value'), 100)
  const total = await client.monitor(node('SM:urn:press#Total/Value'), 0)
  await until(() => each.length === 1 && sampled.length === 1 && total.length === 1)
  t.equal(each[0]?.value.value, 21.5, 'the present value comes first')
  // After the values that came with the structure.
  const second = new Date(Math.ceil(Date.now() / 1000 + 1) * 1000).toISOString().slice(0, 19)
  const time = (at: number) => `${second}.${123 + at}456789Z`
  const samples = Array.from({ length: 20 }, (_, at) => ({
    ...{ submodel: 'urn:press', path: 'Speed', value: at, time: time(at) },
    ...(at === 19 && { quality: 'uncertain' })
  }))
  t.match((await hub.post('/ingest', samples)).json, { accepted: 20 })
  await until(() => each.length >= 21 && sampled.at(-1)?.value.value === 19)
  t.same(
    each.slice(1).map(({ value }) => value.value),
    samples.map(({ value }) => value),
    'each change, in order'
  )
  const last = each.at(-1)
  t.equal(last?.sourceTimestamp?.toISOString(), `${second}.142Z`)
  t.equal(last?.sourcePicoseconds, 456_789_000, 'to the nanosecond')
  t.equal(last?.statusCode, StatusCodes.Uncertain)
  const path = `/submodels/${encode('urn:press')}/submodel-elements`
  await hub.patch(`${path}/Total/$value`, '9007199254740995')
  await until(() => total.length === 2)
  t.same(total[1]?.value.value, [2_097_152, 3])

  await hub.post(path, property('Added', 'xs:string', 'new'))
  t.ok((await client.names(node('SM:urn:press#'))).includes('Added'))
  t.equal((await client.read(node('SM:urn:press#Added/Value'))).value.value, 'new')
  await hub.remove(`${path}/Speed`)
  await until(() => each.at(-1)?.statusCode === StatusCodes.BadNodeIdUnknown)
  t.notOk((await client.names(node('SM:urn:press#'))).includes('Speed'))
  t.equal((await client.read(node('SM:urn:press#Speed/Value'))).statusCode, StatusCodes.BadNodeIdUnknown)
})

t.test('values are written as by a PATCH, and only such as fit', async (t) => {
  const client = await OpcuaClient.open(t, url)
  const write = (id: string, dataType: DataType, value: unknown) =>
    client.session.write({
      nodeId: node(id),
      attributeId: AttributeIds.Value,
      value: { value: new Variant({ dataType, value, arrayType: 0 }) }
    })
  t.equal(await write('SM:urn:other#Speed/Value', DataType.Double, 7.5), StatusCodes.Good)
  t.equal(await write('SM:urn:other#Total/Value', DataType.Int64, [2_097_152, 5]), StatusCodes.Good)
  t.equal(await write('SM:urn:other#Limits/Min', DataType.Int32, 2), StatusCodes.Good)
  const row = async (path: string) => JSON.parse((await hub.server.store.element('urn:other', path))?.value ?? '{}')
  t.same(await row('Speed'), { value: '7.5' })
  t.same(await row('Total'), { value: '9007199254740997' })
  t.same(await row('Limits'), { min: '2', max: '5' })
  t.equal(await write('SM:urn:other#Speed/Value', DataType.String, 'fast'), StatusCodes.BadTypeMismatch)
  t.equal(await write('SM:urn:other#Speed/ValueType', DataType.Int32, 1), StatusCodes.BadNotWritable)
  t.equal(await write('SM:urn:other#None/Value', DataType.Int32, 1), StatusCodes.BadNodeIdUnknown)
  t.same(await row('Speed'), { value: '7.5' })
})
