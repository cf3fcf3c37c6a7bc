import { once } from 'node:events'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import type { ServerOptions } from '../../src/server.ts'
import { manualClock } from '../manual-clock.ts'
import { encode, type Running, start } from './harness.ts'
import { type Received, StreamClient } from './stream-client.ts'

const property = (idShort: string, valueType: string) => ({ modelType: 'Property', idShort, valueType })
const machine = {
  modelType: 'Submodel',
  id: 'urn:m',
  submodelElements: [property('Speed', 'xs:double'), property('Count', 'xs:int'), property('State', 'xs:string')]
}

async function filled(t: Test, settings = {}, options: ServerOptions = {}): Promise<Running> {
  const hub = await start(t, settings, options)
  await hub.post('/submodels', machine)
  return hub
}

async function count(hub: Running): Promise<number> {
  const { json } = await hub.get('/timeseries?submodel=urn:m&path=Speed&interval=1d&aggregate=count')
  return (json.rows ?? []).reduce((sum: number, [, n]: [string, number]) => sum + n, 0)
}

for (const protocol of ['aas-hub.v1.json', 'aas-hub.v1.cbor']) {
  t.test(`${protocol}: rows and columns are pushed, acknowledged when durable, and followed`, async (t) => {
    // Without validation results only pushes are in the log, so the cursors are known.
    const hub = await filled(t, { TEMPLATES: 'off' })
    const [gateway, reader] = [await StreamClient.open(hub, protocol), await StreamClient.open(hub, protocol)]
    t.match(await gateway.next('welcome'), { version: 1, credit: Number, epoch: String })
    reader.send({ type: 'subscribe', id: 'all', select: { kinds: ['value'] }, columns: true })
    t.match(await reader.next('subscribed'), { id: 'all', recovered: true, cursor: String })
    const samples = [
      { path: 'Speed', time: '2026-11-24T03:00:00Z', value: 1.5, quality: 'good' },
      { path: 'State', value: 'on' }
    ]
    gateway.send({ type: 'push', id: 1, submodel: 'urn:m', samples })
    const { acks, cursor } = await gateway.next('ack')
    t.strictSame(acks, [{ id: 1, accepted: 2 }])
    const first = await reader.next('event')
    t.match(first, {
      sub: 'all',
      cursor,
      events: [
        { path: 'Speed', value: 1.5, quality: 'good' },
        { path: 'State', value: 'on' }
      ]
    })
    gateway.send({
      type: 'push',
      id: 'x',
      submodel: 'urn:m',
      path: 'Speed',
      start: '2026-11-24T03:00:01Z',
      step: 100,
      values: [2, 2.5, 3]
    })
    t.match((await gateway.next('ack')).acks, [{ id: 'x', accepted: 3 }])
    t.match((await reader.next('event')).events, [
      { path: 'Speed', start: '2026-11-24T03:00:01.000Z', step: 1e8, values: [2, 2.5, 3] }
    ])
    t.equal(await count(hub), 4)
  })
}

t.test('CBOR carries columns as typed arrays, and integers beyond 2^53', async (t) => {
  const hub = await filled(t)
  const gateway = await StreamClient.open(hub, 'aas-hub.v1.cbor')
  gateway.send({
    type: 'push',
    id: 1,
    submodel: 'urn:m',
    path: 'Speed',
    unit: 'ns',
    start: 1_764_000_000_000_000_001n,
    step: 1e9,
    values: Float64Array.of(1, 2)
  })
  t.match((await gateway.next('ack', 'refused')).acks, [{ accepted: 2 }])
  t.match((await hub.get('/timeseries?submodel=urn:m&path=Speed')).json.rows[0], ['2025-11-24T16:00:00.000000001Z', 1])
})

t.test('integers beyond 2^53 are sent as text, even if a double has the same shortest text', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', { ...machine, submodelElements: [property('Long', 'xs:long')] })
  const reader = await StreamClient.open(hub, 'aas-hub.v1.cbor')
  for (const columns of [false, true]) {
    reader.send({ type: 'subscribe', id: columns ? 'columns' : 'rows', select: { kinds: ['value'] }, columns })
    await reader.next('subscribed')
  }
  const samples = [0, 1].map((time) => ({ path: 'Long', time, value: '-697154448632442400' }))
  await hub.post('/ingest', { submodel: 'urn:m', samples })
  const values: Record<string, unknown[]> = {}
  for (const _ of ['rows', 'columns']) {
    const { sub, events } = await reader.next('event')
    values[sub] = events.flatMap((event: Received) => event.values ?? [event.value])
  }
  const all = ['-697154448632442400', '-697154448632442400']
  t.strictSame(values, { rows: all, columns: all })
})

t.test('an invalid sample is refused by name and index: with its batch, or alone', async (t) => {
  const hub = await filled(t)
  const gateway = await StreamClient.open(hub)
  const push = {
    type: 'push',
    submodel: 'urn:m',
    samples: [{ path: 'Count', value: 1 }, { path: 'Count', value: 1.5 }, { value: 1 }, 7]
  }
  gateway.send({ ...push, id: 1 })
  const refused = await gateway.next('refused')
  t.match(refused, { id: 1, code: 'Invalid', status: 400 })
  t.strictSame(refused.violations.map(({ pointer }: Received) => pointer).sort(), ['/1', '/2', '/3'])
  gateway.send({ ...push, id: 2, each: true })
  const { acks } = await gateway.next('ack')
  t.match(acks, [{ id: 2, accepted: 1 }])
  t.equal(acks[0].refused.length, 3)
})

t.test('a push that is repeated with its key counts once', async (t) => {
  const hub = await filled(t)
  const gateway = await StreamClient.open(hub)
  for (const id of [1, 2]) {
    gateway.send({ type: 'push', id, key: 'g/1', submodel: 'urn:m', path: 'Speed', value: 1 })
    t.match((await gateway.next('ack')).acks, [id === 1 ? { id, accepted: 1 } : { id, accepted: 1, repeated: true }])
  }
  t.equal(await count(hub), 1)
})

t.test('a client that returns with the last cursor misses nothing and gets nothing twice', async (t) => {
  const hub = await filled(t)
  const gateway = await StreamClient.open(hub)
  const values: number[] = []
  let since: string | undefined
  for (let round = 0; round < 5; round++) {
    const reader = await StreamClient.open(hub)
    reader.send({ type: 'subscribe', id: 1, select: { paths: ['Speed'] }, ...(since !== undefined && { since }) })
    const subscribed = await reader.next('subscribed')
    t.equal(subscribed.recovered, true)
    since ??= subscribed.cursor
    for (let i = 0; i < 20; i++) {
      gateway.send({
        type: 'push',
        id: i,
        submodel: 'urn:m',
        path: 'Speed',
        time: round * 20 + i,
        value: round * 20 + i
      })
    }
    // It goes in the middle of what happens, and after what it has seen.
    while (values.length < round * 20 + 7) {
      const { events, cursor } = await reader.next('event')
      values.push(...events.map(({ value }: Received) => value))
      since = cursor
    }
    reader.socket.terminate()
  }
  const last = await StreamClient.open(hub)
  last.send({ type: 'subscribe', id: 1, select: { paths: ['Speed'] }, since })
  while (values.length < 100) values.push(...(await last.next('event')).events.map(({ value }: Received) => value))
  t.strictSame(
    values,
    Array.from({ length: 100 }, (_, i) => i)
  )
})

t.test('subscriptions of one connection are distinguished by id, refused, and ended', async (t) => {
  const hub = await filled(t)
  const client = await StreamClient.open(hub)
  client.send({ type: 'subscribe', id: 'a', select: { paths: ['Count'] } })
  client.send({ type: 'subscribe', id: 'b', select: { kinds: ['deleted'] } })
  client.send({ type: 'subscribe', id: 'a' })
  t.match(await client.next('refused'), { id: 'a', code: 'Conflict' })
  client.send({ type: 'subscribe', id: 'c', select: { kinds: ['gossip'] } })
  t.match(await client.next('refused'), { id: 'c', code: 'BadRequest', text: /kinds/ })
  client.send({ type: 'subscribe' })
  t.match(await client.next('refused'), { code: 'BadRequest', text: /"id"/ })
  client.send({ type: 'unsubscribe', id: 'a' })
  t.match(await client.next('closed'), { id: 'a', reason: 'unsubscribed' })
  client.send({ type: 'unsubscribe', id: 'a' })
  t.match(await client.next('refused'), { id: 'a', code: 'NotFound' })
  await hub.remove(`/submodels/${encode('urn:m')}`)
  t.match(await client.next('event'), { sub: 'b', events: [{ kind: 'deleted', id: 'urn:m' }] })
})

t.test('an invalid message is answered with an error, and the connection stays open', async (t) => {
  const hub = await filled(t)
  const client = await StreamClient.open(hub)
  for (const [frame, text] of [
    ['{"type":', /no message of aas-hub.v1.json/],
    [Buffer.of(1, 2, 3), /text frames were expected/],
    ['null', /"type" is one of push/],
    ['{"type":"shout","id":9}', /"type" is one of push/],
    ['[]', /"type" is one of push/]
  ] as const) {
    client.socket.send(frame)
    t.match(await client.next('error'), { text })
  }
  client.send({ type: 'ping', id: 3 })
  t.strictSame(await client.next('pong'), { type: 'pong', id: 3 })
  client.send({ type: 'token', id: 4, token: 'secret' })
  t.match(await client.next('accepted'), { id: 4 })
})

t.test(
  'frames that are too large or broken end the connection with the code for it, and no other connection',
  async (t) => {
    const hub = await filled(t, { BODY_LIMIT: '64KiB' })
    const client = await StreamClient.open(hub)
    client.socket.send('x'.repeat(70_000))
    const [code] = await once(client.socket, 'close')
    t.equal(code, 1009)
    const { port } = new URL(hub.url)
    const raw = connect(Number(port), '127.0.0.1')
    raw.write(
      'GET /stream HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
    )
    await once(raw, 'data')
    // Not masked, as frames of a client must be; with reserved bits set.
    raw.write(Buffer.of(0xf1, 0x05, 1, 2, 3, 4, 5))
    await once(raw, 'close')
    const other = await StreamClient.open(hub)
    other.send({ type: 'push', id: 1, submodel: 'urn:m', path: 'Speed', value: 1 })
    t.match((await other.next('ack')).acks, [{ accepted: 1 }])
  }
)

t.test('a half-open connection is closed', async (t) => {
  const clock = manualClock()
  const hub = await filled(t, { STREAM_HEARTBEAT: '200ms' }, { clock })
  const silent = await StreamClient.open(hub)
  // It takes nothing more from the network, and so gives no sign of life.
  silent.socket.pause()
  const lively = await StreamClient.open(hub)
  const raw = (silent.socket as unknown as { _socket: { once(event: string, listener: () => void): void } })._socket
  const ended = new Promise<void>((resolve) => raw.once('close', resolve))
  await clock.advance(200)
  // What it sends is a sign of life, as the answer to a ping is.
  lively.send({ type: 'ping' })
  await lively.next('pong')
  await clock.advance(200)
  silent.socket.resume()
  await ended
  t.equal(lively.socket.readyState, WebSocket.OPEN)
})

t.test('a gateway that sends faster than the disk writes is slowed down and loses nothing', async (t) => {
  const hub = await filled(t)
  const gateway = await StreamClient.open(hub)
  const frames = 600
  const values = Array.from({ length: 1000 }, (_, i) => i / 100)
  for (let i = 0; i < frames; i++)
    gateway.send({ type: 'push', id: i, submodel: 'urn:m', path: 'Speed', start: i * 1000, step: 1, values })
  const acked = new Set<number>()
  while (acked.size < frames) for (const { id } of (await gateway.next('ack')).acks) acked.add(id)
  t.equal(await count(hub), frames * 1000)
})

t.test('other paths have no WebSocket, and pages of other sites get none', async (t) => {
  const hub = await filled(t)
  const refused = (path: string, options: object = {}, protocols: string[] = []) =>
    new Promise<number | undefined>((resolve) => {
      const socket = new WebSocket(hub.url.replace('http', 'ws') + path, protocols, options)
      socket.on('unexpected-response', (_, response) => resolve(response.statusCode))
      socket.on('open', () => resolve(undefined))
      socket.on('error', () => {})
    })
  t.equal(await refused('/shells'), 404)
  t.equal(await refused('/api/v3/shells'), 200, 'which answers as if nothing had been offered')
  t.equal(await refused('/stream', { origin: 'https://evil.example' }), 403)
  t.equal(await refused('/stream', { origin: hub.url }), undefined)
  t.equal(await refused('/stream', {}, ['mqtt']), 400)
  t.equal(await refused('/api/v3/stream'), undefined)
})

t.test('a stopping hub acknowledges pushes in progress and says that it stops', async (t) => {
  const hub = await filled(t)
  const client = await StreamClient.open(hub)
  client.send({ type: 'subscribe', id: 1 })
  await client.next('subscribed')
  client.send({ type: 'push', id: 1, submodel: 'urn:m', path: 'Speed', value: 1 })
  // Messages are read in their order.
  client.send({ type: 'ping' })
  const first = await client.next('ack', 'pong')
  const closed = once(client.socket, 'close')
  await hub.stop()
  const [code] = await closed
  t.equal(code, 1001)
  t.ok([first, ...client.received].some(({ type }) => type === 'ack'))
  t.ok(client.received.some(({ type }) => type === 'stopping' || type === 'closed'))
})
