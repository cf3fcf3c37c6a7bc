/** What a run has around its clients: hubs that can crash and come back, and what is known of the data. */
import { HubError } from '../../src/errors.ts'
import type { Store } from '../../src/store/store.ts'
import { Model } from './model.ts'
import type { SimProcess } from './process.ts'
import type { Random } from './random.ts'
import { Reads } from './reads.ts'
import type { Scheduler } from './scheduler.ts'

/** A hub that does not answer for this long, in peace, will not. */
const RETRY_MS = 200
const MAX_TRIES = 300

export interface RunningHub {
  readonly process: SimProcess
  readonly store: Store
}

export interface Hub {
  readonly name: string
  /** Undefined while it is down. */
  current: RunningHub | undefined
}

export interface Fault {
  readonly name: string
  /** Ends it, where it does not end by itself. */
  readonly end: () => void
}

/** A database, and what can go wrong with it. */
export interface Backend {
  readonly hubs: readonly Hub[]
  /** Starts a hub. @throws what opening the store throws */
  open(hub: Hub): Promise<void>
  /** Draws a fault and starts it. */
  fault(random: Random): Fault
  /** No fault that was drawn is still to come. */
  calm(): void
  /** Ends everything that is still open, and removes what it left. */
  remove(): void
}

export interface World {
  readonly scheduler: Scheduler
  readonly random: Random
  readonly backend: Backend
  readonly model: Model
  readonly reads: Reads
  /** By name: how often each fault was drawn. */
  readonly faults: Map<string, number>
  nextTag: number
}

export function makeWorld(scheduler: Scheduler, random: Random, backend: Backend): World {
  return { scheduler, random, backend, model: new Model(), reads: new Reads(), faults: new Map(), nextTag: 1 }
}

/** Asks a hub until it can answer: after a fault it may need a while to reach its database. */
export async function ask<Result>(
  { scheduler }: World,
  { process, store }: RunningHub,
  read: (store: Store) => Promise<Result>
): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await process.call(() => read(store))
    } catch (error) {
      if (!(error instanceof HubError) || error.name !== 'Unavailable' || tries === MAX_TRIES) throw error
      await scheduler.sleep(RETRY_MS, 'asks again')
    }
  }
}

/** A hub that is up; waits for one. */
export async function someHub({ scheduler, backend }: World, random: Random): Promise<RunningHub> {
  for (;;) {
    const found = backend.hubs.filter((hub) => hub.current?.process.isAlive === true)
    if (found.length > 0) return random.pick(found).current as RunningHub
    await scheduler.sleep(5, 'a client waits for a hub')
  }
}
