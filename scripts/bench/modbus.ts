/** Registers of 50 Modbus units that are read each second: requests, jitter, processor time and memory. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { discoverModbus } from '../../src/commands/discover-modbus.ts'
import { type Child, run, start } from './children.ts'
import { flags } from './flags.ts'
import { lines, wanted, whole } from './measure.ts'
import { quantile } from './statistics.ts'

const UNITS = 50
/** Of each unit: 1,000 registers together; and about as many as fit into one request. */
const REGISTERS = [20, 120]
const PERIOD_MS = 1000
const SECONDS = flags.quick ? 15 : 30
const WARM_UP_MS = 5000
const TIMER_MS = 100
const MAX_JITTER = 0.1
const IDS = 'urn:bench:modbus'

/** @param folder creates a folder for data */
export async function reading(folder: (name: string) => Promise<string>): Promise<void> {
  if (!wanted('modbus')) return
  for (const registers of REGISTERS) await readingOf(registers, await folder(`modbus-${registers}`))
}

async function readingOf(registers: number, directory: string): Promise<void> {
  const items = UNITS * registers
  process.stderr.write(`${whole(items)} Modbus registers …\n`)
  const machine = await run('modbus-machine.ts')
  const port = machine.lines[0] ?? ''
  const file = await describe(registers, port, directory)
  const settings = { TEMPLATES: 'off', PRELOAD: file } as const
  const idle = await start('hub.ts', join(directory, 'idle'), settings)
  const before = await idle.rss()
  await idle.stop()

  const hub = await start('hub.ts', join(directory, 'data'), { ...settings, COLLECT_TARGETS: `127.0.0.1:${port}` })
  while ((await connectionOf(hub)).accepted === 0) await sleep(200)
  await sleep(WARM_UP_MS)
  const [cpu, accepted, requests] = [(await hub.taken()).cpu, (await connectionOf(hub)).accepted, answered()]
  const from = Date.now()
  const timer = await latenessOfTimer(SECONDS * 1000)
  const seconds = (Date.now() - from) / 1000
  const { accepted: last, missed } = await connectionOf(hub)
  const samples = last - accepted
  const perSecond = (answered() - requests) / seconds
  const cpuUs = (await hub.taken()).cpu - cpu
  const memory = ((await hub.rss()) - before) / 2 ** 20
  const { jitter, missing } = await cyclesOf(hub, from)
  await hub.stop()
  machine.child.kill('SIGKILL')

  const part = items / perSecond
  lines.push({
    workload: `${whole(items)} registers of ${UNITS} Modbus units each second; baseline: a request for each of them`,
    hub: `${perSecond.toFixed(1)} requests/s, ${whole(samples / seconds)} samples/s, ${missing} missing, ${missed} readings missed; p99 of the jitter ${jitter.toFixed(1)} ms; ${(cpuUs / samples).toFixed(1)} µs CPU a sample, ${(cpuUs / 1e4 / seconds).toFixed(1)} % of a core; ${((memory / items) * 1000).toFixed(1)} MB for 1,000 items`,
    baseline: `${whole(items)} requests/s; p99 of a timer of an idle process ${timer.toFixed(1)} ms late`,
    ratio: `1/${part.toFixed(1)}`,
    goal: `≤ 1/${Math.min(registers, UNITS)}; jitter < ${MAX_JITTER * PERIOD_MS} ms`,
    met:
      Math.round(part) >= Math.min(registers, UNITS) && jitter < MAX_JITTER * PERIOD_MS && missing === 0 ? 'yes' : 'no'
  })

  function answered(): number {
    return Number(machine.lines.at(-1) ?? 0)
  }
}

/** @returns the file with the submodels for a list of these registers */
async function describe(registers: number, port: string, directory: string): Promise<string> {
  const rows = Array.from({ length: UNITS * registers }, (_, at) => {
    const [unit, register] = [Math.floor(at / registers) + 1, at % registers]
    return `${nameOf(unit, register)},${unit},${register},UINT16`
  })
  const list = join(directory, 'registers.csv')
  await writeFile(list, ['name,unit id,address,type', ...rows].join('\n'))
  const options = new Map([
    ['map', list],
    ['id-base', IDS]
  ])
  const { environment } = await discoverModbus(`modbus+tcp://127.0.0.1:${port}`, options)
  const file = join(directory, 'machine.json')
  await writeFile(file, JSON.stringify(environment))
  return file
}

function nameOf(unit: number, register: number): string {
  return `U${unit}_R${register}`
}

/** How late the timers of this process are, which only waits: what no process can be better than. @returns p99 in milliseconds */
async function latenessOfTimer(milliseconds: number): Promise<number> {
  const late: number[] = []
  const start = performance.now()
  for (let due = start + TIMER_MS; due < start + milliseconds; due += TIMER_MS) {
    await sleep(Math.max(0, due - performance.now()))
    late.push(Math.max(0, performance.now() - due))
  }
  return quantile(late, 0.99)
}

interface Connection {
  readonly accepted: number
  readonly missed: number
}

async function connectionOf(hub: Child): Promise<Connection> {
  const { result } = (await (await fetch(`${hub.url}/connections`)).json()) as { result: Connection[] }
  return result[0] ?? { accepted: 0, missed: 0 }
}

/**
 * Of the first register of each unit: how far its times are from the schedule, as p99 in milliseconds, and which of the
 * readings that the unit answered the history has not.
 * @param from milliseconds since 1970
 */
async function cyclesOf(hub: Child, from: number): Promise<{ readonly jitter: number; readonly missing: number }> {
  const distances: number[] = []
  let missing = 0
  for (let unit = 1; unit <= UNITS; unit++) {
    const query = `submodel=${IDS}/OperationalData&path=${nameOf(unit, 0)}&from=${new Date(from).toISOString()}&format=csv`
    const [, ...rows] = (await (await fetch(`${hub.url}/timeseries?${query}`)).text()).trim().split('\n')
    const cells = rows.map((row) => row.split(','))
    const counts = cells.map(([, value]) => Number(value))
    missing += (counts.at(-1) ?? 0) - (counts[0] ?? 0) + 1 - counts.length
    // The schedule of a unit: multiples of the period, and the time that the units before it take.
    const phases = cells.map(([time = '']) => (Date.parse(time) - from + PERIOD_MS / 2) % PERIOD_MS)
    const middle = quantile(phases, 0.5)
    distances.push(...phases.map((phase) => Math.abs(phase - middle)))
  }
  return { jitter: quantile(distances, 0.99), missing }
}
