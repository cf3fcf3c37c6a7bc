/** References of shells to hidden submodels, and what is derived from these. */
import t from 'tap'
import { eq, field, type Json, property, rule, str, submodel } from '../security/fixture.ts'
import { startGuarded } from './access-fixture.ts'
import { encode, type Reply } from './harness.ts'

const attributes = [{ CLAIM: 'role' }]
const isRole = (name: string): Json => eq({ $attribute: { CLAIM: 'role' } }, str(name))
const admin = rule({ rights: ['ALL'], attributes, formula: isRole('admin') })
const isOpen = (root: string): Json => eq(field(`${root}#semanticId`), str('urn:open'))

const reference = (value: string) => ({ type: 'ModelReference', keys: [{ type: 'Submodel', value }] })
const shell = (...submodels: string[]) => ({
  modelType: 'AssetAdministrationShell',
  id: 'press',
  assetInformation: { assetKind: 'Instance', globalAssetId: 'asset' },
  ...(submodels.length > 0 && { submodels: submodels.map(reference) })
})

/** The caller `line` may see shells and what is open. */
function guarded(t: Parameters<typeof startGuarded>[0]) {
  return startGuarded(t, { admin: { role: 'admin' }, line: { role: 'line' }, registry: { role: 'registry' } }, [
    admin,
    rule({ rights: ['ALL'], attributes, formula: isRole('line'), objects: [{ IDENTIFIABLE: '$aas("*")' }] }),
    rule({
      ...{ rights: ['READ', 'UPDATE', 'DELETE'], attributes, objects: [{ IDENTIFIABLE: '$sm("*")' }] },
      formula: { $and: [isRole('line'), isOpen('$sm')] }
    }),
    rule({
      ...{ rights: ['ALL'], attributes, objects: [{ DESCRIPTOR: '$aasdesc("*")' }] },
      formula: { $or: [isRole('line'), isRole('registry')] }
    }),
    rule({
      ...{ rights: ['ALL'], attributes, objects: [{ DESCRIPTOR: '$smdesc("*")' }] },
      formula: { $and: [{ $or: [isRole('line'), isRole('registry')] }, isOpen('$smdesc')] }
    }),
    // What is read on these routes, whatever it is.
    rule({ attributes, formula: isRole('registry'), objects: [{ ROUTE: '/shells*' }] })
  ])
}

const comparable = ({ status, text }: Reply, ...ids: readonly string[]) => {
  const body = text.replace(/"(correlationId|timestamp)":"[^"]*"/g, '')
  return { status, body: ids.reduce((one, id) => one.replaceAll(id, '?').replaceAll(encode(id), '?'), body) }
}

t.test('references to hidden submodels are absent from shells, and stay there', async (t) => {
  const { as, hub } = await guarded(t)
  for (const [id, semanticId] of [
    ['open', 'urn:open'],
    ['secret', 'urn:canary'],
    ['secret too', 'urn:canary']
  ] as const) {
    await as.admin.ask('POST', '/submodels', submodel(id, semanticId, [property('speed', '5')]))
  }
  t.equal((await as.admin.ask('POST', '/shells', shell('secret', 'open', 'gone'))).status, 201)
  const path = `/shells/${encode('press')}`
  const seen = shell('open')
  const first = await as.line.get(path)
  t.same(first.json, seen)
  t.equal(first.headers.get('etag'), null)
  t.same((await as.line.get('/shells')).json.result, [seen])
  t.same((await as.line.get(`${path}/submodel-refs`)).json.result, [reference('open')])
  t.same((await as.line.get('/serialization')).json.assetAdministrationShells, [seen])
  t.same((await as.registry.get(path)).json.submodels.length, 3, 'a route is about all that comes out of it')
  for (const [value, found] of [
    ['secret', 0],
    ['gone', 0],
    ['open', 1]
  ] as const) {
    const $condition = eq(field('$aas#submodels[].keys[].value'), str(value))
    t.equal((await as.line.ask('POST', '/query/shells', { $condition })).json.result.length, found, value)
  }
  const events = await as.line.get(`${hub.url}/api/v3/events?envelope=plain&content=full&kinds=document`)
  t.notMatch(events.text, /secret|gone|canary/)

  // Below the shell, hidden is as absent.
  for (const rest of ['', '/$value', '/submodel-elements/speed', '/submodel-elements/speed/$value']) {
    const of = (id: string) => as.line.get(`${path}/submodels/${encode(id)}${rest}`)
    t.equal((await of('open')).status, 200, rest)
    t.same(comparable(await of('secret'), 'secret'), comparable(await of('absent'), 'absent'), rest)
    t.same(comparable(await of('secret'), 'secret'), comparable(await of('gone'), 'gone'), rest)
  }
  for (const [verb, rest, body] of [
    ['DELETE', '', undefined],
    ['PATCH', '/$value', { speed: '6' }],
    ['PATCH', '/submodel-elements/speed/$value', '"6"'],
    ['PUT', '', 'itself']
  ] as const) {
    const of = (id: string) =>
      as.line.ask(verb, `${path}/submodels/${encode(id)}${rest}`, body === 'itself' ? submodel(id) : body)
    const [hidden, absent] = [comparable(await of('secret'), 'secret'), comparable(await of('absent'), 'absent')]
    t.same(hidden, absent, `${verb} ${rest}`)
    t.equal(hidden.status, verb === 'PUT' ? 403 : 404)
    t.same(hidden, comparable(await of('gone'), 'gone'), `${verb} ${rest}`)
  }
  const drop = (id: string) => as.line.ask('DELETE', `${path}/submodel-refs/${encode(id)}`)
  t.same(comparable(await drop('secret'), 'secret'), comparable(await drop('absent'), 'absent'))
  t.equal((await drop('secret')).status, 404)
  const add = (id: string) => as.line.ask('POST', `${path}/submodel-refs`, reference(id))
  t.equal((await add('secret')).status, 403)
  t.equal((await add('open')).status, 409)
  t.equal((await add('secret too')).status, 201, 'no more than of one that does not exist')
  t.equal((await add('absent')).status, 201)
  t.same((await as.line.get(path)).json, seen)
  t.equal((await as.line.ask('PUT', path, { ...shell(), idShort: 'Press' })).status, 204)
  t.same((await as.line.get(path)).json, { ...shell(), idShort: 'Press' })
  const ids = ({ json }: Reply) => json.submodels.map(({ keys }: ReturnType<typeof reference>) => keys[0]?.value)
  t.same(ids(await as.admin.get(path)), ['secret', 'gone', 'secret too', 'absent'])
  t.equal((await as.line.ask('PUT', path, shell('secret', 'open'))).status, 204)
  t.same(ids(await as.admin.get(path)), ['secret', 'open', 'gone', 'secret too', 'absent'])
  const invalid = await as.line.ask('PUT', path, { ...shell(), submodels: 'secret' })
  t.equal(invalid.status, 400, invalid.text)
})

t.test('a derived shell descriptor embeds descriptors of visible submodels only', async (t) => {
  const { as } = await guarded(t)
  for (const [id, semanticId] of [
    ['open', 'urn:open'],
    ['secret', 'urn:canary']
  ] as const) {
    await as.admin.ask('POST', '/submodels', { ...submodel(id, semanticId), idShort: id })
  }
  t.equal((await as.admin.ask('POST', '/shells', shell('secret', 'open'))).status, 201)
  const path = `/shell-descriptors/${encode('press')}`
  const embedded = ({ json }: Reply) => json.submodelDescriptors?.map(({ id }: { id: string }) => id)
  t.same(embedded(await as.admin.get(path)), ['secret', 'open'])
  for (const caller of [as.line, as.registry]) {
    const one = await caller.get(path)
    t.same(embedded(one), ['open'])
    t.equal(one.headers.get('etag'), null)
    const list = await caller.get('/shell-descriptors')
    t.same(list.json.result, [one.json])
    t.same((await caller.get(`${path}/submodel-descriptors`)).json.result.length, 1)
    const [hidden, absent] = [
      await caller.get(`${path}/submodel-descriptors/${encode('secret')}`),
      await caller.get(`${path}/submodel-descriptors/${encode('absent')}`)
    ]
    t.same(comparable(hidden, 'secret'), comparable(absent, 'absent'))
    for (const [value, found] of [
      ['secret', 0],
      ['open', 1]
    ] as const) {
      const $condition = eq(field('$aasdesc#submodelDescriptors[].idShort'), str(value))
      t.equal((await caller.ask('POST', '/query/shell-descriptors', { $condition })).json.result.length, found, value)
    }
    t.notMatch(one.text + list.text, /secret|canary/)
  }
  // What is registered in its place would hold what is hidden, or lose it.
  const endpoints = [{ interface: 'SUBMODEL-3.1', protocolInformation: { href: 'https://x/sm' } }]
  const added = await as.line.ask('POST', `${path}/submodel-descriptors`, { id: 'new', endpoints })
  t.equal(added.status, 403, added.text)
  t.equal((await as.line.ask('PUT', path, { id: 'press' })).status, 403)
  t.same(embedded(await as.admin.get(path)), ['secret', 'open'])
})
