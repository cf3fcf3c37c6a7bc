/** Parts of a visible document that a filter hides: writing at their place, or removing them, does not reveal them. */
import t from 'tap'
import { eq, type Json, rule, str } from '../security/fixture.ts'
import { startGuarded } from './access-fixture.ts'
import { encode, type Reply } from './harness.ts'

const attributes = [{ CLAIM: 'role' }]
const isRole = (name: string): Json => eq({ $attribute: { CLAIM: 'role' } }, str(name))
const admin = rule({ rights: ['ALL'], attributes, formula: isRole('admin') })
const write = (object: Json) =>
  rule({ rights: ['CREATE', 'UPDATE', 'DELETE'], attributes, formula: isRole('line'), objects: [object] })
const view = (object: Json, FRAGMENT: string, CONDITION: Json) =>
  rule({ attributes, formula: isRole('line'), objects: [object], more: { FILTER: { FRAGMENT, CONDITION } } })
const never = { $boolean: false }
const isNot = ($field: string, value: string): Json => ({ $ne: [{ $field }, str(value)] })

const comparable = ({ status, text }: Reply, id: string) => ({
  status,
  body: text
    .replace(/"(correlationId|timestamp)":"[^"]*"/g, '')
    .replaceAll(id, '?')
    .replaceAll(encode(id), '?')
})

const reference = (value: string) => ({ type: 'ModelReference', keys: [{ type: 'Submodel', value }] })
const endpoints = [{ interface: 'SUBMODEL-3.1', protocolInformation: { href: 'https://x/sm' } }]

t.test('what a filter hides of a shell or descriptor is as absent, and stays', async (t) => {
  const [shells, descriptors] = [{ IDENTIFIABLE: '$aas("*")' }, { DESCRIPTOR: '$aasdesc("*")' }]
  const { as } = await startGuarded(t, { admin: { role: 'admin' }, line: { role: 'line' } }, [
    admin,
    write(shells),
    view(shells, '$aas#submodels[]', isNot('$aas#submodels[].keys[].value', 'secret')),
    write(descriptors),
    view(descriptors, '$aasdesc#submodelDescriptors[]', isNot('$aasdesc#submodelDescriptors[].idShort', 'secret')),
    rule({ attributes, formula: isRole('line'), objects: [{ IDENTIFIABLE: '$sm("*")' }] })
  ])
  const shell = {
    modelType: 'AssetAdministrationShell',
    id: 'press',
    assetInformation: { assetKind: 'Instance', globalAssetId: 'asset' },
    submodels: [reference('open'), reference('secret')]
  }
  t.equal((await as.admin.ask('POST', '/shells', shell)).status, 201)
  const part = (id: string) => ({ id, idShort: id, endpoints })
  const registered = { id: 'robot', endpoints, submodelDescriptors: [part('open'), part('secret')] }
  t.equal((await as.admin.ask('POST', '/shell-descriptors', registered)).status, 201)
  const path = `/shells/${encode('press')}/submodel-refs`
  const parts = `/shell-descriptors/${encode('robot')}/submodel-descriptors`
  t.same((await as.line.get(path)).json.result, [reference('open')])
  t.equal((await as.line.ask('POST', path, reference('secret'))).status, 403)
  t.equal((await as.line.ask('POST', path, reference('open'))).status, 409)
  t.equal((await as.line.ask('POST', parts, part('secret'))).status, 403)
  t.equal((await as.line.ask('PUT', `${parts}/${encode('secret')}`, part('secret'))).status, 403)
  t.equal((await as.line.ask('POST', parts, part('open'))).status, 409)
  for (const base of [path, parts]) {
    const drop = (id: string) => as.line.ask('DELETE', `${base}/${encode(id)}`)
    t.same(comparable(await drop('secret'), 'secret'), comparable(await drop('absent'), 'absent'), base)
    t.equal((await drop('secret')).status, 404)
  }
  t.same((await as.admin.get(path)).json.result, shell.submodels)
  t.same((await as.admin.get(parts)).json.result.length, 2)
})

t.test('a hidden thumbnail and hidden asset links are as absent, and stay', async (t) => {
  const shells = { IDENTIFIABLE: '$aas("*")' }
  const { as } = await startGuarded(t, { admin: { role: 'admin' }, line: { role: 'line' } }, [
    admin,
    write(shells),
    rule({
      ...{ attributes, formula: isRole('line'), objects: [shells] },
      more: {
        FILTERLIST: [
          { FRAGMENT: '$aas#assetInformation.defaultThumbnail', CONDITION: never },
          {
            FRAGMENT: '$aas#assetInformation.specificAssetIds[]',
            CONDITION: isNot('$aas#assetInformation.specificAssetIds[].name', 'secret')
          }
        ]
      }
    })
  ])
  const shell = (id: string, more: object) => ({
    ...{ modelType: 'AssetAdministrationShell', id },
    assetInformation: { assetKind: 'Instance', globalAssetId: 'asset', ...more }
  })
  const thumbnail = { defaultThumbnail: { path: 'file:///canary.png', contentType: 'image/png' } }
  t.equal((await as.admin.ask('POST', '/shells', shell('shown', thumbnail))).status, 201)
  t.equal((await as.admin.ask('POST', '/shells', shell('without', {}))).status, 201)
  const drop = (id: string) => as.line.ask('DELETE', `/shells/${encode(id)}/asset-information/thumbnail`)
  t.same(comparable(await drop('shown'), 'shown'), comparable(await drop('without'), 'without'))

  // Links of a shell that is not stored here.
  const links = (id: string) => `/lookup/shells/${encode(id)}`
  const [secret, serial] = [
    { name: 'secret', value: 'canary' },
    { name: 'serial', value: '1' }
  ]
  t.equal((await as.admin.ask('POST', links('remote'), [secret])).status, 201)
  for (const verb of ['GET', 'DELETE'] as const) {
    const [hidden, absent] = [await as.line.ask(verb, links('remote')), await as.line.ask(verb, links('absent'))]
    t.same(comparable(hidden, 'remote'), comparable(absent, 'absent'), verb)
  }
  t.same(comparable(await as.line.ask('POST', links('remote'), [serial]), 'remote').status, 201)
  t.same((await as.line.get(links('remote'))).json, [serial])
  t.same((await as.admin.get(links('remote'))).json, [serial, secret])
  t.equal((await as.line.ask('DELETE', links('remote'))).status, 204)
  t.equal((await as.line.get(links('remote'))).status, 404)
  t.same((await as.admin.get(links('remote'))).json, [secret])
})
