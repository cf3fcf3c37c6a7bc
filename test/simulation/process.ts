/**
 * A process of the hub as the simulation runs it: its clock, its random numbers, its event loop, its threads and what it
 * holds open. Several live in this one real process; which of them runs is known from its asynchronous context.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { DatabaseSync } from 'node:sqlite'
import { type Clock, clockOf, sleepWith } from '../../src/clock.ts'
import type { SimDisk } from './disk.ts'
import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'
import type { SimThread } from './thread.ts'

/** The clock of every machine at the start of a run. */
export const START_MS = Date.UTC(2026, 5, 1)

/** The connection to a process was lost before it answered. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
}

/** Ends the label of a turn of an event loop. */
const TURN = ': turn'

export function isTurn(label: string): boolean {
  return label.endsWith(TURN)
}

const context = new AsyncLocalStorage<SimProcess>()

/** The process whose code runs; undefined: none of a simulation. */
export function runningProcess(): SimProcess | undefined {
  return context.getStore()
}

export interface ProcessOptions {
  readonly name: string
  readonly scheduler: Scheduler
  readonly random: Random
  readonly disk?: SimDisk
}

export class SimProcess {
  readonly name: string
  readonly scheduler: Scheduler
  readonly random: Random
  readonly disk: SimDisk | undefined
  readonly clock: Clock
  readonly databases = new Set<DatabaseSync>()
  readonly threads = new Set<SimThread>()
  /** Not so from the moment of a crash on: then nothing that it does reaches anything. */
  isAlive = true
  /** What its wall clock shows too much, in milliseconds. */
  skewMs = 0
  #soonAt = 0
  #busyUntil = 0
  #monotonic = 0
  readonly #calls = new Set<(error: Error) => void>()

  constructor({ name, scheduler, random, disk }: ProcessOptions) {
    this.name = name
    this.scheduler = scheduler
    this.random = random
    this.disk = disk
    this.clock = this.#makeClock()
  }

  /** Runs code of the process. */
  run<Result>(act: () => Result): Result {
    return context.run(this, act)
  }

  /**
   * Calls it from outside, as over a connection: the answer takes a while, and never comes if the process crashes.
   * @throws ConnectionLost
   */
  call<Result>(act: () => Promise<Result>): Promise<Result> {
    if (!this.isAlive) return Promise.reject(new ConnectionLost())
    return new Promise((resolve, reject) => {
      this.#calls.add(reject)
      const answer = (settle: () => void) => {
        if (!this.isAlive) return
        this.scheduler.after(this.random.duration(0.2), `${this.name}: answer`, () => {
          if (this.#calls.delete(reject)) settle()
        })
      }
      this.run(act).then(
        (result) => answer(() => resolve(result)),
        (error) => answer(() => reject(error))
      )
    })
  }

  /** `setImmediate`: later in this turn of its event loop, in the order asked. */
  soon(act: () => void): void {
    const { scheduler } = this
    this.#soonAt = Math.max(this.#soonAt, scheduler.now + this.random.next() * 0.05)
    // Also after a crash: modules that are shared with other processes must not wait for it forever.
    this.#whenFree(this.#soonAt, `${this.name}${TURN}`, () => this.run(act))
  }

  /** Its processor is busy for so long from now on: what happens next happens later. */
  work(ms: number): void {
    this.#busyUntil = Math.max(this.#busyUntil, this.scheduler.now) + ms
  }

  /** What happens to it later; nothing, once it has crashed. */
  after(ms: number, label: string, act: () => void): () => void {
    return this.at(this.scheduler.now + ms, label, act)
  }

  at(time: number, label: string, act: () => void): () => void {
    return this.#whenFree(time, `${this.name}: ${label}`, () => {
      if (this.isAlive) this.run(act)
    })
  }

  /** At a time, or as soon as the processor is free. */
  #whenFree(time: number, label: string, act: () => void): () => void {
    let cancel = this.scheduler.at(time, label, () => {
      if (this.#busyUntil <= this.scheduler.now) act()
      else cancel = this.#whenFree(this.#busyUntil, label, act)
    })
    return () => cancel()
  }

  /** Resolves after a while, if the process still lives. */
  wait(ms: number, label: string): Promise<void> {
    return new Promise((resolve) => this.after(ms, label, resolve))
  }

  /** It ends without doing anything more. What it had written is up to the disk. */
  crash(): void {
    this.isAlive = false
    this.scheduler.note(`${this.name}: crashes`)
    this.disk?.lose(this.databases)
    for (const database of this.databases) if (database.isOpen) database.close()
    for (const thread of this.threads) thread.kill()
    for (const reject of this.#calls) reject(new ConnectionLost())
    this.#calls.clear()
  }

  #makeClock(): Clock {
    const { scheduler } = this
    const startedAt = scheduler.now
    const after = (ms: number, act: () => void) => this.after(ms, 'timer', act)
    const every = (ms: number, act: () => void) => {
      let cancel = () => {}
      const next = () => {
        cancel = after(ms, () => {
          next()
          act()
        })
      }
      next()
      return () => cancel()
    }
    const wall = () => Math.floor(START_MS + scheduler.now + this.skewMs)
    // Code takes time: two readings are never the same.
    const monotonic = () => {
      this.#monotonic = Math.max(scheduler.now - startedAt, this.#monotonic + 0.001)
      return this.#monotonic
    }
    return clockOf(wall, monotonic, { after, every, sleep: (ms, signal) => sleepWith(after, ms, signal) })
  }
}
