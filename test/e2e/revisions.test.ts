/** `$recent-changes` and `$history` of release 3.2: what changed when, and what was valid at a time. */
import t, { type Test } from 'tap'
import { trimRevisions } from '../../src/consumers/revision-retention.ts'
import { profiles32, profileUri } from '../../src/operations/profiles.ts'
import { KEPT_SINCE, NOT_KEPT } from '../../src/store/revision-reader.ts'
import { type ManualClock, manualClock } from '../manual-clock.ts'
import { eq, field, property, rule, str, submodel } from '../security/fixture.ts'
import { testDirectory } from '../test-directory.ts'
import { startGuarded } from './access-fixture.ts'
import { encode, type Running, start } from './harness.ts'

const START = Date.UTC(2026, 4, 28, 10)
const iso = (ms: number) => new Date(ms).toISOString()

async function open(t: Test, settings = {}): Promise<{ hub: Running; clock: ManualClock; now: () => string }> {
  const clock = manualClock(START)
  return { hub: await start(t, settings, { clock }), clock, now: () => iso(clock.milliseconds()) }
}

const machine = (...values: [name: string, value: string][]) =>
  submodel(
    'urn:m',
    undefined,
    values.map(([name, value]) => property(name, value))
  )

const shell = (id: string, ...submodels: string[]) => ({
  modelType: 'AssetAdministrationShell',
  id,
  assetInformation: { assetKind: 'Instance', globalAssetId: `urn:asset:${id}` },
  ...(submodels.length > 0 && {
    submodels: submodels.map((value) => ({ type: 'ModelReference', keys: [{ type: 'Submodel', value }] }))
  })
})

async function done(reply: Promise<{ status: number; text: string }>): Promise<void> {
  const { status, text } = await reply
  if (status >= 300) throw new Error(`${status} ${text}`)
}

const role = (name: string) => eq({ $attribute: { CLAIM: 'role' } }, str(name))
const withRole = [{ CLAIM: 'role' }]
const RULES = [
  rule({ rights: ['ALL'], attributes: withRole, formula: role('admin') }),
  rule({
    attributes: withRole,
    objects: [{ IDENTIFIABLE: '$sm("*")' }],
    formula: { $and: [role('line'), eq(field('$sm#semanticId'), str('urn:open'))] },
    more: { FILTER: { FRAGMENT: '$sme', CONDITION: { $ne: [field('$sme#idShort'), str('recipe')] } } }
  })
]

t.test('each changed document is listed once, with its last change; also one that is deleted', async (t) => {
  const { hub, clock } = await open(t)
  const meaning = { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value: 'urn:meaning' }] }
  await done(hub.post('/shells', shell('urn:a')))
  await done(hub.post('/submodels', { ...machine(['speed', '1']), semanticId: meaning }))
  await clock.advance(1000)
  await done(hub.post('/submodels', submodel('urn:gone', undefined, [property('speed', '1')])))
  await done(hub.post('/concept-descriptions', { modelType: 'ConceptDescription', id: 'urn:c' }))
  await done(hub.post('/shell-descriptors', { id: 'urn:d', globalAssetId: 'urn:asset:d' }))
  await clock.advance(1000)
  await done(hub.put(`/submodels/${encode('urn:m')}`, { ...machine(['speed', '2']), semanticId: meaning }))
  await clock.advance(1000)
  await done(hub.remove(`/submodels/${encode('urn:gone')}`))
  await done(hub.patch(`/submodels/${encode('urn:m')}/submodel-elements/speed/$value`, '"3"'))

  const { json } = await hub.get('/submodels/$recent-changes')
  const updated = {
    type: 'Updated',
    createdAt: iso(START),
    updatedAt: iso(START + 2000),
    id: 'urn:m',
    semanticId: meaning
  }
  const deleted = { type: 'Deleted', createdAt: iso(START + 1000), updatedAt: iso(START + 3000), id: 'urn:gone' }
  t.strictSame(json.result, [updated, deleted])
  t.strictSame(json.paging_metadata, {})
  t.strictSame((await hub.get('/shells/$recent-changes')).json.result, [
    { type: 'Created', createdAt: iso(START), updatedAt: iso(START), id: 'urn:a', globalAssetId: 'urn:asset:urn:a' }
  ])
  t.match((await hub.get('/concept-descriptions/$recent-changes')).json.result, [{ type: 'Created', id: 'urn:c' }])
  t.match(
    (await hub.get('/shell-descriptors/$recent-changes')).json.result,
    [
      { type: 'Created', id: 'urn:a', globalAssetId: 'urn:asset:urn:a' },
      { type: 'Created', id: 'urn:d', globalAssetId: 'urn:asset:d' }
    ],
    'also those that the hub derives'
  )

  const ids = async (query: string) => {
    const { json } = await hub.get(`/submodels/$recent-changes?${query}`)
    return json.result.map(({ id }: { id: string }) => id)
  }
  t.strictSame(await ids(`updatedFrom=${iso(START + 2001)}`), ['urn:gone'])
  t.strictSame(await ids(`updatedFrom=${iso(START + 2000)}`), ['urn:m', 'urn:gone'], 'at that time or later')
  t.strictSame(await ids(`createdFrom=${iso(START + 1)}`), ['urn:gone'])
  t.strictSame(await ids(`semanticId=${encode(JSON.stringify(meaning))}`), ['urn:m'])
  const first = (await hub.get('/submodels/$recent-changes?limit=1')).json
  t.strictSame(first.result, [updated])
  t.strictSame(
    (await hub.get(`/submodels/$recent-changes?limit=1&cursor=${first.paging_metadata.cursor}`)).json.result,
    [deleted]
  )
  t.equal((await hub.get('/submodels/$recent-changes?updatedFrom=yesterday')).status, 400)
})

t.test('the registry is filtered by when shells were registered or changed, and by their assets', async (t) => {
  const { hub, clock, now } = await open(t)
  const before = now()
  const idsSince = async (query: string) => {
    const { status, text, json } = await hub.get(`/shell-descriptors?${query}`)
    if (status !== 200) throw new Error(text)
    return json.result.map(({ id }: { id: string }) => id)
  }
  await clock.advance(1000)
  const first = now()
  await done(hub.post('/shells', shell('urn:a', 'urn:m')))
  await done(hub.post('/submodels', machine(['speed', '1'])))
  await done(hub.post('/shell-descriptors', { id: 'urn:d', globalAssetId: 'urn:asset:d' }))
  await clock.advance(1000)
  const second = now()
  await done(hub.post('/shells', shell('urn:b')))
  await done(hub.put(`/shell-descriptors/${encode('urn:d')}`, { id: 'urn:d', globalAssetId: 'urn:asset:e' }))
  await clock.advance(1000)
  const third = now()
  await done(hub.patch(`/submodels/${encode('urn:m')}/submodel-elements/speed/$value`, '"2"'))

  t.same(await idsSince(`updatedFrom=${before}`), ['urn:d', 'urn:a', 'urn:b'])
  t.same(await idsSince(`updatedFrom=${first}`), ['urn:d', 'urn:a', 'urn:b'])
  t.same(await idsSince(`updatedFrom=${second}`), ['urn:d', 'urn:b'])
  t.same(await idsSince(`createdFrom=${second}`), ['urn:b'])
  t.same(await idsSince(`createdFrom=${first}&updatedFrom=${second}&limit=10`), ['urn:d', 'urn:b'])
  t.same(await idsSince(`updatedFrom=${third}`), [], 'a value changes no descriptor')
  const asset = encode(JSON.stringify({ name: 'globalAssetId', value: 'urn:asset:urn:b' }))
  t.same(await idsSince(`assetIds=${asset}`), ['urn:b'])
  t.same(await idsSince(`assetIds=${asset}&updatedFrom=${third}`), [])

  // As if all of this had happened before revisions were kept.
  await hub.server.store.setCursor(KEPT_SINCE, clock.milliseconds())
  t.same(await idsSince(`updatedFrom=${second}`), ['urn:d', 'urn:a', 'urn:b'], 'it is not known which had changed')
  await hub.server.store.setCursor(KEPT_SINCE, NOT_KEPT)
  t.same(await idsSince(`updatedFrom=${third}`), ['urn:d', 'urn:a', 'urn:b'])
})

t.test('a submodel is returned as it was valid at a time, with the values of then', async (t) => {
  const { hub, clock, now } = await open(t)
  const at = (date: string, rest = '') => hub.get(`/submodels/${encode('urn:m')}/$history${rest}?date=${date}`)
  const values = async (date: string) => {
    const { status, json } = await at(date, '/$value')
    return status === 200 ? json : status
  }
  const before = now()
  await clock.advance(10)
  const created = now()
  await done(hub.post('/submodels', machine(['speed', '1'], ['power', '10'])))
  await clock.advance(10)
  const written = now()
  await done(hub.patch(`/submodels/${encode('urn:m')}/submodel-elements/speed/$value`, '"2"'))
  await clock.advance(10)
  const replaced = now()
  await done(hub.put(`/submodels/${encode('urn:m')}`, machine(['speed', '3'], ['torque', '7'])))
  await clock.advance(10)
  const pushed = now()
  const samples = [{ submodel: 'urn:m', path: 'speed', value: '4', time: pushed }]
  await done(hub.ask('POST', `${hub.url}/ingest`, samples))
  await clock.advance(10)
  const deleted = now()
  await done(hub.remove(`/submodels/${encode('urn:m')}`))
  await clock.advance(10)
  const again = now()
  await done(hub.post('/submodels', machine(['speed', '9'])))
  await clock.advance(10)

  t.equal(await values(before), 404, 'before it was created')
  t.strictSame(await values(created), { speed: '1', power: '10' }, 'from the very millisecond on')
  t.strictSame(await values(iso(Date.parse(written) - 1)), { speed: '1', power: '10' })
  t.strictSame(await values(written), { speed: '2', power: '10' })
  t.strictSame(await values(iso(Date.parse(replaced) - 1)), { speed: '2', power: '10' })
  t.strictSame(await values(replaced), { speed: '3', torque: '7' }, 'on the boundary the newer one is valid')
  t.strictSame(await values(pushed), { speed: '4', torque: '7' })
  t.equal(await values(deleted), 404, 'after it was deleted')
  t.strictSame(await values(again), { speed: '9' })
  t.strictSame(await values(now()), { speed: '9' })
  t.strictSame((await at(written)).json, machine(['speed', '2'], ['power', '10']))
  const latest = await hub.get(`/submodels/${encode('urn:m')}/$history`)
  t.strictSame(latest.json, machine(['speed', '9']), 'without a date it is the current one')
  t.equal((await at('2026-05-28')).status, 400, 'a day is no time')
  t.equal((await hub.get(`/submodels/${encode('urn:x')}/$history?date=${created}`)).status, 404)
})

t.test('a shell has its earlier states, too', async (t) => {
  const { hub, clock, now } = await open(t)
  await done(hub.post('/shells', shell('urn:a')))
  const first = now()
  await clock.advance(5)
  await done(hub.put(`/shells/${encode('urn:a')}`, shell('urn:a', 'urn:m')))
  await clock.advance(5)
  const { json } = await hub.get(`/shells/${encode('urn:a')}/$history?date=${first}`)
  t.strictSame(json, shell('urn:a'))
  t.strictSame((await hub.get(`/shells/${encode('urn:a')}/$history`)).json, shell('urn:a', 'urn:m'))
})

t.test('among many revisions the one of the time is found', async (t) => {
  const { hub, clock, now } = await open(t)
  await done(hub.post('/submodels', machine(['speed', '0'])))
  const times: string[] = [now()]
  for (let n = 1; n <= 60; n++) {
    await clock.advance(1000)
    await done(hub.put(`/submodels/${encode('urn:m')}`, machine(['speed', String(n)])))
    const other = submodel('urn:other', undefined, [property('count', String(n))])
    if (n % 7 === 0) await done(hub.put(`/submodels/${encode('urn:other')}`, other))
    times.push(now())
  }
  await clock.advance(1000)
  for (const [n, date] of times.entries()) {
    const { json } = await hub.get(`/submodels/${encode('urn:m')}/$history/$value?date=${date}`)
    t.strictSame(json, { speed: String(n) }, date)
  }
  const { json } = await hub.get(`/submodels/$recent-changes?updatedFrom=${times[55]}`)
  t.strictSame(
    json.result.map(({ id }: { id: string }) => id),
    ['urn:other', 'urn:m']
  )
})

t.test('superseded revisions are deleted by age and by size, and what was before is then not answered', async (t) => {
  const { hub, clock, now } = await open(t)
  const { store } = hub.server
  await done(hub.post('/submodels', machine(['speed', '1'])))
  await done(hub.post('/submodels', submodel('urn:gone')))
  const first = now()
  await clock.advance(1000)
  await done(hub.put(`/submodels/${encode('urn:m')}`, machine(['speed', '2'])))
  await done(hub.remove(`/submodels/${encode('urn:gone')}`))
  await clock.advance(60_000)
  const second = now()
  await done(hub.put(`/submodels/${encode('urn:m')}`, machine(['speed', '3'])))
  await clock.advance(1000)
  t.equal(await trimRevisions(store, { maxAgeMs: 30_000, maxBytes: 1e9, clock }), 3, 'of the deleted one all')
  const at = (date: string) => hub.get(`/submodels/${encode('urn:m')}/$history/$value?date=${date}`)
  t.equal((await at(first)).status, 404)
  t.strictSame((await at(iso(Date.parse(second) - 1))).json, { speed: '2' })
  t.match((await hub.get('/submodels/$recent-changes')).json.result, [{ id: 'urn:m', createdAt: iso(START) }])
  t.equal(await trimRevisions(store, { maxAgeMs: 1e9, maxBytes: 0, clock }), 1)
  t.equal((await at(iso(Date.parse(second) - 1))).status, 404)
  t.strictSame((await at(second)).json, { speed: '3' })
})

t.test('a hub that keeps no revisions knows no earlier states, and later only those since it keeps them', async (t) => {
  const clock = manualClock(START)
  const settings = { DATA_DIR: testDirectory(t) }
  const at = (hub: Running, ms: number) => hub.get(`/submodels/${encode('urn:m')}/$history?date=${iso(ms)}`)
  const put = async (hub: Running, value: string) => {
    await done(hub.put(`/submodels/${encode('urn:m')}`, machine(['speed', value])))
    await clock.advance(1000)
  }
  const without = await start(t, { ...settings, REVISION_RETENTION: 'off' }, { clock })
  for (const value of ['1', '2']) await put(without, value)
  t.match(await at(without, START), { status: 404, text: /not kept/ })
  t.strictSame((await at(without, START + 2000)).json, machine(['speed', '2']), 'the present is known')
  t.strictSame((await without.get('/submodels/$recent-changes')).json.result, [])
  await done(without.post('/shell-descriptors', { id: 'urn:d' }))
  for (const name of ['updatedFrom', 'createdFrom']) {
    const { json } = await without.get(`/shell-descriptors?${name}=${iso(START + 60_000)}`)
    t.match(json.result, [{ id: 'urn:d' }], `${name}: what may be later is listed`)
  }
  await without.stop()
  const keeping = await start(t, settings, { clock })
  for (const value of ['3', '4']) await put(keeping, value)
  t.match(await at(keeping, START), { status: 404, text: /since when/ })
  t.strictSame((await at(keeping, START + 2000)).json, machine(['speed', '3']))
})

t.test('what is hidden from a caller is absent from both, also of what was, and of what is deleted', async (t) => {
  // The store was opened before, to make the keys.
  const clock = manualClock(Date.now() + 60_000)
  const { as } = await startGuarded(t, { admin: { role: 'admin' }, line: { role: 'line' } }, RULES, {}, { clock })
  const meant = (id: string, meaning: string, ...names: string[]) =>
    submodel(
      id,
      meaning,
      names.map((name) => property(name, `canary ${name}`))
    )
  const put = (id: string, body: object) => done(as.admin.ask('PUT', `/submodels/${encode(id)}`, body))
  const steps = [
    () => put('urn:open', meant('urn:open', 'urn:open', 'speed', 'recipe')),
    () => put('urn:closed', meant('urn:closed', 'urn:secret', 'speed')),
    () => put('urn:gone', meant('urn:gone', 'urn:secret', 'speed')),
    () => put('urn:known', meant('urn:known', 'urn:open', 'speed')),
    () => put('urn:opened', meant('urn:opened', 'urn:secret', 'speed')),
    () => put('urn:shut', meant('urn:shut', 'urn:open', 'speed')),
    () => put('urn:opened', meant('urn:opened', 'urn:open', 'speed')),
    () => put('urn:shut', meant('urn:shut', 'urn:secret', 'speed')),
    () => put('urn:open', meant('urn:open', 'urn:open', 'speed')),
    () => done(as.admin.ask('DELETE', `/submodels/${encode('urn:gone')}`)),
    () => done(as.admin.ask('DELETE', `/submodels/${encode('urn:known')}`))
  ]
  const times: string[] = []
  for (const step of steps) {
    await step()
    times.push(iso(clock.milliseconds()))
    await clock.advance(1000)
  }
  const changes = await as.line.get('/submodels/$recent-changes')
  t.equal(changes.status, 200, changes.text)
  t.strictSame(
    changes.json.result.map(({ type, id }: { type: string; id: string }) => `${type} ${id}`),
    ['Updated urn:opened', 'Updated urn:open', 'Deleted urn:known']
  )
  t.equal((await as.admin.get('/submodels/$recent-changes')).json.result.length, 6)
  const at = (id: string, step: number) => as.line.get(`/submodels/${encode(id)}/$history?date=${times[step]}`)
  const early = await at('urn:open', 5)
  t.strictSame(early.json, meant('urn:open', 'urn:open', 'speed'), 'without what is hidden of it')
  t.equal((await at('urn:opened', 5)).status, 404, 'it was hidden then')
  t.equal((await at('urn:shut', 6)).status, 404, 'it is hidden now')
  t.equal((await at('urn:gone', 5)).status, 404)
  t.equal((await at('urn:known', 5)).status, 200, 'it was visible until it was deleted')
  const absent = await at('urn:none', 5)
  const plain = (text: string, id: string) => text.replace(/"(correlationId|timestamp)":"[^"]*"/g, '').replace(id, '?')
  t.equal(plain((await at('urn:closed', 5)).text, 'urn:closed'), plain(absent.text, 'urn:none'))
})

t.test('the description names the profiles of release 3.2 that are served', async (t) => {
  const { hub } = await open(t)
  const { profiles } = (await hub.get('/description')).json
  for (const profile of profiles32) t.ok(profiles.includes(profileUri(profile, '3/2')))
})
