/** A day that a process beside the hub collected during an outage: how fast the hub gets it, and how long new samples take meanwhile. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gateway } from '../../src/client/node.ts'
import { start } from './children.ts'
import { flags } from './flags.ts'
import { lines, wanted, whole } from './measure.ts'
import { quantile } from './statistics.ts'

const SERIES = 1000
const SECONDS = flags.quick ? 7200 : 86_400
const GOAL = 500_000
const ID = 'urn:bench:late'

/** @param folder creates a folder for data */
export async function catchingUp(folder: (name: string) => Promise<string>): Promise<void> {
  if (!wanted('catch-up')) return
  process.stderr.write('samples of an outage …\n')
  const directory = await folder('catch-up')
  const options = {
    directory: join(directory, 'edge'),
    limit: 2 ** 40,
    liveFirst: true,
    encoding: 'cbor' as const,
    onState: () => {}
  }
  const collected = gateway('http://127.0.0.1:9', options)
  const first = Date.now() - (SECONDS + 60) * 1000
  const from = performance.now()
  for (let second = 0; second < SECONDS; second++) {
    // As the clock of polls: not quite a second each.
    const time = new Date(first + second * 1000 + (second % 7)).toISOString().replace('Z', '123456Z')
    collected.push(
      Array.from({ length: SERIES }, (_, at) => ({
        ...{ submodel: ID, path: `Value${at}`, time },
        value: Math.round(100 * (20 + 5 * Math.sin((second + at) / 60))) / 100
      }))
    )
    // Others have their turn, as between two readings.
    if (second % 100 === 0) await sleep(0)
  }
  const written = SERIES * SECONDS
  const seconds = (performance.now() - from) / 1000
  // The end of it becomes columns, too.
  collected.close()
  const bytes = collected.backlog

  const hub = await start('hub.ts', join(directory, 'hub'), { TEMPLATES: 'off' })
  await createSubmodel(hub.url)
  const before = (await hub.taken()).cpu
  const begin = performance.now()
  const edge = gateway(hub.url, options)
  const lags: number[] = []
  const live = (async () => {
    for (let count = 0; edge.backlog > 0 && count < 100_000; count++) {
      const sent = performance.now()
      void edge.client.push({ submodel: ID, path: `Live${count % 10}`, value: count }).then(() => {
        lags.push(performance.now() - sent)
      })
      await sleep(20)
    }
  })()
  await edge.drain()
  const took = (performance.now() - begin) / 1000
  await live
  const rate = written / took
  const cpu = ((await hub.taken()).cpu - before) / written
  const rss = (await hub.rss()) / 2 ** 20
  const stored = await storedIn(hub.url)
  edge.close()
  await hub.stop()
  lines.push({
    workload: `${SECONDS < 7200 ? `${whole(SECONDS / 60)} min` : `${whole(SECONDS / 3600)} h`} of ${whole(SERIES)} series at 1 Hz that waited at a process beside the hub`,
    hub: `${whole(rate)} samples/s, ${cpu.toFixed(1)} µs CPU a sample; ${(bytes / written).toFixed(1)} bytes a sample on disk, written at ${whole(written / seconds)}/s; new ones meanwhile acknowledged in p50 ${quantile(lags, 0.5).toFixed(0)} ms, p99 ${quantile(lags, 0.99).toFixed(0)} ms; RSS ${rss.toFixed(0)} MB`,
    baseline: '–',
    ratio: stored === SECONDS ? 'none missing' : `${SECONDS - stored} missing`,
    goal: `≥ ${whole(GOAL)} samples/s`,
    met: rate >= GOAL && stored === SECONDS ? 'yes' : 'no'
  })
}

async function createSubmodel(url: string): Promise<void> {
  const property = (idShort: string) => ({ modelType: 'Property', idShort, valueType: 'xs:double' })
  const submodelElements = [
    ...Array.from({ length: SERIES }, (_, at) => property(`Value${at}`)),
    ...Array.from({ length: 10 }, (_, at) => property(`Live${at}`))
  ]
  const { status } = await fetch(`${url}/api/v3/submodels`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ modelType: 'Submodel', id: ID, submodelElements })
  })
  if (status !== 201) throw new Error(`The submodel is answered with ${status}`)
}

/** Number of samples of one series. */
async function storedIn(url: string): Promise<number> {
  const query = `submodel=${ID}&path=Value7&from=2020-01-01T00:00:00Z&format=csv`
  const text = await (await fetch(`${url}/timeseries?${query}`)).text()
  return text.trim().split('\n').length - 1
}
