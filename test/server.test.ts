import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { readConfig } from '../src/config/config.ts'
import { createServer } from '../src/server.ts'
import { encode, start } from './e2e/harness.ts'

const submodel = (id: string) => ({
  modelType: 'Submodel',
  id,
  submodelElements: [{ modelType: 'Property', idShort: 'Speed', valueType: 'xs:int', value: '1' }]
})

t.test('a running hub reports that it is alive and ready', async (t) => {
  const { url, get } = await start(t)
  t.same((await get(`${url}/healthz`)).json, { status: 'ok' })
  const ready = await get(`${url}/readyz`)
  t.equal(ready.status, 200)
  t.same(ready.json, { status: 'ready' })
})

t.test('a hub whose store is closed is alive but not ready', async (t) => {
  const { url, get, server } = await start(t)
  await server.store.close()
  t.equal((await get(`${url}/healthz`)).status, 200)
  t.equal((await get(`${url}/readyz`)).status, 503)
})

t.test('metrics name routes, never identifiers, and count what is stored', async (t) => {
  const { url, get, post } = await start(t)
  await post('/submodels', submodel('urn:secret'))
  await get(`/submodels/${encode('urn:secret')}`)
  await get(`/submodels/${encode('urn:other')}`)
  const { text, headers } = await get(`${url}/metrics`)
  t.match(headers.get('content-type'), /^text\/plain; version=/)
  t.notMatch(text, encode('urn:secret'))
  t.match(text, /aas_hub_request_seconds_count\{method="GET",route="\/api\/v3\/submodels\/:\w+",status="200"\} 1/)
  t.match(text, /aas_hub_request_seconds_count\{method="GET",route="\/api\/v3\/submodels\/:\w+",status="404"\} 1/)
  t.match(text, /aas_hub_documents\{kind="Submodel"\} 1/)
  t.match(text, /aas_hub_elements 1\n/)
  t.match(text, /aas_hub_log_last [1-9]/)
  t.match(text, /nodejs_eventloop_lag_seconds /)
  t.match(text, /aas_hub_samples_total\{verdict="accepted"\} 0\n/)
  t.match(text, /aas_hub_subscribers 0\n/)
  t.notMatch(text, /aas_hub_mqtt/, 'there is no broker')
  t.equal(new Set(text.match(/^# TYPE \S+/gm)).size, text.match(/^# TYPE /gm)?.length, 'each metric occurs once')
})

t.test('metrics count samples by verdict', async (t) => {
  const { url, get, post, ask } = await start(t)
  await post('/submodels', submodel('urn:1'))
  const push = (path: string) => ask('POST', `${url}/ingest?each=true`, { submodel: 'urn:1', path, value: 1 })
  await Promise.all([push('Nothing'), push('Nothing')])
  t.match((await get(`${url}/metrics`)).text, /aas_hub_samples_total\{verdict="refused"\} 2\n/)
})

t.test('metrics of a hub whose store is closed report that', async (t) => {
  const { url, get, server } = await start(t)
  await server.store.close()
  const { status, text } = await get(`${url}/metrics`)
  t.equal(status, 200)
  t.match(text, /aas_hub_store_up 0\n/)
})

t.test('the index page links to the API', async (t) => {
  const { url, get } = await start(t)
  const page = await get(url)
  t.match(page.headers.get('content-type'), /^text\/html/)
  for (const [, href = ''] of page.text.matchAll(/href="([^"]+)"/g)) {
    t.match((await get(url + href)).status, /^(200|302)$/, href)
  }
})

t.test('every response has the security headers', async (t) => {
  const { url, get } = await start(t)
  for (const path of ['/', '/healthz', '/nowhere', '/api/v3/submodels']) {
    const { headers } = await get(url + path)
    t.equal(headers.get('x-content-type-options'), 'nosniff', path)
    t.match(headers.get('content-security-policy'), /default-src 'none'/, path)
  }
})

t.test('an unknown path is answered with a Result', async (t) => {
  const { url, get } = await start(t)
  for (const path of ['/nowhere', '/api/v9/submodels', '/api/v3/nothing', '/%']) {
    const { status, json } = await get(url + path)
    t.match(status, /^4\d\d$/, path)
    t.equal(json.messages[0].messageType, 'Error', path)
  }
})

t.test('the API is served under its prefix and the aliases of both releases', async (t) => {
  const { url, get } = await start(t, { API_PREFIX: '/aas' })
  for (const prefix of ['/aas', '/aas.0', '/aas.1'])
    t.equal((await get(`${url}${prefix}/submodels`)).status, 200, prefix)
  t.equal((await get(`${url}/api/v3/submodels`)).status, 404)
})

t.test('only the configured web origins are allowed', async (t) => {
  const origin = 'https://app.example'
  const closed = await start(t)
  t.equal((await closed.get('/submodels', { origin })).headers.get('access-control-allow-origin'), null)
  const open = await start(t, { CORS_ORIGIN: origin })
  t.equal((await open.get('/submodels', { origin })).headers.get('access-control-allow-origin'), origin)
  t.equal(
    (await open.get('/submodels', { origin: 'https://evil.example' })).headers.get('access-control-allow-origin'),
    null
  )
  const asked = await open.ask('OPTIONS', '/submodels', undefined, { origin, 'access-control-request-method': 'PATCH' })
  t.match(asked.headers.get('access-control-allow-methods'), /PATCH/)
  const plain = await open.ask('OPTIONS', '/submodels')
  t.equal(plain.status, 204, 'one that is no preflight is answered with Allow')
  t.equal(plain.headers.get('allow'), 'GET, HEAD, POST, OPTIONS')
})

t.test('page sizes follow the settings', async (t) => {
  const { get, post } = await start(t, { DEFAULT_LIMIT: '2', MAX_LIMIT: '3' })
  for (const id of ['a', 'b', 'c', 'd', 'e']) t.equal((await post('/submodels', submodel(`urn:${id}`))).status, 201)
  t.equal((await get('/submodels')).json.result.length, 2)
  t.equal((await get('/submodels?limit=100')).json.result.length, 3)
})

t.test('a body beyond the limit is refused', async (t) => {
  const { post } = await start(t, { BODY_LIMIT: '1KiB' })
  const { status, json } = await post('/submodels', submodel(`urn:${'x'.repeat(1200)}`))
  t.equal(status, 413)
  t.equal(json.messages[0].code, 'TooLarge')
})

t.test('a running request is finished before the hub stops', async (t) => {
  const { server, url, directory } = await start(t)
  const body = JSON.stringify(submodel('urn:late'))
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const head =
    'POST /api/v3/submodels HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n'
  socket.write(`${head}Content-Length: ${body.length}\r\n\r\n${body.slice(0, 10)}`)
  await new Promise((resolve) => server.app.server.once('request', resolve))
  const closed = server.close()
  await t.rejects(fetch(`${url}/readyz`), 'no other request is accepted')
  socket.write(body.slice(10))
  t.match(await text(socket), /^HTTP\/1.1 201 /)
  await closed

  const { config } = readConfig({ DATA_DIR: directory, LOG_LEVEL: 'silent' })
  const again = await createServer(config)
  t.teardown(() => again.close())
  t.ok(await again.context.store.document('Submodel', 'urn:late'), 'and what it wrote is there')
})

t.test('a connection that is kept alive is closed with its last answer', { timeout: 100_000 }, async (t) => {
  const { server, url } = await start(t, { DRAIN_TIMEOUT: '120s' })
  const body = JSON.stringify(submodel('urn:late'))
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const head = 'POST /api/v3/submodels HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
  socket.write(`${head}Content-Length: ${body.length}\r\n\r\n${body.slice(0, 10)}`)
  await new Promise((resolve) => server.app.server.once('request', resolve))
  const closed = server.close()
  socket.write(body.slice(10))
  t.match(await text(socket), /^HTTP\/1.1 201 /)
  await closed
})

t.test('an idle connection does not keep the hub from stopping', async (t) => {
  const { server, url } = await start(t, { DRAIN_TIMEOUT: '200ms' })
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.on('error', () => {})
  socket.write(
    'POST /api/v3/submodels HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{'
  )
  await new Promise((resolve) => server.app.server.once('request', resolve))
  await server.close()
  t.pass()
})

t.test('a data directory in use by another hub is refused', async (t) => {
  const { directory } = await start(t)
  const { config } = readConfig({ DATA_DIR: directory, LOG_LEVEL: 'silent' })
  await t.rejects(createServer(config), { name: 'Unavailable', message: /in use/ })
})
