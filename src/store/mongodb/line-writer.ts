/**
 * Stores commits that wait for their turn in a line (lines.ts): when their turn comes, only a reference to them has to
 * be appended to the log, in one short write, whatever other hubs have appended meanwhile.
 */
import type { LoggedCommit } from './batch-content.ts'
import type { MongoConnection } from './connection.ts'
import { type LinePart, toLineCommit } from './line-layout.ts'
import type { Lines } from './lines.ts'
import type { LogApplier } from './log-applier.ts'
import type { ReplicatedState } from './replicated-state.ts'
import type { QueuedCommand, QueuedPart } from './write-queue.ts'

/** Commits of fewer bytes (in memory) are not worth a document of their own. */
export const LINE_BYTES = 16 * 1024

/** Factor on that bound where nothing delays the commits. */
const UNDELAYED = 4

/** A document ends once it has this many bytes or commits, so that several are written at a time. */
const MAX_BYTES = 1024 * 1024
const MAX_COMMITS = 1000

const MAX_STORES = 4

/**
 * A document of a line that is older is not referred to any more, its commits become part of the batch. Much shorter
 * than the time after which documents that nothing refers to are removed (log-trimmer.ts).
 */
const MAX_AGE_MS = 10 * 60 * 1000

class StoredPart implements QueuedPart {
  readonly commands: readonly QueuedCommand[]
  readonly done: Promise<void>
  #stored: LinePart | undefined
  isPending = true
  readonly #isOver: () => boolean

  constructor(commands: readonly QueuedCommand[], storing: Promise<LinePart | undefined>, isOver: () => boolean) {
    this.commands = commands
    this.#isOver = isOver
    this.done = storing
      // The commands become part of the batch, and their senders see what fails there.
      .catch(() => undefined)
      .then((stored) => {
        this.#stored = stored
        this.isPending = false
      })
  }

  get usable(): LinePart | undefined {
    return this.#isOver() ? undefined : this.#stored
  }
}

interface LineContext {
  readonly connection: MongoConnection
  readonly lines: Lines
  readonly state: ReplicatedState
  readonly applier: LogApplier
}

export class LineWriter {
  readonly #context: LineContext
  readonly #lineBytes: number
  #storing = 0
  #count = 0

  constructor(context: LineContext, lineBytes: number) {
    this.#context = context
    this.#lineBytes = lineBytes
  }

  /**
   * Begins to store what waits; nothing, while no other process writes, or the server admits one writer at a time.
   * @param isDelayed a batch is on its way, or it is another process's turn
   */
  storeWaiting(waiting: readonly QueuedCommand[], isDelayed: boolean): void {
    const { connection, state, applier } = this.#context
    if (!state.otherWriters.isAny || applier.isStale || connection.isUnavailable) return
    // Where writes wait for one another, one more delays the batch.
    if (!connection.admitsManyWriters) return
    const minBytes = isDelayed ? this.#lineBytes : UNDELAYED * this.#lineBytes
    let group: QueuedCommand[] = []
    let commits: LoggedCommit[] = []
    let bytes = 0
    const end = () => {
      if (bytes >= minBytes) this.#store(group, commits)
      ;[group, commits, bytes] = [[], [], 0]
    }
    for (const queued of waiting) {
      if (this.#storing >= MAX_STORES) return
      const commit = lineCommitOf(queued)
      if (commit === undefined) {
        end()
        continue
      }
      group.push(queued)
      commits.push(commit)
      bytes += queued.bytes
      if (bytes >= MAX_BYTES || group.length >= MAX_COMMITS) end()
    }
    if (this.#storing < MAX_STORES) end()
  }

  #store(commands: readonly QueuedCommand[], commits: readonly LoggedCommit[]): void {
    const { connection, lines, state } = this.#context
    const { clock } = connection
    const startedAt = clock.monotonic()
    const wallStart = clock.milliseconds()
    // By wall time, too, which passes while the machine is suspended; if it was set back, it is unknown how long that was.
    const isOver = () => {
      const age = clock.milliseconds() - wallStart
      return clock.monotonic() - startedAt > MAX_AGE_MS || age > MAX_AGE_MS || age < 0
    }
    const name = `${state.holder}.${this.#count++}`
    this.#storing++
    const part = new StoredPart(commands, lines.store(name, state.appliedNumber, commits), isOver)
    for (const command of commands) command.part = part
    void part.done.then(() => this.#storing--)
  }
}

function lineCommitOf({ command, part }: QueuedCommand): LoggedCommit | undefined {
  return part === undefined && command.command === 'commit' ? toLineCommit(command.changes) : undefined
}
