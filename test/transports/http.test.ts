import { Readable } from 'node:stream'
import t from 'tap'
import { HubError } from '../../src/errors.ts'
import { routes as official } from '../conformance/operations.ts'
import { ask, encode, messages, openTransport } from './fixture.ts'

const ID = 'urn:example:submodel:1'
const SUBMODEL = `/submodels/${encode(ID)}`
const ELEMENT = `${SUBMODEL}/submodel-elements/a.b%5B0%5D`
const JSON_BODY = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }

t.test(
  'every method and path of the standard is routed, those of a single asset below a service address',
  async (t) => {
    const transport = await openTransport(t)
    t.equal(official.length, 224)
    for (const { method, path } of official) {
      const name = `${method} ${path}`
      const base = path.startsWith('/aas')
        ? `/aas-services/${encode('a')}`
        : /^\/submodel(\/|$)/.test(path)
          ? `/submodel-services/${encode('s')}`
          : ''
      const filled = path.replace('{idShortPath}', 'a.b').replace(/\{\w+\}/g, encode('x'))
      const { status, headers } = await ask(transport.api + base + filled, { method: 'OPTIONS' })
      t.equal(status, 204, name)
      t.ok(headers.get('allow')?.split(', ').includes(method), name)
    }
  }
)

t.test('an operation receives the decoded request', async (t) => {
  const transport = await openTransport(t)
  await ask(
    `${transport.api}/shells/${encode('한국 / ä')}${ELEMENT}/$value?level=core&extent=withBlobValue&unknown=1`,
    {
      headers: { accept: 'text/html;q=0.5, application/json, */*;q=0.1' }
    }
  )
  t.match(transport.onlyRequest(), {
    definition: { name: 'GetSubmodelElementByPath' },
    content: 'value',
    aasIdentifier: '한국 / ä',
    submodelIdentifier: ID,
    idShortPath: ['a', 'b', 0],
    query: { limit: 100, level: 'core', extent: 'withBlobValue' },
    accept: ['application/json', 'text/html', '*/*'],
    base: transport.api,
    mount: `/shells/${encode('한국 / ä')}${SUBMODEL}`
  })
})

t.test('the mount is the path of the interface without what follows', async (t) => {
  const transport = await openTransport(t)
  const service = `/submodel-services/${encode(ID)}`
  const expected = {
    '/shells': '/shells',
    '/shells/?limit=1': '/shells',
    [`${SUBMODEL}?level=core&x=/a/b`]: SUBMODEL,
    [`${SUBMODEL}/$metadata`]: SUBMODEL,
    [ELEMENT]: SUBMODEL,
    [`${service}/submodel/submodel-elements/a`]: `${service}/submodel`,
    [`${service}/description`]: `${service}/description`,
    '/bulk/status/x': '/bulk'
  }
  for (const [path, mount] of Object.entries(expected)) {
    await ask(transport.api + path)
    t.equal(transport.onlyRequest().mount, mount, path)
  }
})

t.test('interfaces of a single asset are not served at the root, and the 404 names their address', async (t) => {
  const transport = await openTransport(t)
  for (const path of ['/aas', '/aas/asset-information', '/submodel', '/submodel/$value']) {
    const reply = await ask(transport.api + path)
    t.equal(reply.status, 404)
    t.match(messages(t, reply)[0]?.text, `-services/`, path)
  }
  await ask(`${transport.api}/aas-services/${encode('a')}/aas/submodels/${encode('s')}/submodel-elements`)
  t.match(transport.onlyRequest(), {
    aasIdentifier: 'a',
    submodelIdentifier: 's',
    definition: { name: 'GetAllSubmodelElements' }
  })
})

t.test('the only submodel of a service cannot be deleted', async (t) => {
  const transport = await openTransport(t)
  const { status, headers } = await ask(`${transport.api}/submodel-services/${encode('s')}/submodel`, {
    method: 'DELETE'
  })
  t.equal(status, 405)
  t.equal(headers.get('allow'), 'GET, HEAD, PUT, PATCH, OPTIONS')
})

t.test('paths in the spelling of other releases are routed', async (t) => {
  const transport = await openTransport(t)
  const post = (path: string) => ask(transport.api + path, JSON_BODY)
  for (const path of [`${ELEMENT}/invoke-asnyc`, `${ELEMENT}/invoke-async`, `${ELEMENT}/invoke?async=true`]) {
    await post(path)
    t.match(transport.onlyRequest(), { definition: { name: 'InvokeOperationAsync' }, content: 'normal' }, path)
  }
  await post(`${ELEMENT}/invoke/$value?async=TRUE`)
  t.match(transport.onlyRequest(), { definition: { name: 'InvokeOperationAsync' }, content: 'value' })
  await post(`${ELEMENT}/invoke?async=false`)
  t.match(transport.onlyRequest(), { definition: { name: 'InvokeOperationSync' } })
  t.equal((await post(`${ELEMENT}/invoke?async=maybe`)).status, 400)

  const handle = '5f0c7e5e-6f0f-4f4e-8a35-0d1f6d3a2c11'
  for (const written of [handle, encode(handle)]) {
    for (const name of ['operation-result', 'operation-results', 'operation-status']) {
      await ask(`${transport.api}${ELEMENT}/${name}/${written}`)
      t.match(transport.onlyRequest(), { handleId: handle }, `${name}/${written}`)
    }
  }
  await ask(`${transport.api}${SUBMODEL}/%24value`)
  t.match(transport.onlyRequest(), { content: 'value' }, 'an escaped $')
  await ask(`${transport.api}${SUBMODEL}/`)
  t.match(transport.onlyRequest(), { definition: { name: 'GetSubmodel' } }, 'a slash at the end')
})

t.test('releases 3.0 and 3.1 have base paths of their own, which Location headers keep', async (t) => {
  const transport = await openTransport(t, {
    PostSubmodel: () => ({ status: 201, json: {}, location: '/submodels/x' })
  })
  for (const version of ['', '.0', '.1']) {
    const { status, headers } = await ask(`${transport.api}${version}/submodels`, JSON_BODY)
    t.equal(status, 201)
    t.equal(headers.get('location'), `${transport.api}${version}/submodels/x`)
    t.match(transport.onlyRequest(), { base: `${transport.api}${version}`, mount: '/submodels' })
  }
  t.equal((await ask(`${transport.api}.2/submodels`)).status, 404)
})

t.test('a Location is absolute: with the public URL, else with the requested Host', async (t) => {
  const operations = { PostSubmodel: () => ({ status: 201, location: '/submodels/x' }) } as const
  const open = await openTransport(t, operations)
  const known = await openTransport(t, operations, { publicUrl: 'https://hub.example.com', apiPrefix: '/x' })
  const post = (path: string, host: string) =>
    `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`
  t.match(
    await open.raw(post('/api/v3/submodels', 'plant.example:81')),
    /location: http:\/\/plant\.example:81\/api\/v3\/s/
  )
  t.match(await known.raw(post('/x/submodels', 'plant.example:81')), /location: https:\/\/hub\.example\.com\/x\/s/)
  t.match(
    await open.raw(post('http://plant.example/api/v3/submodels', 'plant.example')),
    /location: http:\/\/plant\.ex/
  )
  t.notMatch(await open.raw(post('/api/v3/submodels', 'evil"><script>')), /location: [^\r]*script/)
})

t.test('HEAD answers as GET does, without a body', async (t) => {
  let closed = 0
  const stream = () => Readable.from([Buffer.alloc(10)]).on('close', () => closed++)
  const transport = await openTransport(t, {
    GetSubmodel: () => ({ status: 200, bytes: '{"a":1}', revision: 3 }),
    GetFileByPath: () => ({ status: 200, stream: stream(), contentLength: 10, contentType: 'image/png' })
  })
  const submodel = await ask(transport.api + SUBMODEL, { method: 'HEAD' })
  t.equal(submodel.status, 200)
  t.equal(submodel.headers.get('etag'), '"3"')
  t.equal(submodel.headers.get('content-length'), '7')
  t.equal(submodel.text, '')
  const file = await ask(`${transport.api}${ELEMENT}/attachment`, { method: 'HEAD' })
  t.equal(file.headers.get('content-length'), '10')
  t.equal(file.headers.get('content-type'), 'image/png')
  t.equal(closed, 1, 'the file was closed unread')
})

t.test('a known path answers other methods with 405 and Allow, whatever the body', async (t) => {
  const transport = await openTransport(t)
  const reply = await ask(transport.api + SUBMODEL, { method: 'POST', body: 'x', headers: { 'content-type': 'x/y' } })
  t.equal(reply.status, 405)
  t.equal(reply.headers.get('allow'), 'GET, HEAD, PUT, PATCH, DELETE, OPTIONS')
  t.match(messages(t, reply)[0], { code: 'MethodNotAllowed' })
  t.equal((await ask(`${transport.api}/upload`)).headers.get('allow'), 'POST, OPTIONS')
})

t.test('unimplemented operations answer 501 before the body is read, unknown paths 404', async (t) => {
  const transport = await openTransport(t, {}, { without: ['PostSubmodel', 'PostAASXPackage'] })
  for (const path of ['/submodels', '/packages']) {
    const reply = await ask(transport.api + path, {
      method: 'POST',
      body: 'no JSON',
      headers: { 'content-type': 'x/y' }
    })
    t.equal(reply.status, 501)
    t.match(messages(t, reply)[0], { code: 'NotImplemented' })
  }
  for (const url of [`${transport.api}/nothing`, `${transport.url}/else`, `${transport.api}${SUBMODEL}/$nothing`]) {
    const reply = await ask(url)
    t.equal(reply.status, 404)
    messages(t, reply)
    for (const type of ['x/y', 'application/json', ';;;']) {
      const posted = await ask(url, { method: 'POST', body: '{', headers: { 'content-type': type } })
      t.ok([404, 415].includes(posted.status), type)
      messages(t, posted)
    }
  }
})

t.test('bytes, values and streams are sent unchanged', async (t) => {
  const transport = await openTransport(t, {
    GetSubmodel: () => ({ status: 200, bytes: '{ "as": "it was" }', revision: 7 }),
    GetAllSubmodels: () => ({ status: 200, json: { result: ['ü'] } }),
    GetFileByPath: () => ({ status: 206, stream: Readable.from([Buffer.from('abc')]), contentRange: 'bytes 0-2/9' }),
    GetThumbnail: () => ({ status: 416, contentRange: 'bytes */9' })
  })
  const submodel = await ask(transport.api + SUBMODEL)
  t.equal(submodel.text, '{ "as": "it was" }')
  t.equal(submodel.headers.get('content-type'), 'application/json')
  t.equal(submodel.headers.get('etag'), '"7"')
  t.equal(submodel.headers.get('cache-control'), 'no-cache')
  t.equal((await ask(`${transport.api}/submodels`)).text, '{"result":["ü"]}')
  const file = await ask(`${transport.api}${ELEMENT}/attachment`)
  t.equal(file.status, 206)
  t.equal(file.text, 'abc')
  t.equal(file.headers.get('content-type'), 'application/octet-stream')
  t.equal(file.headers.get('content-range'), 'bytes 0-2/9')
  t.equal(file.headers.get('accept-ranges'), 'bytes')
  t.equal(file.headers.get('x-content-type-options'), 'nosniff')
  t.equal((await ask(`${transport.api}/shells/${encode('a')}/asset-information/thumbnail`)).status, 416)
})

t.test('a client with the current revision gets 304 without a body', async (t) => {
  const transport = await openTransport(t, {
    GetSubmodel: () => ({ status: 200, bytes: '{}', revision: 7 }),
    PutSubmodel: () => ({ status: 204, revision: 8 })
  })
  const get = async (tags: string) =>
    (await ask(transport.api + SUBMODEL, { headers: { 'if-none-match': tags } })).status
  t.equal(await get('"7"'), 304)
  t.equal(await get('"6", "7"'), 304)
  t.equal(await get('*'), 304)
  t.equal(await get('W/"7"'), 304, 'a proxy that compresses makes tags weak')
  t.equal(await get('"8"'), 200)
  t.equal(await get('7'), 200)
  t.equal(await get('"foreign"'), 200)
  t.equal((await ask(transport.api + SUBMODEL, { headers: { 'if-none-match': '"7"' } })).text, '')
  const put = { method: 'PUT', body: '{}', headers: { 'content-type': 'application/json', 'if-none-match': '*' } }
  t.equal((await ask(transport.api + SUBMODEL, put)).status, 204, 'a write is the operation’s to refuse')
})

t.test('preconditions reach the operation; weak and unknown ETags match nothing', async (t) => {
  const transport = await openTransport(t)
  const expected = { '"5"': [5], '*': '*', '"5", "6"': [5, 6], 'W/"5"': [], '"x"': [], 'garbage"': [] }
  for (const [tags, revisions] of Object.entries(expected)) {
    await ask(transport.api + SUBMODEL, { method: 'DELETE', headers: { 'if-match': tags } })
    t.same(transport.onlyRequest().ifMatch, revisions, tags)
  }
})

t.test('byte ranges reach operations that return files', async (t) => {
  const transport = await openTransport(t)
  const range = async (range: string, path = `${ELEMENT}/attachment`, more = {}) => {
    await ask(transport.api + path, { headers: { range, ...more } })
    return transport.onlyRequest().range
  }
  t.same(await range('bytes=2-5'), { start: 2, end: 5 })
  t.same(await range('bytes=2-'), { start: 2 })
  t.same(await range('bytes=-500'), { suffix: 500 })
  t.same(await range('Bytes=-0'), { suffix: 0 })
  for (const other of [
    'bytes=5-2',
    'bytes=-',
    'bytes=0-1,3-4',
    'bytes=-1,0-1',
    'items=0-1',
    'bytes=a-b',
    'bytes=0-99999999999999999'
  ]) {
    t.equal(await range(other), undefined, other)
  }
  t.equal(await range('bytes=0-1', SUBMODEL), undefined)
  t.equal(await range('bytes=0-1', undefined, { 'if-range': '"x"' }), undefined)
})

t.test('a client that does not accept JSON is refused before anything changes; files have any type', async (t) => {
  const transport = await openTransport(t)
  const accept = async (accept: string, path = SUBMODEL) => {
    const reply = await ask(transport.api + path, { headers: { accept } })
    if (reply.status === 406) messages(t, reply)
    return reply.status
  }
  for (const yes of [
    'application/json',
    'Application/*',
    '*/*;q=0.1',
    'text/html, */*',
    'application/json;charset=utf-8',
    ','
  ]) {
    t.equal(await accept(yes), 204, yes)
  }
  for (const no of ['text/html', 'application/xml', 'application/json;q=0, */*', '*/*;q=0']) {
    t.equal(await accept(no), 406, no)
  }
  t.equal(await accept('image/png', `${ELEMENT}/attachment`), 204)
  t.equal(await accept('application/xml', '/serialization'), 204)
  transport.requests.splice(0)
  const post = { ...JSON_BODY, headers: { ...JSON_BODY.headers, accept: 'text/html' } }
  t.equal((await ask(`${transport.api}/submodels`, post)).status, 406)
  t.equal(transport.requests.length, 0)
})

t.test('file names are sent to every client without breaking a header', async (t) => {
  const names: Record<string, string> = {
    'plan.pdf': 'attachment; filename="plan.pdf"',
    '도면 "1".pdf': `attachment; filename="__ _1_.pdf"; filename*=UTF-8''%EB%8F%84%EB%A9%B4%20%221%22.pdf`,
    'a\r\nSet-Cookie: x': `attachment; filename="a__Set-Cookie: x"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x`,
    '\ud800': `attachment; filename="_"; filename*=UTF-8''%EF%BF%BD`
  }
  let fileName = ''
  const transport = await openTransport(t, {
    GetFileByPath: () => ({ status: 200, bytes: Buffer.from('x'), fileName })
  })
  for (const [name, header] of Object.entries(names)) {
    fileName = name
    const { headers } = await ask(`${transport.api}${ELEMENT}/attachment`)
    t.equal(headers.get('content-disposition'), header)
    t.equal(headers.get('set-cookie'), null)
  }
})

t.test('asynchronous jobs answer with Location and Retry-After', async (t) => {
  const transport = await openTransport(t, {
    GetBulkAsyncStatus: ({ handleId }) =>
      handleId === 'done'
        ? { status: 302, location: '/bulk/result/x' }
        : { status: 200, json: { executionState: 'Running' }, retryAfter: 2 }
  })
  const running = await ask(`${transport.api}/bulk/status/${encode('going')}`)
  t.equal(running.headers.get('retry-after'), '2')
  const done = await ask(`${transport.api}/bulk/status/${encode('done')}`)
  t.equal(done.status, 302)
  t.equal(done.headers.get('location'), `${transport.api}/bulk/result/x`)
})

t.test('a stream that fails midway ends the connection, and the server keeps running', async (t) => {
  async function* half() {
    yield Buffer.alloc(100)
    throw new Error('the disk is gone')
  }
  const transport = await openTransport(t, {
    GetFileByPath: () => ({ status: 200, stream: Readable.from(half()), contentLength: 1000 }),
    GetSubmodel: () => {
      throw new HubError('NotFound', ['Submodel', ID])
    }
  })
  await t.rejects(ask(`${transport.api}${ELEMENT}/attachment`))
  t.equal((await ask(transport.api + SUBMODEL)).status, 404)
})
