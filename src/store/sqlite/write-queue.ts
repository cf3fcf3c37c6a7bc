/**
 * Group commit, on the main thread: commands are sent to the writer at the end of each event loop turn, and the writer
 * commits all that have arrived in one transaction. The slower the disk, the larger the transactions; no timers are
 * involved. Commands wait here only while the writer is at its limit.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { HubError } from '../../errors.ts'
import type { MemoryHolder } from '../../memory/budget.ts'
import type { DatedCommit } from '../current-value.ts'
import { estimateBytes } from '../size.ts'
import type { Change } from '../store.ts'
import type { Recovered } from './recover.ts'
import type { CheckpointNews } from './row-checkpoints.ts'
import type { SerializedError } from './storage-errors.ts'
import type {
  CommandOutcome,
  CommandResult,
  CommandResults,
  FromWriter,
  TransactionTime,
  WriteCommand,
  WriterOptions
} from './write-commands.ts'
import { FrameWriter } from './write-frames.ts'

/** Limits of what the writer holds, so that transactions stay short. */
const MAX_WRITER_COMMANDS = 4000
const MAX_WRITER_BYTES = 16 * 1024 * 1024

/** The file next to this one, with the same extension: TypeScript or compiled. */
const WRITER_MODULE = new URL(import.meta.url.replace(/write-queue(\.[jt]s)$/, 'writer$1'))

const NONE_LATE: readonly number[] = []

interface QueuedCommand {
  readonly command: WriteCommand
  readonly bytes: number
  readonly resolve: (answer: CommandResult) => void
  readonly reject: (error: unknown) => void
}

const MIB = 2 ** 20

/** In bytes. */
export interface WriterMemory {
  /** It handles one transaction at a time; the default takes more memory than it saves time. */
  readonly youngBytes: number
  /** Absent: as Node has it. */
  readonly heapBytes?: number
}

export interface QueueOptions extends WriterOptions {
  /** Holds the queued commands; where it takes no more `submit` rejects with `TooManyRequests`. */
  readonly held: MemoryHolder
  /** Series that need not be named to the writer again. */
  readonly seriesNames: number
  readonly writerMemory: WriterMemory
  readonly clock: () => number
  /** Called for each durable commit, in order, before its promise resolves. */
  readonly onCommit: (changes: readonly Change[], commit: DatedCommit, late: readonly number[]) => void
  /** Called when more rows hold what was committed, so that it need not be remembered, or they cannot be written. */
  readonly onCheckpoint: (news: CheckpointNews) => void
  /** Called once, before the queue takes commands. */
  readonly onRecovered: (recovered: Recovered) => void
  /** Called for each refused command, before its promise rejects. */
  readonly onRefused: (error: HubError, command: WriteCommand) => void
  /** Called after each transaction with a commit. */
  readonly onCommits: () => void
}

/** Starts the writer. @throws HubError `Unavailable` if the database cannot be opened */
export async function openWriteQueue(options: QueueOptions): Promise<WriteQueue> {
  const { directory, maxBytes, futureLimit, maxUnwritten, maxUnwrittenBytes, pageBytes, writerMemory } = options
  const { youngBytes, heapBytes } = writerMemory
  // Without the flags of the process: its preloaded modules are not meant for the writer.
  const worker = new Worker(WRITER_MODULE, {
    workerData: { directory, maxBytes, futureLimit, maxUnwritten, maxUnwrittenBytes, pageBytes },
    execArgv: [],
    resourceLimits: {
      maxYoungGenerationSizeMb: Math.ceil(youngBytes / MIB),
      ...(heapBytes !== undefined && { maxOldGenerationSizeMb: Math.ceil(heapBytes / MIB) })
    }
  })
  const [message] = (await once(worker, 'message')) as [FromWriter]
  if ('ready' in message) {
    options.onRecovered(message.ready)
    return new WriteQueue(worker, options)
  }
  await worker.terminate()
  const { name, about } = 'failed' in message ? message.failed : { name: 'Internal' as const, about: [] }
  throw new HubError(name, about)
}

export class WriteQueue {
  readonly #worker: Worker
  readonly #frames: FrameWriter
  readonly #options: QueueOptions
  #waiting: QueuedCommand[] = []
  /** Sent to the writer, in order. */
  #sent: QueuedCommand[] = []
  #sentBytes = 0
  #flushing = false
  #end: HubError | undefined
  #idle: (() => void) | undefined
  #exited = false

  constructor(worker: Worker, options: QueueOptions) {
    this.#worker = worker
    this.#options = options
    this.#frames = new FrameWriter(options.seriesNames)
    worker.on('message', (message: FromWriter) => {
      if ('outcomes' in message) this.#settle(message)
      else if ('applied' in message) options.onCheckpoint(message)
    })
    worker.on('error', (error: Error) => this.#fail(`The writer failed: ${error.message}`))
    worker.on('exit', () => {
      this.#exited = true
      this.#fail('The store is closed')
    })
  }

  /** Resolves when the command is durable. Commands are carried out in the order submitted. */
  submit<Name extends WriteCommand['type']>(
    command: Extract<WriteCommand, { type: Name }>
  ): Promise<CommandResults[Name]> {
    if (this.#end !== undefined) return Promise.reject(this.#end)
    const bytes = estimateCommandBytes(command)
    // An empty queue accepts any command, or those larger than the bound could never be stored.
    if (!this.#options.held.take(bytes)) {
      return Promise.reject(new HubError('TooManyRequests', ['the disk does not keep up with the writes']))
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ command, bytes, resolve: resolve as (answer: CommandResult) => void, reject })
      this.#schedule()
    })
  }

  /** Rejects new commands and waits for those submitted. */
  async drain(): Promise<void> {
    this.#end ??= new HubError('Unavailable', ['The store is closed'])
    if (this.#waiting.length + this.#sent.length === 0) return
    await new Promise<void>((resolve) => {
      this.#idle = resolve
    })
  }

  /** Ends the writer; call when drained. */
  async close(): Promise<void> {
    if (this.#exited) return
    await new Promise<void>((resolve) => {
      this.#worker.once('exit', () => resolve())
      this.#worker.postMessage('close')
    })
  }

  /** That the writer knows by number. */
  get seriesNames(): number {
    return this.#frames.series
  }

  get #isFull(): boolean {
    return this.#sent.length >= MAX_WRITER_COMMANDS || this.#sentBytes >= MAX_WRITER_BYTES
  }

  /** Sends at the end of this event loop turn, so that all requests read in it share a message. */
  #schedule(): void {
    if (this.#flushing || this.#isFull) return
    this.#flushing = true
    setImmediate(() => {
      this.#flushing = false
      this.#send()
    })
  }

  #send(): void {
    const commands: WriteCommand[] = []
    for (const next of this.#waiting) {
      if (this.#isFull) break
      commands.push(next.command)
      this.#sent.push(next)
      this.#sentBytes += next.bytes
    }
    this.#waiting = this.#waiting.slice(commands.length)
    const { batch, transfer } = this.#frames.encode({ clock: this.#options.clock(), commands })
    this.#worker.postMessage(batch, transfer)
  }

  #settle({ outcomes, ...at }: TransactionTime & { readonly outcomes: readonly CommandOutcome[] }): void {
    let committed = false
    for (const [index, { command, bytes, resolve, reject }] of this.#sent.splice(0, outcomes.length).entries()) {
      this.#options.held.release(bytes)
      this.#sentBytes -= bytes
      const outcome = outcomes[index]
      if (typeof outcome === 'object' && !('seq' in outcome)) {
        reject('refused' in outcome ? this.#refusal(outcome.refused, command) : outcome.fault)
      } else if (command.type === 'commit') {
        const { seq, late } = typeof outcome === 'object' ? outcome : { seq: outcome ?? 0, late: NONE_LATE }
        this.#options.onCommit(command.changes, { seq, ...at }, late)
        committed = true
        resolve({ seq, time: at.time })
      } else resolve(typeof outcome === 'object' ? undefined : outcome)
    }
    if (this.#waiting.length > 0) this.#schedule()
    else if (this.#sent.length === 0) this.#idle?.()
    if (committed) this.#options.onCommits()
  }

  #refusal({ name, about }: SerializedError, command: WriteCommand): HubError {
    const error = new HubError(name, about)
    this.#options.onRefused(error, command)
    return error
  }

  /** The writer has exited: whether sent commands became durable is unknown, so they are rejected. */
  #fail(text: string): void {
    this.#end ??= new HubError('Unavailable', [text])
    for (const { bytes, reject } of [...this.#sent, ...this.#waiting]) {
      this.#options.held.release(bytes)
      reject(this.#end)
    }
    this.#sent = []
    this.#waiting = []
    this.#idle?.()
  }
}

function estimateCommandBytes(command: WriteCommand): number {
  switch (command.type) {
    case 'commit':
      return estimateBytes(command.changes)
    case 'putChunks':
      return command.chunks.reduce((sum, chunk) => sum + chunk.bytes.length + 200, 100)
    default:
      return 200
  }
}
