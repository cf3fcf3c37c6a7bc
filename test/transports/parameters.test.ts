import fc from 'fast-check'
import t, { type Test } from 'tap'
import { ask, encode, type HttpTransport, messages, openTransport } from './fixture.ts'

const base64 = (value: unknown) => encode(JSON.stringify(value))
const REFERENCE = { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value: 'urn:semantic' }] }
const LINK = { name: 'serial', value: '한/1' }

/** The query that the operation sees, or the text of the refusal. */
async function query(t: Test, transport: HttpTransport, path: string, method = 'GET') {
  const body = method === 'GET' ? {} : { body: '{}', headers: { 'content-type': 'application/json' } }
  const reply = await ask(transport.api + path, { method, ...body })
  if (reply.status < 300) return transport.onlyRequest().query
  t.equal(reply.status, 400, path)
  return messages(t, reply, path)[0]?.text ?? ''
}

t.test('identifiers are decoded from a path and a query', async (t) => {
  const transport = await openTransport(t)
  const character = fc.integer({ min: 0x20, max: 0x10ffff }).map((code) => String.fromCodePoint(code).toWellFormed())
  const id = fc.string({ unit: character, minLength: 1, maxLength: 300 })
  await fc.assert(
    fc.asyncProperty(id, fc.constantFrom('', '=', '==', '%3D', '%3d%3D'), async (id, padding) => {
      await ask(`${transport.api}/shells/${encode(id)}${padding}?x`)
      t.equal(transport.onlyRequest().aasIdentifier, id)
      await ask(`${transport.api}/packages?aasId=${encode(id)}${padding}`)
      t.equal(transport.onlyRequest().query.aasId, id)
    }),
    { numRuns: 200 }
  )
  const longest = '한'.repeat(2048)
  await ask(`${transport.api}/shells/${encode(longest)}`)
  t.equal(transport.onlyRequest().aasIdentifier, longest, 'as long as the standard allows')
})

t.test('invalid base64url identifiers are refused, naming the parameter', async (t) => {
  const transport = await openTransport(t)
  const wrong = {
    'invalid-base64url=====': 'more than two',
    abcde: 'a character is missing',
    'ab+d': 'alphabet',
    'ab%2Fd': 'alphabet',
    'ab%20d': 'alphabet',
    'a=cd': 'alphabet',
    [Buffer.from([0xff, 0xfe]).toString('base64url')]: 'UTF-8',
    [Buffer.from('\ud800', 'utf16le').toString('base64url')]: 'UTF-8',
    [encode('a\0b')]: 'control character',
    '=': 'empty',
    '%ED%95%9C': 'alphabet'
  }
  for (const [text, why] of Object.entries(wrong)) {
    const reply = await ask(`${transport.api}/submodels/${text}`)
    t.equal(reply.status, 400, text)
    const [message] = messages(t, reply, text)
    t.match(message?.text, why)
    t.match(message?.text, 'submodelIdentifier')
  }
  t.equal((await ask(`${transport.api}/submodels//submodel-elements`)).status, 400, 'an empty one')
})

t.test('idShortPaths are parsed, with brackets in any encoding', async (t) => {
  const transport = await openTransport(t)
  const elements = `${transport.api}/submodels/${encode('s')}/submodel-elements`
  for (const path of ['a.b[0][12].c-d_e', 'a.b%5B0%5D%5b12%5d.c-d_e', '%61.b[0][12].c-d_e']) {
    await ask(`${elements}/${path}`)
    t.same(transport.onlyRequest().idShortPath, ['a', 'b', 0, 12, 'c-d_e'], path)
  }
  for (const path of [
    'a..b',
    '.a',
    'a.',
    'a[01]',
    'a[-1]',
    'a[b]',
    '[0]',
    'a%00',
    '한',
    '1a',
    'a[0',
    '__proto__',
    '%2561'
  ]) {
    const reply = await ask(`${elements}/${path}`)
    t.equal(reply.status, 400, path)
    messages(t, reply, path)
  }
  await ask(`${elements}/constructor.toString`)
  t.same(transport.onlyRequest().idShortPath, ['constructor', 'toString'], 'names are names')
})

t.test('the limit of a page is at least 1 and reduced to the maximum', async (t) => {
  const transport = await openTransport(t, {}, { defaultLimit: 7, maxLimit: 20 })
  t.same(await query(t, transport, '/shells'), { limit: 7 })
  t.same(await query(t, transport, '/shells?'), { limit: 7 })
  t.same(await query(t, transport, '/shells?limit=1&cursor=%20x%2B'), { limit: 1, cursor: ' x+' })
  t.same(await query(t, transport, '/shells?limit=21'), { limit: 20 })
  t.same(await query(t, transport, `/shells?limit=${'9'.repeat(400)}`), { limit: 20 })
  for (const wrong of ['0', '-1', '1.5', 'x', '1e3', '0x10', '%20', '١']) {
    t.match(await query(t, transport, `/shells?limit=${wrong}`), /limit/, wrong)
  }
  t.match(await query(t, transport, '/shells?limit=1&limit=1'), /limit is given 2 times/)
})

t.test('an empty parameter that is not a filter counts as absent', async (t) => {
  const transport = await openTransport(t, {}, { defaultLimit: 7 })
  t.same(
    await query(t, transport, '/shells?cursor=&limit='),
    { limit: 7 },
    'the first page of a client that has no cursor'
  )
  t.same(await query(t, transport, '/shells?cursor'), { limit: 7 })
  t.same(await query(t, transport, '/shells?cursor=&cursor='), { limit: 7 })
  t.same(await query(t, transport, '/submodels?level=&extent='), { limit: 7 })
  t.same(await query(t, transport, '/serialization?includeConceptDescriptions='), { limit: 7 })
  for (const filter of ['idShort', 'assetIds', 'semanticId'])
    t.match(
      await query(t, transport, `/${filter === 'semanticId' ? 'submodels' : 'shells'}?${filter}=`),
      new RegExp(filter)
    )
})

t.test('ignore-duplicates of the BaSyx web UI means existing=keep', async (t) => {
  const transport = await openTransport(t)
  const existing = async (query: string) => {
    const form = new FormData()
    form.append('file', new Blob(['{}']), 'a.json')
    const { status } = await ask(`${transport.url}/upload${query}`, { method: 'POST', body: form })
    return status < 300 ? transport.onlyRequest().query.existing : status
  }
  t.equal(await existing('?ignore-duplicates=true'), 'keep')
  t.equal(await existing('?ignore-duplicates=false'), undefined)
  t.equal(await existing('?ignore-duplicates='), undefined)
  t.equal(await existing('?ignore-duplicates=true&existing=replace'), 'replace')
  t.equal(await existing('?ignore-duplicates=maybe'), 400)
})

t.test('modifiers must be spelled as in the standard', async (t) => {
  const transport = await openTransport(t)
  const submodel = `/submodels/${encode('s')}`
  t.match(await query(t, transport, `${submodel}?level=deep&extent=withoutBlobValue`), {
    level: 'deep',
    extent: 'withoutBlobValue'
  })
  for (const wrong of ['level=DEEP', 'level=%23%23%23', 'extent=x', 'level=core&level=core']) {
    t.match(await query(t, transport, `${submodel}?${wrong}`), /level|extent/, wrong)
  }
  t.same(
    await query(t, transport, `/concept-descriptions/${encode('c')}?level=x&limit=x`),
    { limit: 100 },
    'not its own'
  )
})

t.test('modifiers that a content forbids are refused', async (t) => {
  const transport = await openTransport(t)
  const submodel = `/submodels/${encode('s')}`
  for (const place of [submodel, '/submodels', `${submodel}/submodel-elements`, `${submodel}/submodel-elements/a`]) {
    for (const level of ['deep', 'core']) {
      t.match(await query(t, transport, `${place}/$metadata?level=${level}`), /\$metadata/)
    }
    t.match(await query(t, transport, `${place}/$metadata?extent=withBlobValue`), /\$metadata/)
    t.match(await query(t, transport, `${place}/$reference?level=deep`), /\$reference/)
    t.match(await query(t, transport, `${place}/$metadata?extent=withoutBlobValue`), { limit: 100 })
    t.match(await query(t, transport, `${place}/$reference?level=core`), { limit: 100 })
    t.match(await query(t, transport, `${place}/$value?level=core&extent=withBlobValue`), { level: 'core' })
  }
  t.match(await query(t, transport, `${submodel}/$metadata?level=core`, 'PATCH'), { limit: 100 }, 'PATCH ignores it')
})

t.test('references are base64url of JSON and are validated', async (t) => {
  const transport = await openTransport(t)
  t.same(await query(t, transport, `/submodels?semanticId=${base64(REFERENCE)}`), { limit: 100, semanticId: REFERENCE })
  t.match(
    await query(
      t,
      transport,
      `/concept-descriptions?isCaseOf=${base64(REFERENCE)}&dataSpecificationRef=${base64(REFERENCE)}`
    ),
    { isCaseOf: REFERENCE, dataSpecificationRef: REFERENCE }
  )
  const spaced = encode(JSON.stringify(REFERENCE, null, 4))
  t.match(await query(t, transport, `/submodels?semanticId=${spaced}`), { semanticId: REFERENCE }, 'with white space')
  const long = { ...REFERENCE, keys: [{ type: 'GlobalReference', value: 'x'.repeat(2048) }] }
  t.match(await query(t, transport, `/submodels?semanticId=${base64(long)}`), { semanticId: long })
  const tooLong = encode(JSON.stringify(long) + ' '.repeat(1000))
  t.match(await query(t, transport, `/submodels?semanticId=${tooLong}`), /3072/, 'AASa-002')
  for (const wrong of [
    'urn:x',
    '%7B%7D',
    base64({}),
    base64(null),
    base64([]),
    base64({ ...REFERENCE, keys: [] }),
    encode('{')
  ]) {
    t.match(await query(t, transport, `/submodels?semanticId=${wrong}`), /semanticId/, wrong)
  }
})

t.test('asset ids may be repeated, separated by commas, or one array', async (t) => {
  const transport = await openTransport(t)
  const other = { name: 'globalAssetId', value: 'urn:asset' }
  const shapes = {
    repeated: `assetIds=${base64(LINK)}&assetIds=${base64(other)}`,
    'by comma': `assetIds=${base64(LINK)},${base64(other)}`,
    'by escaped comma': `assetIds=${base64(LINK)}%2C${base64(other)}`,
    'one array': `assetIds=${base64([LINK, other])}`
  }
  for (const path of ['/shells', '/lookup/shells']) {
    for (const [shape, text] of Object.entries(shapes)) {
      t.same(await query(t, transport, `${path}?${text}`), { limit: 100, assetIds: [LINK, other] }, shape)
    }
  }
  const withSubject = { ...LINK, externalSubjectId: REFERENCE, semanticId: REFERENCE }
  t.match(await query(t, transport, `/shells?assetIds=${base64(withSubject)}`), {
    assetIds: [{ externalSubjectId: REFERENCE }]
  })
  const wrong = [{}, null, 1, 'x', { name: 'x' }, { name: 1, value: 'x' }, { name: '', value: '' }, [[LINK]], [null]]
  for (const one of [...wrong, { ...LINK, externalSubjectId: {} }]) {
    t.match(await query(t, transport, `/shells?assetIds=${base64(one)}`), /assetIds/, JSON.stringify(one))
  }
  for (const text of ['', '!', encode('{'), `${base64(LINK)},`]) {
    t.match(await query(t, transport, `/shells?assetIds=${text}`), /assetIds/, text)
  }
})

t.test('the other parameters', async (t) => {
  const transport = await openTransport(t)
  t.match(await query(t, transport, '/shells?idShort=Motor_1'), { idShort: 'Motor_1' })
  t.match(await query(t, transport, '/shells?idShort='), /idShort is empty/)
  t.match(await query(t, transport, `/shell-descriptors?assetKind=Role&assetType=${encode('urn:t')}`), {
    assetKind: 'Role',
    assetType: 'urn:t'
  })
  t.match(await query(t, transport, '/shell-descriptors?assetKind=role'), /assetKind/)
  t.match(await query(t, transport, '/shell-descriptors?assetType=urn:t'), /assetType/)
  const ids = `aasIds=${encode('a')},${encode('b')}&aasIds=${encode('c')}&submodelIds=${encode('s')}`
  t.match(await query(t, transport, `/serialization?${ids}&includeConceptDescriptions=True`), {
    aasIds: ['a', 'b', 'c'],
    submodelIds: ['s'],
    includeConceptDescriptions: true
  })
  t.match(await query(t, transport, '/serialization?includeConceptDescriptions=FALSE'), {
    includeConceptDescriptions: false
  })
  for (const wrong of ['invalid-bool', '1']) {
    t.match(
      await query(t, transport, `/serialization?includeConceptDescriptions=${wrong}`),
      /includeConceptDescriptions/
    )
  }
  t.match(await query(t, transport, '/serialization?aasIds='), /aasIds/)
})
