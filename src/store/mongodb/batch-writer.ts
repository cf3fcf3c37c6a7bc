/** Writes commands to the log in batches: what waits while one batch is on its way shares the next. */
import { randomUUID } from 'node:crypto'
import { horizonOf } from '../../clock.ts'
import { HubError } from '../../errors.ts'
import { ChangeRefused } from '../change-rules.ts'
import type { NewBatch } from './batch.ts'
import type { ControlRecord, LoggedCommit } from './batch-content.ts'
import type { MongoConnection } from './connection.ts'
import { closedError } from './failure.ts'
import type { Journal } from './journal.ts'
import type { StateKey } from './keys.ts'
import type { LogApplier } from './log-applier.ts'
import { Overlay } from './overlay.ts'
import type { ReplicatedState } from './replicated-state.ts'
import type { StateLoader } from './state-loader.ts'
import {
  type CommandName,
  type CommandOf,
  type CommandResult,
  type CommandResults,
  execute,
  keysRead,
  type WriteCommand
} from './write-commands.ts'
import { type CommandOutcome, WriteQueue } from './write-queue.ts'

export interface WriterOptions {
  /** Bound of what waits to be written. */
  readonly queueBytes: number
  /** How far ahead of the clock source times are believed, in milliseconds. */
  readonly futureLimit: number
}

/** What a writer works on. */
interface WriterContext {
  readonly connection: MongoConnection
  readonly journal: Journal
  readonly state: ReplicatedState
  readonly applier: LogApplier
  readonly loader: StateLoader
}

/** Writers wait while more than this is not checkpointed yet, as all of it is in memory. */
const MAX_UNCHECKPOINTED_BYTES = 16 * 1024 * 1024

/** How often a blocked writer checks whether it may continue. */
const BLOCKED_POLL_MS = 5

export class BatchWriter {
  readonly #context: WriterContext
  readonly #options: WriterOptions
  readonly #queue: WriteQueue
  #isWriting = false
  #isDraining = false

  constructor(context: WriterContext, options: WriterOptions) {
    this.#context = context
    this.#options = options
    this.#queue = new WriteQueue(options.queueBytes)
  }

  get queuedBytes(): number {
    return this.#queue.bytes
  }

  /** Resolves when the command is done and durable. */
  async submit<Name extends CommandName>(command: CommandOf<Name>): Promise<CommandResults[Name]> {
    this.#context.connection.assertAvailable()
    if (this.#isDraining) throw closedError()
    return (await this.#enqueue(command)) as CommandResults[Name]
  }

  /** Accepts nothing more; resolves when everything submitted is done. */
  async drain(): Promise<void> {
    this.#isDraining = true
    await this.#queue.drained()
  }

  /** Like `submit`, also after `drain`. */
  async submitFinal<Name extends CommandName>(command: CommandOf<Name>): Promise<CommandResults[Name]> {
    return (await this.#enqueue(command, true)) as CommandResults[Name]
  }

  /** Pauses the writers of all processes for this long; 0 lets them continue. Does not wait for the queue. */
  async pauseWriters(forMs: number): Promise<void> {
    await this.#write([{ command: 'pauseWriters', forMs }])
  }

  #enqueue(command: WriteCommand, ignoresBound = false): Promise<CommandResult> {
    const result = this.#queue.add(command, ignoresBound)
    if (!this.#isWriting) {
      this.#isWriting = true
      // After this turn of the event loop, so that all requests read in it share a batch.
      setImmediate(() => void this.#writeQueue())
    }
    return result
  }

  async #writeQueue(): Promise<void> {
    const { connection, state } = this.#context
    while (this.#queue.length > 0) {
      // Checkpointing needs its lease.
      const isBlocked = state.uncheckpointed.memoryBytes > MAX_UNCHECKPOINTED_BYTES && !connection.isUnavailable
      const group = this.#queue.take(isBlocked)
      if (group.length === 0) {
        await connection.clock.sleep(BLOCKED_POLL_MS)
        continue
      }
      let outcomes: readonly CommandOutcome[]
      try {
        outcomes = await this.#write(group.map(({ command }) => command))
      } catch (error) {
        outcomes = group.map(() => ({ error }))
      }
      this.#queue.settle(group, outcomes)
    }
    this.#isWriting = false
  }

  /** Writes one batch; tried again after the batches of other processes. */
  async #write(commands: readonly WriteCommand[]): Promise<readonly CommandOutcome[]> {
    const { journal, state, applier, loader } = this.#context
    const keys = new Set<StateKey>(commands.flatMap((command) => [...keysRead(command)]))
    state.cache.pin(keys)
    try {
      for (;;) {
        await this.#awaitUnpaused(commands)
        if (!(await loader.loadMissing(keys))) continue
        if (applier.isStale) {
          await applier.sync()
          continue
        }
        const { outcomes, batch, overlay } = this.#execute(commands)
        if (batch === undefined) {
          // All are refused. The refusal must be based on the end of the log, not on where this process last read.
          const { appliedNumber } = state
          await applier.sync()
          if (state.appliedNumber === appliedNumber) return outcomes
          continue
        }
        state.setInFlight({ number: batch.number, writeId: batch.writeId, overlay })
        const written = await journal.append(batch)
        if (written !== undefined) state.applyBatch(written)
        state.setInFlight(undefined)
        if (state.appliedNumber < batch.number) await applier.sync()
        if (written !== undefined) return outcomes
      }
    } finally {
      state.setInFlight(undefined)
      state.cache.unpin(keys)
    }
  }

  /** Executes commands on an overlay of the known state. One that is refused leaves no trace. */
  #execute(commands: readonly WriteCommand[]): {
    readonly outcomes: readonly CommandOutcome[]
    readonly overlay: Overlay
    readonly batch: NewBatch | undefined
  } {
    const { connection, state } = this.#context
    const overlay = new Overlay(state)
    const [commits, controls]: [LoggedCommit[], ControlRecord[]] = [[], []]
    const clock = connection.clock.milliseconds()
    const time = { time: Math.max(clock, state.time), clock, horizon: horizonOf(clock, this.#options.futureLimit) }
    const number = state.appliedNumber + 1
    const isLeaseFree = (name: string) => state.leases.isFree(name)
    const context = { batchNumber: number, time, holder: state.holder, isLeaseFree }
    const outcomes = commands.map((command): CommandOutcome => {
      const own = new Overlay(overlay)
      try {
        const done = execute(own, command, context)
        own.mergeIntoBase()
        if (done.commit !== undefined) commits.push(done.commit)
        controls.push(...(done.controls ?? []))
        return { result: done.result }
      } catch (error) {
        return { error: error instanceof ChangeRefused ? new HubError(error.name, error.about) : error }
      }
    })
    if (commits.length + controls.length === 0) return { outcomes, overlay, batch: undefined }
    const firstSeq = state.counters.seq + 1
    const content = { commits, controls }
    const batch = { number, firstSeq, ...time, writeId: randomUUID(), counters: overlay.counters, content }
    return { outcomes, overlay, batch }
  }

  async #awaitUnpaused(commands: readonly WriteCommand[]): Promise<void> {
    if (commands.every(({ command }) => command === 'pauseWriters')) return
    const { connection, state, applier } = this.#context
    while (state.pausedUntil > connection.clock.monotonic()) {
      await connection.clock.sleep(BLOCKED_POLL_MS)
      connection.assertAvailable()
      await applier.sync()
    }
  }
}
