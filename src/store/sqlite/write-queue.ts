/**
 * Group commit, seen from the main thread: commands go to the writer at the end of the turn in which they came, and whatever
 * lies there when it is free it brings to the disk together. The slower the disk, the more that is; nothing waits for a
 * timer. Only what the writer cannot take yet waits here.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { HubError } from '../../errors.ts'
import type { DatedCommit } from '../current-value.ts'
import { estimateBytes } from '../size.ts'
import type { Change } from '../store.ts'
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

/** The writer has at most this many commands, and is given no more once they weigh this much; so no transaction is long. */
const MAX_WRITER_COMMANDS = 4000
const MAX_WRITER_BYTES = 16 * 1024 * 1024

/** The file beside this one, of the same kind: TypeScript, or what was built from it. */
const WRITER_MODULE = new URL(import.meta.url.replace(/write-queue(\.[jt]s)$/, 'writer$1'))

interface QueuedCommand {
  readonly command: WriteCommand
  /** Roughly the bytes it keeps. */
  readonly weight: number
  readonly resolve: (answer: CommandResult) => void
  readonly reject: (error: unknown) => void
}

export interface QueueOptions extends WriterOptions {
  /** Bound of what waits, in bytes; beyond it `submit` rejects with `TooManyRequests`. */
  readonly queueBytes: number
  readonly clock: () => number
  /** Called for each durable commit, in order, before anybody hears of it. */
  readonly onCommit: (changes: readonly Change[], commit: DatedCommit) => void
  /** Called for what was refused, before whoever submitted it hears of it. */
  readonly onRefused: (error: HubError, command: WriteCommand) => void
  /** Called once after each transaction in which something was committed. */
  readonly onCommits: () => void
}

/** Starts the writer. @throws HubError `Unavailable` where the database cannot be opened */
export async function openWriteQueue(options: QueueOptions): Promise<WriteQueue> {
  const { directory, maxBytes, futureLimit } = options
  // Without the flags of the process: what it preloads for itself is not meant for the writer.
  const worker = new Worker(WRITER_MODULE, {
    workerData: { directory, maxBytes, futureLimit },
    execArgv: []
  })
  const [message] = (await once(worker, 'message')) as [FromWriter]
  if ('ready' in message) return new WriteQueue(worker, options)
  await worker.terminate()
  const { name, about } = 'failed' in message ? message.failed : { name: 'Internal' as const, about: [] }
  throw new HubError(name, about)
}

export class WriteQueue {
  readonly #worker: Worker
  readonly #options: QueueOptions
  #waiting: QueuedCommand[] = []
  /** What the writer has, in order, and its weight. */
  #underway: QueuedCommand[] = []
  #given = 0
  /** Weight of what waits and of what is under way. */
  #weight = 0
  #flushing = false
  #end: HubError | undefined
  #idle: (() => void) | undefined
  #exited = false

  constructor(worker: Worker, options: QueueOptions) {
    this.#worker = worker
    this.#options = options
    worker.on('message', (message: FromWriter) => 'outcomes' in message && this.#settle(message))
    worker.on('error', (error: Error) => this.#fail(`The writer failed: ${error.message}`))
    worker.on('exit', () => {
      this.#exited = true
      this.#fail('The store is closed')
    })
  }

  /** Resolves when the command is done and durable. Commands are done in the order in which they were submitted. */
  submit<Name extends WriteCommand['type']>(
    command: Extract<WriteCommand, { type: Name }>
  ): Promise<CommandResults[Name]> {
    if (this.#end !== undefined) return Promise.reject(this.#end)
    const weight = estimateCommandBytes(command)
    // An empty queue takes anything, or what is larger than the bound could never be stored.
    if (this.#weight > 0 && this.#weight + weight > this.#options.queueBytes) {
      return Promise.reject(new HubError('TooManyRequests', ['the disk does not keep up with what is written']))
    }
    this.#weight += weight
    return new Promise((resolve, reject) => {
      this.#waiting.push({ command, weight, resolve: resolve as (answer: CommandResult) => void, reject })
      this.#schedule()
    })
  }

  /** Takes nothing more and waits until everything submitted is done. */
  async drain(): Promise<void> {
    this.#end ??= new HubError('Unavailable', ['The store is closed'])
    if (this.#waiting.length + this.#underway.length === 0) return
    await new Promise<void>((resolve) => {
      this.#idle = resolve
    })
  }

  /** Ends the writer; to be called when drained. */
  async close(): Promise<void> {
    if (this.#exited) return
    await new Promise<void>((resolve) => {
      this.#worker.once('exit', () => resolve())
      this.#worker.postMessage('close')
    })
  }

  get #isFull(): boolean {
    return this.#underway.length >= MAX_WRITER_COMMANDS || this.#given >= MAX_WRITER_BYTES
  }

  /** Sends at the end of this turn of the event loop, so that all requests read in it share a message. */
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
      this.#underway.push(next)
      this.#given += next.weight
    }
    this.#waiting = this.#waiting.slice(commands.length)
    this.#worker.postMessage({ clock: this.#options.clock(), commands })
  }

  #settle({ outcomes, ...at }: TransactionTime & { readonly outcomes: readonly CommandOutcome[] }): void {
    let committed = false
    for (const [index, { command, weight, resolve, reject }] of this.#underway.splice(0, outcomes.length).entries()) {
      this.#weight -= weight
      this.#given -= weight
      const outcome = outcomes[index]
      if (typeof outcome === 'object') {
        reject('refused' in outcome ? this.#refusal(outcome.refused, command) : outcome.fault)
      } else if (command.type === 'commit') {
        const seq = outcome ?? 0
        this.#options.onCommit(command.changes, { seq, ...at })
        committed = true
        resolve({ seq, time: at.time })
      } else resolve(outcome)
    }
    if (this.#waiting.length > 0) this.#schedule()
    else if (this.#underway.length === 0) this.#idle?.()
    if (committed) this.#options.onCommits()
  }

  #refusal({ name, about }: SerializedError, command: WriteCommand): HubError {
    const error = new HubError(name, about)
    this.#options.onRefused(error, command)
    return error
  }

  /** The writer is gone: whether what is under way became durable is not known, so nobody is told that it did. */
  #fail(text: string): void {
    this.#end ??= new HubError('Unavailable', [text])
    for (const { reject } of [...this.#underway, ...this.#waiting]) reject(this.#end)
    this.#underway = []
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
