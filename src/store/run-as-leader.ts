/**
 * Work that only one of the processes sharing a store may do at a time. The leader holds a lease and renews it; where it
 * dies, another process acquires the lease once its time is over. An embedded store has one process, which always leads.
 */
import { type Clock, systemClock } from '../clock.ts'
import type { Store } from './store.ts'

type LeaseStore = Pick<Store, 'lease'>

/** For how long a lease is granted unless the work says otherwise. */
const LEASE_TTL_MS = 20_000

export interface LeaseOptions {
  /** The same in all processes; kept by the store. */
  readonly name: string
  readonly ttlMs?: number
  readonly clock?: Clock
}

/** A lease as its holder sees it. Its time counts from before the store was asked, by the monotonic clock. */
export class Lease {
  readonly #store: LeaseStore
  readonly #name: string
  readonly #ttlMs: number
  readonly #clock: Clock
  #heldUntil = Number.NEGATIVE_INFINITY

  constructor(store: LeaseStore, { name, ttlMs = LEASE_TTL_MS, clock = systemClock }: LeaseOptions) {
    this.#store = store
    this.#name = name
    this.#ttlMs = ttlMs
    this.#clock = clock
  }

  get isHeld(): boolean {
    return this.#remainingMs > 0
  }

  /** Acquires or renews it. @throws where the store fails; a lease that was held still is until its time is over */
  async acquire(): Promise<boolean> {
    const askedAt = this.#clock.monotonic()
    const isGranted = await this.#store.lease(this.#name, this.#ttlMs)
    this.#heldUntil = isGranted ? askedAt + this.#ttlMs : Number.NEGATIVE_INFINITY
    return this.isHeld
  }

  /** Like `acquire`, but asks the store only once half of the time is over. */
  async hold(): Promise<boolean> {
    return this.#remainingMs > this.#ttlMs / 2 || this.acquire()
  }

  /** Renews it until stopped. Loss and failures pass unnoticed: for work that is harmless where done twice. */
  keep(): () => void {
    return this.#clock.every(this.#ttlMs / 4, () => void this.hold().catch(() => {}))
  }

  get #remainingMs(): number {
    return this.#heldUntil - this.#clock.monotonic()
  }
}

/** What the leader runs. */
export interface LeaderTask {
  /**
   * Ends it.
   * @param isLost whether another process may be the leader already, which must not be overwritten
   */
  close(isLost: boolean): Promise<void>
}

export interface LeaderOptions extends LeaseOptions {
  /** Called with an error of the store or of `open`; a retry follows. */
  readonly failed: (error: unknown) => void
}

export class Leadership<Task extends LeaderTask> {
  /** The first attempt: resolves when the task runs or another process leads. @throws what `open` threw */
  readonly started: Promise<void>
  readonly #lease: Lease
  readonly #open: () => Promise<Task>
  readonly #failed: LeaderOptions['failed']
  #current: Task | undefined
  #attempt: Promise<void> | undefined
  #isClosed = false
  #stopTimer: () => void = () => {}

  constructor(store: LeaseStore, options: LeaderOptions, open: () => Promise<Task>) {
    const { ttlMs = LEASE_TTL_MS, clock = systemClock, failed } = options
    this.#lease = new Lease(store, options)
    this.#open = open
    this.#failed = failed
    this.started = this.#try()
    this.started.then(
      () => {
        if (!this.#isClosed) this.#stopTimer = clock.every(ttlMs / 4, () => this.#tryAgain())
      },
      () => {}
    )
  }

  /** The task while this process leads. */
  get current(): Task | undefined {
    return this.#current
  }

  /** Stops leading; resolves when the task has ended. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#stopTimer()
    await this.started.catch(() => {})
    await this.#attempt
    await this.#end(!this.#lease.isHeld)
  }

  async #try(): Promise<void> {
    try {
      await this.#lease.hold()
    } catch (error) {
      this.#failed(error)
    }
    if (this.#isClosed) return
    if (this.#lease.isHeld) this.#current ??= await this.#open()
    else await this.#end(true)
  }

  #tryAgain(): void {
    this.#attempt ??= this.#try()
      .catch(this.#failed)
      .finally(() => {
        this.#attempt = undefined
      })
  }

  async #end(isLost: boolean): Promise<void> {
    const task = this.#current
    this.#current = undefined
    await task?.close(isLost)
  }
}

/** Runs a task while this process holds the lease: opens it when the lease is acquired, closes it when it is lost. */
export function runAsLeader<Task extends LeaderTask>(
  store: LeaseStore,
  options: LeaderOptions,
  open: () => Promise<Task>
): Leadership<Task> {
  return new Leadership(store, options, open)
}

export interface PeriodicOptions extends LeaseOptions {
  readonly intervalMs: number
  /** Called with an error; the next turn follows all the same. */
  readonly failed: (error: unknown) => void
}

/**
 * Does something now and at intervals, in the process that leads.
 * @param act gets a signal that is aborted when it is to stop; it may throw the reason of that
 * @returns stops it; resolves when it has ended
 */
export function runPeriodicallyAsLeader(
  store: LeaseStore,
  { name, intervalMs, clock = systemClock, failed }: PeriodicOptions,
  act: (signal: AbortSignal) => Promise<void>
): () => Promise<void> {
  const stopping = new AbortController()
  const { signal } = stopping
  const lease = new Lease(store, { name, ttlMs: 2 * intervalMs, clock })
  const ended = run()
  return async () => {
    stopping.abort()
    await ended
  }

  async function run(): Promise<void> {
    // The first turn comes also where it is stopped at once.
    do {
      try {
        if (await lease.acquire()) await act(signal)
      } catch (error) {
        if (error !== signal.reason) failed(error)
      }
      await clock.sleep(intervalMs, signal)
    } while (!signal.aborted)
  }
}
