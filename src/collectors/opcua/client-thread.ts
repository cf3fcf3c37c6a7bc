/** The thread of the OPC UA client, as the main thread sees it: started when first needed, ended when idle. */
import type { Timers } from '../../clock.ts'
import { TaskThread } from '../../threads/task-thread.ts'
import { CollectorError } from '../connector.ts'
import type { Connected, ConnectInput, ConnectionReport, OutcomeOf, SampleColumns } from './messages.ts'

const MODULE = new URL(import.meta.url.replace(/client-thread(\.[jt]s)$/, 'thread/thread$1'))

const IDLE_CHECK_MS = 60_000
/** A server that floods the client ends the thread, not the hub. */
const MAX_HEAP_MB = 2048

export interface ConnectionCalls {
  samples(columns: SampleColumns): Promise<void>
  report(report: ConnectionReport): void
  /** The thread has failed, and all its connections with it. */
  failed(text: string): void
}

/** One for all connections. */
export class ClientThread {
  readonly #timers: Timers
  #thread: TaskThread | undefined
  #connections = 0
  #last = 0
  #wasIdle = false
  #stopChecks: () => void = () => {}

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /** @returns a number for further tasks. @throws CollectorError */
  async connect(
    input: Omit<ConnectInput, 'connection'>,
    calls: ConnectionCalls,
    signal: AbortSignal
  ): Promise<{ readonly connection: number; readonly connected: Connected }> {
    const connection = ++this.#last
    this.#wasIdle = false
    this.#connections++
    try {
      const { head, bytes } = await this.#running().run<OutcomeOf<Connected>>(
        'connect',
        { ...input, connection },
        {
          samples: (columns: SampleColumns) => calls.samples(columns),
          report: (report: ConnectionReport) => calls.report(report)
        },
        signal
      )
      const connected = outcomeValue(head)
      void (async () => {
        try {
          for await (const _ of bytes);
        } catch (error) {
          if (!signal.aborted) calls.failed((error as Error).message)
        } finally {
          this.#release()
        }
      })()
      return { connection, connected }
    } catch (error) {
      this.#release()
      throw error instanceof CollectorError ? error : new CollectorError((error as Error).message)
    }
  }

  /** @throws CollectorError */
  async request<Value>(
    task: string,
    input: unknown,
    signal: AbortSignal = new AbortController().signal
  ): Promise<Value> {
    const { head, bytes } = await this.#running().run<OutcomeOf<Value>>(task, input, {}, signal)
    for await (const _ of bytes);
    return outcomeValue(head)
  }

  #running(): TaskThread {
    if (this.#thread !== undefined) return this.#thread
    const thread = new TaskThread({
      module: MODULE,
      limits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
      onEnd: () => {
        if (this.#thread !== thread) return
        this.#thread = undefined
        this.#stopChecks()
      },
      failure: ({ message }) => new CollectorError(`The thread of the OPC UA client has failed: ${message}`)
    })
    this.#thread = thread
    // At the second check: a failed interface tries again within half a minute.
    this.#stopChecks = this.#timers.every(IDLE_CHECK_MS, () => {
      if (this.#wasIdle) void thread.end()
      this.#wasIdle = this.#connections === 0
    })
    return thread
  }

  #release(): void {
    this.#connections--
  }
}

function outcomeValue<Value>({ value, error }: OutcomeOf<Value>): Value {
  if (error !== undefined) throw new CollectorError(error.text, { isPermanent: error.isPermanent })
  return value as Value
}
