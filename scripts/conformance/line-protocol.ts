/**
 * The unmodified official clients of InfluxDB, for both API versions, write every kind of value to the hub; the stored
 * values are compared with the sent ones. The clients show the key of a gateway. Needs Python.
 *
 *   node scripts/conformance/line-protocol.ts
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { formatTime } from '../../src/model/time.ts'
import { startHub } from '../hub-process.ts'
import { check, conclude } from './checks.ts'
import { createKey, showing } from './keys.ts'
import { run, tool } from './python.ts'

const SCRIPT = fileURLToPath(new URL('line-protocol.py', import.meta.url))
const CLIENTS = 'influxdb==5.3.2 influxdb-client==1.50.0'

/** The script's report of what the clients sent and received. */
interface ClientReport {
  readonly seen: Readonly<Record<string, unknown>>
  readonly expected: readonly (readonly [time: number, fields: Readonly<Record<string, unknown>>])[]
}

const scratch = mkdtempSync(join(tmpdir(), 'aas-hub-line-protocol-'))
await conclude(
  async () => {
    await compare()
  },
  () => {
    rmSync(scratch, { recursive: true, force: true })
  }
)

async function compare(): Promise<void> {
  const python = join(dirname(await tool(CLIENTS, 'python')), 'python')
  const hub = await startHub({ DATA_DIR: join(scratch, 'data'), UNKNOWN_SERIES: 'create' })
  const { hostname, port } = new URL(hub.url)
  const administrator = await createKey(hub.url, 'administrator')
  const gateway = await createKey(hub.url, 'gateway', administrator)
  const { code, output } = await run(python, [SCRIPT, hub.url, hostname, port, gateway])
  if (code !== 0) throw new Error(output)
  const { seen, expected } = JSON.parse(output.trim().split('\n').at(-1) ?? '') as ClientReport
  checkAnswers(seen)
  for (const id of ['urn:one', 'urn:two']) await checkStored(hub.api, id, expected, administrator)
  const victim = await fetch(
    `${hub.api}/submodels/${Buffer.from('Victim').toString('base64url')}`,
    showing(administrator)
  )
  check('a line within a text is no point', victim.status === 404, victim.status)
  await hub.kill('SIGTERM')
}

function checkAnswers(seen: ClientReport['seen']): void {
  const is = (name: string, test: (value: unknown) => boolean) => check(name, test(seen[name]), seen[name])
  const text = (value: unknown) => JSON.stringify(value)
  is('ping1', (value) => typeof value === 'string' && value.length > 0)
  is('databases', (value) => text(value) === '["aas-hub"]')
  is('write1', (value) => value === true)
  is('refused1', (value) => /^\[400,"partial write: 0 samples were taken, 1 refused: line 1/.test(text(value)))
  // A gateway writes; it reads nothing.
  is('query1', (value) => /^\[403,/.test(text(value)))
  is('ping2', (value) => value === true)
  is('health2', (value) => value === 'pass')
  is('bucket2', (value) => value === 'plant')
  is('stranger1', (value) => value === 401)
  is('stranger2', (value) => value === 401)
  is('refused2', (value) => /^\[400,"invalid","partial write: 0 samples/.test(text(value)))
  is('query2', (value) => /^\[501,"not implemented",.*timeseries/.test(text(value)))
}

/** Every value with its type and its digits, at its nanosecond. */
async function checkStored(api: string, id: string, expected: ClientReport['expected'], key: string): Promise<void> {
  const submodel = await fetch(`${api}/submodels/${Buffer.from(id).toString('base64url')}`, showing(key))
  const { submodelElements = [] } = (await submodel.json()) as { submodelElements?: Record<string, unknown>[] }
  const types = Object.fromEntries(submodelElements.map(({ idShort, valueType }) => [idShort, valueType]))
  const named = { Text: 'Text', Whole: 'Whole', Float: 'Float', Flag: 'Flag', 'temp °C': 'temp_x0020__x00B0_C' }
  const wanted = {
    Text: 'xs:string',
    Whole: 'xs:long',
    Float: 'xs:double',
    Flag: 'xs:boolean',
    temp_x0020__x00B0_C: 'xs:double'
  }
  for (const [name, type] of Object.entries(wanted)) check(`${id} ${name} is of ${type}`, types[name] === type, types)
  for (const [field, idShort] of Object.entries(named)) {
    const response = await fetch(`${api}/timeseries?submodel=${id}&path=${idShort}`, showing(key))
    const { rows } = (await response.json()) as { rows: [string, unknown][] }
    const found = rows.map(([time, value]) => [time, String(value)])
    // Times are beyond 2^53, so they are compared relative to the first.
    const sent = expected.map(([, fields], at) => {
      const time = 1_700_000_000_000_000_000n + BigInt(at) * 1_000_000_007n
      const value = id === 'urn:one' ? asSentByFirst(fields[field]) : fields[field]
      return [formatTime(time), typeof value === 'number' ? value : String(value)] as const
    })
    const wrong = found.filter(([time, value], at) => {
      const [atTime, one] = sent[at] ?? []
      return time !== atTime || (typeof one === 'number' ? Number(value) !== one : value !== one)
    })
    check(
      `${id} ${field}: all are there as they were sent`,
      wrong.length === 0 && found.length === sent.length,
      wrong.slice(0, 3)
    )
  }
}

/** The 1.x client writes a line feed as backslash and n, which InfluxDB stores literally. */
function asSentByFirst(value: unknown): unknown {
  return typeof value === 'string' ? value.replaceAll('\n', '\\n') : value
}
