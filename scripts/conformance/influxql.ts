/**
 * The same samples in InfluxDB 1.6 and in the hub, and the same queries of both: the forms of Grafana's query builder and
 * others by HTTP, InfluxDB's command line, and the official Python clients of both API versions. The answers must be
 * equal. The clients show the key of a caller that reads. Needs Python and Debian's packages of InfluxDB.
 *
 *   node scripts/conformance/influxql.ts
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { type Influx, influxProgram, startInflux } from '../bench/influxdb.ts'
import { type HubProcess, startHub } from '../hub-process.ts'
import { check, conclude } from './checks.ts'
import { documents, grafanaQueries, lineProtocol, otherQueries } from './influxql-plant.ts'
import { createKey, showing } from './keys.ts'
import { run, tool } from './python.ts'

const SCRIPT = fileURLToPath(new URL('influxql.py', import.meta.url))
const CLIENTS = 'influxdb==5.3.2 influxdb-client==1.50.0'

/** Databases of the peer; the hub takes any name. */
const DATABASE = 'bench'

const scratch = mkdtempSync(join(tmpdir(), 'aas-hub-influxql-'))
let influx: Influx | undefined
let hub: HubProcess | undefined
await conclude(compare, () => {
  influx?.stop()
  hub?.kill()
  rmSync(scratch, { recursive: true, force: true })
})

async function compare(): Promise<void> {
  influx = await startInflux(join(scratch, 'influxdb'))
  hub = await startHub({ DATA_DIR: join(scratch, 'data') })
  const administrator = await createKey(hub.url, 'administrator')
  const operator = await createKey(hub.url, 'operator', administrator)
  await fill(influx, hub, administrator)
  for (const query of [...grafanaQueries, ...otherQueries]) await compareByHttp(influx, hub, query, operator)
  await compareByCommandLine(influx, hub, operator)
  await compareByPython(influx, hub, operator)
}

async function fill(influx: Influx, hub: HubProcess, key: string): Promise<void> {
  const { shells, submodels } = documents()
  const post = async (url: string, body: string, type: string, headers = showing(key).headers) => {
    const { status } = await fetch(url, { method: 'POST', body, headers: { ...headers, 'content-type': type } })
    if (status !== 201 && status !== 204) throw new Error(`${url}: ${status}`)
  }
  for (const one of submodels) await post(`${hub.api}/submodels`, JSON.stringify(one), 'application/json')
  for (const one of shells) await post(`${hub.api}/shells`, JSON.stringify(one), 'application/json')
  await post(`${hub.url}/write?db=${DATABASE}`, lineProtocol(false), 'text/plain')
  await post(`${influx.url}/write?db=${DATABASE}`, lineProtocol(true), 'text/plain')
}

/** As JSON with times as text and as numbers, in chunks, and as CSV. */
async function compareByHttp(influx: Influx, hub: HubProcess, query: string, key: string): Promise<void> {
  const forms = [
    { more: '', accept: 'application/json' },
    { more: '&epoch=ms', accept: 'application/json' },
    { more: '&epoch=s&chunked=true&chunk_size=7', accept: 'application/json' },
    { more: '', accept: 'application/csv' }
  ]
  for (const { more, accept } of forms) {
    // In chunks of a list InfluxDB does not say that more of them follow.
    if (more.includes('chunked') && query.startsWith('SHOW')) continue
    const ask = async (url: string, headers: object) => {
      const path = `/query?db=${DATABASE}${more}&q=${encodeURIComponent(query)}`
      return (await fetch(url + path, { headers: { accept, ...headers } })).text()
    }
    const [found, expected] = [await ask(hub.url, showing(key).headers), await ask(influx.url, {})]
    check(`${query} ${more} ${accept}`, isEqual(parsed(found), parsed(expected)), { found, expected })
  }
}

/** A document for each line, or the cells of a table. */
function parsed(text: string): unknown {
  return text
    .trimEnd()
    .split('\n')
    .map((line) =>
      line.startsWith('{') ? JSON.parse(line) : line.split(',').map((cell) => (cell === '' ? '' : Number(cell) || cell))
    )
}

/** Sums of doubles depend on the order in which they are made. */
function isEqual(one: unknown, other: unknown): boolean {
  if (typeof one === 'number' && typeof other === 'number') {
    return Math.abs(one - other) <= 1e-12 * Math.max(1, Math.abs(one), Math.abs(other))
  }
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return one === other
  const [names, others] = [Object.keys(one), Object.keys(other)]
  return (
    isDeepStrictEqual(names, others) &&
    names.every((name) => isEqual((one as Record<string, unknown>)[name], (other as Record<string, unknown>)[name]))
  )
}

async function compareByCommandLine(influx: Influx, hub: HubProcess, key: string): Promise<void> {
  const program = await influxProgram('influx')
  const queries = [
    'SHOW MEASUREMENTS',
    'SHOW FIELD KEYS',
    'SHOW TAG VALUES FROM Energy WITH KEY = shell',
    'SELECT * FROM OperationalData LIMIT 15',
    'SELECT mean(Speed), max(Count) FROM OperationalData WHERE time < 1795489800s GROUP BY time(1m), shell fill(none)',
    'SELECT last(State) FROM OperationalData GROUP BY shell; SELECT count(Power) FROM Energy'
  ]
  for (const query of queries) {
    for (const options of [['csv'], ['json'], ['column'], ['column', '-precision', 'rfc3339']]) {
      const ask = async (url: string) => {
        const { hostname, port } = new URL(url)
        const connection = ['-host', hostname, '-port', port, '-username', 'operator', '-password', key]
        return run(program, [...connection, '-database', DATABASE, '-execute', query, '-format', ...options])
      }
      const [found, expected] = [await ask(hub.url), await ask(influx.url)]
      const isRight = found.code === 0 && isEqual(parsed(found.output), parsed(expected.output))
      check(`influx -execute "${query}" -format ${options.join(' ')}`, isRight, { found, expected })
    }
  }
}

interface Seen {
  readonly first: Readonly<Record<string, unknown>>
  readonly second: Readonly<Record<string, unknown>>
}

async function compareByPython(influx: Influx, hub: HubProcess, key: string): Promise<void> {
  const python = join(dirname(await tool(CLIENTS, 'python')), 'python')
  const seenBy = async (url: string) => {
    const { code, output } = await run(python, [SCRIPT, url, key, DATABASE])
    if (code !== 0) throw new Error(output)
    return JSON.parse(output.trim().split('\n').at(-1) ?? '') as Seen
  }
  const [found, expected] = [await seenBy(hub.url), await seenBy(influx.url)]
  for (const [name, value] of Object.entries(expected.first)) {
    check(`the client of 1.x: ${name}`, isEqual(found.first[name], value), {
      found: found.first[name],
      expected: value
    })
  }
  const { chunks, health, flux, rows } = found.second as {
    chunks: unknown
    health: unknown
    flux: string
    rows: unknown
  }
  check('the client of 1.x: chunks hold the same points', chunks === true, chunks)
  check('the client of 2.x: the hub is healthy', health === 'pass', health)
  check('the client of 2.x: Flux is refused, with the way to read', /501.*InfluxQL at \/query/.test(flux), flux)
  check('the client of 2.x reads InfluxQL through its connection', isEqual(rows, [[0, 90]]), rows)
}
