import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { WebSocket } from 'ws'
import type { OpenApi } from '../../src/transports/http/openapi.ts'
import { type Running, start } from './harness.ts'

const EVIL = 'https://evil.example'

/** Status of a request whose headers are written as they are; fetch sets `Host` and `Sec-Fetch-Site` itself. */
async function statusOf(hub: Running, method: string, path: string, headers: Record<string, string> = {}) {
  const { port } = hub.server.app.server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1')
  const lines = Object.entries({ host: `127.0.0.1:${port}`, connection: 'close', 'content-length': '0', ...headers })
  const head = lines.filter(([, value]) => value !== '').map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`${method} ${path} HTTP/1.1\r\n${head.join('')}\r\n`)
  const answer = await text(socket)
  return Number(answer.slice(9, 12))
}

/** Every documented operation with an unsafe method. */
async function changing(hub: Running): Promise<[method: string, path: string][]> {
  const { paths, servers: all } = (await hub.ask('GET', `${hub.url}/openapi.json`)).json as OpenApi
  return Object.entries(paths).flatMap(([path, { servers = all, ...verbs }]) =>
    servers.flatMap(({ url }) =>
      Object.keys(verbs)
        .map((verb) => verb.toUpperCase())
        .filter((verb) => ['POST', 'PUT', 'PATCH', 'DELETE'].includes(verb))
        .map((verb): [string, string] => [verb, (url === '/' ? '' : url) + path.replace(/\{\w+\}/g, 'eA')])
    )
  )
}

t.test('a page of another site changes nothing at any endpoint', async (t) => {
  const hub = await start(t)
  const operations = await changing(hub)
  const paths = new Set(operations.map(([, path]) => path))
  for (const path of ['/ingest', '/write', '/api/v2/write', '/upload', '/api/v3/packages', '/api/v3/upload'])
    t.ok(paths.has(path), path)
  for (const [method, path] of operations) {
    t.equal(await statusOf(hub, method, path, { origin: EVIL }), 403, `${method} ${path}`)
    t.not(await statusOf(hub, method, path), 403, `${method} ${path} by a program`)
  }
})

const requests: readonly [what: string, headers: Record<string, string>, passes: boolean][] = [
  ['a program, which has no origin', {}, true],
  ['another site', { origin: EVIL }, false],
  ['an opaque origin: a sandboxed frame, a file', { origin: 'null' }, false],
  ['an origin that is none', { origin: 'evil' }, false],
  ['an origin that is empty', { origin: ' ' }, false],
  ['another port of this machine', { origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' }, false],
  ['another port, from an older browser', { origin: 'http://127.0.0.1:1' }, false],
  ['another site without an origin', { 'sec-fetch-site': 'cross-site' }, false],
  ['the same site without an origin', { 'sec-fetch-site': 'same-site' }, false],
  ['a typed address', { 'sec-fetch-site': 'none' }, true],
  ['a page of the hub', { origin: 'http://hub.example:8080', host: 'hub.example:8080' }, true],
  ['a page of the hub behind a proxy with TLS', { origin: 'https://hub.example', host: 'hub.example' }, true],
  ['the same where the proxy names the port', { origin: 'https://hub.example', host: 'hub.example:443' }, true],
  ['a page whose name is spelled otherwise', { origin: 'http://hub.example', host: 'HUB.example' }, true],
  ['a page of the hub behind a proxy that renames it', { origin: 'https://public.example', host: '10.0.0.1' }, true],
  ['the same, from the browser', { origin: 'https://x.example', 'sec-fetch-site': 'same-origin' }, true],
  ['an origin that CORS_ORIGIN names', { origin: 'https://app.example', 'sec-fetch-site': 'cross-site' }, true],
  ['a name that only begins like it', { origin: 'https://app.example.evil.example' }, false],
  ['a name with the hub as its user', { origin: 'http://hub.example@evil.example', host: 'hub.example' }, false]
]

t.test('the sender of a request is recognised by its headers', async (t) => {
  const hub = await start(t, {
    CORS_ORIGIN: 'https://app.example',
    PUBLIC_URL: 'https://public.example',
    ALLOWED_HOSTS: '*'
  })
  for (const [what, headers, passes] of requests) {
    t.equal((await statusOf(hub, 'POST', '/ingest', headers)) !== 403, passes, what)
    t.equal(await statusOf(hub, 'GET', '/api/v3/shells', headers), 200, `${what} reads`)
  }
})

t.test('with CORS_ORIGIN=* pages of all sites are allowed', async (t) => {
  const hub = await start(t, { CORS_ORIGIN: '*' })
  for (const headers of [{ origin: EVIL }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }])
    t.not(await statusOf(hub, 'POST', '/ingest', headers), 403, JSON.stringify(headers))
})

t.test('a page of another site cannot open a WebSocket', async (t) => {
  const hub = await start(t, { CORS_ORIGIN: 'https://app.example' })
  const opens = (headers: Record<string, string>) =>
    new Promise<number>((resolve) => {
      const socket = new WebSocket(`${hub.url.replace('http', 'ws')}/stream`, { headers })
      socket.on('unexpected-response', (_, { statusCode = 0 }) => resolve(statusCode))
      socket.on('error', () => {})
      socket.on('open', () => {
        resolve(101)
        socket.terminate()
      })
    })
  t.equal(await opens({}), 101)
  t.equal(await opens({ origin: hub.url }), 101)
  t.equal(await opens({ origin: 'https://app.example' }), 101)
  t.equal(await opens({ origin: EVIL }), 403)
  t.equal(await opens({ origin: 'null' }), 403)
  t.equal(await opens({ 'sec-fetch-site': 'cross-site' }), 403)
  t.equal(await opens({ host: 'evil.example', origin: 'http://evil.example' }), 421, 'nor by a name of its own')
})

const names: readonly [host: string, isOurs: boolean][] = [
  ['localhost', true],
  ['LOCALHOST:8080', true],
  ['localhost.', true],
  ['127.0.0.1', true],
  ['127.0.0.1:9', true],
  ['[::1]:8080', true],
  ['192.168.0.7:8080', true],
  ['hub.example:8080', true],
  ['plant.example', true],
  ['evil.example', false],
  ['evil.example:8080', false],
  ['localhost.evil.example', false],
  ['127.0.0.1.evil.example', false],
  ['evil.example@127.0.0.1', false],
  ['my.plant.example', false]
]

t.test('a hub on the loopback interface accepts local host names only', async (t) => {
  const hub = await start(t, { PUBLIC_URL: 'https://hub.example', ALLOWED_HOSTS: 'plant.example' })
  for (const [host, isOurs] of names) {
    for (const path of ['/', '/healthz', '/metrics', '/docs/', '/openapi.json', '/api/v3/shells', '/api/v3/events']) {
      t.equal(await statusOf(hub, 'GET', path, { host }), isOurs ? 200 : 421, `${host} ${path}`)
    }
    const written = await statusOf(hub, 'POST', '/api/v3/submodels', { host, origin: `http://${host}` })
    t.equal(written === 421, !isOurs, `${host} writes`)
  }
})

t.test('a hub in a network accepts its configured host names', async (t) => {
  const hub = await start(t, { HOST: '0.0.0.0', INSECURE: 'true' })
  t.equal(await statusOf(hub, 'GET', '/api/v3/shells', { host: 'plc-gateway.plant.example' }), 200)
  const strict = await start(t, { HOST: '0.0.0.0', INSECURE: 'true', ALLOWED_HOSTS: 'hub.plant.example' })
  t.equal(await statusOf(strict, 'GET', '/api/v3/shells', { host: 'hub.plant.example' }), 200)
  t.equal(await statusOf(strict, 'GET', '/api/v3/shells', { host: 'evil.example' }), 421)
})
