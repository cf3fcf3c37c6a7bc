/**
 * A pool of threads for long computations whose result is a stream of bytes. A thread has no access to the store: what a
 * task reads it asks of its sources, which the main thread answers, so that whatever is decided there, such as the rights
 * of the caller, holds for the task as well.
 *
 * Threads start when they are first needed and end when they are idle. A task gets no further ahead of its reader than
 * some parts; it ends when its signal is aborted. A thread that dies ends its tasks with an error, and is replaced.
 */
import type { Timers } from '../clock.ts'
import { HubError } from '../errors.ts'
import type { Sources } from './task-run.ts'
import { type TaskOutput, TaskThread } from './task-thread.ts'

export interface PoolOptions {
  /** Calls `serveTasks`. */
  readonly module: URL
  /** At most this many; 0: there are none, and work stays on the main thread. */
  readonly threads: number
  readonly timers: Timers
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

export class ThreadPool {
  readonly #options: PoolOptions
  readonly #threads = new Set<TaskThread>()
  #stopChecks: (() => void) | undefined

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /** Is a piece of work for a thread? @param isHeavy worth one; asked only where there are threads */
  async takes(isHeavy: () => boolean | Promise<boolean>): Promise<boolean> {
    const { threads, takesAll = false } = this.#options
    return threads > 0 && (takesAll || (await isHeavy()))
  }

  /**
   * Resolves when the task has returned its head.
   * @throws what the task throws; HubError `Unavailable` where too many are in progress, or the thread ended
   */
  async run<Head>({ task, input, sources, signal }: TaskRequest): Promise<TaskOutput<Head>> {
    signal.throwIfAborted()
    return this.#leastBusy().run<Head>(task, input, sources, signal)
  }

  /** In progress. */
  get tasks(): number {
    return [...this.#threads].reduce((sum, { tasks }) => sum + tasks, 0)
  }

  async close(): Promise<void> {
    this.#stopChecks?.()
    await Promise.all([...this.#threads].map((thread) => thread.end()))
  }

  #leastBusy(): TaskThread {
    const [first] = [...this.#threads].sort((a, b) => a.tasks - b.tasks)
    if (first !== undefined && (first.tasks === 0 || this.#threads.size >= this.#options.threads)) {
      if (first.tasks < MAX_TASKS) return first
      throw new HubError('Unavailable', ['Too many exports are in progress; try again when some are done'])
    }
    const { module, heapBytes = HEAP_BYTES, youngGenerationMb = YOUNG_GENERATION_MB } = this.#options
    const thread = new TaskThread({
      module,
      limits: { maxOldGenerationSizeMb: Math.floor(heapBytes / MIB), maxYoungGenerationSizeMb: youngGenerationMb },
      onEnd: () => this.#threads.delete(thread),
      failure: ({ message }) =>
        new HubError('Unavailable', [`The thread that computed this has failed; try again. ${message}`])
    })
    this.#threads.add(thread)
    this.#stopChecks ??= this.#options.timers.every(IDLE_CHECK_MS, () => this.#endIdle())
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
