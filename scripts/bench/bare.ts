/**
 * The baselines: what the same Fastify does with nothing of the hub in between. Runs as a child process with the folder
 * to work in as its argument, and tells its parent where it listens.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fastify from 'fastify'

const directory = process.argv[2] ?? '.'
const app = fastify()

const bytes = readFileSync(join(directory, 'submodel.json'))
app.get('/bytes', async (_, reply) => reply.type('application/json; charset=utf-8').send(bytes))

app.get('/small', async () => ({ value: '21.5' }))

app.patch('/nothing', async (_, reply) => reply.code(204).send())

// Durable before it answers, as the hub is: WAL and synchronous=FULL. One commit a request, no grouping.
const database = new DatabaseSync(join(directory, 'bare.sqlite'))
database.exec(
  'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE document (id TEXT PRIMARY KEY, json TEXT)'
)
const insert = database.prepare('INSERT INTO document (id, json) VALUES (?, ?)')
app.post<{ Body: { id: string } }>('/insert', async ({ body }, reply) => {
  insert.run(body.id, JSON.stringify(body))
  return reply.code(201).send(body)
})

// The same, with what arrives meanwhile in one commit: stricter than the figure asks for, printed beside it.
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

process.send?.({ url: await app.listen({ host: '127.0.0.1', port: 0 }) })
