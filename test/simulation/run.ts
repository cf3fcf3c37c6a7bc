/** One run of a seed: hubs start, clients work while faults happen, and everything is compared with the model. */
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { start as writerMain } from '../../src/store/sqlite/writer.ts'
import { type Bug, bugs } from './bugs.ts'
import { createOwn, runClient } from './clients.ts'
import { MongoBackend } from './mongodb.ts'
import { SimSubscriber } from './observers.ts'
import { installPlatform } from './platform.ts'
import { ConnectionLost, isTurn } from './process.ts'
import { Random } from './random.ts'
import { Scheduler } from './scheduler.ts'
import { startServices } from './services.ts'
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

const EPOCHS = 2
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
    for (const { current } of backend.hubs) current?.process.crash()
    await scheduler.finish(isTurn)
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
  const { backend, random, plan } = world
  for (const hub of backend.hubs) await start(world, hub)
  const names = ['a', 'b', 'c', 'd'].slice(0, 1 + random.below(4))
  await createOwn(world, names)
  let isOver = false
  const following = Array.from({ length: plan.subscribers }, (_, index) => {
    const subscriber = new SimSubscriber(world, `subscriber ${index}`, random.fork())
    world.subscribers.push(subscriber)
    return subscriber.run(() => isOver)
  })
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    const operations = 10 + random.below(20)
    const working = Promise.all(names.map((name) => runClient(world, name, operations, random.fork())))
    await disturbUntil(world, working)
    backend.calm()
    for (const hub of backend.hubs) await revive(world, hub)
    await rest(world)
    if (random.chance(0.3)) await restart(world, random.pick(backend.hubs))
    for (const hub of backend.hubs) if (hub.current !== undefined) await verify(world, hub.current)
  }
  isOver = true
  await Promise.all(following)
  for (const hub of backend.hubs) await restart(world, hub)
}

/** A while without clients and faults; sometimes so long that retention has its turn. */
async function rest({ scheduler, random }: World): Promise<void> {
  await scheduler.sleep(random.chance(0.05) ? 70_000 : random.duration(200), 'rest')
}

async function start(world: World, hub: Hub): Promise<void> {
  const opened = await world.backend.open(hub)
  const { process, store } = opened
  const services = await process.call(() => startServices(world, process, store))
  hub.current = { ...opened, services }
}

/** Stops a hub as an operator does, and starts it again. */
async function restart(world: World, hub: Hub): Promise<void> {
  if (hub.current === undefined) return
  const { process, store, services } = hub.current
  hub.current = undefined
  await process.call(async () => {
    await services.stop()
    await store.close()
  })
  process.crash()
  await revive(world, hub)
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
  const { scheduler } = world
  for (let tries = 0; hub.current === undefined; tries++) {
    await scheduler.sleep(1, 'restart')
    try {
      await start(world, hub)
    } catch (error) {
      if (!(error instanceof ConnectionLost) && tries > 10) throw error
    }
  }
}
