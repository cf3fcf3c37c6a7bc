/** What a run has around its clients: hubs that can crash and come back, and what is known of the data. */
import type { Store } from '../../src/store/store.ts'
import { Model } from './model.ts'
import type { SimProcess } from './process.ts'
import type { Random } from './random.ts'
import { Reads } from './reads.ts'
import type { Scheduler } from './scheduler.ts'

export interface Hub {
  readonly name: string
  /** Undefined while it is down. */
  current: { readonly process: SimProcess; readonly store: Store } | undefined
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

/** A hub that is up; waits for one. */
export async function someHub({ scheduler, backend }: World, random: Random): Promise<NonNullable<Hub['current']>> {
  for (;;) {
    const found = backend.hubs.filter((hub) => hub.current?.process.isAlive === true)
    if (found.length > 0) return random.pick(found).current as NonNullable<Hub['current']>
    await scheduler.sleep(5, 'a client waits for a hub')
  }
}
