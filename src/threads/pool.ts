/**
 * A pool of threads for long computations whose result is a stream of bytes. A thread has no access to the store: what a
 * task reads it asks of its sources, which the main thread answers, so that whatever is decided there, such as the rights
 * of the caller, holds for the task as well.
 *
 * Threads start when they are first needed and end when they are idle. A task gets no further ahead of its reader than
 * some parts; it ends when its signal is aborted.
 *
 * A thread that dies, as one of its tasks took too much memory, is replaced. Its tasks are run once more, one by one in a
 * thread of their own, so that the one at fault fails alone; those of which something was passed on already fail as well.
 */
import type { Clock } from '../clock.ts'
import { HubError } from '../errors.ts'
import type { Sources } from './task-run.ts'
import { type TaskOutput, TaskThread } from './task-thread.ts'

export interface PoolOptions {
  /** Calls `serveTasks`. */
  readonly module: URL
  /** At most this many; 0: there are none, and work stays on the main thread. */
  readonly threads: number
  readonly timers: Clock
  /** Of the heap of each, in bytes: a task beyond ends its thread, not the hub. */
  readonly heapBytes?: number
  /** Also what is not heavy, for tests. */
  readonly takesAll?: boolean
  /** Of each thread; the default is enough for the batches of an export. */
  readonly youngGenerationMb?: number
}

export interface TaskRequest {
  /** Name of the task in the module of the pool. */
  readonly task: string
  /** Plain data. */
  readonly input: unknown
  readonly sources: Sources
  /** Must be aborted when the output is no longer read. */
  readonly signal: AbortSignal
}

/** Tasks of one thread at a time: they share its time, and each holds some batches in memory. */
const MAX_TASKS = 32

const MIB = 2 ** 20
const HEAP_BYTES = 512 * MIB
/** The default of Node takes more memory than it saves time. */
const YOUNG_GENERATION_MB = 32

const IDLE_CHECK_MS = 20_000

/** Lighter work takes less than the messages to a thread. */
const MIN_COST = 1 / 40
/** In this time two thirds of that are forgotten. */
const LIGHT_WORK_MS = 10_000

class LostThread extends HubError {
  constructor(cause: string) {
    super('Unavailable', [`The thread that computed this has failed; try again. ${cause}`])
  }
}

export class ThreadPool {
  readonly #options: PoolOptions
  readonly #threads = new Set<TaskThread>()
  /** Each for one task whose thread was lost, of which only one runs at a time. */
  readonly #lone = new Set<TaskThread>()
  #lastLone: Promise<void> = Promise.resolve()
  #stopChecks: (() => void) | undefined
  /** Cost of what came lately, less with time. */
  #lightWork = 0
  #lightWorkAt = 0

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /**
   * Is a piece of work for a thread? Light work is where a thread runs anyway, or where much of it comes in a short time.
   * @param costOf what part it is of work that is worth starting a thread; asked only where there are threads
   */
  async takes(costOf: () => number | boolean | Promise<number | boolean>): Promise<boolean> {
    const { threads, timers, takesAll = false } = this.#options
    if (threads === 0 || takesAll) return threads > 0
    const cost = Number(await costOf())
    if (cost >= 1 || cost < MIN_COST) return cost >= 1
    const now = timers.monotonic()
    this.#lightWork = cost + this.#lightWork * Math.exp((this.#lightWorkAt - now) / LIGHT_WORK_MS)
    this.#lightWorkAt = now
    return this.#threads.size > 0 || this.#lightWork >= 1
  }

  /**
   * Resolves when the task has returned its head.
   * @throws what the task throws; HubError `Unavailable` where too many are in progress, or the thread ended
   */
  run<Head>(request: TaskRequest): Promise<TaskOutput<Head>> {
    return this.#perform<Head, TaskOutput<Head>>(request, async (output) => output)
  }

  /** Resolves with all bytes of the output. @throws as `run` does */
  runToEnd(request: TaskRequest): Promise<Buffer> {
    return this.#perform(request, async ({ bytes }) => Buffer.concat(await Array.fromAsync(bytes)))
  }

  /** In progress. */
  get tasks(): number {
    return [...this.#threads, ...this.#lone].reduce((sum, { tasks }) => sum + tasks, 0)
  }

  async close(): Promise<void> {
    this.#stopChecks?.()
    await Promise.all([...this.#threads, ...this.#lone].map((thread) => thread.end()))
  }

  async #perform<Head, Result>(
    request: TaskRequest,
    take: (output: TaskOutput<Head>) => Promise<Result>
  ): Promise<Result> {
    const { task, input, sources, signal } = request
    signal.throwIfAborted()
    try {
      return await take(await this.#leastBusy().run<Head>(task, input, sources, signal))
    } catch (error) {
      if (!(error instanceof LostThread)) throw error
    }
    return take(await this.#runAlone<Head>(request))
  }

  /** In a thread of its own, when those before it that were lost have ended. */
  async #runAlone<Head>({ task, input, sources, signal }: TaskRequest): Promise<TaskOutput<Head>> {
    const before = this.#lastLone
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#lastLone = promise
    await before
    const thread = this.#newThread(this.#lone, () => {
      void thread.end()
      resolve()
    })
    try {
      signal.throwIfAborted()
      return await thread.run<Head>(task, input, sources, signal)
    } catch (error) {
      await thread.end()
      resolve()
      throw error
    }
  }

  #leastBusy(): TaskThread {
    const [first] = [...this.#threads].sort((a, b) => a.tasks - b.tasks)
    if (first !== undefined && (first.tasks === 0 || this.#threads.size >= this.#options.threads)) {
      if (first.tasks < MAX_TASKS) return first
      throw new HubError('Unavailable', ['Too many exports are in progress; try again when some are done'])
    }
    this.#stopChecks ??= this.#options.timers.every(IDLE_CHECK_MS, () => this.#endIdle())
    return this.#newThread(this.#threads)
  }

  #newThread(threads: Set<TaskThread>, onIdle?: () => void): TaskThread {
    const { module, heapBytes = HEAP_BYTES, youngGenerationMb = YOUNG_GENERATION_MB } = this.#options
    const thread = new TaskThread({
      module,
      limits: { maxOldGenerationSizeMb: Math.floor(heapBytes / MIB), maxYoungGenerationSizeMb: youngGenerationMb },
      onEnd: () => threads.delete(thread),
      ...(onIdle && { onIdle }),
      failure: ({ message }) => new LostThread(message)
    })
    threads.add(thread)
    return thread
  }

  #endIdle(): void {
    for (const thread of this.#threads) {
      if (thread.wasIdle) void thread.end()
      else thread.wasIdle = thread.tasks === 0
    }
    if (this.#threads.size > 0) return
    this.#stopChecks?.()
    this.#stopChecks = undefined
  }
}
