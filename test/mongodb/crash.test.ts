import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import t, { type Test } from 'tap'
import { startFerretdb } from '../../scripts/databases/ferretdb.ts'
import { openMongo } from '../../src/store/mongodb/mongodb.ts'
import type { LogEntry, Store } from '../../src/store/store.ts'
import { withStore } from '../store/fixtures.ts'
import type { Line } from './writer.ts'
import { Writer } from './writers.ts'

const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 8)
const url = process.env.MONGODB_URL ?? ''
const timeout = 120_000 + ROUNDS * 10_000
const skip = url === '' && 'MONGODB_URL is not set; npm run test:mongodb starts a server'

t.test(
  'two processes on one database, killed in turn, lose nothing, do nothing twice and keep the order',
  { skip, timeout },
  async (t) => {
    const database = `crash_${process.pid}`
    const client = new MongoClient(url)
    const directory = await scratch(t)
    const writers = [new Writer(url, database, 'one', directory), new Writer(url, database, 'two', directory)]
    t.teardown(async () => {
      for (const writer of writers) await writer.kill()
      await client.db(database).dropDatabase()
      await client.close()
    })
    for (const writer of writers) await writer.start()
    for (let round = 0; round < ROUNDS; round++) {
      await setTimeout(300 + Math.random() * 1200)
      const writer = writers[round % 2] as Writer
      await writer.kill()
      await setTimeout(Math.random() * 300)
      await writer.start()
    }
    await setTimeout(1000)
    for (const writer of writers) await writer.kill()
    await withStore(await openMongo(url, { database }), (store) => compare(t, store, writers, ROUNDS * 30))
  }
)

t.test(
  'a database that is killed and restarted under load loses nothing, and its clients resume by themselves',
  { skip, timeout },
  async (t) => {
    const directory = await scratch(t)
    const server = await startFerretdb(join(directory, 'data'))
    const database = 'restarted'
    const writers = [
      new Writer(server.url, database, 'one', directory),
      new Writer(server.url, database, 'two', directory)
    ]
    try {
      for (const writer of writers) await writer.start()
      for (let round = 0; round < Math.max(2, ROUNDS / 4); round++) {
        await setTimeout(500 + Math.random() * 1000)
        await server.kill()
        await setTimeout(Math.random() * 2000)
        await server.restart()
      }
      const before = writers.map((writer) => writer.lines().length)
      await setTimeout(4000)
      for (const [index, writer] of writers.entries()) {
        t.ok(writer.lines().length > Number(before[index]), 'it goes on')
        await writer.kill()
      }
      await withStore(await openMongo(server.url, { database }), (store) => compare(t, store, writers, 50))
    } finally {
      for (const writer of writers) await writer.kill()
      await server.kill()
    }
  }
)

/** Not tap's, which another run may clear. */
async function scratch(t: Test): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'aas-hub-crash-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  return directory
}

async function compare(t: Test, store: Store, writers: readonly Writer[], least: number): Promise<void> {
  const lines = writers.flatMap((writer) => writer.lines())
  t.strictSame(
    lines.filter(({ event }) => event === 'failed'),
    []
  )
  const log = await readWholeLog(store)
  t.strictSame(
    log.map(({ seq }) => seq),
    log.map((_, index) => index + 1),
    'no entry is missing or doubled'
  )

  const values = new Map<string, { value: number; seq: number }[]>()
  const [created, deleted] = [new Map<string, number[]>(), new Set<string>()]
  for (const { seq, changes } of log) {
    for (const change of changes) {
      if (change.change === 'value') {
        const value = Number(JSON.parse(change.value).value)
        values.set(change.submodel, [...(values.get(change.submodel) ?? []), { value, seq }])
      } else if (change.change === 'created') created.set(change.id, [...(created.get(change.id) ?? []), seq])
      else if (change.change === 'deleted') deleted.add(change.id)
    }
  }
  for (const [id, counted] of values) {
    const wrong = counted.findIndex(({ value }, index) => value !== index + 1)
    t.equal(wrong, -1, `${id} was incremented one by one`)
    const row = await store.element(id, 'p')
    t.equal(JSON.parse(String(row?.value)).value, String(counted.at(-1)?.value), `${id} has the last value of the log`)
    const document = JSON.parse(String((await store.document('Submodel', id))?.bytes))
    t.equal(document.submodelElements[0].value, String(counted.at(-1)?.value), `${id} as a document, too`)
  }
  const counts = lines.filter((line) => line.event === 'counted')
  for (const { id, value, seq } of counts) {
    if (values.get(id)?.[value - 1]?.seq !== seq) t.fail(`${id} = ${value} was acknowledged as ${seq}, but is missing`)
  }
  const creations = lines.filter((line) => line.event === 'created')
  for (const [index, { key, seq }] of creations.entries()) {
    if (created.get(key)?.join() !== String(seq))
      t.fail(`${key} was created by commit ${seq}, the log says ${created.get(key)}`)
    if (created.has(`${key}/again`)) t.fail(`${key} was created twice`)
    if (index % 10 === 0) t.equal(await store.commitOfKey(key), seq)
  }
  t.ok(counts.length + creations.length > least, `${counts.length + creations.length} commits were acknowledged`)
  await compareLists(t, store, created, deleted)
  await compareReaders(t, writers)
  await compareFiles(t, store, lines)
  compareLeases(t, writers)
}

/** Documents created and not deleted are listed by facet, in the order of creation. */
async function compareLists(
  t: Test,
  store: Store,
  created: ReadonlyMap<string, number[]>,
  deleted: ReadonlySet<string>
) {
  const expected = [...created].filter(([id]) => id.includes('/') && !deleted.has(id)).map(([id]) => id)
  const found: string[] = []
  for (let after: number | undefined = 0; after !== undefined; ) {
    const page = await store.documents('Submodel', [['made', 'once']], { limit: 50, after })
    found.push(...page.items.map(({ id }) => id))
    after = page.next
  }
  t.strictSame(found, expected, 'all documents are listed, in order')
  const { documents, elements } = await store.figures()
  const counters = [...created.keys()].filter((id) => !id.includes('/')).length
  t.equal(documents.Submodel, expected.length + counters, 'and counted')
  t.equal(elements, expected.length + 2 * counters)
}

async function compareReaders(t: Test, writers: readonly Writer[]): Promise<void> {
  for (const writer of writers) {
    const read = new Set<number>()
    for (const life of writer.lives()) {
      let last: number | undefined
      for (const line of life) {
        if (line.event === 'resumed') last = line.after
        if (line.event !== 'read' || last === undefined) continue
        for (const seq of line.seqs) {
          if (seq !== last + 1) t.fail(`${writer.name} read ${seq} after ${last}`)
          read.add(seq)
          last = seq
        }
      }
    }
    t.equal(Math.max(...read), read.size, `${writer.name} read all ${read.size} entries up to where it was killed`)
  }
}

/** The last file that was acknowledged, or a later one whose acknowledgement was lost. */
async function compareFiles(t: Test, store: Store, lines: readonly Line[]): Promise<void> {
  const last = new Map<string, number>()
  for (const line of lines) if (line.event === 'attached') last.set(line.id, Number(line.text.split('.')[1]))
  for (const [name, number] of last) {
    const file = await store.file('Submodel', 'shared', name)
    const found = file === undefined ? 'none' : await text(store.open(file))
    t.ok(Number(found.split('.')[1]) >= number, `file ${found}, ${number} was acknowledged`)
  }
}

/** No two processes held the lease at the same time. */
function compareLeases(t: Test, writers: readonly Writer[]): void {
  const [one = [], two = []] = writers.map((writer) =>
    writer
      .lives()
      .map((life) => life.filter((line) => line.event === 'leased').filter(({ from, until }) => from < until))
  )
  const all = [...one.map((spans) => ({ of: 'one', spans })), ...two.map((spans) => ({ of: 'two', spans }))]
  for (const [index, life] of all.entries()) {
    for (const other of all.slice(index + 1)) {
      for (const { from, until } of life.spans) {
        for (const span of other.spans) {
          if (span.from < until && from < span.until)
            t.fail(`${life.of} held the lease from ${from} to ${until}, ${other.of} from ${span.from} to ${span.until}`)
        }
      }
    }
  }
  t.ok(one.flat().length + two.flat().length > 0, 'the lease was held')
}

async function readWholeLog(store: Store): Promise<LogEntry[]> {
  const log: LogEntry[] = []
  for (;;) {
    const { entries } = await store.log(log.at(-1)?.seq ?? 0, 1000)
    if (entries.length === 0) return log
    log.push(...entries)
  }
}
