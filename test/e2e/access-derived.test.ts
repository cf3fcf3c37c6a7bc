import t from 'tap'
import { eq, field, type Json, property, rule, str, submodel } from '../security/fixture.ts'
import { startGuarded } from './access-fixture.ts'
import { encode } from './harness.ts'

const isRole = (name: string): Json => eq({ $attribute: { CLAIM: 'role' } }, str(name))
const attributes = [{ CLAIM: 'role' }]
const admin = rule({ rights: ['ALL'], attributes, formula: isRole('admin') })
const shell = (id: string, ...serials: string[]) => ({
  modelType: 'AssetAdministrationShell',
  id,
  assetInformation: {
    assetKind: 'Instance',
    specificAssetIds: serials.map((value) => ({ name: value.startsWith('canary') ? 'secret' : 'serial', value }))
  }
})
const link = (name: string, value: string) => encodeURIComponent(encode(JSON.stringify({ name, value })))

t.test('registries and discovery show of derived descriptors and asset links what rules about them show', async (t) => {
  const callers = { admin: { role: 'admin' }, viewer: { role: 'viewer' } }
  const { as } = await startGuarded(t, callers, [
    admin,
    rule({
      ...{ rights: ['VIEW'], attributes, objects: [{ DESCRIPTOR: '$aasdesc("*")' }] },
      formula: { $and: [isRole('viewer'), { '$starts-with': [field('$aasdesc#id'), str('urn:open')] }] },
      more: {
        FILTER: {
          FRAGMENT: '$aasdesc#specificAssetIds[]',
          CONDITION: eq(field('$aasdesc#specificAssetIds[].name'), str('serial'))
        }
      }
    }),
    rule({
      ...{ rights: ['VIEW'], attributes, objects: [{ IDENTIFIABLE: '$aas("*")' }] },
      formula: { $and: [isRole('viewer'), { '$starts-with': [field('$aas#id'), str('urn:open')] }] },
      more: {
        FILTER: {
          FRAGMENT: '$aas#assetInformation.specificAssetIds[]',
          CONDITION: eq(field('$aas#assetInformation.specificAssetIds[].name'), str('serial'))
        }
      }
    })
  ])
  for (const id of ['urn:open:1', 'urn:closed', 'urn:open:2'])
    t.equal((await as.admin.ask('POST', '/shells', shell(id, '1', `canary ${id}`))).status, 201)
  await as.admin.ask('POST', `/lookup/shells/${encode('urn:open:1')}`, [
    { name: 'secret', value: 'canary' },
    { name: 'serial', value: '9' }
  ])
  const list = await as.viewer.get('/shell-descriptors?limit=1')
  t.same(
    list.json.result.map(({ id }: { id: string }) => id),
    ['urn:open:1']
  )
  const rest = await as.viewer.get(`/shell-descriptors?cursor=${list.json.paging_metadata.cursor}`)
  t.same(
    rest.json.result.map(({ id }: { id: string }) => id),
    ['urn:open:2']
  )
  t.same(rest.json.paging_metadata, {})
  const one = await as.viewer.get(`/shell-descriptors/${encode('urn:open:1')}`)
  t.match(one.json, { specificAssetIds: [{ name: 'serial' }] })
  t.equal((await as.viewer.get(`/shell-descriptors/${encode('urn:closed')}`)).status, 404)
  t.match((await as.admin.get(`/shell-descriptors/${encode('urn:open:1')}`)).text, /canary/)

  const links = await as.viewer.get(`/lookup/shells/${encode('urn:open:1')}`)
  t.same(links.json, [
    { name: 'serial', value: '9' },
    { name: 'serial', value: '1' }
  ])
  t.same((await as.viewer.get(`/lookup/shells?assetIds=${link('serial', '9')}`)).json.result, ['urn:open:1'])
  t.same((await as.viewer.get(`/lookup/shells?assetIds=${link('serial', '1')}`)).json.result, [
    'urn:open:1',
    'urn:open:2'
  ])
  t.same((await as.viewer.get(`/lookup/shells?assetIds=${link('secret', 'canary')}`)).json.result, [])
  t.same((await as.admin.get(`/lookup/shells?assetIds=${link('secret', 'canary')}`)).json.result, ['urn:open:1'])
  for (const { text } of [list, rest, one, links]) t.notMatch(text, /canary|urn:closed/)
})

t.test('a rule about another value decides each read by what is written there', async (t) => {
  const { as } = await startGuarded(t, { admin: { role: 'admin' }, line: { role: 'line' } }, [
    admin,
    rule({
      ...{ attributes, objects: [{ IDENTIFIABLE: '$sm("press")' }] },
      formula: {
        $and: [isRole('line'), eq({ $attribute: { REFERENCE: '$sme("plant").state#value' } }, str('stopped'))]
      }
    })
  ])
  await as.admin.ask('POST', '/submodels', submodel('press', undefined, [property('speed', '5')]))
  await as.admin.ask('POST', '/submodels', submodel('plant', undefined, [property('state', 'running')]))
  const value = `/submodels/${encode('press')}/submodel-elements/speed/$value`
  const state = `/submodels/${encode('plant')}/submodel-elements/state/$value`
  for (const [text, status] of [
    ['stopped', 200],
    ['running', 403],
    ['stopped', 200]
  ] as const) {
    t.equal((await as.admin.ask('PATCH', state, JSON.stringify(text))).status, 204)
    t.equal((await as.line.get(value)).status, status, text)
    t.equal((await as.line.get('/submodels')).json.result?.length ?? 0, status === 200 ? 1 : 0)
  }
})
