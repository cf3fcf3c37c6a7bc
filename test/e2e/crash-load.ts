/** Gateways that push and subscribers that follow, while whatever serves them is killed and comes again. */
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Test } from 'tap'
import { type Client, type ClientOptions, connect, type Events, gateway } from '../../src/client/node.ts'
import { embedded } from './harness.ts'

const GATEWAYS = 4
const ID = 'urn:m'

/** Milliseconds between the samples of the edge gateway, as many as the store can keep up with: it is to be drained. */
const PAUSE = embedded === false ? 2 : 25

/** And between the pushes of the others: FerretDB gets slower with every row of the log. */
const BREATH = embedded === false ? 0 : 25

export interface Load {
  /** Samples acknowledged so far. */
  acknowledged(): number
  /** Ends it, and holds what became of the samples against what was acknowledged. */
  compare(t: Test, api: string): Promise<void>
}

export interface LoadOptions {
  /** Of the hub that is there to begin with. */
  readonly api: string
  /** For the clients: where they connect, and come back to. */
  readonly url: string
  /** For the buffer of the edge gateway. */
  readonly directory: string
  readonly client?: ClientOptions
}

export async function startLoad({ api, url, directory, client = {} }: LoadOptions): Promise<Load> {
  await createSubmodel(api)
  // The last gateway keeps what it has on disk, and gets no acknowledgement until the end.
  const clients = Array.from({ length: GATEWAYS }, () => connect(url, client))
  const edge = gateway(url, { ...client, directory: join(directory, 'buffer') })
  const gaps: unknown[] = []
  const [rows, columns] = [connect(url, client), connect(url, client)]
  const [inRows, inColumns] = await Promise.all([
    follow(rows, gaps, {}),
    follow(columns, gaps, { columns: true, window: 20 })
  ])

  const acknowledged: number[] = new Array(GATEWAYS).fill(0)
  let writing = true
  let next = 0
  const work = clients.map(async (client, index) => {
    for (let count = 0; writing; count += 3) {
      // One batch at a time, so that what is acknowledged is a beginning of the series.
      const values = [count, count + 1, count + 2]
      await client.push({ submodel: ID, path: `Value${index}`, start: count + 1, step: 1, values })
      acknowledged[index] = count + 3
      if (BREATH > 0) await wait(BREATH)
    }
  })
  const edging = (async () => {
    for (; writing; next++) {
      edge.push({ submodel: ID, path: `Value${GATEWAYS}`, time: next + 1, value: next })
      await wait(PAUSE)
    }
  })()
  return { acknowledged: () => sum(acknowledged), compare }

  async function compare(t: Test, api: string): Promise<void> {
    writing = false
    await Promise.all([...work, edging])
    await edge.drain()
    const counts = [...acknowledged, next]
    const late = Date.now() + 20_000
    const isTold = (all: number[][]) => all.every((values, index) => values.length >= (counts[index] ?? 0))
    while (!(isTold(inRows) && isTold(inColumns)) && Date.now() < late) await wait(20)
    for (const [index, count] of counts.entries()) {
      const wanted = Array.from({ length: count }, (_, i) => i)
      t.strictSame(await history(api, index), wanted, `Value${index}: ${count} samples are in the history, each once`)
      t.strictSame(inRows[index], wanted, 'and were sent in order, each once')
      t.strictSame(inColumns[index], wanted, 'in columns, too')
    }
    t.strictSame(gaps, [])
    for (const client of [...clients, rows, columns]) client.close()
    edge.close()
  }
}

async function createSubmodel(api: string): Promise<void> {
  const submodelElements = Array.from({ length: GATEWAYS + 1 }, (_, index) => {
    return { modelType: 'Property', idShort: `Value${index}`, valueType: 'xs:int' }
  })
  const body = JSON.stringify({ modelType: 'Submodel', id: ID, submodelElements })
  await fetch(`${api}/submodels`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
}

/** Values as they are received, by element; resolves when no later change can be missed. */
async function follow(client: Client, gaps: unknown[], request: object): Promise<number[][]> {
  const received: number[][] = Array.from({ length: GATEWAYS + 1 }, () => [])
  const select = { submodels: [ID], kinds: ['value'] } as const
  const subscription = client.subscribe({ select, ...request }, ({ events, recovered }: Events) => {
    if (recovered === false) gaps.push(events)
    for (const event of events) {
      if (event.kind !== 'value') continue
      const values = 'values' in event ? event.values : [event.value]
      received[Number(event.path.slice('Value'.length))]?.push(...(values as number[]))
    }
  })
  while (subscription.cursor === undefined) await wait(10)
  return received
}

async function history(api: string, index: number): Promise<number[]> {
  const { rows } = (await (await fetch(`${api}/timeseries?submodel=${ID}&path=Value${index}`)).json()) as {
    rows: [string, number][]
  }
  return rows.map(([, value]) => value)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
