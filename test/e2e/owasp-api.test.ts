/** The risks of the OWASP API Security Top 10 (2023), each tried over HTTP with API keys. */
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { ConfigError } from '../../src/config/config.ts'
import type { OpenApi } from '../../src/transports/http/openapi.ts'
import { eq, field, type Json, property, rule, stored, str, submodel } from '../security/fixture.ts'
import { type Client, startGuarded } from './access-fixture.ts'
import { encode, type Reply, type Running, start } from './harness.ts'

const role = (name: string): Json => eq({ $attribute: { CLAIM: 'role' } }, str(name))
const withRole = [{ CLAIM: 'role' }]
const admin = rule({ rights: ['ALL'], attributes: withRole, formula: role('admin') })
const submodels = [{ IDENTIFIABLE: '$sm("*")' }]

/** A body without what differs in every answer, and without the id that was asked for. */
const comparable = ({ text }: Reply, id: string) =>
  text.replace(/"(correlationId|timestamp)":"[^"]*"/g, '').replaceAll(id, '?')

async function create(t: Test, client: Client, ...all: readonly Json[]): Promise<void> {
  for (const one of all) t.equal((await client.ask('POST', '/submodels', one)).status, 201)
}

t.test('API1 Broken object level authorization: the id of another line leads nowhere', async (t) => {
  const { as } = await startGuarded(
    t,
    { admin: { role: 'administrator' }, line: { 'hub.push': ['urn:1'], 'hub.read': ['urn:1'] } },
    undefined
  )
  await create(
    t,
    as.admin,
    submodel('urn:1', 'urn:s', [property('speed', '1')]),
    submodel('urn:2', 'urn:s', [property('speed', '2')])
  )
  t.equal((await as.line.get(`/submodels/${encode('urn:1')}`)).status, 200)
  t.same(
    (await as.line.get('/submodels')).json.result.map(({ id }: { id: string }) => id),
    ['urn:1']
  )
  const requests: readonly (readonly [method: string, path: string, body?: unknown])[] = [
    ['GET', ''],
    ['GET', '/$value'],
    ['GET', '/submodel-elements'],
    ['GET', '/submodel-elements/speed/$value'],
    ['PATCH', '/submodel-elements/speed/$value', '"3"'],
    ['GET', '/$schema']
  ]
  for (const [method, path, body] of requests) {
    const other = await as.line.ask(method, `/submodels/${encode('urn:2')}${path}`, body)
    const absent = await as.line.ask(method, `/submodels/${encode('urn:9')}${path}`, body)
    t.equal(other.status, 404, `${method} ${path}`)
    t.equal(comparable(other, 'urn:2'), comparable(absent, 'urn:9'), `${method} ${path}: as if it did not exist`)
  }
  const sample = (id: string) => ({ submodel: id, path: 'speed', value: 'x' })
  const pushed = await as.line.ask('POST', '/ingest', [sample('urn:2')])
  t.not(pushed.status, 200, pushed.text)
  t.equal((await as.line.ask('POST', '/ingest', [sample('urn:1')])).status, 200)
  t.equal((await as.admin.get(`/submodels/${encode('urn:2')}/submodel-elements/speed/$value`)).text, '"2"')
})

t.test('API2 Broken authentication: what is no valid credential opens nothing, and is not repeated', async (t) => {
  const { hub, keys, as, anonymous } = await startGuarded(t, { admin: { role: 'administrator' } })
  const [head = '', body = ''] = ['{"alg":"none"}', '{"sub":"kim","role":"administrator"}'].map((part) =>
    Buffer.from(part).toString('base64url')
  )
  const wrong: readonly Record<string, string>[] = [
    { authorization: 'Bearer ' },
    { authorization: 'Bearer canary' },
    { authorization: `Bearer ${keys.admin.slice(0, -1)}` },
    { authorization: `Bearer ${keys.admin}canary` },
    { authorization: `Bearer ${head}.${body}.` },
    { authorization: `Basic ${Buffer.from('kim:canary-password').toString('base64')}` },
    { authorization: 'Token canary' },
    { authorization: 'Digest canary' },
    { 'x-api-key': 'canary' }
  ]
  for (const headers of wrong) {
    const reply = await hub.get('/shells', headers)
    t.ok([400, 401].includes(reply.status), `${JSON.stringify(headers)}: ${reply.status}`)
    t.notMatch(reply.text, /canary|at .*\.ts/)
  }
  t.match((await anonymous.get('/shells')).headers.get('www-authenticate'), /^Bearer /)
  const statuses: number[] = []
  for (let attempt = 0; attempt < 30; attempt++) {
    const basic = `Basic ${Buffer.from(`kim:wrong-${attempt}`).toString('base64')}`
    statuses.push((await hub.get('/shells', { authorization: basic })).status)
  }
  t.ok(statuses.includes(429), 'guessing is slowed down')

  const security = (method: string, path: string, body?: unknown) => as.admin.ask(method, hub.url + path, body)
  const made = await security('POST', '/security/keys', { name: 'short', claims: { role: 'auditor' } })
  const short = { authorization: `Bearer ${made.json.key}` }
  t.equal((await hub.get('/shells', short)).status, 200)
  await security('DELETE', `/security/keys?id=${made.json.id}`)
  t.equal((await hub.get('/shells', short)).status, 401, 'revoked at once')
})

t.test('API3 Broken object property level authorization: a hidden element is neither read nor written', async (t) => {
  const { as } = await startGuarded(t, { admin: { role: 'admin' }, line: { role: 'line' } }, [
    admin,
    rule({
      rights: ['READ', 'UPDATE'],
      attributes: withRole,
      objects: submodels,
      formula: role('line'),
      more: { FILTER: { FRAGMENT: '$sme', CONDITION: { $ne: [field('$sme#idShort'), str('recipe')] } } }
    })
  ])
  const document = submodel('urn:1', 'urn:s', [property('speed', '5'), property('recipe', 'canary')])
  await create(t, as.admin, document)
  const path = `/submodels/${encode('urn:1')}`
  for (const content of ['', '/$value', '/$metadata', '/$path', '/submodel-elements', '/$schema']) {
    t.notMatch((await as.line.get(path + content)).text, /recipe|canary/, content)
  }
  const condition = { $condition: { $eq: [field('$sme.recipe#value'), str('canary')] } }
  const found = await as.line.ask('POST', '/query/submodels', condition)
  t.same(found.json?.result ?? [], [], 'a query cannot compare it')
  const own = submodel('urn:1', 'urn:s', [property('speed', '6'), property('recipe', 'mine')])
  t.ok((await as.line.ask('PUT', path, own)).status >= 400)
  t.ok((await as.line.ask('PATCH', `${path}/submodel-elements/recipe/$value`, '"mine"')).status >= 400)
  t.equal((await as.line.ask('PATCH', `${path}/submodel-elements/speed/$value`, '"6"')).status, 204)
  t.match((await as.admin.get(`${path}/$value`)).json, { speed: '6', recipe: 'canary' })
})

t.test('API4 Unrestricted resource consumption: a caller that takes too much is refused, others are not', async (t) => {
  const settings = { REQUEST_RATE: '20', SAMPLE_RATE: '100', CALLER_CONNECTIONS: '2', CALLER_SUBSCRIPTIONS: '2' }
  const claims = { role: 'engineer' }
  const hub = await startGuarded(t, { one: claims, two: claims, three: claims, four: claims }, undefined, settings)
  const statuses = await Promise.all(Array.from({ length: 80 }, () => hub.as.one.get('/shells')))
  const refused = statuses.find(({ status }) => status === 429)
  t.ok(refused, 'too many requests')
  t.match(refused?.headers.get('retry-after'), /^[1-9]\d*$/)
  t.equal((await hub.as.two.get('/shells')).status, 200)

  await create(t, hub.as.two, submodel('urn:1', 'urn:s', [{ ...property('speed', '1'), valueType: 'xs:long' }]))
  const push = (count: number) => {
    const samples = Array.from({ length: count }, (_, value) => ({
      submodel: 'urn:1',
      path: 'speed',
      time: 1e12 + value,
      value
    }))
    return hub.as.two.ask('POST', '/ingest', samples)
  }
  t.equal((await push(1000)).status, 200)
  const over = await push(1)
  t.equal(over.status, 429, 'too many samples')
  t.ok(Number(over.headers.get('retry-after')) >= 5)

  const sockets = await Promise.all([0, 1, 2].map(() => opens(hub.hub, hub.keys.three)))
  t.same(sockets.map(({ status }) => status).sort(), [101, 101, 429], 'too many WebSockets')
  for (const { socket } of sockets) socket.terminate()

  const streams = await Promise.all(
    [0, 1, 2].map(() =>
      fetch(`${hub.hub.api}/events`, {
        headers: { accept: 'text/event-stream', authorization: `Bearer ${hub.keys.four}` }
      })
    )
  )
  t.same(streams.map(({ status }) => status).sort(), [200, 200, 429], 'too many subscriptions')
  await Promise.all(streams.map(({ body }) => body?.cancel()))

  const small = await start(t, { BODY_LIMIT: '1KiB', MAX_LIMIT: '2', DEFAULT_LIMIT: '1' })
  t.equal((await small.post('/submodels', submodel('x'.repeat(2000)))).status, 413)
  for (const id of ['urn:1', 'urn:2', 'urn:3']) t.equal((await small.post('/submodels', submodel(id))).status, 201)
  t.equal((await small.get('/submodels?limit=1000')).json.result.length, 2)
  t.equal((await hub.as.three.ask('POST', '/query/submodels', nested(200))).status, 400)
})

t.test('API5 Broken function level authorization: what is for administrators is refused to others', async (t) => {
  const roles = ['engineer', 'operator', 'gateway', 'auditor', 'stranger'] as const
  const callers = Object.fromEntries(roles.map((name) => [name, { role: name }])) as Record<
    (typeof roles)[number],
    Json & { role: string }
  >
  const { hub, as } = await startGuarded(t, callers)
  const changes: readonly (readonly [method: string, path: string, body?: unknown])[] = [
    ['POST', '/security/keys', { name: 'x', claims: { role: 'administrator' } }],
    ['POST', '/security/users', { name: 'x', password: 'long enough password', claims: { role: 'administrator' } }],
    ['POST', '/security/access-rules', { rules: [] }],
    ['POST', '/security/access-rules/activate?version=0&force=true']
  ]
  const reads = [
    '/security/keys',
    '/security/users',
    '/security/access-rules',
    '/security/access-rules/documents',
    '/metrics'
  ]
  for (const name of roles) {
    for (const [method, path, body] of changes) {
      t.equal((await as[name].ask(method, hub.url + path, body)).status, 403, `${name} ${method} ${path}`)
    }
    for (const path of reads) {
      t.equal((await as[name].get(hub.url + path)).status, name === 'auditor' ? 200 : 403, `${name} GET ${path}`)
    }
    const posted = await as[name].ask('POST', '/submodels', submodel(`urn:${name}`))
    t.equal(posted.status, name === 'engineer' ? 201 : 403, `${name} creates a submodel`)
    // A method that is only spelled otherwise.
    const overridden = await as[name].ask('GET', `/submodels/${encode('urn:engineer')}`, undefined, {
      'x-http-method-override': 'DELETE'
    })
    t.not(overridden.status, 204, name)
  }
})

t.test('API6 Unrestricted access to sensitive flows: a machine is started only while a rule lets it', async (t) => {
  const { as } = await startGuarded(t, { admin: { role: 'admin' }, line: { role: 'line' } }, [
    admin,
    rule({
      rights: ['READ'],
      attributes: withRole,
      objects: submodels,
      formula: role('line')
    }),
    rule({
      rights: ['UPDATE'],
      attributes: withRole,
      objects: [{ REFERABLE: '$sme("urn:1").setpoint' }],
      formula: { $and: [role('line'), eq(stored('$sme("urn:1").state#value'), str('stopped'))] }
    })
  ])
  await create(t, as.admin, submodel('urn:1', 'urn:s', [property('state', 'running'), property('setpoint', '1')]))
  const at = (name: string) => `/submodels/${encode('urn:1')}/submodel-elements/${name}/$value`
  t.equal((await as.line.ask('PATCH', at('setpoint'), '"2"')).status, 403)
  t.equal((await as.admin.ask('PATCH', at('state'), '"stopped"')).status, 204)
  t.equal((await as.line.ask('PATCH', at('setpoint'), '"2"')).status, 204)
  t.equal((await as.admin.ask('PATCH', at('state'), '"running"')).status, 204)
  t.equal((await as.line.ask('PATCH', at('setpoint'), '"3"')).status, 403, 'at once')
})

t.test('API7 Server side request forgery: no address in a document is called', async (t) => {
  let calls = 0
  const target = createServer((_, response) => {
    calls++
    response.end('[]')
  }).listen(0, '127.0.0.1')
  t.teardown(() => target.close())
  await new Promise((resolve) => target.once('listening', resolve))
  const url = `http://127.0.0.1:${(target.address() as AddressInfo).port}/secret`
  const { as } = await startGuarded(t, { engineer: { role: 'engineer' } })
  const operation = {
    modelType: 'Operation',
    idShort: 'run',
    qualifiers: [{ type: 'invocationDelegation', valueType: 'xs:string', value: url }]
  }
  const file = { modelType: 'File', idShort: 'file', contentType: 'text/plain', value: url }
  await create(t, as.engineer, submodel('urn:1', 'urn:s', [operation, file]))
  const path = `/submodels/${encode('urn:1')}`
  await as.engineer.ask('POST', `${path}/submodel-elements/run/invoke`, {
    inputArguments: [],
    clientTimeoutDuration: 'PT5S'
  })
  await as.engineer.get(`${path}/submodel-elements/file/attachment`)
  await as.engineer.get(`/serialization?submodelIds=${encode('urn:1')}`)
  t.equal(calls, 0)
})

t.test('API8 Security misconfiguration: the defaults are safe, and errors say nothing of the inside', async (t) => {
  await t.rejects(start(t, { HOST: '0.0.0.0' }), ConfigError, 'not on a network without identities')
  const { hub, as } = await startGuarded(t, { admin: { role: 'administrator' } })
  const replies = await Promise.all([
    as.admin.get('/shells'),
    as.admin.get('/nothing'),
    as.admin.ask('POST', '/submodels', '{"a":'),
    as.admin.ask('POST', '/submodels', { modelType: 'Submodel', id: {} })
  ])
  for (const reply of replies) {
    t.equal(reply.headers.get('x-content-type-options'), 'nosniff')
    t.match(reply.headers.get('content-security-policy'), /sandbox/)
    t.equal(reply.headers.get('access-control-allow-origin'), null)
    t.equal(reply.headers.get('server'), null)
    t.equal(reply.headers.get('x-powered-by'), null)
    t.notMatch(reply.text, /node_modules|\.ts:\d+|at Object\./)
  }
  t.equal((await as.admin.ask('POST', '/submodels', submodel('urn:1'), { origin: 'https://evil.example' })).status, 403)
  for (const method of ['TRACE', 'CONNECT', 'PROPFIND']) t.ok((await raw(hub, method, '/api/v3/shells')) >= 400, method)
})

t.test('API9 Improper inventory management: every route is documented, and closed unless it is public', async (t) => {
  const { hub, anonymous, as } = await startGuarded(t, { admin: { role: 'administrator' } })
  const { paths, servers: all } = (await as.admin.get(`${hub.url}/openapi.json`)).json as OpenApi
  let closed = 0
  for (const [path, { servers = all, ...verbs }] of Object.entries(paths)) {
    for (const [verb, operation] of Object.entries(verbs)) {
      const { operationId, 'x-right': right } = operation as unknown as { operationId: string; 'x-right': unknown }
      t.ok(right, `${operationId} declares its right`)
      if (right === 'PUBLIC') continue
      for (const { url } of servers) {
        const at = hub.url + (url === '/' ? '' : url) + path.replace(/\{\w+\}/g, 'eA')
        const { status } = await anonymous.ask(verb.toUpperCase(), at)
        t.ok(status === 401 || (operationId === 'OpenStream' && status === 426), `${verb} ${at}: ${status}`)
        closed++
      }
    }
  }
  t.ok(closed > 200, `${closed} routes are closed`)
})

t.test('API10 Unsafe consumption of APIs: what an allowed target answers is checked like any input', async (t) => {
  let answer = ''
  const target = createServer((_, response) => response.end(answer)).listen(0, '127.0.0.1')
  t.teardown(() => target.close())
  await new Promise((resolve) => target.once('listening', resolve))
  const url = `http://127.0.0.1:${(target.address() as AddressInfo).port}/`
  const { as } = await startGuarded(t, { admin: { role: 'administrator' } }, undefined, { OPERATION_TARGETS: url })
  const operation = {
    modelType: 'Operation',
    idShort: 'run',
    qualifiers: [{ type: 'invocationDelegation', valueType: 'xs:string', value: url }]
  }
  await create(t, as.admin, submodel('urn:1', 'urn:s', [operation]))
  for (answer of [
    '{',
    '{"a":1}',
    '[{"value":{"modelType":"Nothing"}}]',
    '['.repeat(100_000),
    `["${'x'.repeat(2_000_000)}"]`
  ]) {
    const path = `/submodels/${encode('urn:1')}/submodel-elements/run/invoke`
    const reply = await as.admin.ask('POST', path, { inputArguments: [], clientTimeoutDuration: 'PT5S' })
    t.not(reply.json?.success, true, reply.text.slice(0, 100))
    t.notMatch(reply.text, /node_modules|\.ts:\d+/)
  }
  t.equal((await as.admin.get('/shells')).status, 200)
})

t.test('clients behind a trusted proxy are distinguished by the address that it names', async (t) => {
  for (const [proxies, passes] of [
    ['127.0.0.0/8', true],
    ['', false]
  ] as const) {
    const settings = { TRUSTED_PROXIES: proxies, REQUEST_RATE: '1' }
    const everyone = rule({ objects: [{ ROUTE: '/shells' }] })
    const { anonymous } = await startGuarded(t, { admin: { role: 'admin' } }, [admin, everyone], settings)
    const statuses: number[] = []
    for (let client = 0; client < 10; client++) {
      const { status } = await anonymous.ask('GET', '/shells', undefined, { 'x-forwarded-for': `10.0.0.${client}` })
      statuses.push(status)
    }
    t.equal(!statuses.includes(429), passes, `${proxies}: ${statuses}`)
  }
})

interface Opened {
  readonly status: number
  readonly socket: WebSocket
}

function opens(hub: Running, key: string): Promise<Opened> {
  return new Promise((resolve) => {
    const headers = { authorization: `Bearer ${key}` }
    const socket = new WebSocket(`${hub.url.replace('http', 'ws')}/stream`, { headers })
    socket.on('unexpected-response', (_, { statusCode = 0 }) => resolve({ status: statusCode, socket }))
    socket.on('error', () => {})
    socket.on('open', () => resolve({ status: 101, socket }))
  })
}

/** Status of a request with a method that fetch refuses. */
async function raw(hub: Running, method: string, path: string): Promise<number> {
  const socket = connect((hub.server.app.server.address() as AddressInfo).port, '127.0.0.1')
  socket.write(`${method} ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
  return Number((await text(socket)).slice(9, 12) || 400)
}

function nested(depth: number): Json {
  let condition: Json = { $boolean: true }
  for (let level = 0; level < depth; level++) condition = { $not: condition }
  return { $condition: condition }
}
