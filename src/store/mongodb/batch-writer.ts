/**
 * Writes commands to the log in batches: what waits while one batch is on its way shares the next. Where other processes
 * write, too, this one lets them go first after each of its batches, and stores what waits meanwhile in its line.
 */
import { horizonOf } from '../../clock.ts'
import { HubError } from '../../errors.ts'
import { ChangeRefused } from '../change-rules.ts'
import type { NewBatch } from './batch.ts'
import type { ControlRecord, LoggedCommit } from './batch-content.ts'
import type { MongoConnection } from './connection.ts'
import { closedError } from './failure.ts'
import type { Journal } from './journal.ts'
import type { StateKey } from './keys.ts'
import { LayoutBuilder } from './line-layout.ts'
import { LineWriter } from './line-writer.ts'
import type { LogApplier } from './log-applier.ts'
import { writeIdOf } from './other-writers.ts'
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
import { type CommandGroup, type CommandOutcome, type QueuedCommand, WriteQueue } from './write-queue.ts'

export interface WriterOptions {
  /** Bound of what waits to be written. */
  readonly queueBytes: number
  /** How far ahead of the clock source times are believed, in milliseconds. */
  readonly futureLimit: number
  /** Bytes of waiting commits from which on they are stored in a line. */
  readonly lineBytes: number
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
  readonly #lineWriter: LineWriter
  #isWriting = false
  #isDraining = false
  #isStoringSoon = false
  /** Batches that were tried. */
  #tried = 0

  constructor(context: WriterContext, options: WriterOptions) {
    this.#context = context
    this.#options = options
    this.#queue = new WriteQueue(options.queueBytes)
    const { connection, journal, state, applier } = context
    this.#lineWriter = new LineWriter({ connection, lines: journal.lines, state, applier }, options.lineBytes)
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
    const command = { command: 'pauseWriters', forMs } as const
    const alone: QueuedCommand = { command, bytes: 0, resolve: () => {}, reject: () => {} }
    await this.#write({ commands: [alone], parts: [] })
  }

  #enqueue(command: WriteCommand, ignoresBound = false): Promise<CommandResult> {
    const result = this.#queue.add(command, ignoresBound)
    if (!this.#isWriting) {
      this.#isWriting = true
      // After this turn of the event loop, so that all requests read in it share a batch.
      setImmediate(() => void this.#writeQueue())
    } else if (!this.#isStoringSoon) {
      this.#isStoringSoon = true
      setImmediate(() => this.#storeWaiting())
    }
    return result
  }

  #storeWaiting(isDelayed = true): void {
    this.#isStoringSoon = false
    this.#lineWriter.storeWaiting(this.#queue.waiting, isDelayed)
  }

  async #writeQueue(): Promise<void> {
    const { connection, state } = this.#context
    this.#storeWaiting(state.otherWriters.isTheirTurn)
    while (this.#queue.length > 0) {
      await state.otherWriters.awaitTurn()
      // Checkpointing needs its lease.
      const isBlocked = state.uncheckpointed.memoryBytes > MAX_UNCHECKPOINTED_BYTES && !connection.isUnavailable
      const first = this.#queue.waiting[0]?.part
      if (first?.isPending === true && !isBlocked) await first.done
      const group = this.#queue.take(isBlocked)
      if (group.commands.length === 0) {
        await connection.clock.sleep(BLOCKED_POLL_MS)
        continue
      }
      let outcomes: readonly CommandOutcome[]
      try {
        outcomes = await this.#write(group)
      } catch (error) {
        outcomes = group.commands.map(() => ({ error }))
      }
      this.#queue.settle(group.commands, outcomes)
    }
    this.#isWriting = false
  }

  /** Writes one batch; tried again after the batches of other processes. */
  async #write(group: CommandGroup): Promise<readonly CommandOutcome[]> {
    const { state, applier, loader } = this.#context
    const commands = group.commands.map(({ command }) => command)
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
        const { outcomes, batch, overlay } = this.#execute(group)
        if (batch === undefined) {
          // All are refused. The refusal must be based on the end of the log, not on where this process last read.
          const { appliedNumber } = state
          await applier.sync()
          if (state.appliedNumber === appliedNumber) return outcomes
          continue
        }
        if (await this.#append(batch, overlay)) return outcomes
      }
    } finally {
      state.setInFlight(undefined)
      state.cache.unpin(keys)
    }
  }

  /** @returns false if another process wrote a batch of this number first */
  async #append(batch: NewBatch, overlay: Overlay): Promise<boolean> {
    const { journal, state, applier } = this.#context
    state.setInFlight({ number: batch.number, writeId: batch.writeId, overlay })
    const written = await state.otherWriters.measure(() => journal.append(batch))
    if (written !== undefined) {
      state.applyBatch(written)
      state.otherWriters.passTurn()
    }
    state.setInFlight(undefined)
    if (state.appliedNumber < batch.number) await (written === undefined ? applier.catchUp() : applier.sync())
    return written !== undefined
  }

  /** Executes commands on an overlay of the known state. One that is refused leaves no trace. */
  #execute({ commands, parts }: CommandGroup): {
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
    const usable = parts.flatMap((part) => part.usable ?? [])
    const isInLine = ({ part }: QueuedCommand) =>
      part !== undefined && usable.length === parts.length && parts.includes(part)
    const layout = new LayoutBuilder()
    const outcomes = commands.map((queued): CommandOutcome => {
      const own = new Overlay(overlay)
      try {
        const done = execute(own, queued.command, context)
        own.mergeIntoBase()
        if (done.commit !== undefined) commits.push(done.commit)
        controls.push(...(done.controls ?? []))
        layout.add(isInLine(queued), done.commit !== undefined)
        return { result: done.result }
      } catch (error) {
        layout.add(isInLine(queued), false)
        return { error: error instanceof ChangeRefused ? new HubError(error.name, error.about) : error }
      }
    })
    if (commits.length + controls.length === 0) return { outcomes, overlay, batch: undefined }
    const firstSeq = state.counters.seq + 1
    const content = { commits, controls }
    const isStored = parts.length > 0 && usable.length === parts.length
    const lines = isStored ? { lines: { parts: usable, layout: layout.build() } } : {}
    const writeId = writeIdOf(state.holder, this.#tried++)
    const batch = { number, firstSeq, ...time, writeId, counters: overlay.counters, content, ...lines }
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
