import { encode as cbor, decode } from 'cborg'
import t from 'tap'
import { WebSocket } from 'ws'
import { encode, type Running, start } from './harness.ts'

type Tap = Parameters<typeof start>[0]

const create = (t: Tap, settings = {}) => start(t, { UNKNOWN_SERIES: 'create', ...settings })
const write = (hub: Running, body: string) =>
  hub.ask('POST', `${hub.url}/write`, body, { 'content-type': 'text/plain' })
const ingest = (hub: Running, body: string) =>
  hub.ask('POST', `${hub.url}/ingest?each=true`, body, { 'content-type': 'application/json' })

async function element(hub: Running, path: string, id = 'urn:new') {
  return (await hub.get(`/submodels/${encode(id)}/submodel-elements/${path}`)).json
}

t.test('the type of a created Property follows the syntax of the value, not its digits', async (t) => {
  const hub = await create(t)
  for (const [at, [sent, valueType, value]] of (
    [
      ['20.0', 'xs:double', '20.0'],
      ['20', 'xs:double', '20'],
      ['0.10', 'xs:double', '0.10'],
      ['1e3', 'xs:double', '1e3'],
      ['+5', 'xs:double', '+5'],
      ['.5', 'xs:double', '.5'],
      ['007', 'xs:double', '007'],
      ['9007199254740993', 'xs:double', '9007199254740993'],
      ['5i', 'xs:long', '5'],
      ['9223372036854775807i', 'xs:long', '9223372036854775807'],
      ['18446744073709551615u', 'xs:unsignedLong', '18446744073709551615'],
      ['t', 'xs:boolean', 'true'],
      ['False', 'xs:boolean', 'false'],
      ['"007"', 'xs:string', '007'],
      ['"20.0"', 'xs:string', '20.0']
    ] as const
  ).entries()) {
    const name = `field${at}`
    t.equal((await write(hub, `Press,submodel=urn:new ${name}=${sent} 1\n`)).status, 204, sent)
    t.match(await element(hub, name), { modelType: 'Property', valueType, value }, sent)
  }
  t.equal((await write(hub, 'Press,submodel=urn:new field0=20.5 2\n')).status, 204, 'a fraction later is taken')
  for (const [at, [sent, valueType, value]] of (
    [
      ['20', 'xs:double', '20'],
      ['20.0', 'xs:double', '20'],
      ['9007199254740993', 'xs:decimal', '9007199254740993'],
      ['true', 'xs:boolean', 'true'],
      ['"007"', 'xs:string', '007']
    ] as const
  ).entries()) {
    const { json } = await ingest(hub, `{"submodel":"urn:new","path":"json${at}","value":${sent}}`)
    t.match(json, { accepted: 1 }, sent)
    t.match(await element(hub, `json${at}`), { valueType, value }, `JSON ${sent}`)
  }
  t.match((await ingest(hub, '{"submodel":"urn:new","path":"json2","value":20.5}')).json, { accepted: 1 })
})

t.test('typed arrays of CBOR determine the type', async (t) => {
  const hub = await create(t)
  const socket = new WebSocket(`${hub.url.replace('http', 'ws')}/stream`, 'aas-hub.v1.cbor')
  await new Promise((resolve) => socket.once('open', resolve))
  const push = async (message: Uint8Array) => {
    const answer = new Promise((resolve) => socket.once('message', resolve))
    socket.send(message)
    return answer
  }
  const column = (path: string, values: unknown) => ({
    type: 'push',
    id: 1,
    submodel: 'urn:new',
    path,
    start: 1,
    step: 1,
    values
  })
  await push(cbor(column('Whole', [1, 2])))
  await push(cbor(column('Wide', [2n ** 63n])))
  // A typed array (RFC 8746) of two numbers of 32 bits.
  const typed = Buffer.from(cbor(column('Typed', new Uint8Array(Int32Array.of(1, 2).buffer))))
  const at = typed.indexOf(Buffer.from([0x48, 1, 0, 0, 0, 2]))
  await push(Buffer.concat([typed.subarray(0, at), Buffer.from([0xd8, 78]), typed.subarray(at)]))
  const bad = Buffer.from(cbor({ type: 'push', id: 2, submodel: 'urn:new', path: 'Text', value: 'xx' }))
  bad.set([0xb0, 0xa1], bad.lastIndexOf('xx'))
  t.match(decode((await push(bad)) as Uint8Array), { type: 'error', text: /a text is not UTF-8/ })
  socket.close()
  t.match(await element(hub, 'Whole'), { valueType: 'xs:double', value: '2' }, 'many writers have no other number')
  t.match(await element(hub, 'Wide'), { valueType: 'xs:unsignedLong', value: '9223372036854775808' })
  t.match(await element(hub, 'Typed'), { valueType: 'xs:long', value: '2' })
})

t.test('a name that is not an idShort is converted, and finds the same element again', async (t) => {
  const hub = await create(t)
  const names = ['x', 'temp-', '1st', '온도', 'a b', 'very/long', `long${'g'.repeat(200)}`, 'Axis.2', 'a..b', 'DB1[3]']
  const escaped = (name: string) => name.replace(/[ ,=]/g, '\\$&')
  for (const round of [1, 2]) {
    const line = `Press,submodel=urn:new ${names.map((name) => `${escaped(name)}=${round}`).join(',')} ${round}\n`
    t.equal((await write(hub, line)).status, 204)
  }
  const { submodelElements: elements } = (await hub.get(`/submodels/${encode('urn:new')}`)).json
  t.equal(elements.length, names.length, 'each has one element')
  for (const one of elements) t.match(one.idShort, /^[a-zA-Z][a-zA-Z0-9_-]*[a-zA-Z0-9_]$/)
  t.match(elements[3], {
    idShort: 'xC628__xB3C4_',
    displayName: [{ language: 'ko', text: '온도' }],
    extensions: [{ name: 'sourceName', value: '온도' }],
    value: '2'
  })
  t.match(await element(hub, 'Axis.x0032_'), { displayName: [{ text: '2' }], value: '2' })
  t.match((await ingest(hub, '{"submodel":"urn:new","path":"xC628__xB3C4_","value":3}')).json, { accepted: 1 })
  t.match(await element(hub, 'xC628__xB3C4_'), { value: '3' }, 'the idShort addresses it too')
})

t.test('a series that cannot be created is refused by name, without affecting others', async (t) => {
  const hub = await create(t, { UNKNOWN_SUBMODEL: 'urn:new' })
  await hub.post('/submodels', {
    modelType: 'Submodel',
    id: 'urn:m',
    submodelElements: [
      { modelType: 'Property', idShort: 'Speed', valueType: 'xs:double' },
      {
        modelType: 'SubmodelElementList',
        idShort: 'Zones',
        typeValueListElement: 'Property',
        valueTypeListElement: 'xs:double'
      }
    ]
  })
  const items = [
    { submodel: 'urn:m', path: 'Speed', value: 1 },
    { submodel: 'urn:m', path: 'Speed.max', value: 1 },
    { submodel: 'urn:m', path: 'Zones[0]', value: 1 },
    { submodel: 'urn:m', path: 'Odd', value: { a: 1 } },
    { submodel: 'urn:m', path: '', value: 1 },
    { submodel: 'urn:m', path: Array(40).fill('deep').join('.'), value: 1 },
    { submodel: 'urn:other', path: 'Speed', value: 1 },
    { submodel: 'urn:new', path: 'Speed', value: 1 }
  ]
  const { json } = await ingest(hub, JSON.stringify(items))
  t.match(json, { accepted: 2, refused: 6 })
  const texts = Object.fromEntries(
    json.refusals.map(({ index, text }: { index: number; text: string }) => [index, text])
  )
  for (const [index, text] of [
    [1, /"Speed" is a Property/],
    [2, /"Zones" has no element 0; elements of lists are not created/],
    [3, /created for numbers, texts, true and false; found \{"a":1\}/],
    [4, /a name was expected/],
    [5, /at most 32 steps/],
    [6, /only "urn:new" may be created/]
  ] as const) {
    t.match(texts[index], text)
  }
  const body =
    'Press,submodel=urn:m Speed=2 1\nPress,submodel=urn:other Speed=2 1\nPress,submodel=urn:new good=2,x=1 1\n'
  t.match((await write(hub, body)).json.error, /^partial write: 3 samples were taken, 1 refused: line 2/)
  t.match(await element(hub, 'good'), { value: '2' })
})

t.test('a series that an enforced template forbids is refused by name, without affecting others', async (t) => {
  const NAMEPLATE = 'https://admin-shell.io/idta/nameplate/3/0/Nameplate'
  const hub = await create(t, { TEMPLATES: 'enforce', UNKNOWN_TEMPLATE: NAMEPLATE, UNKNOWN_SUBMODEL: 'urn:nameplate' })
  await hub.post('/submodels', {
    modelType: 'Submodel',
    id: 'urn:m',
    submodelElements: [{ modelType: 'Property', idShort: 'Speed', valueType: 'xs:double' }]
  })
  const { json } = await ingest(
    hub,
    JSON.stringify([
      { submodel: 'urn:nameplate', path: 'Speed', value: 1 },
      { submodel: 'urn:m', path: 'Speed', value: 1 },
      { submodel: 'urn:m', path: 'New', value: 1 }
    ])
  )
  t.match(json, { accepted: 2, refused: 1, refusals: [{ index: 0, submodel: 'urn:nameplate', path: 'Speed' }] })
  t.not(json.refusals[0].text, '')
})

t.test('hundreds of thousands of refused samples are counted, and the others are stored', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', {
    modelType: 'Submodel',
    id: 'urn:m',
    submodelElements: [{ modelType: 'Property', idShort: 'Speed', valueType: 'xs:double' }]
  })
  const column = (path: string, value: unknown) => ({
    submodel: 'urn:m',
    path,
    start: 1,
    step: 1,
    values: Array(300_000).fill(value)
  })
  const { status, json } = await ingest(
    hub,
    JSON.stringify([column('Unknown', 1), { submodel: 'urn:m', path: 'Speed', value: 5 }, column('Speed', 'x')])
  )
  t.equal(status, 200)
  t.match(json, { accepted: 1, refused: 600_000 })
  t.equal(json.refusals.length, 100)
  const whole = await hub.post('/ingest', [column('Unknown', 1)])
  t.equal(whole.status, 400)
})
