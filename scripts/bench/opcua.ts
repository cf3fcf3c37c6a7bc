/** Monitored items of an OPC UA server that changes all of them ten times a second: the hub beside the client library alone. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { discoverOpcua } from '../../src/commands/discover-opcua.ts'
import { freePort } from '../ports.ts'
import { run, start } from './children.ts'
import { flags } from './flags.ts'
import { lines, wanted, whole } from './measure.ts'

const ITEMS = flags.quick ? 1000 : 10_000
const EVERY_MS = 100
const SECONDS = flags.quick ? 5 : 20
/** The first seconds, in which everything is compiled and subscribed. */
const WARM_UP_MS = flags.quick ? 5000 : 15_000
const GOAL = 1.5
/** Items whose histories are looked at. */
const SOME = Array.from({ length: 20 }, (_, at) => Math.floor((at * ITEMS) / 20) + at)
const IDS = 'urn:bench:opcua'

/** @param folder creates a folder for data */
export async function monitoring(folder: (name: string) => Promise<string>): Promise<void> {
  if (!wanted('opcua')) return
  process.stderr.write('monitored items of an OPC UA server …\n')
  const port = await freePort()
  const machine = await run('../demo/opcua-machine.ts', '--port', port, '--items', ITEMS, '--every', EVERY_MS)
  const [url = ''] = machine.lines
  const bare = await run('opcua-bare.ts', url, ITEMS)
  const theirs = await figures(bare.child.pid ?? 0, async () => Number(bare.lines.at(-1) ?? 0))
  bare.child.kill('SIGKILL')

  const directory = await folder('opcua')
  const flagsOf = new Map([
    ['security', 'none'],
    ['id-base', IDS]
  ])
  const { environment } = await discoverOpcua(url, flagsOf, join(directory, 'certificates'))
  const file = join(directory, 'machine.json')
  await writeFile(file, JSON.stringify(environment, withIntervals))
  const empty = await start('hub.ts', join(directory, 'empty'), { TEMPLATES: 'off', PRELOAD: file })
  const before = await empty.rss()
  await empty.stop()
  const settings = { TEMPLATES: 'off', PRELOAD: file, COLLECT_TARGETS: `127.0.0.1:${port}` } as const
  const hub = await start('hub.ts', join(directory, 'data'), settings)
  const ours = await figures(hub.pid, () => acceptedBy(hub.url))
  const memory = (await hub.rss()) - before
  const missing = await missingAt(hub.url, SOME)
  await hub.stop()
  machine.child.kill('SIGKILL')

  const perSample = ours.cpuMs / ours.samples / (theirs.cpuMs / theirs.samples)
  lines.push({
    workload: `${whole(ITEMS)} monitored items of an OPC UA server at ${1000 / EVERY_MS} Hz: processor time for a sample`,
    hub: `${((1e6 * ours.cpuMs) / ours.samples / 1000).toFixed(1)} µs, ${whole(ours.samples / ours.seconds)} samples/s, ${missing} missing, ${((memory / ITEMS / 2 ** 20) * 1000).toFixed(1)} MB for 1,000 items`,
    baseline: `${((1e6 * theirs.cpuMs) / theirs.samples / 1000).toFixed(1)} µs, ${whole(theirs.samples / theirs.seconds)} notifications/s`,
    ratio: perSample.toFixed(2),
    goal: `≤ ${GOAL}`,
    met: perSample <= GOAL && missing === 0 ? 'yes' : 'no'
  })
}

interface SamplesTaken {
  readonly samples: number
  readonly cpuMs: number
  readonly seconds: number
}

async function figures(pid: number, count: () => Promise<number>): Promise<SamplesTaken> {
  for (const end = performance.now() + 60_000; (await count()) === 0 && performance.now() < end; ) await sleep(200)
  await sleep(WARM_UP_MS)
  const [samples, cpu, from] = [await count(), await cpuMs(pid), performance.now()]
  await sleep(SECONDS * 1000)
  const seconds = (performance.now() - from) / 1000
  return { samples: (await count()) - samples, cpuMs: (await cpuMs(pid)) - cpu, seconds }
}

/** Of all threads of a process, in user and system mode. */
async function cpuMs(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /s, '').split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

async function acceptedBy(url: string): Promise<number> {
  const { result } = (await (await fetch(`${url}/connections`)).json()) as { result: { accepted: number }[] }
  return result[0]?.accepted ?? 0
}

/** Of the values that items count through, those that their histories have not. */
async function missingAt(url: string, at: readonly number[]): Promise<number> {
  let missing = 0
  for (const item of at) {
    const path = `submodel=${IDS}/OperationalData&path=Machine.Item${item}&format=csv`
    const text = await (await fetch(`${url}/timeseries?${path}`)).text()
    const turns = new Set([...text.matchAll(/,(\d+)(?:\.0)?\b/g)].map(([, turn]) => Number(turn)))
    if (turns.size === 0) throw new Error(`Item${item} has no history: ${text.slice(0, 300)}`)
    missing += Math.max(...turns) - Math.min(...turns) + 1 - turns.size
  }
  return missing
}

/** Every change is sent. If the server sampled, the timer of the changes and its own would miss a change now and then. */
function withIntervals(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('idShort' in value)) return value
  if (value.idShort !== 'EndpointMetadata' || !('value' in value) || !Array.isArray(value.value)) return value
  const more = { uav_samplingInterval: '0', uav_publishingInterval: String(EVERY_MS) }
  const properties = Object.entries(more).map(([idShort, text]) => ({
    ...{ modelType: 'Property', idShort, valueType: 'xs:string', value: text }
  }))
  return { ...value, value: [...value.value, ...properties] }
}
