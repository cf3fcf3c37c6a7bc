import t from 'tap'
import { claim, eq, field, type Json, property, rule, str, submodel } from '../security/fixture.ts'
import { startGuarded } from './access-fixture.ts'
import { encode } from './harness.ts'

const role = (name: string): Json => eq({ $attribute: { CLAIM: 'role' } }, str(name))
const withRole = [{ CLAIM: 'role' }]
const admin = rule({ rights: ['ALL'], attributes: withRole, formula: role('admin') })

t.test('a caller sees of each list and document what its rules allow', async (t) => {
  const { as, anonymous } = await startGuarded(t, { admin: { role: 'admin' }, line: { role: 'line' } }, [
    admin,
    rule({
      attributes: withRole,
      objects: [{ IDENTIFIABLE: '$sm("*")' }],
      formula: { $and: [role('line'), eq(field('$sm#semanticId'), str('urn:open'))] },
      more: { FILTER: { FRAGMENT: '$sme', CONDITION: { $ne: [field('$sme#idShort'), str('recipe')] } } }
    })
  ])
  for (let number = 0; number < 20; number++) {
    const semanticId = number % 4 === 0 ? 'urn:open' : 'urn:secret'
    const posted = await as.admin.ask(
      'POST',
      '/submodels',
      submodel(`urn:${number}`, semanticId, [property('speed', '5'), property('recipe', 'canary')])
    )
    t.equal(posted.status, 201, posted.text)
  }
  t.equal((await anonymous.get('/submodels')).status, 401)
  const list = await as.line.get('/submodels?limit=3')
  t.equal(list.status, 200, list.text)
  t.same(
    list.json.result.map(({ id }: { id: string }) => id),
    ['urn:0', 'urn:4', 'urn:8']
  )
  const rest = await as.line.get(`/submodels?limit=3&cursor=${list.json.paging_metadata.cursor}`)
  t.same(
    rest.json.result.map(({ id }: { id: string }) => id),
    ['urn:12', 'urn:16']
  )
  t.same(rest.json.paging_metadata, {})
  t.notMatch(list.text + rest.text, /canary|recipe/)

  const whole = await as.admin.get(`/submodels/${encode('urn:0')}`)
  t.match(whole.text, /canary/)
  t.ok(whole.headers.get('etag'))
  const pruned = await as.line.get(`/submodels/${encode('urn:0')}`)
  t.equal(pruned.status, 200)
  t.notMatch(pruned.text, /canary|recipe/)
  t.equal(pruned.headers.get('etag'), null)
  t.equal((await as.line.get(`/submodels/${encode('urn:0')}/submodel-elements/speed/$value`)).text, '"5"')

  const without = ({ text }: { text: string }, id: string) =>
    text.replace(/"(correlationId|timestamp)":"[^"]*"/g, '').replaceAll(id, '?')
  for (const path of [
    '',
    '/$value',
    '/$metadata',
    '/$path',
    '/$reference',
    '/submodel-elements',
    '/submodel-elements/speed',
    '/submodel-elements/speed/$value',
    '/$schema',
    '/$validation'
  ]) {
    const hidden = await as.line.get(`/submodels/${encode('urn:1')}${path}`)
    const absent = await as.line.get(`/submodels/${encode('urn:x')}${path}`)
    t.equal(hidden.status, 404, path)
    t.equal(without(hidden, 'urn:1'), without(absent, 'urn:x'), path)
  }
  for (const content of ['', '/$value', '/$metadata', '/$reference', '/$path']) {
    const hidden = await as.line.get(`/submodels/${encode('urn:0')}/submodel-elements/recipe${content}`)
    const absent = await as.line.get(`/submodels/${encode('urn:0')}/submodel-elements/absent${content}`)
    t.equal(hidden.status, 404, content)
    t.equal(without(hidden, 'recipe'), without(absent, 'absent'), content)
  }
  t.equal((await as.line.get('/shells')).status, 403)
  t.equal((await as.line.ask('POST', '/submodels', submodel('urn:new'))).status, 403)
  t.equal((await anonymous.ask('POST', '/submodels', '{')).status, 401)
})

t.test('items of a list keep their indexes where others are hidden', async (t) => {
  const { as } = await startGuarded(t, { admin: { role: 'admin' }, line: { role: 'line' } }, [
    admin,
    rule({
      attributes: withRole,
      objects: [{ IDENTIFIABLE: '$sm("*")' }],
      formula: role('line'),
      more: {
        FILTER: {
          FRAGMENT: '$sme',
          CONDITION: { $or: [{ $ne: [field('$sme#value'), str('canary')] }, eq(field('$sme#idShort'), str('log'))] }
        }
      }
    })
  ])
  const item = (value: string) => ({ modelType: 'Property', valueType: 'xs:string', value })
  const log = {
    ...{
      modelType: 'SubmodelElementList',
      idShort: 'log',
      typeValueListElement: 'Property',
      valueTypeListElement: 'xs:string'
    },
    value: [item('canary'), item('b'), item('canary'), item('d')]
  }
  t.equal((await as.admin.ask('POST', '/submodels', submodel('urn:1', undefined, [log]))).status, 201)
  const path = `/submodels/${encode('urn:1')}`
  t.same((await as.line.get(`${path}/$path`)).json, ['log', 'log[1]', 'log[3]'])
  t.same((await as.line.get(`${path}/$value`)).json, { log: ['b', 'd'] })
  const element = (index: number) => `${path}/submodel-elements/${encodeURIComponent(`log[${index}]`)}`
  t.match((await as.line.get(element(3))).json, { value: 'd' })
  t.match((await as.line.get(`${element(3)}/$value`)).text, '"d"')
  t.same((await as.line.get(`${element(3)}/$reference`)).json.keys.at(-1), { type: 'Property', value: '3' })
  t.equal((await as.line.get(element(2))).status, 404)
  t.equal((await as.line.get(element(0))).status, 404)
  t.same((await as.line.get(`${path}/submodel-elements/log/$path`)).json, ['log', 'log[1]', 'log[3]'])
})

t.test(
  'a submodel of which single elements are visible is a frame for them, if the caller may know of it',
  async (t) => {
    const { as } = await startGuarded(
      t,
      { admin: { role: 'admin' }, line: { role: 'line' }, guest: { role: 'guest' } },
      [
        admin,
        ...['line', 'guest'].map((name) =>
          rule({ attributes: withRole, objects: [{ REFERABLE: '$sme("urn:1").axis.speed' }], formula: role(name) })
        ),
        rule({ rights: ['VIEW'], attributes: withRole, objects: [{ IDENTIFIABLE: '$sm("*")' }], formula: role('line') })
      ]
    )
    const axis = {
      modelType: 'SubmodelElementCollection',
      idShort: 'axis',
      value: [property('speed', '5'), property('recipe', 'canary')]
    }
    const whole = {
      ...submodel('urn:1', 'urn:s', [axis, property('other', 'canary')]),
      idShort: 'Press',
      description: [{ language: 'en', text: 'canary' }]
    }
    await as.admin.ask('POST', '/submodels', whole)
    await as.admin.ask('POST', '/submodels', submodel('urn:2', undefined, [axis]))
    const path = `/submodels/${encode('urn:1')}`
    const framed = (await as.line.get(path)).json
    t.match(framed, {
      id: 'urn:1',
      idShort: 'Press',
      semanticId: {},
      submodelElements: [{ idShort: 'axis', value: [{ idShort: 'speed', value: '5' }] }]
    })
    t.notMatch(JSON.stringify(framed), /canary|recipe|other/)
    t.same((await as.line.get('/submodels')).json.result, [framed])
    t.same((await as.line.get(`${path}/$value`)).json, { axis: { speed: '5' } })
    t.equal((await as.line.get(`${path}/submodel-elements/other`)).status, 403, 'known, but not readable')
    t.equal((await as.line.get(`${path}/submodel-elements/absent`)).status, 404)
    t.equal((await as.line.get(`/submodels/${encode('urn:2')}`)).status, 403)
    t.equal((await as.guest.get(path)).status, 404)
    t.same((await as.guest.get('/submodels')).json.result, [])
    t.equal((await as.guest.get(`${path}/submodel-elements/axis.speed/$value`)).text, '"5"')
    t.equal((await as.guest.get(`${path}/submodel-elements/axis.speed`)).status, 200)
    t.equal((await as.guest.get(`${path}/submodel-elements/axis`)).status, 404)
  }
)

t.test('rules with the prefix of the API decide as well whether a caller may upload', async (t) => {
  const formula = eq(claim('role'), str('writer'))
  const rules = [rule({ rights: ['ALL'], objects: [{ ROUTE: '/api/v3/upload' }], formula })]
  const { hub, as } = await startGuarded(t, { writer: { role: 'writer' }, other: { role: 'other' } }, rules)
  t.match((await as.writer.get(`${hub.url}/security/session`)).json, { mayUpload: true })
  t.match((await as.other.get(`${hub.url}/security/session`)).json, { mayUpload: false })
})
