/** What a run has around its clients: hubs that can crash and come back, and what is known of the data. */
import { HubError } from '../../src/errors.ts'
import type { Store } from '../../src/store/store.ts'
import { Model } from './model.ts'
import { ObservingConsumer, type SimSubscriber } from './observers.ts'
import type { SimProcess } from './process.ts'
import type { Random } from './random.ts'
import { Reads } from './reads.ts'
import type { Scheduler } from './scheduler.ts'
import type { Services } from './services.ts'

/** A hub that does not answer for this long, in peace, will not. */
const RETRY_MS = 200
const MAX_TRIES = 300

export interface RunningHub {
  readonly process: SimProcess
  readonly store: Store
  readonly services: Services
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
  /** Starts the process of a hub with its store. @throws what opening the store throws */
  open(hub: Hub): Promise<Pick<RunningHub, 'process' | 'store'>>
  /** Draws a fault and starts it. */
  fault(random: Random): Fault
  /** No fault that was drawn is still to come. */
  calm(): void
  /** Ends everything that is still open, and removes what it left. */
  remove(): void
}

/** What is drawn once for a run. */
export interface Plan {
  /** Nanoseconds of a bucket that old samples are thinned to; 0: they are kept as they are. */
  readonly bucket: bigint
  /** How often the history is written, and maintained. */
  readonly historyMs: number
  readonly retentionMs: number
  /** Bound of samples that wait to be written to the history. */
  readonly pendingBytes: number
  /** What the log is trimmed by. */
  readonly logAgeMs: number
  readonly logBytes: number
  /** How many follow the log. */
  readonly subscribers: number
}

function drawPlan(random: Random): Plan {
  return {
    bucket: random.pick([0n, 0n, 100n]),
    historyMs: random.pick([100, 1000, 10_000]),
    retentionMs: random.pick([300, 5000, 600_000]),
    pendingBytes: random.pick([500, 16 * 1024 * 1024]),
    logAgeMs: random.pick([30_000, 24 * 3_600_000]),
    logBytes: random.pick([5000, 1024 * 1024 * 1024]),
    subscribers: random.below(3)
  }
}

export interface World {
  readonly scheduler: Scheduler
  readonly random: Random
  readonly backend: Backend
  readonly plan: Plan
  readonly model: Model
  readonly reads: Reads
  readonly consumer: ObservingConsumer
  readonly subscribers: SimSubscriber[]
  /** By name: how often each fault was drawn. */
  readonly faults: Map<string, number>
  nextTag: number
  /** What was noticed beside the clients. */
  problem: unknown
}

export function makeWorld(scheduler: Scheduler, random: Random, backend: Backend): World {
  return {
    ...{ scheduler, random, backend, plan: drawPlan(random.fork()), model: new Model(), reads: new Reads() },
    ...{ consumer: new ObservingConsumer(random.fork()), subscribers: [], faults: new Map(), nextTag: 1 },
    problem: undefined
  }
}

/** Asks a hub until it can answer: after a fault it may need a while to reach its database. */
export async function ask<Result>(
  { scheduler }: World,
  hub: RunningHub,
  read: (hub: RunningHub) => Promise<Result>
): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await hub.process.call(() => read(hub))
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
