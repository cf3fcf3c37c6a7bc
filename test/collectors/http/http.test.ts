/** The HTTP connector against a real server that also misbehaves. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { openHttp } from '../../../src/collectors/http/http.ts'
import { inTime, until } from '../../until.ts'
import { assetInterface, type DescribedInterface, type DescribedProperty } from '../asset-interface.ts'
import { lastValues, type RecordedContext, sessionContext } from '../session-context.ts'

type Handle = (request: IncomingMessage, response: ServerResponse) => void

async function machine(t: Test, handle: Handle) {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    handle(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const stop = async () => {
    if (!server.listening) return
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  t.teardown(stop)
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, stop }
}

const http = (
  base: string,
  properties: Readonly<Record<string, DescribedProperty>>,
  more: Partial<DescribedInterface> = {}
) =>
  assetInterface({
    ...{ idShort: 'InterfaceHTTP', vocabulary: 'http://www.w3.org/2011/http', properties, interval: 0.02 },
    ...{ endpoint: { base, contentType: 'application/json' }, ...more }
  })

const at = (href: string, form: Readonly<Record<string, string>> = {}): DescribedProperty => ({
  form: { href, htv_methodName: 'GET', ...form }
})

async function open(t: Test, described: ReturnType<typeof http>, context: RecordedContext = sessionContext(t)) {
  const session = await openHttp(described, context)
  t.teardown(() => session.close())
  return { session, context }
}

t.test('one request gives the values of all items that it answers', async (t) => {
  const { url, requests } = await machine(t, (_request, response) => {
    response.end(
      '{"speed": 12.5, "axis": [{"load": 3}, {"load": 4}], "big": 9007199254740993, "odd/name": "x", "sampled": {"value": 7, "quality": "uncertain", "time": "2026-05-01T00:00:00Z"}}'
    )
  })
  const { context } = await open(
    t,
    http(`${url}/api`, {
      speed: at('/status#/speed'),
      load: at('status#$.axis[1].load'),
      big: at('status#/big'),
      odd: at('status#/odd~1name'),
      sampled: at('status#/sampled'),
      none: at('status#/nothing/there'),
      wrong: at('status#speed')
    })
  )
  await until(() => context.samples.length >= 6)
  const read = lastValues(context)
  t.match(read, { speed: 12.5, load: 4, big: 9007199254740993n, odd: 'x', sampled: 7, none: undefined })
  t.match(
    context.samples.find(({ item }) => item.path.endsWith('sampled')),
    {
      ...{ quality: 'uncertain', time: 1_777_593_600_000_000_000n }
    }
  )
  t.match(context.events, [
    /problem: .*wrong: speed is neither a JSON Pointer/,
    /degraded: 1 items.*no value at \/nothing\/there/
  ])
  t.equal(requests[0]?.url, '/api/status')
  const before = requests.length
  await until(() => requests.length > before + 3)
  t.equal(context.samples.filter(({ value }) => value === undefined).length, 1, 'a failure that lasts is stored once')
})

t.test('a machine that answers with a tag is asked for changes only', async (t) => {
  let tag = '"1"'
  const { url, requests } = await machine(t, ({ headers }, response) => {
    if (headers['if-none-match'] === tag) response.writeHead(304).end()
    else response.setHeader('etag', tag).end(`{"speed": ${tag === '"1"' ? 1 : 2}}`)
  })
  const { context } = await open(t, http(url, { speed: at('/status#/speed') }))
  await until(() => context.samples.length > 3)
  t.ok(context.samples.every(({ value }) => value === 1))
  t.ok(requests.slice(1).every(({ headers }) => headers['if-none-match'] === '"1"'))
  t.equal(new Set(context.samples.map(({ time }) => time)).size, context.samples.length, 'each reading has its time')
  tag = '"2"'
  await until(() => lastValues(context).speed === 2)
})

for (const [what, handle, reason] of [
  ['an error', (_: unknown, response: ServerResponse) => response.writeHead(500).end('{}'), /status 500/],
  [
    'a redirect',
    (_: unknown, response: ServerResponse) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    /redirects are not followed/
  ],
  ['what is no JSON', (_: unknown, response: ServerResponse) => response.end('<html>'), /no JSON/],
  ['too much', (_: unknown, response: ServerResponse) => response.end(`"${'x'.repeat(2_000_000)}"`), /longer than/]
] as const) {
  t.test(`a machine that answers with ${what} makes the values bad, and is asked again`, async (t) => {
    const { url, requests } = await machine(t, handle)
    const { context } = await open(t, http(url, { speed: at('/status#/speed') }))
    await until(() => context.samples.length > 0 && requests.length > 3)
    t.match(context.samples[0], { value: undefined, quality: 'bad', reason })
    t.notOk(context.events.some((event) => event.startsWith('lost')))
  })
}

t.test('a machine that breaks off its answers, or is gone, is lost', async (t) => {
  let isBroken = false
  const { url, stop } = await machine(t, (request, response) => {
    if (isBroken) request.socket.destroy()
    else response.end('{"speed": 1}')
  })
  const { context } = await open(t, http(url, { speed: at('/status#/speed') }))
  await until(() => lastValues(context).speed === 1)
  isBroken = true
  await until(() => context.events.some((event) => event.startsWith('lost')))
  await stop()
  await t.rejects(inTime(openHttp(http(url, { speed: at('/s') }), sessionContext(t)), 'it'), /refuses connections/)
})

t.test('the hub authenticates by each scheme, with secrets that are in no description', async (t) => {
  const md5 = (value: string) => createHash('md5').update(value).digest('hex')
  const { url } = await machine(t, ({ url = '', headers, method }, response) => {
    const { authorization = '' } = headers
    const expected: Record<string, boolean> = {
      '/basic': authorization === `Basic ${Buffer.from('hub:pass').toString('base64')}`,
      '/bearer': authorization === 'Bearer hub:pass',
      '/apikey': headers['x-key'] === 'hub:pass',
      '/query?key=hub%3Apass': true
    }
    if (url === '/digest') {
      const field = (name: string) => new RegExp(`${name}="?([^",]+)`).exec(authorization)?.[1] ?? ''
      const [first, second] = [md5('hub:plant:pass'), md5(`${method}:/digest`)]
      const response = md5(`${first}:n1:00000001:${field('cnonce')}:auth:${second}`)
      expected['/digest'] = authorization !== '' && field('response') === response
    }
    if (expected[url]) response.end('{"ok": true}')
    else response.writeHead(401, { 'www-authenticate': 'Digest realm="plant", nonce="n1", qop="auth"' }).end()
  })
  const schemes = {
    basic: { scheme: 'basic' },
    bearer: { scheme: 'bearer' },
    digest: { scheme: 'digest' },
    apikey: { scheme: 'apikey', in: 'header', name: 'X-Key' },
    query: { scheme: 'apikey', in: 'query', name: 'key' }
  }
  for (const [name, members] of Object.entries(schemes)) {
    const asked: string[] = []
    const context = sessionContext(t, {
      secret: async (secret) => {
        asked.push(secret)
        return 'hub:pass'
      }
    })
    const described = http(url, { ok: at(`/${name}#/ok`) }, { security: { [`${name}_sc`]: members } })
    await open(t, described, context)
    await until(() => context.samples.length > 0)
    t.equal(lastValues(context).ok, true, name)
    t.equal(asked[0], `${name}_sc`, name)
  }
})

t.test('a stream of events is followed, and one that breaks off is a gap', async (t) => {
  let connection = 0
  const { url } = await machine(t, (_request, response) => {
    connection++
    response.setHeader('content-type', 'text/event-stream')
    response.write(`: hello\n\ndata: {"speed": ${connection * 10}}\n\n`)
    if (connection === 1) response.end()
  })
  const { context } = await open(t, http(url, { speed: at('/events#/speed', { subprotocol: 'sse' }) }))
  await until(() => lastValues(context).speed === 20)
  t.ok(context.events.some((event) => event.startsWith('gap:')))
  t.ok(context.samples.some(({ value }) => value === 10))
})

t.test('events with ids are asked for again, so that none is missed', async (t) => {
  const { url, requests } = await machine(t, ({ headers }, response) => {
    const next = Number(headers['last-event-id'] ?? 0) + 1
    response.setHeader('content-type', 'text/event-stream').end(`id: ${next}\ndata: {"speed": ${next}}\n\n`)
  })
  const { context } = await open(t, http(url, { speed: at('/events#/speed', { subprotocol: 'sse' }) }))
  await until(() => context.samples.some(({ value }) => value === 3))
  t.strictSame(
    requests.slice(0, 3).map(({ headers }) => headers['last-event-id']),
    [undefined, '1', '2']
  )
  t.notOk(context.events.some((event) => event.startsWith('gap:')))
})

t.test('what was sent before a process listens again may be missing, which is a gap; the values stay', async (t) => {
  const { url } = await machine(t, ({ url }, response) => {
    if (url === '/events') response.setHeader('content-type', 'text/event-stream').write('data: {"speed": 3}\n\n')
    else response.end('{"speed": 3}')
  })
  const heard = Date.parse('2026-05-01T08:00:00Z')
  for (const [path, subprotocol] of [
    ['/events', 'sse'],
    ['/news', 'longpoll']
  ] as const) {
    const described = http(url, { speed: at(`${path}#/speed`, { subprotocol }) })
    const lastGood = async () => new Map(described.items.map((item) => [item.path, BigInt(heard) * 1_000_000n]))
    const { context, session } = await open(t, described, sessionContext(t, { lastGood }))
    await until(() => lastValues(context).speed === 3)
    await session.close()
    t.match(context.events, [/^gap: events after 2026-05-01T08:00:00.000Z may be missing/], subprotocol)
    t.notOk(context.samples.some(({ quality }) => quality === 'bad'))
    const { context: first } = await open(t, described)
    await until(() => lastValues(first).speed === 3)
    t.notOk(
      first.events.some((event) => event.startsWith('gap:')),
      'of the first connection there is none'
    )
  }
})

t.test('a long poll is asked again as soon as there was news', async (t) => {
  let count = 0
  const { url } = await machine(t, (_request, response) => void response.end(`{"speed": ${++count}}`))
  const { context } = await open(
    t,
    http(url, { speed: { ...at('/news#/speed', { subprotocol: 'longpoll' }), interval: 60 } })
  )
  await until(() => count > 3 && Number(lastValues(context).speed) > 2)
})

t.test('values are written in the form of the machine, and actions are called', async (t) => {
  const bodies: string[] = []
  const { url } = await machine(t, (request, response) => {
    let body = ''
    request.on('data', (part) => {
      body += part
    })
    request.on('end', () => {
      bodies.push(`${request.method} ${request.url} ${body}`)
      if (body.includes('13')) response.writeHead(409).end()
      else response.end('{"result": 5}')
    })
  })
  const described = http(url, {
    target: { form: { href: '/axis#/speed/target' }, members: { type: 'number' }, isCommand: true },
    mode: { form: { href: '/mode', contentType: 'text/plain', htv_methodName: 'POST' }, isCommand: true }
  })
  const { session } = await open(t, described)
  const [target, mode] = described.items
  if (target === undefined || mode === undefined) throw new Error('They are described')
  await session.write?.(target, '12.5')
  await session.write?.(mode, 'auto')
  t.strictSame(bodies, ['PUT /axis {"speed":{"target":12.5}}', 'POST /mode auto'])
  await t.rejects(session.write?.(target, '13') ?? Promise.resolve(), /status 409/)
  t.strictSame(await session.call?.(mode, { a: 1 }), { result: 5 })
})

t.test('an address is checked before each connection', async (t) => {
  const { url, requests } = await machine(t, (_request, response) => void response.end('{"speed": 1}'))
  const asked: string[] = []
  const context = sessionContext(t, {
    resolve: async (host, port) => {
      asked.push(`${host}:${port}`)
      if (host === 'refused.plant') throw new Error('not allowed')
      return '127.0.0.1'
    }
  })
  const { port } = new URL(url)
  await open(
    t,
    http(`http://plc.plant:${port}`, {
      speed: at('/status#/speed'),
      other: at(`http://refused.plant:${port}/status#/speed`)
    }),
    context
  )
  await until(() => context.samples.length > 2)
  t.match(lastValues(context), { speed: 1, other: undefined })
  t.ok(asked.includes(`refused.plant:${port}`))
  t.ok(
    requests.every(({ headers }) => headers.host === `plc.plant:${port}`),
    'asked by its name'
  )
})
