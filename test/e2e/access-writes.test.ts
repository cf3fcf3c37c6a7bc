/** What callers may write over HTTP, and what refusals reveal. */
import t from 'tap'
import { eq, field, type Json, property, rule, stored, str, submodel } from '../security/fixture.ts'
import { type Client, startGuarded } from './access-fixture.ts'
import { encode, type Reply } from './harness.ts'

const withRole = [{ CLAIM: 'role' }]
const role = (name: string): Json => eq({ $attribute: { CLAIM: 'role' } }, str(name))
const admin = rule({ rights: ['ALL'], attributes: withRole, formula: role('admin') })
const callers = { admin: { role: 'admin' }, line: { role: 'line' } }
const ofLine = (rights: readonly string[], objects: readonly Json[], condition: Json = { $boolean: true }) =>
  rule({ rights, attributes: withRole, objects, formula: { $and: [role('line'), condition] } })
const sm = (id: string): Json => ({ IDENTIFIABLE: `$sm("${id}")` })
const sme = (path: string): Json => ({ REFERABLE: `$sme("urn:press").${path}` })

const AT = `/submodels/${encode('urn:press')}`
const element = (path: string) => `${AT}/submodel-elements/${path}`
const without = ({ status, text }: Reply, ...names: string[]) =>
  names
    .reduce((left, name) => left.replaceAll(name, '?'), `${status} ${text}`)
    .replace(/"(correlationId|timestamp)":"[^"]*"/g, '')

const press = () =>
  submodel('urn:press', undefined, [
    property('speed', '5'),
    property('recipe', 'canary'),
    collection('axis', [property('load', '1')])
  ])

function collection(idShort: string, value: readonly object[]) {
  return { modelType: 'SubmodelElementCollection', idShort, value } as unknown as ReturnType<typeof property>
}

/** Everything, as an administrator reads it, but for revisions. */
async function everything(by: Client): Promise<string> {
  const lists = ['/shells', '/submodels', '/concept-descriptions', '/shell-descriptors', '/submodel-descriptors']
  return (await Promise.all(lists.map(async (path) => (await by.get(path)).text))).join('\n')
}

t.test('a caller writes the elements that its rules name, and of others learns nothing', async (t) => {
  const { as } = await startGuarded(t, callers, [
    admin,
    ofLine(['UPDATE', 'READ'], [sme('speed')]),
    ofLine(['UPDATE'], [sme('axis')])
  ])
  await as.admin.ask('POST', '/submodels', press())
  t.equal((await as.line.ask('PATCH', `${element('speed')}/$value`, '"6"')).status, 204)
  t.equal((await as.line.ask('PATCH', `${element('axis.load')}/$value`, '"6"')).status, 204)
  t.equal((await as.line.ask('PATCH', `${element('axis')}/$value`, { load: '7' })).status, 204)
  t.equal((await as.line.ask('PATCH', element('speed'), property('speed', '7'))).status, 204)
  t.equal((await as.line.ask('PUT', element('speed'), property('speed', '8'))).status, 204)
  t.equal((await as.line.ask('PATCH', `${AT}/$value`, { speed: '9' })).status, 204)
  t.equal((await as.admin.get(`${element('speed')}/$value`)).text, '"9"')
  const before = await everything(as.admin)

  for (const [verb, suffix, body] of [
    ['PATCH', '/$value', '"x"'],
    ['PATCH', '/$value', { a: 1 }],
    ['PATCH', '', property('NAME', 'canary')],
    ['PATCH', '/$metadata', { modelType: 'Property', idShort: 'NAME', valueType: 'xs:int' }],
    ['POST', '', property('below', '1')],
    ['DELETE', '', undefined],
    ['POST', '/invoke', { inputArguments: [] }]
  ] as const) {
    const at = (name: string) =>
      as.line.ask(verb, element(name) + suffix, body && JSON.parse(JSON.stringify(body).replaceAll('NAME', name)))
    const [hidden, absent] = [await at('recipe'), await at('absent')]
    t.ok(hidden.status === 404 || hidden.status === 403, `${verb} ${suffix}: ${hidden.status}`)
    t.equal(without(hidden, 'recipe'), without(absent, 'absent'), `${verb} ${suffix}`)
    t.notMatch(hidden.text, /canary|xs:/)
  }
  const whole = (name: string) => as.line.ask('PATCH', `${AT}/$value`, { [name]: { no: 'value' } })
  t.equal(without(await whole('recipe'), 'recipe'), without(await whole('absent'), 'absent'))
  for (const put of [element('recipe'), AT]) {
    const refused = await as.line.ask('PUT', put, put === AT ? press() : property('recipe', 'canary'))
    t.equal(refused.status, 403, put)
  }
  const other = encode('urn:other')
  await as.admin.ask('POST', '/submodels', submodel('urn:other', undefined, [property('speed', '5')]))
  for (const [verb, path, body] of [
    ['PATCH', '/submodel-elements/speed/$value', '"6"'],
    ['PATCH', '/$value', { speed: '6' }],
    ['DELETE', '', undefined],
    ['POST', '/submodel-elements', property('more', '1')]
  ] as const) {
    const hidden = await as.line.ask(verb, `/submodels/${other}${path}`, body)
    const absent = await as.line.ask(verb, `/submodels/${encode('urn:absent')}${path}`, body)
    t.equal(without(hidden, 'urn:other'), without(absent, 'urn:absent'), `${verb} ${path}`)
  }
  await as.admin.ask('DELETE', `/submodels/${other}`)
  t.equal(await everything(as.admin), before)
})

t.test('creating over what is hidden is refused, whether by POST or by PUT', async (t) => {
  const { as } = await startGuarded(t, callers, [
    admin,
    ofLine(['CREATE'], [sm('*')]),
    ofLine(['READ', 'VIEW'], [sme('speed')])
  ])
  await as.admin.ask('POST', '/submodels', press())
  const before = await everything(as.admin)
  t.equal((await as.line.ask('POST', '/submodels', press())).status, 409, 'of its elements one is visible')
  await as.admin.ask('POST', '/submodels', submodel('urn:hidden'))
  t.equal((await as.line.ask('POST', '/submodels', submodel('urn:hidden'))).status, 403)
  t.equal((await as.line.ask('PUT', `/submodels/${encode('urn:hidden')}`, submodel('urn:hidden'))).status, 403)
  await as.admin.ask('DELETE', `/submodels/${encode('urn:hidden')}`)
  const post = (idShort: string) => as.line.ask('POST', `${AT}/submodel-elements`, property(idShort, '1'))
  t.equal((await post('recipe')).status, 403)
  t.equal((await post('speed')).status, 409)
  t.equal(await everything(as.admin), before)
  t.equal((await post('added')).status, 201)
})

t.test('a change that leaves things as they are needs the right as well', async (t) => {
  const { as } = await startGuarded(t, callers, [admin, ofLine(['READ'], [sm('*')]), ofLine(['UPDATE'], [sme('axis')])])
  await as.admin.ask('POST', '/submodels', press())
  const same = (await as.admin.get(AT)).json
  t.equal((await as.line.ask('PUT', AT, same)).status, 403)
  t.equal((await as.line.ask('PATCH', element('recipe'), property('recipe', 'canary'))).status, 403)
  t.equal(
    (await as.line.ask('PATCH', element('axis'), { modelType: 'SubmodelElementCollection', idShort: 'axis' })).status,
    204
  )
})

t.test('a formula holds for a document before and after a change', async (t) => {
  const isOpen = eq(field('$sm#semanticId'), str('urn:open'))
  const { as } = await startGuarded(t, callers, [admin, ofLine(['ALL'], [sm('*')], isOpen)])
  const at = (id: string) => `/submodels/${encode(id)}`
  t.equal((await as.line.ask('POST', '/submodels', submodel('urn:a', 'urn:open'))).status, 201)
  t.equal((await as.line.ask('POST', '/submodels', submodel('urn:b', 'urn:closed'))).status, 403)
  t.equal((await as.line.ask('PUT', at('urn:b'), submodel('urn:b', 'urn:open'))).status, 201)
  t.equal((await as.line.ask('PUT', at('urn:a'), submodel('urn:a', 'urn:closed'))).status, 403)
  await as.admin.ask('POST', '/submodels', submodel('urn:c', 'urn:closed'))
  t.equal((await as.line.ask('PUT', at('urn:c'), submodel('urn:c', 'urn:open'))).status, 403)
  t.equal((await as.line.ask('DELETE', at('urn:c'))).status, 404)
  t.equal((await as.line.ask('DELETE', at('urn:a'))).status, 204)
})

t.test('a set-point is written only while the machine stands, however the writers take turns', async (t) => {
  const stands = eq(stored('$sme("urn:state").running#value'), str('0'))
  const { as } = await startGuarded(t, callers, [
    admin,
    ofLine(['READ'], [sm('*')]),
    ofLine(['UPDATE'], [sme('speed')], stands)
  ])
  await as.admin.ask('POST', '/submodels', press())
  await as.admin.ask('POST', '/submodels', submodel('urn:state', undefined, [property('running', '0')]))
  const running = (value: string) =>
    as.admin.ask('PATCH', `/submodels/${encode('urn:state')}/submodel-elements/running/$value`, JSON.stringify(value))
  const statuses = new Set<number>()
  for (let round = 0; round < 15; round++) {
    await running('0')
    const starting = running('1').then((answer) => Number(answer.headers.get('etag')?.slice(1, -1)))
    const writes = await Promise.all(
      Array.from({ length: 6 }, () => as.line.ask('PATCH', `${element('speed')}/$value`, JSON.stringify(String(round))))
    )
    const started = await starting
    for (const { status, headers, text } of writes) {
      statuses.add(status)
      t.ok(status === 204 || status === 403, text)
      const at = Number(headers.get('etag')?.slice(1, -1))
      if (status === 204 && at > started)
        t.fail(`the set-point was written in ${at}, the machine started in ${started}`)
    }
    t.equal((await as.line.ask('PATCH', `${element('speed')}/$value`, '"0"')).status, 403)
  }
  t.ok(statuses.has(204) || statuses.has(403))
})

t.test('of a bulk registration every descriptor that may not be written is named, and none is stored', async (t) => {
  const { as } = await startGuarded(t, callers, [
    admin,
    ofLine(['CREATE', 'UPDATE', 'DELETE', 'VIEW'], [{ DESCRIPTOR: '$smdesc("urn:a")' }]),
    ofLine(['READ'], [{ ROUTE: '/bulk/status/*' }, { ROUTE: '/bulk/result/*' }])
  ])
  const endpoint = {
    interface: 'SUBMODEL-3.0',
    protocolInformation: { href: 'https://a.example/', endpointProtocol: 'HTTP' }
  }
  const descriptor = (id: string) => ({ id, endpoints: [endpoint] })
  const bulk = async (by: Client, verb: string, items: unknown) => {
    const started = await by.ask(verb, '/bulk/submodel-descriptors', items)
    t.equal(started.status, 202, started.text)
    const handle = (started.headers.get('location') ?? '').split('/').at(-1)
    for (;;) {
      const status = await by.get(`/bulk/status/${handle}`)
      if (status.json?.executionState !== 'Running') break
    }
    return { result: await by.get(`/bulk/result/${handle}`), handle }
  }
  const mixed = await bulk(as.line, 'POST', [descriptor('urn:a'), descriptor('urn:b')])
  t.equal(mixed.result.status, 400)
  t.match(mixed.result.text, /urn:b\\" may not be created/)
  t.notMatch(mixed.result.text, /urn:a/)
  t.same((await as.admin.get('/submodel-descriptors')).json.result, [])
  const done = await bulk(as.line, 'POST', [descriptor('urn:a')])
  t.equal(done.result.status, 204, done.result.text)
  await bulk(as.admin, 'POST', [descriptor('urn:b')])
  const removed = await bulk(as.line, 'DELETE', ['urn:b'])
  t.match(removed.result.text, /urn:b\\" does not exist/)
  const other = await bulk(as.admin, 'DELETE', ['urn:b'])
  t.equal((await as.line.get(`/bulk/result/${other.handle}`)).status, 404)
})

t.test('of an upload nothing is stored if some of it may not be written', async (t) => {
  const { as } = await startGuarded(t, callers, [
    admin,
    ofLine(['CREATE', 'UPDATE', 'VIEW'], [sm('urn:a')]),
    ofLine(['CREATE'], [{ ROUTE: '/upload' }], { $boolean: false })
  ])
  const upload = (by: Client, ...ids: string[]) => {
    const form = new FormData()
    const environment = { submodels: ids.map((id) => submodel(id)) }
    form.append('file', new Blob([JSON.stringify(environment)], { type: 'application/json' }), 'env.json')
    return by.ask('POST', '/upload?existing=replace', form)
  }
  const mixed = await upload(as.line, 'urn:a', 'urn:b', 'urn:c')
  t.equal(mixed.status, 403, mixed.text)
  t.match(mixed.text, /urn:b[\s\S]*urn:c/)
  t.same((await as.admin.get('/submodels')).json.result, [])
  t.equal((await upload(as.line, 'urn:a')).status, 201)
  t.equal((await upload(as.line, 'urn:a')).status, 200)
})

t.test('a derived descriptor is replaced by who may change it, not by who may create descriptors', async (t) => {
  const { as } = await startGuarded(t, callers, [
    admin,
    ofLine(['CREATE'], [{ DESCRIPTOR: '$smdesc("*")' }]),
    ofLine(['UPDATE'], [{ DESCRIPTOR: '$smdesc("urn:b")' }])
  ])
  const endpoint = {
    interface: 'SUBMODEL-3.0',
    protocolInformation: { href: 'https://elsewhere.example/', endpointProtocol: 'HTTP' }
  }
  for (const id of ['urn:a', 'urn:b']) await as.admin.ask('POST', '/submodels', submodel(id))
  const put = (id: string) => as.line.ask('PUT', `/submodel-descriptors/${encode(id)}`, { id, endpoints: [endpoint] })
  t.equal((await put('urn:a')).status, 403)
  t.notMatch((await as.admin.get('/submodel-descriptors')).text, /elsewhere/)
  t.equal((await put('urn:b')).status, 204)
  t.equal((await put('urn:new')).status, 201)
})

t.test('a container is hidden where no more than elements in it are visible', async (t) => {
  const { as } = await startGuarded(t, callers, [admin, ofLine(['READ', 'UPDATE'], [sme('axis.load')])])
  await as.admin.ask('POST', '/submodels', press())
  t.equal((await as.line.ask('PATCH', `${element('axis.load')}/$value`, '"2"')).status, 204)
  t.equal((await as.line.ask('PATCH', `${AT}/$value`, { axis: { load: '3' } })).status, 204)
  t.equal((await as.admin.get(`${element('axis.load')}/$value`)).text, '"3"')
  for (const name of ['axis', 'absent']) {
    const body = { modelType: 'SubmodelElementCollection', idShort: name, value: [property('load', '4')] }
    t.equal((await as.line.ask('PATCH', element(name), body)).status, 404, name)
    t.equal((await as.line.ask('PATCH', `${element(name)}/$value`, { load: '4' })).status, 404, name)
    t.equal((await as.line.ask('DELETE', element(name))).status, 403, name)
    t.equal((await as.line.ask('POST', element(name), property('more', '1'))).status, 403, name)
  }
})
