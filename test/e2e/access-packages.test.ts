/** Packages by what they hold. */
import t from 'tap'
import { eq, field, type Json, property, rule, str, submodel } from '../security/fixture.ts'
import { until } from '../until.ts'
import { type Client, type GuardedHub, startGuarded } from './access-fixture.ts'
import { encode } from './harness.ts'

const attributes = [{ CLAIM: 'role' }]
const isRole = (name: string): Json => eq({ $attribute: { CLAIM: 'role' } }, str(name))
const admin = rule({ rights: ['ALL'], attributes, formula: isRole('admin') })
const AASX = 'application/asset-administration-shell-package'

const shell = (id: string, ...submodels: string[]) => ({
  modelType: 'AssetAdministrationShell',
  id,
  assetInformation: { assetKind: 'Instance', globalAssetId: `asset-${id}` },
  submodels: submodels.map((value) => ({ type: 'ModelReference', keys: [{ type: 'Submodel', value }] }))
})

/** Rules on shells named here, and on submodels with one semanticId. */
function openOnly(role: string, rights: readonly string[], shells: readonly string[]): Json[] {
  return [
    rule({
      ...{ rights, attributes, formula: isRole(role) },
      objects: shells.map((id) => ({ IDENTIFIABLE: `$aas("${id}")` }))
    }),
    rule({
      ...{ rights, attributes, objects: [{ IDENTIFIABLE: '$sm("*")' }] },
      formula: { $and: [isRole(role), eq(field('$sm#semanticId'), str('urn:open'))] }
    })
  ]
}

/** A package with a shell and its submodel; both are removed from the hub again. */
async function pack({ hub, as, keys }: GuardedHub<'admin'>, name: string, semanticId: string, value = 'x') {
  const { admin } = as
  await admin.ask('POST', '/submodels', submodel(`${name}-data`, semanticId, [property('speed', value)]))
  await admin.ask('POST', '/shells', shell(name, `${name}-data`))
  const query = `aasIds=${encode(name)}&submodelIds=${encode(`${name}-data`)}`
  const response = await fetch(`${hub.api}/serialization?${query}`, {
    headers: { accept: AASX, authorization: `Bearer ${keys.admin}` }
  })
  const bytes = Buffer.from(await response.arrayBuffer())
  t.equal(response.status, 200, bytes.toString('latin1').slice(0, 200))
  await admin.ask('DELETE', `/submodels/${encode(`${name}-data`)}`)
  await admin.ask('DELETE', `/shells/${encode(name)}`)
  return bytes
}

function form(bytes: Buffer | string, aasIds: readonly string[] = []): FormData {
  const data = new FormData()
  data.append('aasIds', JSON.stringify(aasIds))
  data.append('file', new Blob([typeof bytes === 'string' ? bytes : new Uint8Array(bytes)]), 'plant.aasx')
  return data
}

const idsIn = ({ json }: { json: { result: { packageId: string }[] } }) =>
  json.result.map(({ packageId }) => packageId).sort()

t.test('a package is visible to who may read all that it holds', async (t) => {
  const guarded = await startGuarded(t, { admin: { role: 'admin' }, reader: { role: 'reader' } }, [
    admin,
    ...openOnly('reader', ['READ'], ['one', 'two', 'four'])
  ])
  const { hub, as, keys } = guarded
  const put = async (id: string, bytes: Buffer | string, aasIds: readonly string[]) =>
    t.match(await as.admin.ask('PUT', `/packages/${encode(id)}`, form(bytes, aasIds)), { status: 201 })
  const open = await pack(guarded, 'one', 'urn:open')
  await put('open', open, ['one', 'elsewhere'])
  await put('secret submodel', await pack(guarded, 'two', 'urn:secret'), ['two'])
  await put('secret shell', await pack(guarded, 'three', 'urn:open'), ['three'])
  await put('no package', 'PK canary', ['one'])
  await put('open too', await pack(guarded, 'four', 'urn:open'), ['four', 'one'])

  t.same(idsIn(await as.admin.get('/packages')), ['no package', 'open', 'open too', 'secret shell', 'secret submodel'])
  const list = await as.reader.get('/packages')
  t.same(list.json, {
    paging_metadata: {},
    result: [
      { packageId: 'open', aasIds: ['one'] },
      { packageId: 'open too', aasIds: ['four', 'one'] }
    ]
  })
  const first = await as.reader.get('/packages?limit=1')
  t.same(idsIn(first), ['open'])
  const rest = await as.reader.get(`/packages?limit=1&cursor=${first.json.paging_metadata.cursor}`)
  t.same(rest.json, { paging_metadata: {}, result: [{ packageId: 'open too', aasIds: ['four', 'one'] }] })
  for (const [aasId, expected] of [
    ['one', ['open', 'open too']],
    ['two', []],
    ['three', []],
    ['elsewhere', []],
    ['absent', []]
  ] as const) {
    t.same(idsIn(await as.reader.get(`/packages?aasId=${encode(aasId)}`)), expected, aasId)
  }
  t.same(idsIn(await as.admin.get(`/packages?aasId=${encode('elsewhere')}`)), ['open'])
  const download = await fetch(`${hub.api}/packages/${encode('open')}`, {
    headers: { authorization: `Bearer ${keys.reader}` }
  })
  t.ok(Buffer.from(await download.arrayBuffer()).equals(open), String(download.status))
  const absent = await as.reader.get(`/packages/${encode('absent')}`)
  for (const id of ['secret submodel', 'secret shell', 'no package']) {
    const hidden = await as.reader.get(`/packages/${encode(id)}`)
    t.equal(hidden.status, 404, id)
    const comparable = (text: string) => text.replace(/"(correlationId|timestamp)":"[^"]*"/g, '')
    t.equal(comparable(hidden.text).replaceAll(id, '?'), comparable(absent.text).replaceAll('absent', '?'))
  }
  const texts: string[] = []
  const packages = new Set<string>()
  // A page also ends when deciding what it may show took long.
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const { status, text, json } = await as.reader.get(
      `/events?envelope=plain&content=full${cursor && `&cursor=${cursor}`}`
    )
    t.equal(status, 200, text)
    texts.push(text)
    for (const { type, id } of json.records as { type?: string; id: string }[]) if (type === 'Package') packages.add(id)
    cursor = json.cursor
  }
  t.same([...packages].sort(), ['open', 'open too'], texts.join())
  t.notMatch(texts.join(), /elsewhere|three|secret/)
})

t.test('a package is written by the right to all that it holds, before and after', async (t) => {
  const guarded = await startGuarded(
    t,
    { admin: { role: 'admin' }, author: { role: 'author' }, reader: { role: 'reader' } },
    [
      admin,
      ...openOnly('author', ['CREATE', 'UPDATE', 'DELETE'], ['one', 'two']),
      ...openOnly('author', ['READ'], ['one', 'two', 'three']),
      ...openOnly('reader', ['READ'], ['one'])
    ]
  )
  const { as } = guarded
  const one = await pack(guarded, 'one', 'urn:open')
  const changed = await pack(guarded, 'one', 'urn:open', 'y')
  const secret = await pack(guarded, 'two', 'urn:secret')
  const readable = await pack(guarded, 'three', 'urn:open')
  const path = (id: string) => `/packages/${encode(id)}`
  const status = async (as: Client, method: string, to: string, body?: FormData) =>
    (await as.ask(method, to, body)).status

  const posted = await as.author.ask('POST', '/packages', form(one, ['one']))
  t.equal(posted.status, 201, posted.text)
  t.equal(await status(as.author, 'POST', '/packages', form(secret)), 403)
  t.equal(await status(as.author, 'POST', '/packages', form('no package')), 403)
  t.equal(await status(as.author, 'POST', '/packages', form(one, ['another'])), 403, 'said to be of another shell')
  t.equal(await status(as.reader, 'POST', '/packages', form(one)), 403)
  t.equal(await status(as.admin, 'PUT', path('secret'), form(secret)), 201)
  t.equal(await status(as.admin, 'PUT', path('readable'), form(readable)), 201)

  const { packageId } = posted.json
  t.equal(await status(as.author, 'PUT', path(packageId), form(secret)), 403)
  t.equal(await status(as.author, 'PUT', path(packageId), form(changed)), 204)
  t.equal(await status(as.author, 'PUT', path('secret'), form(one)), 403, 'what it replaces counts')
  t.equal(await status(as.author, 'PUT', path('new'), form(one)), 201)
  t.equal(await status(as.author, 'DELETE', path('readable')), 403)
  const [hidden, absent] = [await as.author.ask('DELETE', path('secret')), await as.author.ask('DELETE', path('none'))]
  t.same([hidden.status, absent.status], [404, 404])
  t.equal(hidden.json.messages[0].text.replace('secret', ''), absent.json.messages[0].text.replace('none', ''))
  t.equal(await status(as.author, 'DELETE', path('new')), 204)
  t.same(idsIn(await as.admin.get('/packages')), ['readable', 'secret', packageId].sort())
})

t.test('that a package was deleted is sent to who could see it then, whatever was seen of it before', async (t) => {
  const reads = (formula: Json): Json[] => [
    rule({ attributes, formula, objects: [{ IDENTIFIABLE: '$aas("*")' }, { IDENTIFIABLE: '$cd("*")' }] }),
    rule({
      ...{ attributes, objects: [{ IDENTIFIABLE: '$sm("*")' }] },
      formula: { $and: [formula, eq(field('$sm#semanticId'), str('urn:open'))] }
    })
  ]
  const guarded = await startGuarded(t, { admin: { role: 'admin' }, reader: { role: 'reader' } }, [
    admin,
    ...reads(isRole('reader'))
  ])
  const { hub, as } = guarded
  const open = await pack(guarded, 'one', 'urn:open')
  const secret = await pack(guarded, 'two', 'urn:secret')
  // More than is kept of a deleted package in memory.
  const large = await pack(guarded, 'three', 'urn:open', 'x'.repeat(3_000_000))
  const largeSecret = await pack(guarded, 'four', 'urn:secret', 'x'.repeat(3_000_000))
  const put = (id: string, bytes: Buffer) => as.admin.ask('PUT', `/packages/${encode(id)}`, form(bytes))
  // A page ends after a while, too.
  const events = async (after = ''): Promise<{ next: string; seen: string[] }> => {
    const { json } = await as.reader.get(`/events?envelope=plain&limit=1000${after && `&cursor=${after}`}`)
    const records = json.records as { type?: string; change: string; id: string }[]
    const ofPackages = records.filter(({ type }) => type === 'Package')
    const seen = ofPackages.map(({ change, id }) => `${change} ${id}`)
    if (json.next === after) return { next: after, seen }
    const rest = await events(json.next as string)
    return { next: rest.next, seen: [...seen, ...rest.seen] }
  }
  await put('first', open)
  const { next, seen } = await events()
  t.same(seen, ['created first'])
  // Both are gone before the reader asks again, and neither is what it was when it was judged last, if it was.
  await put('first', secret)
  await put('second', open)
  await put('large', large)
  await put('large secret', largeSecret)
  for (const id of ['first', 'second', 'large', 'large secret']) await as.admin.ask('DELETE', `/packages/${encode(id)}`)
  const later = await events(next)
  t.notOk(later.seen.includes('deleted first'), 'it held what the reader may not see')
  t.ok(later.seen.includes('deleted second'), 'the reader never saw it, but could have')
  t.ok(later.seen.includes('deleted large'), 'however much it held')
  t.notOk(later.seen.includes('deleted large secret'))
  t.same((await hub.ask('GET', `${hub.api}/packages`, undefined, {})).status, 401)
})

t.test(
  'what an asynchronous upload may store is decided by what it holds, and its result is for the uploader',
  async (t) => {
    const guarded = await startGuarded(
      t,
      { admin: { role: 'admin' }, author: { role: 'author' }, reader: { role: 'reader' } },
      [admin, ...openOnly('author', ['CREATE'], ['one']), ...openOnly('reader', ['READ'], ['one'])]
    )
    const { hub, as, keys } = guarded
    const upload = async (bytes: Buffer) => {
      const { status, json } = await as.author.ask('POST', '/packages-async', form(bytes, ['one']))
      t.equal(status, 202)
      const path = `/packages-async/${encode(json.handleId)}`
      const headers = { authorization: `Bearer ${keys.author}` }
      await until(async () => (await fetch(hub.api + path, { redirect: 'manual', headers })).status === 302)
      return `/packages-async/result/${encode(json.handleId)}`
    }
    const allowed = await upload(await pack(guarded, 'one', 'urn:open'))
    const refused = await upload(await pack(guarded, 'two', 'urn:secret'))
    t.match((await as.author.get(allowed)).json, { executionState: 'Completed', success: true })
    const failed = await as.author.get(refused)
    t.equal(failed.status, 200)
    t.match(failed.json, {
      executionState: 'Failed',
      success: false,
      messages: [{ code: 'Forbidden', messageType: 'Error', text: /CREATE/ }]
    })
    t.equal((await as.admin.get('/packages')).json.result.length, 1)
    t.equal((await as.reader.get(allowed)).status, 404, 'of another caller')
    t.equal((await as.admin.get(allowed)).status, 200, 'but for who may read everything')
    t.equal((await as.reader.ask('POST', '/packages-async', form('x'))).status, 403)
    t.equal((await hub.ask('POST', `${hub.api}/packages-async`, form('x'))).status, 401)
  }
)
