/**
 * Unmodified Telegraf pushes to the hub through both versions of InfluxDB's API while the hub is killed: every point must
 * be stored once, with its time to the nanosecond. It shows the key of a gateway. Builds Telegraf with the needed plugins, which requires Go.
 *
 *   node scripts/conformance/telegraf.ts
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { formatTime } from '../../src/model/time.ts'
import { goProgram } from '../go-program.ts'
import { startHub } from '../hub-process.ts'
import { freePort } from '../ports.ts'
import { createKey, showing } from './keys.ts'

const VERSION = 'v1.37.2'
const PLUGINS = 'inputs.tail,outputs.influxdb,outputs.influxdb_v2,parsers.influx,serializers.influx'

const POINTS = 20_000
const KILLS = 4
const START = 1_764_000_000_000_000_001n
const STEP = 1_000_003n

/** Maximal delay of the last points in milliseconds. */
const TIMEOUT_MS = 60_000

/** One submodel per API version; its idShort is the measurement. */
const machines = ['PressOne', 'PressTwo']

let passed = 0
let failed = 0

function check(what: string, found: unknown, wanted: unknown): void {
  const isRight = JSON.stringify(found) === JSON.stringify(wanted)
  if (isRight) passed++
  else failed++
  console.log(isRight ? `ok ${what}` : `wrong ${what}: ${JSON.stringify(found)} is not ${JSON.stringify(wanted)}`)
}

const scratch = mkdtempSync(join(tmpdir(), 'aas-hub-telegraf-'))
const log = join(scratch, 'log')
let telegraf: ChildProcess | undefined
try {
  const program = await goProgram({
    name: 'telegraf',
    version: VERSION,
    build: async (_, go) => {
      await go('install', '-tags', `custom,${PLUGINS}`, `github.com/influxdata/telegraf/cmd/telegraf@${VERSION}`)
    }
  })
  await run(program)
} catch (error) {
  failed++
  console.error(error)
} finally {
  telegraf?.kill('SIGKILL')
  rmSync(scratch, { recursive: true, force: true })
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)

async function run(program: string): Promise<void> {
  const settings = { DATA_DIR: join(scratch, 'data'), PORT: String(await freePort()) }
  let hub = await startHub(settings)
  const administrator = await createKey(hub.url, 'administrator')
  const gateway = await createKey(hub.url, 'gateway', administrator)
  for (const [index, idShort] of machines.entries()) {
    await create(hub.api, `urn:telegraf:${index + 1}`, idShort, administrator)
  }

  const source = join(scratch, 'points')
  writeFileSync(source, '')
  const config = join(scratch, 'telegraf.conf')
  writeFileSync(config, configuration(hub.url, source, gateway))
  telegraf = spawn(program, ['--config', config], { stdio: 'ignore' })
  const ended = once(telegraf, 'exit')

  // Points are sent gradually, so that some are in transit while the hub is down.
  const parts = KILLS * 10
  for (let part = 0; part < parts; part++) {
    const first = (part * POINTS) / parts
    appendFileSync(source, Array.from({ length: POINTS / parts }, (_, i) => pointsAt(first + i)).join(''))
    await sleep(50)
    if (part % 10 !== 5) continue
    await hub.kill()
    await sleep(300)
    hub = await startHub(settings)
  }
  for (const [index, idShort] of machines.entries()) {
    const rows = await allOf(hub.api, `urn:telegraf:${index + 1}`, administrator)
    check(`${idShort}: every point is there once`, rows.length, POINTS)
    const wrong = rows.filter((row, i) => JSON.stringify(row) !== JSON.stringify(rowOf(i)))
    check(`${idShort}: with its time and its values`, wrong.slice(0, 3), [])
  }
  telegraf.kill('SIGTERM')
  check('Telegraf was content to the end', (await ended)[0], 0)
  await hub.kill('SIGTERM')
  if (failed > 0) console.log(readFileSync(log, 'utf8').slice(-3000))
}

async function create(api: string, id: string, idShort: string, key: string): Promise<void> {
  const property = (name: string, valueType: string) => ({ modelType: 'Property', idShort: name, valueType })
  const submodelElements = [
    property('Speed', 'xs:double'),
    property('Count', 'xs:long'),
    property('State', 'xs:string')
  ]
  const { status } = await fetch(`${api}/submodels`, {
    method: 'POST',
    headers: { ...showing(key).headers, 'content-type': 'application/json' },
    body: JSON.stringify({ modelType: 'Submodel', id, idShort, submodelElements })
  })
  check(`${idShort}: a submodel is stored`, status, 201)
}

/** Mostly defaults: gzip, the tag `host`, batches of 1,000. */
function configuration(url: string, source: string, key: string): string {
  return `
[agent]
  flush_interval = "200ms"
  metric_buffer_limit = ${POINTS * machines.length * 2}
  logfile = "${log}"
  quiet = true
[[inputs.tail]]
  files = ["${source}"]
  from_beginning = true
  watch_method = "poll"
  path_tag = ""
  data_format = "influx"
[[outputs.influxdb]]
  namepass = ["PressOne"]
  urls = ["${url}"]
  username = "telegraf"
  password = "${key}"
  database = "plant"
[[outputs.influxdb_v2]]
  namepass = ["PressTwo"]
  urls = ["${url}"]
  token = "${key}"
  organization = "plant"
  bucket = "plant"
`
}

function pointsAt(index: number): string {
  const time = START + BigInt(index) * STEP
  const fields = `Speed=${index / 4},Count=${index}i,State="${stateOf(index).replaceAll('"', '\\"')}"`
  return machines.map((machine) => `${machine},line=a ${fields} ${time}\n`).join('')
}

function rowOf(index: number): object {
  const time = formatTime(START + BigInt(index) * STEP)
  return { time, Speed: index / 4, Count: index, State: stateOf(index) }
}

function stateOf(index: number): string {
  return index % 2 === 0 ? 'running, "fast"' : '가동'
}

/** All rows, once the expected number has arrived or no more arrive. */
async function allOf(api: string, id: string, key: string): Promise<object[]> {
  const late = performance.now() + TIMEOUT_MS
  for (;;) {
    const query = `submodel=${encodeURIComponent(id)}&path=Speed&path=Count&path=State`
    const response = await fetch(`${api}/timeseries?${query}`, {
      headers: { ...showing(key).headers, accept: 'application/x-ndjson' }
    })
    const lines = (await response.text()).trim().split('\n')
    const rows = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as object)
    if (rows.length >= POINTS || performance.now() > late) return rows
    await sleep(200)
  }
}
