/** A machine, a hub, and the process beside it that reads the machine: each a process of its own, to be killed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { HubProcess } from '../../scripts/hub-process.ts'
import { freePort } from '../../scripts/ports.ts'
import { type DescribedInterface, description, MODBUS, mapping, press } from '../collectors/asset-interface.ts'
import { described } from '../collectors/opcua/fixture.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'
import { dataOf, startProcess } from './crash-hub.ts'
import { encode } from './harness.ts'

export const RECOVERY_MS = 90_000

export type Kind = 'modbus' | 'opcua'

export type Victim = 'machine' | 'hub' | 'edge'

export class Plant {
  readonly kind: Kind
  readonly directory: string
  readonly #machinePort: number
  readonly #hubPort: number
  readonly #log: string
  #processes: { machine: ChildProcess; edge: ChildProcess }
  #hub: HubProcess
  gaps = 0

  static async start(t: Test, kind: Kind): Promise<Plant> {
    const [machinePort, hubPort, directory, log] = [
      await freePort(),
      await freePort(),
      dataOf(t),
      join(testDirectory(t), 'log')
    ]
    const hub = await startProcess(directory, hubPort)
    const machine = await startMachineProcess(kind, machinePort, log)
    const plant = new Plant(kind, { machinePort, hubPort, directory, log, hub, machine })
    await plant.#describe()
    plant.#processes = { machine, edge: plant.#startEdge() }
    t.teardown(() => plant.stop())
    await until(async () => (await plant.newest()) > 5, { timeoutMs: RECOVERY_MS })
    return plant
  }

  private constructor(
    kind: Kind,
    parts: { machinePort: number; hubPort: number; directory: string; log: string } & {
      hub: HubProcess
      machine: ChildProcess
    }
  ) {
    this.kind = kind
    this.directory = parts.directory
    this.#machinePort = parts.machinePort
    this.#hubPort = parts.hubPort
    this.#log = parts.log
    this.#hub = parts.hub
    this.#processes = { machine: parts.machine, edge: parts.machine }
  }

  /** Kills a process and starts it again. */
  async kill(victim: Victim, awayMs: number): Promise<void> {
    if (victim === 'hub') {
      await this.#hub.kill()
      await wait(awayMs)
      this.#hub = await startProcess(this.directory, this.#hubPort)
      return
    }
    await end(this.#processes[victim])
    await wait(awayMs)
    if (victim === 'edge') this.#processes.edge = this.#startEdge()
    else this.#processes.machine = await startMachineProcess(this.kind, this.#machinePort, this.#log)
  }

  /** What the machine counted, and when. */
  log(): { readonly count: number; readonly at: number }[] {
    const lines = readFileSync(this.#log, 'utf8').trim().split('\n')
    return lines.map((line) => {
      const [count = 0, at = 0] = line.split(' ').map(Number)
      return { count, at }
    })
  }

  counted(): number {
    return this.log().at(-1)?.count ?? 0
  }

  async newest(): Promise<number> {
    const response = await fetch(`${this.#hub.api}/submodels/${encode('urn:press')}/submodel-elements/Counter/$value`)
    return response.ok ? Number(await response.json()) : 0
  }

  /** Counts that are good; in the order of their times. */
  async history(): Promise<number[]> {
    const url = `${this.#hub.url}/timeseries?submodel=urn:press&path=Counter&from=2020-01-01T00:00:00Z&quality=true&format=csv`
    const text = await (await fetch(url)).text()
    return text
      .trim()
      .split('\n')
      .slice(1)
      .flatMap((line) => (/bad/.test(line) ? [] : [Number(line.split(',')[1])]))
      .filter((count) => count > 0)
  }

  /** Ends the machine, and waits until nothing more is stored. */
  async settle(): Promise<void> {
    const counted = this.counted()
    await until(async () => (await this.newest()) > counted, { timeoutMs: RECOVERY_MS })
    await end(this.#processes.machine)
    const held = join(`${this.directory}-edge`, 'edge', 'samples')
    await until(() => readdirSync(held).length === 0, { timeoutMs: RECOVERY_MS })
    let before = -1
    await until(
      async () => {
        const { length } = await this.history()
        const isSame = length === before
        before = length
        return isSame
      },
      { pollMs: 1000 }
    )
  }

  async stop(): Promise<void> {
    await Promise.all([end(this.#processes.machine), end(this.#processes.edge), this.#hub.kill()])
  }

  #startEdge(): ChildProcess {
    const program = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
    const flags = [
      ...['--hub', this.#hub.url, '--collect-targets', `127.0.0.1:${this.#machinePort}`],
      ...['--data-dir', `${this.directory}-edge`, '--log-format', 'json', '--log-level', 'info']
    ]
    const child = startNode([program, 'collect', ...flags])
    if (child.stdout !== null) {
      createInterface(child.stdout).on('line', (line) => {
        if (/Samples were lost/.test(line)) this.gaps++
      })
    }
    return child
  }

  async #describe(): Promise<void> {
    const one = this.#interface()
    const interfaces = description([one])
    for (const submodel of [press({ Counter: 'xs:unsignedInt' }), interfaces, mapping(interfaces, [one])]) {
      const response = await fetch(`${this.#hub.api}/submodels`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(submodel)
      })
      if (response.status !== 201) throw new Error(await response.text())
    }
  }

  #interface(): DescribedInterface {
    if (this.kind === 'opcua') {
      return {
        ...described(`opc.tcp://127.0.0.1:${this.#machinePort}`, ['Counter']),
        interval: 0.02,
        security: { nosec_sc: { scheme: 'nosec' } }
      }
    }
    const form = { href: '1/1?quantity=2', modv_entity: 'HoldingRegister', modv_type: 'xsd:unsignedInt' }
    return {
      ...{ idShort: 'InterfaceMODBUS', vocabulary: MODBUS, interval: 0.05 },
      endpoint: { base: `modbus+tcp://127.0.0.1:${this.#machinePort}` },
      properties: { Counter: { form } }
    }
  }
}

async function startMachineProcess(kind: Kind, port: number, log: string): Promise<ChildProcess> {
  const child = startNode([fileURLToPath(new URL('crash-machine.ts', import.meta.url)), kind, String(port), log])
  if (child.stdout === null) throw new Error('The machine has no output')
  for await (const line of createInterface(child.stdout)) if (line === 'ready') return child
  throw new Error('The machine did not start')
}

function startNode(words: readonly string[]): ChildProcess {
  const { PATH, NODE_COMPILE_CACHE } = process.env
  const env = { PATH, ...(NODE_COMPILE_CACHE !== undefined && { NODE_COMPILE_CACHE }) }
  const child = spawn(process.execPath, [...words], { stdio: ['ignore', 'pipe', 'inherit'], env })
  process.once('exit', () => child.kill('SIGKILL'))
  return child
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
