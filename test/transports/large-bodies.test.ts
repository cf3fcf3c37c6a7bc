import { once } from 'node:events'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { JsonLimits } from '../../src/formats/json-limits.ts'
import { BodyBudget } from '../../src/transports/http/body-collector.ts'
import { start } from '../e2e/harness.ts'
import { ask, messages, openTransport } from './fixture.ts'

const MANY = 300_000

const shapes: readonly [what: string, text: string, rule: RegExp | undefined][] = [
  ['brackets that are not closed', '['.repeat(MANY), /256 levels/],
  ['brackets that are', '['.repeat(MANY) + ']'.repeat(MANY), /256 levels/],
  ['objects in objects', '{"a":'.repeat(MANY), /256 levels/],
  ['brackets after a quiet beginning', `[${'1,'.repeat(100_000)}${'['.repeat(300)}`, /256 levels/],
  ['members of one object', `{${'"a":1,'.repeat(MANY)}"b":1}`, /200000 members/],
  ['members of an inner object', `[{"x":{${'"a":1,'.repeat(MANY)}"b":1}}]`, /200000 members/],
  ['empty lists', `[${'[],'.repeat(2_100_000)}1]`, /2000000 values/],
  ['brackets in a text', `"${'['.repeat(MANY)}"`, undefined],
  ['quotes that are escaped', `"${'\\"['.repeat(MANY)}"`, undefined],
  ['many objects with few members', `[${'{"a":1,"b":2},'.repeat(100_000)}1]`, undefined],
  ['depth that is allowed', `${'['.repeat(256)}"${'x'.repeat(MANY)}"${']'.repeat(256)}`, undefined]
]

t.test('nesting and parts of JSON are bounded, however it is split into chunks', async (t) => {
  for (const [what, text, rule] of shapes) {
    const bytes = Buffer.from(text)
    for (const size of [bytes.length, 65_536, 7]) {
      const shape = new JsonLimits()
      const read = () => {
        for (let at = 0; at < bytes.length; at += size) shape.write(bytes.subarray(at, at + size))
      }
      if (rule === undefined) t.doesNotThrow(read, what)
      else t.match(t.throws(read, what), { violations: [{ text: rule }] }, `${what}, cut into ${size}`)
    }
  }
})

t.test('a body with too much nesting is refused before it is parsed, and others are served', async (t) => {
  const hub = await start(t)
  for (const [what, text, rule] of shapes) {
    if (rule === undefined) continue
    for (const [transport, body, headers] of [
      ['/submodels', text, { 'content-type': 'application/json' }],
      [`${hub.url}/ingest`, text, { 'content-type': 'application/json' }],
      [`${hub.url}/ingest`, text, { 'content-type': 'application/json; charset=euc-kr' }],
      [`${hub.url}/ingest`, text, { 'content-type': 'application/senml+json' }],
      [`${hub.url}/ingest`, gzipSync(text), { 'content-type': 'application/json', 'content-encoding': 'gzip' }]
    ] as const) {
      const reply = await hub.ask('POST', transport, body, headers)
      t.equal(reply.status, 400, `${what}: ${transport} ${JSON.stringify(headers)}`)
      t.match(reply.json.messages[0].text, rule, what)
    }
  }
  t.equal((await hub.get('/submodels')).status, 200)
})

t.test('large bodies share a memory budget, and small ones are not counted', async (t) => {
  const transport = await openTransport(t, {}, { bodies: new BodyBudget(250_000) })
  const body = JSON.stringify('x'.repeat(99_000))
  const half = async () => {
    const socket = connect(Number(new URL(transport.url).port), '127.0.0.1')
    const head = `POST /api/v3/submodels HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99002\r\n\r\n`
    socket.write(head + body.slice(0, 90_000))
    return socket
  }
  const post = (text: string) =>
    ask(`${transport.api}/submodels`, { method: 'POST', body: text, headers: { 'content-type': 'application/json' } })
  const sockets = [await half(), await half()]
  let refused = await post(body)
  while (refused.status !== 503) refused = await post(body)
  t.match(messages(t, refused)[0]?.text, /at once/)
  t.equal(refused.headers.get('retry-after'), '5')
  t.equal((await post('{}')).status, 204, 'a small one')
  for (const socket of sockets) {
    socket.end(body.slice(90_000))
    await once(socket, 'data')
  }
  t.equal((await post(body)).status, 204, 'when they are through there is room again')
  const [cut] = [await half()]
  cut.destroy()
  await once(cut, 'close')
  let after = await post(body)
  while (after.status === 503) after = await post(body)
  t.equal(after.status, 204, 'one that was cut gives back what it had')
})

t.test('bodies of samples share the budget with all others', async (t) => {
  const hub = await start(t, { BODY_MEMORY: '250000' })
  const { port } = new URL(hub.url)
  const body = `[${' '.repeat(99_000)}]`
  const half = () => {
    const socket = connect(Number(port), '127.0.0.1')
    socket.write(
      'POST /ingest HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 99002\r\n\r\n'
    )
    socket.write(body.slice(0, 90_000))
    return socket
  }
  const sockets = [half(), half()]
  for (const transport of ['/shells', `${hub.url}/ingest`]) {
    let refused = await hub.post(transport, body)
    while (refused.status !== 503) refused = await hub.post(transport, body)
    t.match(refused.json.messages[0].text, /at once/, transport)
  }
  for (const socket of sockets) {
    socket.destroy()
    await once(socket, 'close')
  }
  let later = await hub.post(`${hub.url}/ingest`, body)
  while (later.status === 503) later = await hub.post(`${hub.url}/ingest`, body)
  t.equal(later.status, 200, 'what was cut gives back what it had')
})

t.test('requests beyond the connection limit are answered 503', async (t) => {
  const hub = await start(t, { MAX_CONNECTIONS: '3' })
  const { port } = new URL(hub.url)
  const held = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const socket = connect(Number(port), '127.0.0.1')
      await once(socket, 'connect')
      return socket
    })
  )
  const reply = await hub.get('/shells', { connection: 'close' })
  t.equal(reply.status, 503)
  t.equal(reply.headers.get('retry-after'), '5')
  for (const socket of held) socket.destroy()
  let later = await hub.get('/shells', { connection: 'close' })
  while (later.status === 503) later = await hub.get('/shells', { connection: 'close' })
  t.equal(later.status, 200)
})
