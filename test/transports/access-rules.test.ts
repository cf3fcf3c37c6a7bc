/** `/security/access-rules` over HTTP. */
import t from 'tap'
import { encode, start } from '../e2e/harness.ts'
import { eq, field, property, rule, stored, str, submodel } from '../security/fixture.ts'

const at = '/security/access-rules'
const model = (route: string) => ({ rules: [rule({ objects: [{ ROUTE: route }] })] })

t.test('a version is staged, activated and rolled back', async (t) => {
  const hub = await start(t)
  const ask = (method: string, path: string, body?: unknown) => hub.ask(method, hub.url + at + path, body)
  const staged = await ask('POST', '?note=first', model('/a'))
  t.equal(staged.status, 201)
  t.match(staged.json, { number: 1, state: 'staged', author: 'anonymous', note: 'first', rules: 1 })
  t.match((await ask('GET', '')).json, { active: 0 })
  t.match((await ask('POST', '/activate?version=1')).json, { number: 1, state: 'active' })
  t.match((await ask('GET', '/documents')).json, {
    version: 1,
    documents: [{ name: 'rules.json', model: model('/a') }]
  })
  const other = await ask('POST', '', { documents: [{ name: 'b.json', model: model('/b') }] })
  await ask('POST', `/activate?version=${other.json.number}`)
  t.match((await hub.get(`${hub.url}/metrics`)).text, /^aas_hub_access_rules_version 2$/m)
  t.match((await ask('POST', '/activate?version=previous')).json, { number: 1, state: 'active' })
  t.match((await hub.get(`${hub.url}/metrics`)).text, /^aas_hub_access_rules_version 1$/m)
  t.match((await ask('GET', '')).json.versions, [
    { number: 2, state: 'superseded' },
    { number: 1, state: 'active' },
    { number: 0, state: 'superseded' }
  ])
})

t.test('what is not valid is refused with the place, and nothing is kept', async (t) => {
  const hub = await start(t)
  const ask = (path: string, body?: unknown) => hub.ask('POST', hub.url + at + path, body)
  const wrong = { rules: [{ ...rule({}), FORMULA: { $eq: [{ $field: '$sm#nothing' }, str('x')] } }] }
  const refused = await ask('', wrong)
  t.equal(refused.status, 400)
  t.match(refused.json.messages[0].text, /^rules\.json#\/rules\/0\/FORMULA\/\$eq/)
  t.equal((await ask('', '{')).status, 400)
  t.equal((await ask('', { documents: [] })).status, 400)
  t.equal((await ask('', { rules: [], more: 'x'.repeat(5_000_000) })).status, 413)
  t.equal((await ask('/activate?version=7')).status, 404)
  t.equal((await ask('/activate?version=x')).status, 400)
  t.equal((await ask('/activate')).status, 400)
  t.equal((await ask('/activate?version=previous')).status, 400)
  t.equal((await hub.get(`${hub.url}${at}/documents?version=7`)).status, 404)
  t.equal((await hub.get(hub.url + at)).json.versions.length, 1)
})

t.test('explain reads documents, and the values that rules refer to', async (t) => {
  const hub = await start(t)
  const id = 'urn:machine'
  await hub.post('/submodels', submodel(id, 'urn:plate', [property('state', 'off'), property('speed', '1')]))
  const rules = [
    rule({ formula: eq(field('$sm#semanticId'), str('urn:plate')), objects: [{ IDENTIFIABLE: '$sm("*")' }] }),
    rule({
      rights: ['UPDATE'],
      objects: [{ IDENTIFIABLE: '$sm("*")' }],
      formula: eq(stored(`$sme("${id}").state#value`), str('off'))
    })
  ]
  const { json } = await hub.ask('POST', hub.url + at, { rules })
  const explain = async (method: string, path: string) => {
    const question = { claims: { role: 'x' }, method, path }
    const answer = await hub.ask('POST', `${hub.url}${at}/explain?version=${json.number}`, question)
    t.equal(answer.status, 200, answer.text)
    return answer.json.targets[0]?.verdicts[0]
  }
  const speed = `/submodels/${encode(id)}/submodel-elements/speed/$value`
  t.match(await explain('GET', `/submodels/${encode(id)}`), { verdict: 'conditional', stored: 'all' })
  t.match(await explain('GET', `/submodels/${encode('urn:none')}`), { verdict: 'conditional', stored: 'absent' })
  t.match(await explain('PATCH', speed), { right: 'UPDATE', verdict: 'allowed', stored: 'all' })
  await hub.patch(`/submodels/${encode(id)}/submodel-elements/state/$value`, '"on"')
  t.match(await explain('PATCH', speed), { verdict: 'refused', stored: 'nothing' })
  for (const body of ['[]', '{}', '{"method":"GET","path":1}', '{"method":"GET","path":"/shells","claims":[]}']) {
    t.equal((await hub.ask('POST', `${hub.url}${at}/explain`, body)).status, 400, body)
  }
})
