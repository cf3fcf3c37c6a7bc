/** One run of a seed: hubs start, clients work while faults happen, and everything is compared with the model. */
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { start as writerMain } from '../../src/store/sqlite/writer.ts'
import { type Bug, bugs } from './bugs.ts'
import { createOwn, runClient } from './clients.ts'
import { MongoBackend } from './mongodb.ts'
import { installPlatform } from './platform.ts'
import { ConnectionLost } from './process.ts'
import { Random } from './random.ts'
import { Scheduler } from './scheduler.ts'
import { SqliteBackend } from './sqlite.ts'
import type { ThreadMain } from './thread.ts'
import { verify } from './verify.ts'
import { type Hub, makeWorld, type World } from './world.ts'

/** What the hubs store their data in. */
export type StoreKind = 'sqlite' | 'mongodb'

export interface RunOptions {
  readonly seed: number
  readonly store: StoreKind
  readonly bug?: Bug
  readonly keepsTrace?: boolean
}

export interface RunResult {
  readonly seed: number
  readonly steps: number
  readonly commits: number
  readonly faults: ReadonlyMap<string, number>
  readonly digest: string
  readonly trace: readonly string[]
  /** Undefined: everything was as it must be. */
  readonly failure: Error | undefined
}

/** A run that takes longer, in simulated milliseconds, is stuck. */
const MAX_MS = 10 * 60 * 1000

const EPOCHS = 3
const FAULT_MS = 40

export async function simulate({ seed, store, bug, keepsTrace = false }: RunOptions): Promise<RunResult> {
  const platform = installPlatform({ 'sqlite/writer.ts': writerMain as ThreadMain })
  const removeBug = bug === undefined ? () => {} : bugs[bug].inject(platform)
  const random = new Random(seed)
  const scheduler = new Scheduler(keepsTrace)
  const backend =
    store === 'sqlite' ? onDisk(scheduler, random.fork()) : new MongoBackend(scheduler, random.fork(), platform.bugs)
  const world = makeWorld(scheduler, random, backend)
  let failure: Error | undefined
  try {
    await scheduler.run(play(world), MAX_MS)
  } catch (error) {
    failure = error as Error
  } finally {
    backend.remove()
    removeBug()
    platform.remove()
  }
  const { steps, trace } = scheduler
  return { seed, steps, commits: world.model.last, faults: world.faults, digest: scheduler.digest(), trace, failure }
}

/** In memory if possible: that writes are lost is not up to the real disk. */
function onDisk(scheduler: Scheduler, random: Random): SqliteBackend {
  const memory = '/dev/shm'
  const root = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), 'aas-hub-simulation-'))
  return new SqliteBackend({ scheduler, random, root })
}

async function play(world: World): Promise<void> {
  const { backend, random } = world
  for (const hub of backend.hubs) await backend.open(hub)
  const names = ['a', 'b', 'c', 'd'].slice(0, 1 + random.below(4))
  await createOwn(world, names)
  world.nextTag++
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    const operations = 10 + random.below(20)
    const working = Promise.all(names.map((name) => runClient(world, name, operations, random.fork())))
    await disturbUntil(world, working)
    backend.calm()
    for (const hub of backend.hubs) await revive(world, hub)
    for (const hub of backend.hubs) if (hub.current !== undefined) await verify(world, hub.current)
  }
}

/** Draws faults until the work is done, one after the other; each ends after a while, and hubs that are down start. */
async function disturbUntil(world: World, work: Promise<unknown>): Promise<void> {
  const { backend, random, scheduler, faults } = world
  let isDone = false
  const working = work.finally(() => {
    isDone = true
  })
  // Noticed below; it must not end the process until then.
  working.catch(() => {})
  const chances = random.pick([0, 0.5, 1])
  while (!isDone) {
    await scheduler.sleep(random.duration(FAULT_MS), 'peace')
    if (!isDone && random.chance(chances)) {
      const { name, end } = backend.fault(random)
      scheduler.note(`fault: ${name}`)
      faults.set(name, (faults.get(name) ?? 0) + 1)
      await scheduler.sleep(random.duration(FAULT_MS), 'fault')
      end()
    }
    for (const hub of backend.hubs) await revive(world, hub)
  }
  await working
}

/** Starts a hub that is down; it may crash again meanwhile. */
async function revive(world: World, hub: Hub): Promise<void> {
  const { backend, scheduler } = world
  for (let tries = 0; hub.current === undefined; tries++) {
    await scheduler.sleep(1, 'restart')
    try {
      await backend.open(hub)
    } catch (error) {
      if (!(error instanceof ConnectionLost) && tries > 10) throw error
    }
  }
}
