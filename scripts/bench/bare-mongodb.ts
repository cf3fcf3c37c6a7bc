/**
 * Baselines over a database: Fastify and ws with the bare driver, one durable write per commit before the response, like
 * the hub. Runs as a child process with settings as its second argument.
 */
import fastify from 'fastify'
import { MongoClient } from 'mongodb'
import { WebSocketServer } from 'ws'

const client = new MongoClient(JSON.parse(process.argv[3] ?? '{}').MONGODB_URL, {
  maxPoolSize: 20,
  writeConcern: { w: 'majority', journal: true }
})
const rows = client.db().collection<{ _id: string; [member: string]: unknown }>('bare')
const app = fastify()

await rows.insertOne({ _id: 'one', json: Buffer.from(JSON.stringify({ value: '21.5' })) })

app.get('/row/:id', async ({ params }, reply) => {
  const row = await rows.findOne({ _id: (params as { id: string }).id }, { promoteBuffers: true })
  return reply.type('application/json; charset=utf-8').send(row?.json)
})

app.put<{ Params: { id: string }; Body: object }>('/row/:id', async ({ params: { id }, body }, reply) => {
  await rows.replaceOne({ _id: id }, { json: Buffer.from(JSON.stringify(body)) }, { upsert: true })
  return reply.code(204).send()
})

app.patch('/row/:id', async ({ params, body }, reply) => {
  await rows.updateOne({ _id: (params as { id: string }).id }, { $set: { value: body } })
  return reply.code(204).send()
})

app.post<{ Body: { id: string } }>('/insert', async ({ body }, reply) => {
  await rows.insertOne({ _id: body.id, json: JSON.stringify(body) })
  return reply.code(201).send(body)
})

// A push is stored unchanged, and echoed when it is durable.
const server = new WebSocketServer({ noServer: true, perMessageDeflate: false })
let count = 0
server.on('connection', (socket) => {
  socket.on('message', async (data) => {
    const text = String(data)
    await rows.insertOne({ _id: `push${count++}`, push: JSON.parse(text) })
    socket.send(text)
  })
})
app.server.on('upgrade', (request, socket, head) => {
  server.handleUpgrade(request, socket, head, (webSocket) => server.emit('connection', webSocket, request))
})

process.send?.({ url: await app.listen({ host: '127.0.0.1', port: 0 }) })
