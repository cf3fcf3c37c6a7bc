/** A thread and the tasks that it does, as the main thread sees them. */
import { type ResourceLimits, Worker } from 'node:worker_threads'
import { errorOf, type FromThread, failureOf, type ToThread } from './messages.ts'
import { type Sources, TaskRun } from './task-run.ts'

export interface TaskThreadOptions {
  /** Calls `serveTasks`. */
  readonly module: URL
  readonly limits: ResourceLimits
  /** It does no further tasks. May be called several times. */
  readonly onEnd: () => void
  /** Called whenever it has ended its last task. */
  readonly onIdle?: () => void
  /** What its tasks end with where the thread itself failed. */
  readonly failure: (cause: Error) => Error
}

export interface TaskOutput<Head> {
  /** What is known before the first byte. */
  readonly head: Head
  readonly bytes: AsyncGenerator<Uint8Array>
}

export class TaskThread {
  /** Since the last check. */
  wasIdle = false
  readonly #worker: Worker
  readonly #runs = new Map<number, TaskRun>()
  #last = 0
  #isEnding = false
  readonly #options: Omit<TaskThreadOptions, 'module' | 'limits'>

  constructor({ module, limits, ...options }: TaskThreadOptions) {
    this.#options = options
    // Without the flags of the process: its preloaded modules are not meant for the thread.
    this.#worker = new Worker(module, { execArgv: [], resourceLimits: limits })
    this.#worker.unref()
    this.#worker.on('message', (message: FromThread) => this.#receive(message))
    this.#worker.on('error', (error: Error) => this.#fail(error))
    this.#worker.on('exit', () => this.#fail(new Error('it was ended')))
  }

  get tasks(): number {
    return this.#runs.size
  }

  async run<Head>(task: string, input: unknown, sources: Sources, signal: AbortSignal): Promise<TaskOutput<Head>> {
    const id = ++this.#last
    this.wasIdle = false
    const run = new TaskRun(sources, {
      more: (parts) => this.#send({ more: id, parts }),
      ended: () => this.#forget(id, signal, abort)
    })
    const abort = () => {
      this.#send({ cancel: id })
      run.fail(signal.reason as Error)
    }
    signal.addEventListener('abort', abort, { once: true })
    this.#runs.set(id, run)
    // While something is computed the process stays alive.
    this.#worker.ref()
    this.#send({ start: id, task, input })
    return { head: (await run.head) as Head, bytes: run.bytes() }
  }

  async end(): Promise<void> {
    this.#options.onEnd()
    this.#isEnding = true
    this.#worker.ref()
    await this.#worker.terminate()
  }

  #forget(id: number, signal: AbortSignal, abort: () => void): void {
    signal.removeEventListener('abort', abort)
    this.#runs.delete(id)
    // The process must not end before its threads have.
    if (this.#runs.size === 0 && !this.#isEnding) this.#worker.unref()
    if (this.#runs.size === 0) this.#options.onIdle?.()
  }

  #receive(message: FromThread): void {
    if ('question' in message) void this.#answer(message)
    else if ('head' in message) this.#runs.get(message.head)?.setHead(message.value)
    else if ('part' in message) this.#runs.get(message.part)?.add(message.bytes)
    else if ('end' in message) this.#runs.get(message.end)?.end()
    else this.#runs.get(message.failed)?.fail(errorOf(message.failure))
  }

  async #answer({ question, of, source, args }: Extract<FromThread, { question: number }>): Promise<void> {
    try {
      const value = await this.#runs.get(of)?.answer(source, args)
      this.#send({ question, value })
    } catch (error) {
      this.#send({ question, failure: failureOf(error) })
    }
  }

  #send(message: ToThread): void {
    this.#worker.postMessage(message)
  }

  #fail(cause: Error): void {
    this.#options.onEnd()
    const error = this.#options.failure(cause)
    for (const run of [...this.#runs.values()]) run.fail(error)
  }
}
