/** Streams and pages of events as a caller may see them, and as long as its credentials are valid. */
import { once } from 'node:events'
import t from 'tap'
import { WebSocket } from 'ws'
import { type ManualClock, manualClock } from '../manual-clock.ts'
import { claim, eq, rule, str } from '../security/fixture.ts'
import { inTime, until } from '../until.ts'
import { encode, type Running } from './harness.ts'
import { bearer, type SecuredHub, secured } from './secured-hub.ts'
import { type Received, StreamClient } from './stream-client.ts'

const property = (idShort: string, value: string) => ({ modelType: 'Property', idShort, valueType: 'xs:string', value })
const machine = {
  modelType: 'Submodel',
  id: 'urn:m',
  submodelElements: [property('Speed', '0'), property('Secret', 'canary')]
}

const fill = async (hub: Running) => void (await hub.post('/submodels', machine))

const role = (name: string, path: string, rights = ['READ']) =>
  rule({ objects: [{ REFERABLE: `$sme("urn:m").${path}` }], rights, formula: eq(claim('role'), str(name)) })
const rules = [role('reader', 'Speed'), role('other', 'Secret'), role('gateway', 'Speed', ['UPDATE'])]

async function write({ ask }: SecuredHub, value: string): Promise<void> {
  for (const [path, text] of [
    ['Secret', `canary ${value}`],
    ['Speed', value]
  ]) {
    const url = `/api/v3/submodels/${encode('urn:m')}/submodel-elements/${path}/$value`
    const { status } = await ask('PATCH', url, JSON.stringify(text))
    if (status !== 204) throw new Error(String(status))
  }
}

const subscribe = { type: 'subscribe', id: 's', content: 'full' }

/** Values until one comes. */
async function valuesUntil(client: StreamClient, last: string): Promise<unknown[]> {
  const values: unknown[] = []
  while (values.at(-1) !== last) values.push(...(await client.next('event')).events.map(({ value }: Received) => value))
  return values
}

for (const protocol of ['aas-hub.v1.json', 'aas-hub.v1.cbor']) {
  t.test(`${protocol}: a subscriber gets what its key may read, however it shows it`, async (t) => {
    const secure = await secured(t, rules, fill)
    const { hub } = secure
    const { key } = await secure.key({ role: 'reader' })
    const byHeader = await StreamClient.open(hub, protocol, bearer(key))
    const byProtocol = await StreamClient.open(hub, [protocol, `bearer.${key}`])
    const byMessage = await StreamClient.open(hub, protocol)
    const clients = [byHeader, byProtocol, byMessage]
    t.equal(byProtocol.socket.protocol, protocol, 'the token is not repeated')
    t.match(await byMessage.next('welcome'), { mustAuthenticate: true })
    byMessage.send({ ...subscribe, id: 'early' })
    t.match(await byMessage.next('refused'), { id: 'early', code: 'Unauthorized', status: 401 })
    byMessage.send({ type: 'token', id: 1, token: key })
    // Without waiting for the answer.
    for (const client of clients) client.send({ ...subscribe, snapshot: true })
    t.match(await byMessage.next('accepted'), { id: 1 })
    for (const client of clients) t.match(await client.next('subscribed'), { id: 's' })
    for (let value = 1; value <= 5; value++) await write(secure, String(value))
    for (const client of clients) {
      t.strictSame(
        (await valuesUntil(client, '5')).filter((value) => value !== undefined && value !== '0'),
        ['1', '2', '3', '4', '5']
      )
      t.notMatch(client.text, /canary|Secret/)
      client.socket.close()
    }
  })
}

/** The status with which a handshake is refused. */
async function refusal(hub: Running, protocols: string[], headers: Record<string, string> = {}): Promise<number> {
  const socket = new WebSocket(`${hub.url.replace('http', 'ws')}/stream`, protocols, { headers })
  socket.on('error', () => {})
  const [, response] = await inTime(once(socket, 'unexpected-response'), 'the refusal')
  response.resume()
  return response.statusCode
}

t.test('a handshake with a wrong token, or without any right, is refused', async (t) => {
  const secure = await secured(t, rules, fill)
  t.equal(await refusal(secure.hub, [], bearer('aas_wrong')), 401)
  t.equal(await refusal(secure.hub, ['aas-hub.v1.json', 'bearer.wrong']), 401)
  const { key } = await secure.key({ role: 'stranger' })
  t.equal(await refusal(secure.hub, [], bearer(key)), 403)
})

t.test('a connection that shows nothing, or wrong tokens, is closed with 4401', async (t) => {
  const clock: ManualClock = manualClock()
  const { hub } = await secured(t, rules, fill, { clock })
  const [silent, wrong, large] = [
    await StreamClient.open(hub),
    await StreamClient.open(hub),
    await StreamClient.open(hub)
  ]
  for (let at = 0; at < 5; at++) {
    wrong.send({ type: 'token', id: at, token: `wrong ${at}` })
    t.match(await wrong.next('refused'), { id: at, code: 'Unauthorized' })
  }
  t.strictSame(await inTime(wrong.closed, 'the close'), [4401, 'too many tokens were refused'])
  large.send({ type: 'push', id: 1, submodel: 'x'.repeat(50_000) })
  t.strictSame(await inTime(large.closed, 'the close'), [4401, 'credentials are missing'])
  silent.send({ type: 'ping', id: 1 })
  await silent.next('pong')
  await clock.advance(10_000)
  t.strictSame(await inTime(silent.closed, 'the close'), [4401, 'credentials are missing'])
})

t.test('a connection ends when its credentials do, unless they are renewed; subscriptions go on', async (t) => {
  const clock: ManualClock = manualClock()
  const secure = await secured(t, rules, fill, { clock })
  const { hub } = secure
  const at = (ms: number) => new Date(clock.milliseconds() + ms).toISOString()
  const { key: first } = await secure.key({ role: 'reader' }, at(60_000))
  const { key: second } = await secure.key({ role: 'other' }, at(120_000))
  const renewing = await StreamClient.open(hub, [], bearer(first))
  const ending = await StreamClient.open(hub, [], bearer(first))
  const events = await fetch(`${hub.api}/events`, { headers: { accept: 'text/event-stream', ...bearer(first) } })
  const waiting = fetch(`${hub.api}/events?wait=25&limit=1&since=${at(0)}`, { headers: bearer(first) })
  for (const client of [renewing, ending]) {
    client.send({ type: 'subscribe', id: 's' })
    await client.next('subscribed')
  }
  await write(secure, '1')
  t.strictSame(await valuesUntil(renewing, '1'), ['1'])
  renewing.send({ type: 'token', id: 'bad', token: 'wrong' })
  t.match(await renewing.next('refused'), { id: 'bad', code: 'Unauthorized' })
  const expires = at(120_000)
  renewing.send({ type: 'token', id: 'renewed', token: second })
  t.match(await renewing.next('accepted'), { id: 'renewed', expires })
  await write(secure, '2')
  for (let turn = 0; turn < 10; turn++) await clock.advance(20)
  t.strictSame(await valuesUntil(renewing, 'canary 2'), ['canary 2'])
  await clock.advance(60_000)
  t.strictSame(await inTime(ending.closed, 'the close'), [4401, 'the credentials have expired'])
  t.match(
    await inTime(events.text(), 'the end of the stream'),
    /event: closed\n(id: .*\n)?data: \{"reason":"unauthorized"/
  )
  t.equal((await inTime(waiting, 'the page')).status, 200)
  t.equal((await hub.get(`${hub.api}/events`, bearer(first))).status, 401)
  renewing.send({ type: 'ping', id: 1 })
  await renewing.next('pong')
  await clock.advance(60_000)
  t.strictSame(await inTime(renewing.closed, 'the close'), [4401, 'the credentials have expired'])
})

t.test('a key that is revoked ends its connections at once', async (t) => {
  const secure = await secured(t, rules, fill)
  const { key, id } = await secure.key({ role: 'reader' })
  const { key: other } = await secure.key({ role: 'reader' })
  const [revoked, spared] = [
    await StreamClient.open(secure.hub, [], bearer(key)),
    await StreamClient.open(secure.hub, [], bearer(other))
  ]
  const events = await fetch(`${secure.hub.api}/events`, { headers: { accept: 'text/event-stream', ...bearer(key) } })
  t.equal((await secure.ask('DELETE', `/security/keys?id=${id}`)).status, 204)
  t.match(await inTime(revoked.closed, 'the close'), [4401, /not valid/])
  t.match(await inTime(events.text(), 'the end of the stream'), /event: closed/)
  spared.send({ type: 'ping', id: 1 })
  await spared.next('pong')
  spared.socket.close()
})

t.test('a hub that gets its first key asks open connections for a token', async (t) => {
  const open: StreamClient[] = []
  const secure = await secured(t, rules, async (hub) => {
    await fill(hub)
    const client = await StreamClient.open(hub)
    client.send({ type: 'subscribe', id: 's' })
    await client.next('subscribed')
    open.push(client)
  })
  const [client] = open as [StreamClient]
  t.match(await client.next('closed'), { id: 's', reason: 'forbidden' })
  client.send({ type: 'subscribe', id: 's' })
  t.match(await client.next('refused'), { code: 'Unauthorized' })
  client.send({ type: 'token', id: 1, token: (await secure.key({ role: 'reader' })).key })
  await client.next('accepted')
  client.send({ type: 'subscribe', id: 's' })
  await client.next('subscribed')
  await write(secure, '1')
  t.strictSame(await valuesUntil(client, '1'), ['1'])
  client.socket.close()
})

t.test('rules that are replaced decide on the next message of every open stream', async (t) => {
  const secure = await secured(t, rules, fill)
  const { key } = await secure.key({ role: 'reader' })
  const client = await StreamClient.open(secure.hub, [], bearer(key))
  client.send({ type: 'subscribe', id: 's', select: { kinds: ['value'] } })
  await client.next('subscribed')
  await write(secure, '1')
  t.strictSame(await valuesUntil(client, '1'), ['1'])
  await secure.apply(role('reader', 'Secret'))
  await write(secure, '2')
  t.strictSame(await valuesUntil(client, 'canary 2'), ['canary 2'])
  await secure.apply(role('reader', 'Speed'))
  await write(secure, '3')
  t.notOk((await valuesUntil(client, '3')).includes('canary 3'))
  await secure.apply()
  t.match(await client.next('closed'), { reason: 'forbidden' })
  client.socket.close()
})

t.test('Server-Sent Events and pages hold what the caller may read, in every form', async (t) => {
  const secure = await secured(t, rules, fill)
  const { hub } = secure
  const { key } = await secure.key({ role: 'reader' })
  await write(secure, '1')
  await write(secure, '2')
  for (const query of [
    '',
    'envelope=plain',
    'envelope=cloudevents&content=full',
    'presentation=REGULAR',
    'columns=true'
  ]) {
    const { status, text } = await hub.get(
      `${hub.api}/events?since=earliest&${query}`.replace('since=earliest&', ''),
      bearer(key)
    )
    t.equal(status, 200, text)
    t.match(text, /Speed/, query)
    t.notMatch(text, /canary|Secret/, query)
  }
  const stream = await fetch(`${hub.api}/events?snapshot=true&content=full`, {
    headers: { accept: 'text/event-stream', ...bearer(key) }
  })
  let text = ''
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader()
  while (!/"value":"3"/.test(text)) {
    if (/event: snapshot/.test(text) && !/"value":"3"/.test(text)) await write(secure, '3')
    text += (await inTime(reader?.read() ?? Promise.reject(new Error('no body')), 'an event')).value
  }
  await reader?.cancel()
  t.notMatch(text, /canary|Secret/)
  t.equal((await hub.get(`${hub.api}/events`)).status, 401)
  t.equal((await hub.get(`${hub.api}/events`, bearer((await secure.key({ role: 'stranger' })).key))).status, 403)
})

t.test('a push by the stream stores what its sender may write', async (t) => {
  const secure = await secured(t, rules, fill)
  const { key } = await secure.key({ role: 'gateway' })
  const client = await StreamClient.open(secure.hub, [], bearer(key))
  client.send({ type: 'push', id: 1, submodel: 'urn:m', path: 'Speed', value: '7' })
  t.match(await client.next('ack', 'refused'), { type: 'ack', acks: [{ id: 1, accepted: 1 }] })
  client.send({ type: 'push', id: 2, submodel: 'urn:m', path: 'Secret', value: 'x' })
  const refused = await client.next('ack', 'refused')
  t.match(refused, { type: 'refused', id: 2 })
  t.notMatch(client.text, /canary/)
  client.send({ type: 'subscribe', id: 's' })
  t.match(await client.next('refused'), { id: 's', code: 'Forbidden', status: 403 })
  const { json } = await secure.ask('GET', `/api/v3/submodels/${encode('urn:m')}/$value`)
  t.strictSame(json, { Speed: '7', Secret: 'canary' })
  client.socket.close()
  await until(() => client.socket.readyState === WebSocket.CLOSED)
})

t.test(
  'the deletion of a document is sent to who could see it, also if nothing else was ever sent of it',
  async (t) => {
    const semanticId = (value: string) => ({ type: 'ExternalReference', keys: [{ type: 'GlobalReference', value }] })
    const open = rule({
      objects: [{ IDENTIFIABLE: '$sm("*")' }],
      formula: { $and: [eq(claim('role'), str('reader')), eq({ $field: '$sm#semanticId' }, str('urn:open'))] }
    })
    const secure = await secured(t, [open], async (hub) => {
      for (const [id, meaning] of [
        ['urn:seen', 'urn:open'],
        ['urn:canary', 'urn:secret'],
        ['urn:seen too', 'urn:open']
      ] as const) {
        const { status } = await hub.post('/submodels', { modelType: 'Submodel', id, semanticId: semanticId(meaning) })
        if (status !== 201) throw new Error(String(status))
      }
    })
    const { hub, ask } = secure
    const { key } = await secure.key({ role: 'reader' })
    const client = await StreamClient.open(hub, [], bearer(key))
    client.send(subscribe)
    await client.next('subscribed')
    for (const id of ['urn:seen', 'urn:canary', 'urn:seen too'])
      t.equal((await ask('DELETE', `/api/v3/submodels/${encode(id)}`)).status, 204)
    const deleted: string[] = []
    while (!deleted.includes('urn:seen too'))
      deleted.push(...(await client.next('event')).events.map(({ id }: Received) => String(id)))
    t.strictSame(deleted, ['urn:seen', 'urn:seen too'])
    t.notMatch(client.text, /canary/)
    client.socket.close()
  }
)
