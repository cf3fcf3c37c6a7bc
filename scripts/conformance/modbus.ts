/**
 * The hub reads and writes 50 units of an independent Modbus implementation (pymodbus), over Modbus TCP and as RTU frames,
 * by what `discover modbus` writes of a list of their registers. Reports requests and jitter. Needs Python.
 *
 *   node scripts/conformance/modbus.ts
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { discoverModbus } from '../../src/commands/discover-modbus.ts'
import { encodeId } from '../../src/model/identifier.ts'
import { type HubProcess, startHub } from '../hub-process.ts'
import { freePort } from '../ports.ts'
import { check, conclude } from './checks.ts'
import { tool } from './python.ts'

const SCRIPT = fileURLToPath(new URL('modbus_server.py', import.meta.url))
const SERVER = 'pymodbus==3.16.1'
const UNITS = 50
const REGISTERS = 20
const SECONDS = 20

interface Plant {
  readonly child: ChildProcess
  /** Since its start. */
  requests(): number
}

const scratch = mkdtempSync(join(tmpdir(), 'aas-hub-modbus-'))
await conclude(
  async () => {
    const python = join(dirname(await tool(SERVER, 'python')), 'python')
    for (const framing of ['tcp', 'rtu'] as const) await compare(python, framing)
  },
  () => {
    rmSync(scratch, { recursive: true, force: true })
  }
)

async function compare(python: string, framing: 'tcp' | 'rtu'): Promise<void> {
  const port = await freePort()
  let plant = await startPlant(python, framing, port)
  const hub = await startHub({ DATA_DIR: join(scratch, framing), COLLECT_TARGETS: `127.0.0.1:${port}` })
  try {
    const data = await describe(hub, `modbus+${framing === 'tcp' ? 'tcp' : 'rtu+tcp'}://127.0.0.1:${port}`)
    await checkValues(framing, data)
    const before = plant.requests()
    await setTimeout(SECONDS * 1000)
    const each = (plant.requests() - before) / SECONDS
    const naive = UNITS * (REGISTERS + 3)
    console.log(`${framing}: ${each.toFixed(1)} requests/s for ${naive} values each second`)
    check(
      `${framing}: one request a second for each table of each unit`,
      each < UNITS * 2.2 && each > UNITS * 1.8,
      each
    )
    const lateness = await jitter(hub)
    console.log(`${framing}: p99 of the jitter is ${(lateness * 1000).toFixed(1)} ms at a period of 1 s`)
    check(`${framing}: p99 of the jitter is below a tenth of the period`, lateness < 0.1, lateness)

    plant.child.kill('SIGKILL')
    await once(plant.child, 'exit')
    check(`${framing}: a plant that is killed fails`, await becomes(hub, 'failed'), await stateOf(hub))
    plant = await startPlant(python, framing, port)
    check(`${framing}: and is read again once it is back`, await becomes(hub, 'connected'), await stateOf(hub))
  } finally {
    plant.child.kill('SIGKILL')
    await hub.kill('SIGTERM')
  }
}

/** @returns where the values are */
async function describe(hub: HubProcess, address: string): Promise<string> {
  const rows = Array.from({ length: UNITS }, (_, at) => at + 1).flatMap((unit) => [
    ...Array.from({ length: REGISTERS }, (_, register) => `U${unit}_R${register};${unit};${register};UINT16`),
    `U${unit}_Float;${unit};${REGISTERS};FLOAT32`,
    `U${unit}_Long;${unit};${REGISTERS + 2};INT64`,
    `U${unit}_Bit;${unit};1;COIL`
  ])
  const lines = rows.map((row) =>
    row.endsWith('COIL') ? `${row.replace(';COIL', '')};;coil` : `${row};holding register`
  )
  const file = join(scratch, 'plant.csv')
  writeFileSync(file, ['name;unit id;address;type;table', ...lines].join('\n'))
  const flags = new Map([
    ['map', file],
    ['id-base', 'urn:plant']
  ])
  const { environment } = await discoverModbus(address, flags)
  for (const submodel of environment.submodels ?? []) {
    const response = await fetch(`${hub.api}/submodels`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(submodel)
    })
    if (response.status !== 201) throw new Error(await response.text())
  }
  return `${hub.api}/submodels/${encodeId('urn:plant/OperationalData')}/$value`
}

async function checkValues(framing: string, url: string): Promise<void> {
  let values: Record<string, unknown> = {}
  for (let attempt = 0; attempt < 60 && Object.keys(values).length < UNITS * (REGISTERS + 3); attempt++) {
    await setTimeout(500)
    values = (await (await fetch(url)).json()) as Record<string, unknown>
  }
  const wrong = Array.from({ length: UNITS }, (_, at) => at + 1).filter(
    (unit) =>
      Array.from({ length: REGISTERS }, (_, at) => at).some((at) => values[`U${unit}_R${at}`] !== unit * 100 + at) ||
      values[`U${unit}_Float`] !== 1.5 * unit ||
      BigInt(String(values[`U${unit}_Long`] ?? 0)) > -(2n ** 53n) ||
      values[`U${unit}_Bit`] !== (unit % 2 === 1)
  )
  check(`${framing}: every value of every unit is right`, wrong.length === 0, wrong)
}

/** p99 of the distance of the times of one register from multiples of a second, in seconds. */
async function jitter(hub: HubProcess): Promise<number> {
  const query = 'submodel=urn:plant/OperationalData&path=U1_R0&from=2020-01-01T00:00:00Z&format=csv'
  const text = await (await fetch(`${hub.url}/timeseries?${query}`)).text()
  const times = text
    .trim()
    .split('\n')
    // The first ones are of the start.
    .slice(6)
    .map((line) => Date.parse(line.split(',')[0] ?? '') / 1000)
  const phases = times.map((time) => time - Math.round(time - (times[0] ?? 0)) - (times[0] ?? 0)).sort((a, b) => a - b)
  const middle = phases[Math.floor(phases.length / 2)] ?? 0
  const distances = phases.map((phase) => Math.abs(phase - middle)).sort((a, b) => a - b)
  return distances[Math.min(distances.length - 1, Math.floor(distances.length * 0.99))] ?? Number.POSITIVE_INFINITY
}

async function stateOf(hub: HubProcess): Promise<string> {
  const { result } = (await (await fetch(`${hub.url}/connections`)).json()) as { result: { state: string }[] }
  return result[0]?.state ?? 'none'
}

async function becomes(hub: HubProcess, state: string): Promise<boolean> {
  for (let attempt = 0; attempt < 120; attempt++) {
    if ((await stateOf(hub)) === state) return true
    await setTimeout(500)
  }
  return false
}

async function startPlant(python: string, framing: string, port: number): Promise<Plant> {
  const child = spawn(python, [SCRIPT, framing, String(port), String(UNITS)], {
    // It warns of what its next release removes.
    stdio: ['ignore', 'pipe', 'ignore']
  })
  process.once('exit', () => child.kill('SIGKILL'))
  let requests = 0
  const lines = createInterface(child.stdout)
  lines.on('line', (line) => {
    requests = (JSON.parse(line) as { requests: number }).requests
  })
  await once(lines, 'line')
  return { child, requests: () => requests }
}
