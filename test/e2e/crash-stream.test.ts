import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { type Client, connect, type Events, gateway } from '../../src/client/node.ts'
import { checkDirectory } from '../../src/store/sqlite/check.ts'
import { type Killable, startProcess } from './crash-hub.ts'

/** More by the environment, for a longer look. */
const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 4)
const GATEWAYS = 4

const submodel = {
  modelType: 'Submodel',
  id: 'urn:m',
  submodelElements: Array.from({ length: GATEWAYS + 1 }, (_, index) => {
    return { modelType: 'Property', idShort: `Value${index}`, valueType: 'xs:int' }
  })
}

t.test(
  'gateways push and subscribers follow while the hub is killed, and nothing is lost, doubled or out of order',
  async (t) => {
    const directory = t.testdir({})
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    let hub: Killable = await startProcess(join(directory, 'data'), port)
    const body = JSON.stringify(submodel)
    await fetch(`${hub.api}/submodels`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })

    // The last gateway keeps what it has on disk, and is told of no acknowledgement until the end.
    const clients = Array.from({ length: GATEWAYS }, () => connect(url))
    const edge = gateway(url, { directory: join(directory, 'buffer') })
    const seen: number[][] = Array.from({ length: GATEWAYS + 1 }, () => [])
    const gaps: unknown[] = []
    const reader = connect(url)
    const columns = connect(url)
    const follow = (client: Client, told: (path: number, values: readonly number[]) => void, wish: object) =>
      client.subscribe({ select: { kinds: ['value'] }, ...wish }, ({ events, recovered }: Events) => {
        if (recovered === false) gaps.push(events)
        for (const { path, value, values } of events)
          told(Number(String(path).slice(5)), (values ?? [value]) as number[])
      })
    const inColumns: number[][] = Array.from({ length: GATEWAYS + 1 }, () => [])
    follow(reader, (path, values) => seen[path]?.push(...values), {})
    follow(columns, (path, values) => inColumns[path]?.push(...values), { columns: true, window: 20 })
    while (!(reader.isOpen && columns.isOpen)) await wait(10)
    await wait(200)

    const acknowledged: number[] = new Array(GATEWAYS).fill(0)
    let writing = true
    let next = 0
    const work = clients.map(async (client, index) => {
      for (let count = 0; writing; count += 3) {
        // One batch at a time, so that what is acknowledged is a beginning of the series.
        const values = [count, count + 1, count + 2]
        await client.push({ submodel: 'urn:m', path: `Value${index}`, start: count + 1, step: 1, values })
        acknowledged[index] = count + 3
      }
    })
    const edging = (async () => {
      for (; writing; next++) {
        edge.push({ submodel: 'urn:m', path: `Value${GATEWAYS}`, time: next + 1, value: next })
        await wait(2)
      }
    })()
    for (let round = 0; round < ROUNDS; round++) {
      const enough = sum(acknowledged) + 50 + Math.random() * 300
      while (sum(acknowledged) < enough) await wait(1)
      await hub.kill()
      t.same(await checkDirectory(join(directory, 'data')), [], `round ${round}: the database is sound`)
      hub = await startProcess(join(directory, 'data'), port)
    }
    writing = false
    await Promise.all([...work, edging])
    await edge.drain()
    const counts = [...acknowledged, next]
    const late = Date.now() + 20_000
    const isTold = (all: number[][]) => all.every((values, index) => values.length >= (counts[index] ?? 0))
    while (!(isTold(seen) && isTold(inColumns)) && Date.now() < late) await wait(20)
    for (const [index, count] of counts.entries()) {
      const wanted = Array.from({ length: count }, (_, i) => i)
      t.strictSame(await history(hub, index), wanted, `Value${index}: ${count} samples are in the history, each once`)
      t.strictSame(seen[index], wanted, 'and were told in order, each once')
      t.strictSame(inColumns[index], wanted, 'in columns, too')
    }
    t.strictSame(gaps, [])
    for (const client of [...clients, reader, columns]) client.close()
    edge.close()
    await hub.kill()
    t.comment(`${sum(counts)} samples over ${ROUNDS} kills`)
  }
)

async function history(hub: Killable, index: number): Promise<number[]> {
  const { rows } = (await (await fetch(`${hub.api}/timeseries?submodel=urn:m&path=Value${index}`)).json()) as {
    rows: [string, number][]
  }
  return rows.map(([, value]) => value)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
