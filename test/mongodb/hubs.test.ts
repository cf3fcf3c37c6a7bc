import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import type { HubProcess } from '../../scripts/hub-process.ts'
import { freePort } from '../../scripts/ports.ts'
import { startProcess } from '../e2e/crash-hub.ts'
import { startLoad } from '../e2e/crash-load.ts'
import { databaseOf, dropDatabase, encode } from '../e2e/harness.ts'

/** More by the environment, for a longer run. */
const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 4)
const skip = (process.env.MONGODB_URL ?? '') === '' && 'MONGODB_URL is not set; npm run test:mongodb starts a server'
// A database on a disk that others use answers slowly.
const timeout = 500_000 + ROUNDS * 20_000
const COUNTERS = 4

/** A running hub answers within this time. */
const ANSWER_TIMEOUT_MS = 60_000

/** After this many rounds no hub is killed until another job is done. */
const ROUNDS_PER_PAUSE = 4

t.test(
  'two hubs on one database, killed in turn, lose nothing, do nothing twice and keep the order',
  { skip, timeout },
  async (t) => {
    const hubs = await startHubs(t)
    const { api } = hubs.at(0)
    const load = await startLoad({
      api,
      url: `http://127.0.0.1:${hubs.ports[0]}`,
      directory: hubs.directory,
      client: { WebSocket: balanced(hubs.ports) }
    })
    const counters = Array.from({ length: COUNTERS }, (_, index) => countUp(hubs, `urn:counter:${index}`))
    const jobs = registerInBulk(hubs)
    for (let round = 0; round < ROUNDS; round++) {
      const enough = load.acknowledged() + 20 + Math.random() * 200
      while (load.acknowledged() < enough) await wait(1)
      await hubs.restart(round % 2)
      // Leases of a killed hub must have time to expire.
      if (round % ROUNDS_PER_PAUSE === ROUNDS_PER_PAUSE - 1) await jobs.progress()
    }
    const counts = await Promise.all(counters.map((counter) => counter.stop()))
    const registered = await jobs.stop()
    await load.compare(t, hubs.at(1).api)
    for (const { id, count, wrong } of counts) {
      t.strictSame(wrong, [], `${id}: each hub showed at once what the other one had acknowledged`)
      t.ok(count > 0, `${id} was counted up to ${count}`)
    }
    await eachOnce(t, hubs.at(0).api, registered)
    t.comment(`${load.acknowledged()} samples, ${registered.length} descriptors, ${ROUNDS} kills`)
  }
)

interface Hubs {
  readonly ports: readonly number[]
  readonly directory: string
  /** One hub or the other, as it runs now. */
  at(turn: number): HubProcess
  /** Kills it and starts it again after a while. */
  restart(turn: number): Promise<void>
}

async function startHubs(t: Test): Promise<Hubs> {
  // Not tap's, which another run may clear.
  const directory = await mkdtemp(join(tmpdir(), 'aas-hub-two-'))
  const database = databaseOf(directory)
  const ports = [await freePort(), await freePort()]
  const start = (turn: number) => startProcess(join(directory, `data${turn}`), ports[turn], database)
  const running = await Promise.all([start(0), start(1)])
  const at = (turn: number) => running[turn % 2] as HubProcess
  t.teardown(async () => {
    await Promise.all(running.map((hub) => hub.kill()))
    await dropDatabase(database)
    await rm(directory, { recursive: true, force: true })
  })
  const restart = async (turn: number) => {
    await at(turn).kill()
    await wait(Math.random() * 500)
    running[turn] = await start(turn)
  }
  return { ports, directory, at, restart }
}

/** Connects to the hubs in turn, like a proxy. */
function balanced(ports: readonly number[]): typeof globalThis.WebSocket {
  let turn = 0
  class Balanced extends WebSocket {
    constructor(url: string, protocols: string | string[]) {
      const elsewhere = new URL(url)
      elsewhere.port = String(ports[turn++ % ports.length])
      super(elsewhere, protocols)
    }
  }
  return Balanced as unknown as typeof globalThis.WebSocket
}

/** Writes at one hub and reads at the other. */
function countUp(hubs: Hubs, id: string) {
  const wrong: string[] = []
  let writing = true
  let count = 0
  const element = `/submodels/${encode(id)}/submodel-elements/count`
  const work = (async () => {
    const submodelElements = [{ modelType: 'Property', idShort: 'count', valueType: 'xs:int', value: '0' }]
    await until(hubs, 0, 'POST', '/submodels', { modelType: 'Submodel', id, submodelElements })
    for (let turn = 0; writing; turn++) {
      await until(hubs, turn, 'PATCH', `${element}/$value`, String(count + 1))
      count++
      const { body } = await until(hubs, turn + 1, 'GET', `${element}/$value`)
      if (Number(body) !== count) wrong.push(`${body} instead of ${count}`)
      await wait(25)
    }
  })()
  const stop = async () => {
    writing = false
    await work
    return { id, count, wrong }
  }
  return { stop }
}

/** Starts jobs at one hub and gets their results from the other, which may have to finish them. */
function registerInBulk(hubs: Hubs) {
  const registered: string[] = []
  let working = true
  const work = (async () => {
    for (let turn = 0; working; turn++) {
      const ids = Array.from({ length: 20 }, (_, index) => `urn:bulk:${turn}:${index}`)
      const descriptors = ids.map((id) => {
        const protocolInformation = { href: 'https://edge.example/', endpointProtocol: 'HTTP' }
        return { id, endpoints: [{ interface: 'SUBMODEL-3.0', protocolInformation }] }
      })
      const asked = await once(hubs, turn, 'POST', '/bulk/submodel-descriptors', descriptors)
      // The hub was killed before it answered: whether there is a job is unknown.
      if (asked === undefined) continue
      const result = await resultOf(hubs, turn + 1, asked.location)
      if (result !== 204) throw new Error(`The job ended with ${result}`)
      registered.push(...ids)
      await wait(50)
    }
  })()
  const stop = async () => {
    working = false
    await work
    return registered
  }
  const progress = async () => {
    const before = registered.length
    while (registered.length === before) await wait(50)
  }
  return { stop, progress }
}

async function resultOf(hubs: Hubs, from: number, location: string): Promise<number> {
  for (let turn = from; ; turn++) {
    const { status, location: result } = await until(hubs, turn, 'GET', location)
    if (status === 302) return (await until(hubs, turn, 'GET', result)).status
    await wait(50)
  }
}

interface Reply {
  readonly status: number
  readonly body: string
  readonly location: string
}

/** @returns undefined if the hub was killed meanwhile or is unavailable */
async function once(
  hubs: Hubs,
  turn: number,
  method: string,
  path: string,
  body?: unknown
): Promise<Reply | undefined> {
  const url = path.startsWith('http') ? path.replace(/^.*\/api\/v3/, hubs.at(turn).api) : hubs.at(turn).api + path
  try {
    const response = await fetch(url, {
      method,
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: typeof body === 'string' ? body : JSON.stringify(body)
      })
    })
    const reply = { status: response.status, body: await response.text() }
    return response.status === 503 ? undefined : { ...reply, location: response.headers.get('location') ?? '' }
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw new Error(`${method} ${url} was not answered`, { cause: error })
  }
}

/** Asks the hubs in turn until one answers. */
async function until(hubs: Hubs, turn: number, method: string, path: string, body?: unknown): Promise<Reply> {
  for (let attempt = 0; ; attempt++) {
    const reply = await once(hubs, turn + attempt, method, path, body)
    // The first attempt may have succeeded without an answer.
    const isDone = reply !== undefined && (reply.status < 400 || (attempt > 0 && reply.status === 409))
    if (isDone) return reply
    if (reply !== undefined) throw new Error(`${method} ${path}: ${reply.status} ${reply.body}`)
    await wait(20)
  }
}

/** The log reports the creation of each descriptor once. */
async function eachOnce(t: Test, api: string, ids: readonly string[]): Promise<void> {
  const counts = new Map<string, number>()
  let from = ''
  for (;;) {
    const response = await fetch(`${api}/events?envelope=plain&kind=registry&limit=500&${from}`)
    if (!response.ok) throw new Error(await response.text())
    const { records, cursor } = (await response.json()) as { records: { id: string }[]; cursor?: string }
    for (const { id } of records) counts.set(id, (counts.get(id) ?? 0) + 1)
    if (cursor === undefined) break
    from = `cursor=${cursor}`
  }
  t.ok(ids.length > 0)
  t.strictSame(
    ids.filter((id) => counts.get(id) !== 1),
    [],
    'each descriptor was created once'
  )
}
