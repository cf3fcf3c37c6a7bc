/** Commands that wait to be written, in the order of their arrival. */
import { HubError } from '../../errors.ts'
import { estimateBytes } from '../size.ts'
import type { CommandResult, WriteCommand } from './write-commands.ts'

export interface QueuedCommand {
  readonly command: WriteCommand
  readonly bytes: number
  readonly resolve: (result: CommandResult) => void
  readonly reject: (error: unknown) => void
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

  /** Takes out the commands of the next batch. @param leasesOnly leave all others where they are */
  take(leasesOnly: boolean): readonly QueuedCommand[] {
    const candidates = leasesOnly ? this.#waiting.filter(concernsLeases) : this.#waiting
    let [count, bytes] = [0, 0]
    while (count < candidates.length && count < MAX_BATCH_COMMANDS && bytes < MAX_BATCH_BYTES) {
      bytes += candidates[count]?.bytes ?? 0
      count++
    }
    const group = candidates.slice(0, count)
    this.#waiting = leasesOnly ? this.#waiting.filter((one) => !group.includes(one)) : this.#waiting.slice(count)
    return group
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
