/**
 * Baselines: Fastify without the hub's code. Runs as a child process with its working folder as argument, and reports its
 * address to the parent.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fastify from 'fastify'
import { type WebSocket, WebSocketServer } from 'ws'

const directory = process.argv[2] ?? '.'
const app = fastify()

const file = join(directory, 'submodel.json')
const bytes = existsSync(file) ? readFileSync(file) : Buffer.from('{}')
app.get('/bytes', async (_, reply) => reply.type('application/json; charset=utf-8').send(bytes))

app.get('/small', async () => ({ value: '21.5' }))

app.patch('/nothing', async (_, reply) => reply.code(204).send())

// Durable before the response, like the hub: WAL and synchronous=FULL. One commit per request, no group commit.
const database = new DatabaseSync(join(directory, 'bare.sqlite'))
database.exec(
  'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE document (id TEXT PRIMARY KEY, json TEXT)'
)
const insert = database.prepare('INSERT INTO document (id, json) VALUES (?, ?)')
app.post<{ Body: { id: string } }>('/insert', async ({ body }, reply) => {
  insert.run(body.id, JSON.stringify(body))
  return reply.code(201).send(body)
})

// The same with group commit: a stricter baseline than required, printed in addition.
let waiting: { id: string; json: string; done: () => void }[] = []
app.post<{ Body: { id: string } }>('/insert-grouped', async ({ body }, reply) => {
  await new Promise<void>((done) => {
    if (waiting.push({ id: body.id, json: JSON.stringify(body), done }) === 1) setImmediate(commit)
  })
  return reply.code(201).send(body)
})

function commit(): void {
  const group = waiting
  waiting = []
  database.exec('BEGIN')
  for (const { id, json } of group) insert.run(id, json)
  database.exec('COMMIT')
  for (const { done } of group) done()
}

// One WebSocket that echoes, and one that broadcasts to all others in the form of the hub's events.
const echo = new WebSocketServer({ noServer: true, perMessageDeflate: false })
echo.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })))
const fan = new WebSocketServer({ noServer: true, perMessageDeflate: false })
const event = JSON.stringify({
  type: 'event',
  sub: 1,
  cursor: 'NmYxZDBjM2E5YjVlN2Q0Mi4xMjM0NTY',
  events: [
    {
      kind: 'value',
      submodel: 'https://bench.example/raw',
      path: 'Value0',
      start: '2025-12-06T05:46:40.000Z',
      step: 1000000,
      values: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
      time: '2026-11-24T03:00:00.000Z'
    }
  ]
})
fan.on('connection', (socket) => {
  socket.on('message', () => {
    const bytes = Buffer.from(event)
    for (const other of fan.clients as Set<WebSocket>) if (other !== socket) other.send(bytes, { binary: false })
  })
})
app.server.on('upgrade', (request, socket, head) => {
  const server = request.url === '/echo' ? echo : fan
  server.handleUpgrade(request, socket, head, (webSocket) => server.emit('connection', webSocket, request))
})

process.send?.({ url: await app.listen({ host: '127.0.0.1', port: 0 }) })
