/**
 * `npm run bench -- --store mongodb`: compares the hub over a database with the bare driver making the same commits on the
 * same server, two hubs with one, and measures a hub with many stored submodels (`--documents N`, of which `--reads N` are
 * read). The server is that of MONGODB_URL, else a FerretDB; for many submodels a mongo-java-server, as FerretDB reads all
 * of them for each list.
 */
import autocannon from 'autocannon'
import { MongoClient } from 'mongodb'
import { openMongo } from '../../src/store/mongodb/mongodb.ts'
import { startFerretdb } from '../databases/ferretdb.ts'
import { startMemoryMongo } from '../databases/memory-mongo.ts'
import { type Child, start } from './children.ts'
import { creations, encode, submodel } from './data.ts'
import { flags } from './flags.ts'
import { lines, race, wanted, whole } from './measure.ts'
import { FRAME, readings } from './raw-baselines.ts'
import { compare, inserts, JSON_TYPE, send, writes } from './requests.ts'
import { connect, pushFor } from './sockets.ts'

const GOAL = 0.6
const API = '/api/v3/submodels'
const DOCUMENTS = Number(flags.documents ?? (flags.quick ? 2_000 : 1_000_000))
const READ = Number(flags.reads ?? 1_000)
const BASE = 'the bare driver, a write for each'

export async function overMongo(folder: (name: string) => Promise<string>): Promise<void> {
  const given = process.env.MONGODB_URL ?? ''
  const server = given === '' ? await startFerretdb(await folder('ferretdb')) : undefined
  const database = `bench_${process.pid}`
  const url = within(server?.url ?? given, database)
  try {
    const [hub, bare] = [
      await start('hub.ts', await folder('one'), { MONGODB_URL: url }),
      await start('bare-mongodb.ts', '.', { MONGODB_URL: url })
    ]
    await fill(hub, bare)
    // Before the large writes, whose checkpointing takes a while.
    if (wanted('two')) await two(hub, await start('hub.ts', await folder('two'), { MONGODB_URL: url }))
    await requests(hub, bare)
    await pushes(hub, bare)
    await Promise.all([hub.stop(), bare.stop()])
  } finally {
    await drop(server?.url ?? given, database)
    await server?.kill()
  }
  if (wanted('memory')) await memory(await folder('three'), given)
}

async function drop(url: string, database: string): Promise<void> {
  const client = new MongoClient(url)
  await client.db(database).dropDatabase()
  await client.close()
}

async function fill(hub: Child, bare: Child): Promise<void> {
  const json = JSON.stringify(submodel('forty', 40))
  await send(hub, 'POST', API, json)
  await fetch(`${bare.url}/row/forty`, { method: 'PUT', headers: JSON_TYPE, body: json })
}

async function requests(hub: Child, bare: Child): Promise<void> {
  const value = (index: number) => `${API}/${encode('forty')}/submodel-elements/Value${index}/$value`
  await compare({
    name: 'get',
    title: `GET a submodel of 40 properties; baseline: ${BASE.replace('write', 'read')}`,
    goal: GOAL,
    connections: 50,
    ours: { server: hub, requests: [{ path: `${API}/${encode('forty')}` }] },
    theirs: { server: bare, requests: [{ path: '/row/forty' }] }
  })
  await compare({
    name: 'value',
    title: "GET one property's `$value`; baseline: likewise",
    goal: GOAL,
    connections: 50,
    ours: { server: hub, requests: [{ path: value(7) }] },
    theirs: { server: bare, requests: [{ path: '/row/one' }] }
  })
  await compare({
    name: 'patch',
    title: `PATCH one property's \`$value\`, durable before 204, 50 connections; baseline: ${BASE}`,
    goal: GOAL,
    connections: 50,
    ours: { server: hub, requests: writes(value) },
    theirs: { server: bare, requests: writes((index) => `/row/value${index}`) }
  })
  await compare({
    name: 'post',
    title: `POST a submodel of 40 properties, durable; baseline: ${BASE}`,
    goal: GOAL,
    connections: 50,
    ours: { server: hub, requests: [inserts(API)] },
    theirs: { server: bare, requests: [inserts('/insert')] }
  })
}

async function pushes(hub: Child, bare: Child): Promise<void> {
  if (!wanted('columns', 'single')) return
  const [ours, theirs] = await Promise.all(
    [connect.bind(undefined, hub, '/stream'), connect.bind(undefined, bare, '/push')].map((open) =>
      Promise.all(Array.from({ length: 50 }, () => open()))
    )
  )
  const body = JSON.stringify(readings(FRAME))
  let time = 1_764_000_000_000
  const push = (connection: number, rest: string) =>
    `{"type":"push","id":1,"submodel":"forty","path":"Value${connection % 40}",${rest}}`
  const column = (connection: number) => {
    time += FRAME * 100
    return push(connection, `"start":${time},"step":100,"values":${body}`)
  }
  const single = (connection: number) => push(connection, `"time":${time++},"value":21.5`)
  if (wanted('columns')) {
    await race({
      title: `columnar frames of 1,000 samples over WebSocket, durable, 4 connections; baseline: ${BASE}`,
      goal: GOAL,
      unit: ' samples',
      ours: (seconds) => pushFor((ours ?? []).slice(0, 4), seconds, 24, FRAME, column),
      theirs: (seconds) => pushFor((theirs ?? []).slice(0, 4), seconds, 24, FRAME, column)
    })
  }
  if (wanted('single')) {
    await race({
      title: `single samples over WebSocket, 50 gateways, each acknowledged when durable; baseline: ${BASE}`,
      goal: GOAL,
      ours: (seconds) => pushFor(ours ?? [], seconds, 1, 1, single),
      theirs: (seconds) => pushFor(theirs ?? [], seconds, 1, 1, single)
    })
  }
  for (const socket of [ours, theirs].flat()) socket?.terminate()
}

/** CPU-bound reads with the same number of connections, all to one hub or half to each of two. */
async function two(one: Child, other: Child): Promise<void> {
  await send(one, 'POST', API, JSON.stringify(submodel('two thousand', 2000)))
  const path = `${API}/${encode('two thousand')}/$value`
  const rate = async (hub: Child, connections: number, duration: number) => {
    const result = await autocannon({ url: hub.url + path, connections, duration })
    return result['2xx'] / result.duration
  }
  await race({
    title:
      'GET the values of 2,000 properties at two hubs, with the client and the database on the same machine; baseline: at one',
    goal: 1.7,
    ours: async (seconds) => {
      const [first, second] = await Promise.all([rate(one, 8, seconds), rate(other, 8, seconds)])
      return first + second
    },
    theirs: (seconds) => rate(one, 16, seconds)
  })
  await other.stop()
}

async function memory(directory: string, given: string): Promise<void> {
  // It keeps everything in memory, about 8 kB per document.
  const heapGib = 2 + Math.ceil(DOCUMENTS / 100_000)
  const server = given === '' ? await startMemoryMongo({ heapGib, hasStreams: false }) : undefined
  const database = `bench_many_${process.pid}`
  const url = within(server?.url ?? given, database)
  process.stderr.write(`${whole(DOCUMENTS)} submodels are stored …\n`)
  const store = await openMongo(url)
  let stored = 0
  for (const changes of creations(DOCUMENTS, 1)) {
    await store.commit(changes)
    stored += changes.length
    if (stored % 100_000 === 0) process.stderr.write(`${whole(stored)} …\n`)
  }
  await store.close()
  // Otherwise the hub would validate all of them now, which is slow on a server without indexes.
  const timeouts = { MONGODB_TIMEOUT: '5m', MONGODB_CONNECT_TIMEOUT: '1m' }
  const hub = await start('hub.ts', directory, { MONGODB_URL: url, ...timeouts, TEMPLATES: 'off' })
  await send(hub, 'GET', `${API}?limit=100`)
  for (let index = 0; index < READ; index++) {
    const id = `https://bench.example/sm/${Math.floor((index * DOCUMENTS) / READ)}`
    await send(hub, 'GET', `${API}/${encode(id)}`)
  }
  const megabytes = (await hub.rss()) / 1e6
  lines.push({
    workload: `RSS of a hub with ${whole(DOCUMENTS)} submodels stored, ${whole(READ)} of them read and 100 listed`,
    hub: `${megabytes.toFixed(0)} MB`,
    baseline: '–',
    ratio: '–',
    goal: '< 300 MB',
    met: megabytes < 300 ? 'yes' : 'no'
  })
  await hub.stop()
  if (server === undefined) await drop(given, database)
  else await server.kill()
}

/** URL of a database on a server. */
function within(url: string, database: string): string {
  return url.replace(/^(mongodb(?:\+srv)?:\/\/[^/?]+)\/?[^?]*/, `$1/${database}`)
}
