/** Shells by a text in their names, identifiers and asset ids. */
import t from 'tap'
import { claim, eq, field, rule, str } from '../security/fixture.ts'
import { startGuarded } from './access-fixture.ts'
import { encode, type Running, start } from './harness.ts'
import { bearer } from './refused-credentials.ts'

const shell = (id: string, more: object = {}) => ({
  modelType: 'AssetAdministrationShell',
  id,
  assetInformation: { assetKind: 'Instance', globalAssetId: `urn:asset:${id}` },
  ...more
})

const named = (text: string, language = 'ko') => ({ displayName: [{ language, text }] })

async function found(hub: Running, query: Record<string, string>, headers = {}): Promise<string[]> {
  const { status, json, text } = await hub.ask(
    'GET',
    `${hub.url}/shell-search?${new URLSearchParams(query)}`,
    undefined,
    headers
  )
  if (status !== 200) throw new Error(text)
  return json.result.map(({ id }: { id: string }) => id)
}

t.test('a shell is found by its names, identifier and asset ids, whatever their case and composition', async (t) => {
  const hub = await start(t)
  await hub.post('/shells', shell('urn:a', { idShort: 'Press_01', ...named('사출 성형기') }))
  await hub.post('/shells', shell('urn:b', named('Spritzgießmaschine Ü', 'de')))
  const ids = [{ name: 'serial', value: 'HX180-2024' }]
  await hub.post('/shells', shell('urn:c', { assetInformation: { assetKind: 'Instance', specificAssetIds: ids } }))
  for (const [text, expected] of [
    ['pRESS_', 'urn:a'],
    ['사출', 'urn:a'],
    ['사출'.normalize('NFD'), 'urn:a'],
    ['MASCHINE ü', 'urn:b'],
    ['hx180', 'urn:c'],
    ['asset:urn:b', 'urn:b']
  ] as const) {
    t.strictSame(await found(hub, { text }), [expected], text)
  }
  t.strictSame(await found(hub, { text: 'urn:', in: 'id' }), ['urn:a', 'urn:b', 'urn:c'])
  t.strictSame(await found(hub, { text: 'urn:', in: 'name' }), [])
  t.strictSame(await found(hub, { text: 'no such' }), [])
})

t.test('what was changed a moment ago is found as it is now', async (t) => {
  const hub = await start(t)
  await hub.post('/shells', shell('urn:a', named('옛 이름')))
  t.strictSame(await found(hub, { text: '옛' }), ['urn:a'])
  await hub.put(`/shells/${encode('urn:a')}`, shell('urn:a', named('새 이름')))
  t.strictSame(await found(hub, { text: '옛' }), [])
  t.strictSame(await found(hub, { text: '새' }), ['urn:a'])
  await hub.post('/shells', shell('urn:b', named('새 기계')))
  t.strictSame(await found(hub, { text: '새' }), ['urn:a', 'urn:b'])
  await hub.remove(`/shells/${encode('urn:a')}`)
  t.strictSame(await found(hub, { text: '새' }), ['urn:b'])
})

t.test('pages follow one another, each shell once', async (t) => {
  const hub = await start(t)
  const shells = Array.from({ length: 25 }, (_, index) => shell(`urn:${index}`, { idShort: `Press${index}` }))
  for (const one of shells) await hub.post('/shells', one)
  const all: string[] = []
  let cursor: string | undefined
  do {
    const query = new URLSearchParams({ text: 'press', limit: '10', ...(cursor !== undefined && { cursor }) })
    const { json } = await hub.ask('GET', `${hub.url}/shell-search?${query}`)
    all.push(...json.result.map(({ id }: { id: string }) => id))
    cursor = json.paging_metadata.cursor
    if (all.length === 10) await hub.remove(`/shells/${encode('urn:3')}`)
  } while (cursor !== undefined)
  t.strictSame(
    all,
    shells.map(({ id }) => id)
  )
})

t.test('pages are complete after shells were deleted and stored again in another order', async (t) => {
  const hub = await start(t)
  const ids = ['urn:a', 'urn:b', 'urn:c']
  for (const id of ids) await hub.post('/shells', shell(id, { idShort: 'Press' }))
  t.equal((await found(hub, { text: 'press' })).length, 3)
  for (const id of ids) await hub.remove(`/shells/${encode(id)}`)
  for (const id of ids.toReversed()) await hub.post('/shells', shell(id, { idShort: 'Press' }))
  const all: string[] = []
  let cursor: string | undefined
  do {
    const query = new URLSearchParams({ text: 'press', limit: '1', ...(cursor !== undefined && { cursor }) })
    const { json } = await hub.ask('GET', `${hub.url}/shell-search?${query}`)
    all.push(...json.result.map(({ id }: { id: string }) => id))
    cursor = json.paging_metadata.cursor
  } while (cursor !== undefined)
  t.strictSame(all, ids.toReversed())
})

t.test('bad requests are refused in words', async (t) => {
  const hub = await start(t)
  for (const [query, message] of [
    ['', /text/],
    ['text=%20', /1 to 1000/],
    [`text=${'x'.repeat(1001)}`, /1 to 1000/],
    ['text=a&in=value', /name, id, assetId/],
    ['text=a&limit=0', /limit/],
    ['text=a&cursor=x', /cursor/i],
    ['text=a&wher=b', /wher/]
  ] as const) {
    const { status, json } = await hub.ask('GET', `${hub.url}/shell-search?${query}`)
    t.equal(status, 400, query)
    t.match(json.messages[0].text, message, query)
  }
})

t.test('a caller finds what it may read, and nothing by what is hidden', async (t) => {
  const rules = [
    rule({ rights: ['ALL'], objects: [{ ROUTE: '*' }], formula: eq(claim('role'), str('administrator')) }),
    rule({
      rights: ['READ', 'VIEW'],
      objects: [{ IDENTIFIABLE: '$aas("*")' }],
      formula: { $and: [eq(claim('role'), str('guest')), { '$starts-with': [field('$aas#idShort'), str('Public')] }] }
    })
  ]
  const { hub, keys, as } = await startGuarded(t, { admin: { role: 'administrator' }, guest: { role: 'guest' } }, rules)
  for (const [index, idShort] of ['Public1', 'Secret1', 'Public2', 'Secret2'].entries()) {
    t.equal((await as.admin.ask('POST', '/shells', shell(`urn:${index}`, { idShort, ...named('기계') }))).status, 201)
  }
  t.equal((await found(hub, { text: '기계' }, bearer(keys.admin))).length, 4)
  t.strictSame(await found(hub, { text: '기계' }, bearer(keys.guest)), ['urn:0', 'urn:2'])
  t.strictSame(await found(hub, { text: 'secret' }, bearer(keys.guest)), [])
  const one = await as.guest.get(`${hub.url}/shell-search?text=${encodeURIComponent('기계')}&limit=2`)
  t.notOk(one.json.paging_metadata.cursor, 'no cursor leads to what is hidden')
  const cursorOf = async (text: string) =>
    (await as.guest.get(`${hub.url}/shell-search?text=${encodeURIComponent(text)}&limit=1`)).json.paging_metadata.cursor
  // Of the visible ones both texts find the same; only the first one is in the hidden one between them.
  t.equal(await cursorOf('기계'), await cursorOf('public'), 'no cursor shows what is hidden')
})
