import t, { type Test } from 'tap'
import { encode, type Running, start } from './harness.ts'

const property = (idShort: string | undefined, value: string, valueType = 'xs:int') => ({
  modelType: 'Property',
  ...(idShort !== undefined && { idShort }),
  valueType,
  value
})
const plant = {
  modelType: 'Submodel',
  id: 'plant',
  idShort: 'Plant',
  submodelElements: [
    {
      modelType: 'SubmodelElementCollection',
      idShort: 'motor',
      description: [{ language: 'en', text: 'a motor' }],
      value: [property('speed', '5'), property('torque', '1.5', 'xs:double')]
    },
    {
      modelType: 'SubmodelElementList',
      idShort: 'log',
      typeValueListElement: 'Property',
      valueTypeListElement: 'xs:int',
      value: [property(undefined, '1'), property(undefined, '2'), property(undefined, '3')]
    },
    { modelType: 'Capability', idShort: 'turn' },
    { modelType: 'Blob', idShort: 'picture', contentType: 'image/png', value: 'QQ==' }
  ]
}
const SM = `/submodels/${encode('plant')}`
const at = (path: string) => `${SM}/submodel-elements/${encodeURIComponent(path)}`

async function withPlant(t: Test): Promise<Running> {
  const hub = await start(t)
  t.equal((await hub.post('/submodels', plant)).status, 201)
  return hub
}

t.test('an element can be read by its path in every content', async (t) => {
  const hub = await withPlant(t)
  t.same((await hub.get(at('motor.speed'))).json, property('speed', '5'))
  t.same(
    (await hub.get(`${SM}/submodel-elements/log[1]`)).json,
    property(undefined, '2'),
    'raw brackets are understood'
  )
  t.equal((await hub.get(`${at('motor.speed')}/$value`)).text, '5')
  t.same((await hub.get(`${at('motor')}/$value`)).json, { speed: 5, torque: 1.5 })
  t.same((await hub.get(`${at('motor')}/$path`)).json, ['motor', 'motor.speed', 'motor.torque'])
  t.same((await hub.get(`${at('motor.speed')}/$metadata`)).json, {
    modelType: 'Property',
    idShort: 'speed',
    valueType: 'xs:int'
  })
  t.same((await hub.get(`${at('log[1]')}/$reference`)).json.keys, [
    { type: 'Submodel', value: 'plant' },
    { type: 'SubmodelElementList', value: 'log' },
    { type: 'Property', value: '1' }
  ])
})

t.test('a submodel can be read in every content', async (t) => {
  const hub = await withPlant(t)
  const withoutBlob = structuredClone(plant)
  delete (withoutBlob.submodelElements[3] as { value?: unknown }).value
  t.same((await hub.get(SM)).json, withoutBlob, 'the default extent leaves blobs out')
  t.same((await hub.get(`${SM}?extent=withBlobValue`)).json, plant)
  t.same((await hub.get(`${SM}/$value`)).json, {
    motor: { speed: 5, torque: 1.5 },
    log: [1, 2, 3],
    picture: { contentType: 'image/png' }
  })
  t.same((await hub.get(`${SM}/$value?level=core`)).json, { motor: {}, log: [], picture: { contentType: 'image/png' } })
  t.same((await hub.get(`${SM}/$metadata`)).json, { modelType: 'Submodel', id: 'plant', idShort: 'Plant' })
  t.same((await hub.get(`${SM}/$path`)).json, [
    'motor',
    'motor.speed',
    'motor.torque',
    'log',
    'log[0]',
    'log[1]',
    'log[2]',
    'turn',
    'picture'
  ])
  t.same((await hub.get(`${SM}?level=core`)).json.submodelElements[0].value, undefined)
  t.same((await hub.get('/submodels/$value')).json.result, [(await hub.get(`${SM}/$value`)).json])
  t.same((await hub.get('/submodels/$metadata')).json.result, [(await hub.get(`${SM}/$metadata`)).json])
})

t.test('elements are listed in every content, page by page', async (t) => {
  const hub = await withPlant(t)
  const list = `${SM}/submodel-elements`
  const first = await hub.get(`${list}?limit=3`)
  t.equal(first.json.result.length, 3)
  const second = await hub.get(`${list}?limit=3&cursor=${first.json.paging_metadata.cursor}`)
  t.same(
    second.json.result.map((it: { idShort: string }) => it.idShort),
    ['picture']
  )
  t.same(second.json.paging_metadata, {})
  t.same((await hub.get(`${list}/$value`)).json.result, (await hub.get(`${SM}/$value`)).json)
  t.same((await hub.get(`${list}/$path`)).json.result, (await hub.get(`${SM}/$path`)).json)
  t.equal((await hub.get(`${list}/$reference`)).json.result.length, 4)
  t.same((await hub.get(`${list}/$metadata?limit=1`)).json.result, [
    { modelType: 'SubmodelElementCollection', idShort: 'motor', description: [{ language: 'en', text: 'a motor' }] }
  ])
})

t.test('a page continues where the previous one ended, although elements were deleted in between', async (t) => {
  const hub = await start(t)
  const names = ['P0', 'P1', 'P2', 'P3', 'P4', 'P5']
  const submodelElements = names.map((idShort) => ({ modelType: 'Property', idShort, valueType: 'xs:int' }))
  await hub.post('/submodels', { modelType: 'Submodel', id: 'paged', submodelElements })
  const list = `/submodels/${encode('paged')}/submodel-elements`
  const { cursor } = (await hub.get(`${list}?limit=3`)).json.paging_metadata
  const rest = async () =>
    (await hub.get(`${list}?limit=3&cursor=${cursor}`)).json.result.map((it: { idShort: string }) => it.idShort)
  t.same(await rest(), ['P3', 'P4', 'P5'])
  await hub.remove(`${list}/P0`)
  t.same(await rest(), ['P3', 'P4', 'P5'])
  await hub.remove(`${list}/P2`)
  t.same(await rest(), ['P3', 'P4', 'P5'], 'with the last one of the page before')
})

t.test('a page of paths is limited by the number of paths', async (t) => {
  const hub = await withPlant(t)
  await hub.post('/submodels', { modelType: 'Submodel', id: 'empty' })
  await hub.post('/submodels', {
    modelType: 'Submodel',
    id: 'other',
    submodelElements: [{ modelType: 'Capability', idShort: 'can' }]
  })
  const all = (await hub.get(`${SM}/$path`)).json
  for (const [list, expected] of [
    [`${SM}/submodel-elements/$path`, all],
    ['/submodels/$path', [...all, 'can']]
  ] as const) {
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const { json } = await hub.get(`${list}?limit=2${cursor === undefined ? '' : `&cursor=${cursor}`}`)
      t.ok(json.result.length <= 2)
      seen.push(...json.result)
      cursor = json.paging_metadata.cursor
    } while (cursor !== undefined)
    t.same(seen, expected, list)
  }
})

t.test('contents that are not defined for a kind of element are refused', async (t) => {
  const hub = await withPlant(t)
  for (const path of [`${at('turn')}/$value`, `${at('turn')}/$metadata`, `${at('motor.speed')}/$path`]) {
    t.match(await hub.get(path), { status: 400, json: { messages: [{ text: /not defined/ }] } }, path)
  }
  t.equal((await hub.get(`${at('motor.speed')}?level=core`)).status, 200, 'level means nothing to a Property')
})

t.test('an element is created at its path', async (t) => {
  const hub = await withPlant(t)
  const posted = await hub.post(`${SM}/submodel-elements`, property('added', '1'))
  t.equal(posted.status, 201)
  t.equal(posted.headers.get('location'), `${hub.api}${at('added')}`)
  t.equal((await hub.post(`${SM}/submodel-elements`, property('added', '1'))).status, 409)
  t.match(await hub.post(`${SM}/submodel-elements`, property(undefined, '1')), {
    status: 400,
    json: { messages: [{ code: 'AASd-117' }] }
  })

  const inner = await hub.post(at('motor'), property('inner', '1'))
  t.equal(inner.headers.get('location'), `${hub.api}${at('motor.inner')}`)
  const appended = await hub.post(at('log'), property(undefined, '4'))
  t.equal(appended.headers.get('location'), `${hub.api}${at('log[3]')}`)
  t.match(await hub.post(at('log'), property(undefined, 'x', 'xs:string')), {
    status: 400,
    json: { messages: [{ code: /AASd-10[89]/ }] }
  })
  t.equal((await hub.post(at('motor.speed'), property('none', '1'))).status, 400, 'a Property holds no elements')
  t.equal((await hub.post(at('nowhere'), property('none', '1'))).status, 404)
  t.same((await hub.get(`${at('log')}/$value`)).json, [1, 2, 3, 4])
})

t.test('PUT replaces an element, or creates it where POST could', async (t) => {
  const hub = await withPlant(t)
  t.equal((await hub.put(at('motor.speed'), property('speed', 'fast', 'xs:string'))).status, 204, 'the type may change')
  t.equal((await hub.get(`${at('motor.speed')}/$value`)).json, 'fast')
  t.equal((await hub.put(at('motor.speed'), property('other', '1'))).status, 400, 'the idShort is that of the path')
  const created = await hub.put(at('motor.extra'), property('extra', '1'))
  t.equal(created.status, 201)
  t.equal(created.headers.get('location'), `${hub.api}${at('motor.extra')}`)
  t.equal((await hub.put(at('log[3]'), property(undefined, '4'))).status, 201, 'at the end of a list')
  t.equal((await hub.put(at('log[9]'), property(undefined, '4'))).status, 404, 'beyond it')
  t.equal((await hub.put(at('nowhere.extra'), property('extra', '1'))).status, 404)
})

t.test('DELETE in a list moves up the elements behind', async (t) => {
  const hub = await withPlant(t)
  await hub.patch(`${at('log[2]')}/$value`, 33)
  t.equal((await hub.remove(at('log[0]'))).status, 204)
  t.same((await hub.get(`${at('log')}/$value`)).json, [2, 33])
  t.equal((await hub.remove(at('motor'))).status, 204)
  t.equal((await hub.get(at('motor.speed'))).status, 404)
  t.equal((await hub.remove(at('motor'))).status, 404)
})

t.test('PATCH $value writes leaves, containers and whole submodels, all or nothing', async (t) => {
  const hub = await withPlant(t)
  t.equal((await hub.patch(`${at('motor.speed')}/$value`, 6)).status, 204)
  t.equal((await hub.patch(`${at('motor')}/$value`, { torque: 2 })).status, 204)
  t.equal((await hub.patch(`${SM}/$value`, { motor: { speed: 7 }, log: [9] })).status, 204)
  t.match((await hub.get(`${SM}/$value`)).json, { motor: { speed: 7, torque: 2 }, log: [9, 2, 3] })

  const refused = await hub.patch(`${SM}/$value`, { motor: { speed: 8, torque: 'x' }, none: 1 })
  t.match(refused, {
    status: 400,
    json: { messages: [{ code: 'ValueDataType', text: /motor\.torque/ }, { text: /"none"/ }] }
  })
  t.equal((await hub.get(`${at('motor.speed')}/$value`)).json, 7, 'nothing of it was written')
  t.equal((await hub.patch(`${at('turn')}/$value`, 1)).status, 400)
  t.equal((await hub.patch(`${at('nowhere')}/$value`, 1)).status, 404)
  t.equal((await hub.patch(`/submodels/${encode('none')}/submodel-elements/a/$value`, 1)).status, 404)
  t.match(
    (await hub.get(SM)).json.submodelElements[0].value,
    [{ value: '7' }, { value: '2' }],
    'the document shows the values'
  )
})

t.test('an invalid value is reported with the path of its element, also where only that is written', async (t) => {
  const hub = await withPlant(t)
  const refused = await hub.patch(`${SM}/submodel-elements/motor.torque/$value`, '"none"')
  t.match(refused, { status: 400, json: { messages: [{ code: 'ValueDataType', text: /\(motor\.torque\)/ }] } })
})

t.test('PATCH keeps what the body leaves out and refuses what does not exist', async (t) => {
  const hub = await withPlant(t)
  const patch = {
    modelType: 'SubmodelElementCollection',
    idShort: 'motor',
    category: 'PARAMETER',
    value: [property('speed', '9')]
  }
  t.equal((await hub.patch(at('motor'), patch)).status, 204)
  const motor = (await hub.get(at('motor'))).json
  t.match(motor, {
    category: 'PARAMETER',
    description: [{ text: 'a motor' }],
    value: [{ value: '9' }, { value: '1.5' }]
  })

  t.match(await hub.patch(at('motor'), { ...patch, value: [property('unknown', '9')] }), { status: 400 })
  t.match(await hub.patch(at('motor'), { ...patch, value: [{ modelType: 'Capability', idShort: 'speed' }] }), {
    status: 400
  })
  t.equal(
    (await hub.patch(at('log'), { ...plant.submodelElements[1], value: Array(4).fill(property(undefined, '1')) }))
      .status,
    400
  )
  t.equal((await hub.patch(at('motor'), { ...patch, description: null })).status, 400, 'null is no AAS JSON')
  t.same((await hub.get(at('motor'))).json, motor, 'nothing changed')

  t.equal((await hub.patch(SM, { modelType: 'Submodel', id: 'plant', category: 'VARIABLE' })).status, 204)
  t.equal((await hub.get(`${SM}/$path`)).json.length, 9, 'elements stay')
  t.equal((await hub.patch(SM, { modelType: 'Submodel', id: 'other' })).status, 400)
})

t.test('PATCH $metadata changes neither values nor children', async (t) => {
  const hub = await withPlant(t)
  const metadata = { modelType: 'Property', idShort: 'speed', category: 'VARIABLE', valueType: 'xs:long' }
  t.equal((await hub.patch(`${at('motor.speed')}/$metadata`, metadata)).status, 204)
  t.match((await hub.get(at('motor.speed'))).json, { category: 'VARIABLE', valueType: 'xs:long', value: '5' })
  t.equal((await hub.patch(`${at('motor.speed')}/$metadata`, { ...metadata, value: '6' })).status, 400)
  t.match(
    await hub.patch(`${at('motor.speed')}/$metadata`, { ...metadata, valueType: 'xs:boolean' }),
    { status: 400 },
    'the value that stays must fit'
  )
  t.equal((await hub.patch(`${SM}/$metadata`, { modelType: 'Submodel', id: 'plant', idShort: 'Renamed' })).status, 204)
  t.match((await hub.get(SM)).json, { idShort: 'Renamed', submodelElements: [{}, {}, {}, {}] })
})

t.test('a partial write must not make the whole invalid', async (t) => {
  const hub = await withPlant(t)
  const template = {
    ...property('tt', '1'),
    qualifiers: [{ kind: 'TemplateQualifier', type: 'SMT/Cardinality', valueType: 'xs:string', value: 'One' }]
  }
  t.match(await hub.post(`${SM}/submodel-elements`, template), {
    status: 400,
    json: { messages: [{ code: 'AASd-129' }] }
  })
  t.equal((await hub.get(`${SM}/$path`)).json.length, 9)
})

t.test('the ETag of a value changes with it and not with its neighbour', async (t) => {
  const hub = await withPlant(t)
  const etag = (await hub.get(`${at('motor.speed')}/$value`)).headers.get('etag') ?? ''
  await hub.patch(`${at('motor.torque')}/$value`, 3)
  t.equal((await hub.get(`${at('motor.speed')}/$value`, { 'if-none-match': etag })).status, 304)
  t.equal((await hub.patch(`${at('motor.speed')}/$value`, 6, { 'if-match': etag })).status, 204)
  t.equal((await hub.patch(`${at('motor.speed')}/$value`, 7, { 'if-match': etag })).status, 412)
  t.equal((await hub.put(at('motor.speed'), property('speed', '8'), { 'if-match': etag })).status, 412)
  t.equal((await hub.get(`${at('motor.speed')}/$value`)).json, 6)
})

t.test('concurrent writers of one submodel all succeed', async (t) => {
  const hub = await withPlant(t)
  const writes = Array.from({ length: 20 }, (_, index) => [
    hub.post(at('motor'), property(`added${index}`, '1')),
    hub.patch(`${at('motor.speed')}/$value`, index)
  ])
  const replies = await Promise.all(writes.flat())
  t.same([...new Set(replies.map(({ status }) => status))].sort(), [201, 204])
  t.equal((await hub.get(at('motor'))).json.value.length, 22)
  t.equal(typeof (await hub.get(`${at('motor.speed')}/$value`)).json, 'number')
})
