import { once } from 'node:events'
import t, { type Test } from 'tap'
import { listen } from './event-source.ts'
import { encode, type Reply, type Running, start } from './harness.ts'

const ID = 'urn:example:line-1'

t.test('the feed is read page by page, each event once, and resumes where it ended', async (t) => {
  const hub = await filled(t)
  const seen: { id: string; type: string; subject: string }[] = []
  let query = '?limit=2'
  let pages = 0
  for (; pages < 10; pages++) {
    const { status, json } = await hub.get(`/events${query}`)
    t.equal(status, 200)
    t.ok(json.records.length <= 2)
    seen.push(...json.records)
    query = `?limit=2&cursor=${json.next}`
    if (json.cursor === undefined) break
  }
  t.strictSame(
    seen.map(({ type, subject }) => [type, subject]),
    [
      ['io.admin-shell.submodel.created.v1', ID],
      ['io.admin-shell.submodel.updated.v1', ID],
      ['io.admin-shell.submodel.updated.v1', ID],
      ['io.admin-shell.submodel.created.v1', 'urn:example:line-2']
    ]
  )
  t.equal(pages, 1, 'a second page, and no cursor to a third')
  t.equal(new Set(seen.map(({ id }) => id)).size, seen.length)
  // The id of the last event that was read is a place to go on from as well.
  const { json } = await hub.get(`/events?lastEventId=${seen[1]?.id}`)
  t.strictSame(
    json.records.map(({ id }: { id: string }) => id),
    seen.slice(2).map(({ id }) => id)
  )
  await hub.patch(`${element(ID, 'Speed')}/$value`, 7)
  const late = await hub.get(`/events${query}&envelope=plain`)
  t.match(late.json.records, [{ kind: 'value', submodel: ID, path: 'Speed', value: 7 }])
})

t.test('events are CloudEvents, plain, or of the Event Feed, compact or full', async (t) => {
  const hub = await filled(t)
  const cloud = await hub.get('/events?envelope=cloudevents')
  t.match(cloud.json.records[0], {
    specversion: '1.0',
    type: 'io.admin-shell.events.v1.created',
    source: `${hub.api}/submodels/${encode(ID)}`,
    dataschema: /schemas\/Submodel$/
  })
  t.match(cloud.json.records[1], {
    type: 'io.admin-shell.events.v1.valueChanged',
    source: `${hub.api}${element(ID, 'Speed')}`,
    dataschema: /schemas\/Property$/,
    datacontenttype: 'application/json',
    data: 5
  })
  const whole = await hub.get('/events?envelope=cloudevents&content=full')
  t.match(whole.json.records[0].data, { modelType: 'Submodel', id: ID })
  t.match(whole.json.records[1].data, { modelType: 'Property', idShort: 'Speed', value: '6' })
  const feed = await hub.get('/events')
  t.match(feed.json.records[0].data, { modelType: 'Submodel', id: ID })
  const compact = await hub.get('/events?presentation=COMPACT')
  t.strictSame(compact.json.records[1].data, { id: ID, paths: ['Speed'] })
})

t.test('a created or deleted element is an event for both structure and created or deleted', async (t) => {
  const hub = await filled(t)
  const elements = `/submodels/${encode(ID)}/submodel-elements`
  const begin = await endOf(hub)
  await hub.post(elements, { modelType: 'Property', idShort: 'Torque', valueType: 'xs:double' })
  await hub.remove(`${elements}/Torque`)
  const events = async (query: string) => (await hub.get(`/events?cursor=${begin}&${query}`)).json.records
  for (const kinds of ['kind=structure', 'kind=created&kind=deleted']) {
    t.match(await events(`envelope=plain&${kinds}`), [
      { kind: 'structure', change: 'updated', id: ID, touched: ['Torque'], became: 'created' },
      { kind: 'structure', change: 'updated', id: ID, touched: ['Torque'], became: 'deleted' }
    ])
  }
  t.match(await events('envelope=plain&kind=created'), { length: 1 })
  const source = `${hub.api}${element(ID, 'Torque')}`
  t.match(await events('envelope=cloudevents'), [
    { type: 'io.admin-shell.events.v1.created', source },
    { type: 'io.admin-shell.events.v1.deleted', source }
  ])
  t.match(await events('kind=structure'), [{ type: 'io.admin-shell.submodel.updated.v1', subject: ID }, {}])
})

t.test('query parameters select from the feed, with ids plain or in base64url', async (t) => {
  const hub = await filled(t)
  const kinds = async (query: string) => {
    const { json } = await hub.get(`/events?envelope=plain&${query}`)
    return json.records.map(({ kind }: { kind: string }) => kind)
  }
  t.strictSame(await kinds(`submodel=${encodeURIComponent(ID)}`), ['created', 'value', 'value'])
  t.strictSame(await kinds(`submodel=${encode('urn:example:line-2')}`), ['created'])
  t.strictSame(await kinds('kind=value&path=*'), ['value', 'value'])
  t.strictSame(await kinds('kind=created&kind=deleted'), ['created', 'created'])
  t.strictSame(await kinds('path=Other'), ['created', 'created'])
  t.strictSame(await kinds('shell=urn:example:none'), [])
})

t.test('a poll waits for the first event', async (t) => {
  const hub = await filled(t)
  const end = await endOf(hub)
  const begun = performance.now()
  const waiting = await waitingPoll(hub, `/events?envelope=plain&wait=60&cursor=${end}`)
  await hub.patch(`${element(ID, 'Speed')}/$value`, 8)
  t.match((await waiting.reply).json.records, [{ value: 8 }])
  t.ok(performance.now() - begun < 30_000)
})

t.test('an invalid query is refused with a Result of the standard', async (t) => {
  const hub = await filled(t)
  const wrong = ['limit=0', 'kind=odd', 'path=a..b', 'cursor=xyz', 'since=yesterday', 'wait=61', 'filter=rsql:a==b']
  for (const query of [...wrong, 'content=some', 'envelope=x', 'since=2026-01-01T00:00:00Z&cursor=eA', 'interval=-1']) {
    const { status, json } = await hub.get(`/events?${query}`)
    t.equal(status, 400, query)
    t.match(json.messages, [{ messageType: 'Error', code: 'BadRequest' }], query)
  }
  const streamed = await hub.get('/events?kind=odd', { accept: 'text/event-stream' })
  t.match(streamed, { status: 400, json: { messages: [{ code: 'BadRequest' }] } })
})

t.test('a cursor of other data is reported as lost', async (t) => {
  const hub = await filled(t)
  const other = Buffer.from('another.3').toString('base64url')
  t.match((await hub.get(`/events?cursor=${other}`)).json, { recovered: false, records: [] })
  const stream = await listen(t, hub, `?since=${other}`)
  t.match(await stream.next(), { event: 'subscribed', data: { recovered: false } })
})

t.test('the capabilities of the feed are at the path of the proposal', async (t) => {
  const hub = await filled(t)
  for (const root of [hub.url, hub.api]) {
    const { status, json } = await hub.get(`${root}/.well-known/event-feed.json`)
    t.equal(status, 200)
    t.match(json, { apiVersion: '1.0', maxPageSize: 1000, maxAge: 'PT604800S' })
    t.ok(json.eventTypes['io.admin-shell.submodel.created.v1'].supportsCompact)
  }
})

t.test('events are streamed as they happen, and a client that reconnects misses none', async (t) => {
  const hub = await filled(t)
  const first = await listen(t, hub, '?kind=value')
  t.match(await first.next(), { event: 'subscribed', data: { recovered: true } })
  await hub.patch(`${element(ID, 'Speed')}/$value`, 10)
  const received = await first.next()
  t.match(received, { data: { kind: 'value', submodel: ID, path: 'Speed', value: 10 } })
  first.stop()
  await hub.patch(`${element(ID, 'Speed')}/$value`, 11)
  await hub.patch(`${element(ID, 'Speed')}/$value`, 12)
  const second = await listen(t, hub, '?kind=value', { 'last-event-id': received.id ?? '' })
  t.match(await second.next(), { event: 'subscribed', data: { recovered: true } })
  t.match(await second.next(), { data: { value: 11 } })
  t.match(await second.next(), { data: { value: 12 } })
})

t.test('a stream begins with a snapshot on request', async (t) => {
  const hub = await filled(t)
  const stream = await listen(t, hub, `?snapshot=true&kind=value&submodel=${encode(ID)}`)
  const opened = await stream.next()
  t.strictSame([opened.event, opened.id], ['subscribed', undefined])
  t.match(await stream.next(), { id: undefined, data: { path: 'Speed', value: 6, snapshot: true } })
  const end = await stream.next()
  t.match(end, { event: 'snapshot', data: { complete: true } })
  await hub.patch(`${element(ID, 'Speed')}/$value`, 13)
  t.match(await stream.next(), { data: { value: 13 } })
})

t.test('a hub that stops ends its streams, and does not wait for their readers', async (t) => {
  const hub = await filled(t)
  const stream = await listen(t, hub, '')
  const { data } = await stream.next()
  const poll = await waitingPoll(hub, `/events?wait=60&cursor=${(data as { cursor: string }).cursor}`)
  const begun = performance.now()
  await hub.stop()
  t.match(await stream.next(), { event: 'closed', data: { reason: 'stopping' } })
  t.equal((await poll.reply).status, 200)
  t.ok(performance.now() - begun < 30_000, `${performance.now() - begun} ms`)
})

/** The cursor behind all events; a slow store gives them on several pages. */
async function endOf(hub: Running): Promise<string> {
  let { json } = await hub.get('/events')
  while (json.cursor !== undefined) json = (await hub.get(`/events?cursor=${json.next}`)).json
  return json.next
}

/** A poll for which nothing is there yet: it waits, as a later one that need not wait has been answered. */
async function waitingPoll(hub: Running, path: string): Promise<{ readonly reply: Promise<Reply> }> {
  const received = once(hub.server.app.server, 'request')
  const reply = hub.get(path)
  await received
  await hub.get('/events?limit=1')
  const first = await Promise.race([reply, Promise.resolve('waiting')])
  if (first !== 'waiting') throw new Error('It was answered at once')
  return { reply }
}

/** A hub with two submodels, the value of one written twice. */
async function filled(t: Test): Promise<Running> {
  // Validation results would be sent in between.
  const hub = await start(t, { TEMPLATES: 'off' })
  const speed = { modelType: 'Property', idShort: 'Speed', valueType: 'xs:double' }
  t.equal((await hub.post('/submodels', { modelType: 'Submodel', id: ID, submodelElements: [speed] })).status, 201)
  for (const value of [5, 6]) t.equal((await hub.patch(`${element(ID, 'Speed')}/$value`, value)).status, 204)
  t.equal((await hub.post('/submodels', { modelType: 'Submodel', id: 'urn:example:line-2' })).status, 201)
  return hub
}

function element(submodel: string, path: string): string {
  return `/submodels/${encode(submodel)}/submodel-elements/${path}`
}
