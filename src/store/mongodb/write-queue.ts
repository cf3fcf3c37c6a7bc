/** Commands that wait to be written, in the order of their arrival. */
import { HubError } from '../../errors.ts'
import { estimateBytes } from '../size.ts'
import type { LinePart } from './line-layout.ts'
import type { CommandResult, WriteCommand } from './write-commands.ts'

export interface QueuedCommand {
  readonly command: WriteCommand
  readonly bytes: number
  readonly resolve: (result: CommandResult) => void
  readonly reject: (error: unknown) => void
  /** Where it is stored, or being stored, before its batch. */
  part?: QueuedPart
}

/** Consecutive commands on their way into a line. */
export interface QueuedPart {
  readonly commands: readonly QueuedCommand[]
  readonly isPending: boolean
  /** Resolves when it is no longer pending. */
  readonly done: Promise<void>
  /** What a batch may refer to; undefined if it may not. */
  readonly usable: LinePart | undefined
}

/** The commands of a batch, and the parts of lines that hold some of them, both in their order. */
export interface CommandGroup {
  readonly commands: readonly QueuedCommand[]
  readonly parts: readonly QueuedPart[]
}

export type CommandOutcome = { readonly result: CommandResult } | { readonly error: unknown }

/** A batch has at most this many commands, and gets no more once they have this many bytes. */
const MAX_BATCH_COMMANDS = 2000
const MAX_BATCH_BYTES = 6 * 1024 * 1024

export class WriteQueue {
  readonly #maxBytes: number
  #waiting: QueuedCommand[] = []
  /** Of what waits and of what is being written. */
  #bytes = 0
  #idleListeners: (() => void)[] = []

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  get length(): number {
    return this.#waiting.length
  }

  /**
   * Resolves when the command is done.
   * @param ignoresBound accept it however much waits
   * @throws HubError `TooManyRequests`
   */
  add(command: WriteCommand, ignoresBound: boolean): Promise<CommandResult> {
    const bytes = bytesOf(command)
    // An empty queue accepts anything, else a command larger than the bound could never be written.
    if (!ignoresBound && this.#bytes > 0 && this.#bytes + bytes > this.#maxBytes) {
      throw new HubError('TooManyRequests', ['the database does not keep up with what is written'])
    }
    this.#bytes += bytes
    return new Promise((resolve, reject) => this.#waiting.push({ command, bytes, resolve, reject }))
  }

  /** All that waits, in its order. */
  get waiting(): readonly QueuedCommand[] {
    return this.#waiting
  }

  /** Takes out the commands of the next batch. @param leasesOnly leave all others where they are */
  take(leasesOnly: boolean): CommandGroup {
    if (leasesOnly) return this.#takeLeases()
    const [commands, parts]: [QueuedCommand[], QueuedPart[]] = [[], []]
    let bytes = 0
    while (commands.length < MAX_BATCH_COMMANDS && bytes < MAX_BATCH_BYTES) {
      const next = this.#waiting[commands.length]
      // What is being stored comes before everything behind it.
      if (next === undefined || next.part?.isPending === true) break
      if (next.part?.usable !== undefined) parts.push(next.part)
      for (const queued of next.part?.commands ?? [next]) {
        commands.push(queued)
        bytes += queued.bytes
      }
    }
    this.#waiting = this.#waiting.slice(commands.length)
    return { commands, parts }
  }

  #takeLeases(): CommandGroup {
    const commands = this.#waiting.filter(concernsLeases).slice(0, MAX_BATCH_COMMANDS)
    this.#waiting = this.#waiting.filter((one) => !commands.includes(one))
    return { commands, parts: [] }
  }

  /** Resolves or rejects commands that were taken out. */
  settle(group: readonly QueuedCommand[], outcomes: readonly CommandOutcome[]): void {
    for (const [index, { bytes, resolve, reject }] of group.entries()) {
      this.#bytes -= bytes
      const outcome = outcomes[index]
      if (outcome !== undefined && 'result' in outcome) resolve(outcome.result)
      else reject(outcome?.error)
    }
    if (this.#bytes > 0) return
    for (const notify of this.#idleListeners) notify()
    this.#idleListeners = []
  }

  /** Resolves when nothing waits or is being written. */
  async drained(): Promise<void> {
    while (this.#bytes > 0) await new Promise<void>((resolve) => this.#idleListeners.push(resolve))
  }
}

function concernsLeases({ command }: QueuedCommand): boolean {
  return command.command === 'lease' || command.command === 'releaseLeases'
}

function bytesOf(command: WriteCommand): number {
  switch (command.command) {
    case 'commit':
      return estimateBytes(command.changes)
    case 'putChunks':
      return command.chunks.length * 300 + 100
    default:
      return 200
  }
}
