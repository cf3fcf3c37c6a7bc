/**
 * Checkpoints the log into the collections, so that a starting process need not replay it. One process does so at a
 * time, under a lease; if it dies, another one continues from the last checkpoint. Every step is idempotent.
 *
 * The lease is not one of run-as-leader.ts. That renews at intervals by asking the store; here
 * - a renewal is itself a batch to be checkpointed, so renewing at intervals would keep an idle database writing
 *   forever: the lease is renewed only while there is work, and lapses otherwise;
 * - whether it is held is known from the log (leases.ts), by wall time too, and a process that sees another's lease
 *   neither asks nor writes;
 * - it is checked before each step, with a margin for the step itself, and must be available after the writer is
 *   drained, when `Store.lease` is refused.
 */
import { HubError } from '../../errors.ts'
import type { CheckpointHealth } from '../checkpoint-health.ts'
import { auditHeadOf, auditRowsOf, removeTrimmed } from './audit.ts'
import { type Collections, type StateWrite, toStateWrite } from './collections.ts'
import type { MongoConnection } from './connection.ts'
import type { LogTrimmer } from './log-trimmer.ts'
import type { Replica } from './replica.ts'
import { filePartIds, obsoletePartIds } from './row-codec.ts'
import type { UncheckpointedBatch } from './uncheckpointed.ts'

/** The lease is renewed when less than the renewal time is left, and not used any more below the margin. */
const LEASE_NAME = 'collections'
const LEASE_TTL_MS = 6000
const LEASE_RENEWAL_MS = 4000
const LEASE_MARGIN_MS = 2000

/** Changes gather this long before they are checkpointed, so that what changes often is written once. */
const GATHER_MS = 150

/** After the first failure; each further one doubles it. */
const RETRY_DELAY_MS = 500
const MAX_RETRY_DELAY_MS = 15_000

/** States that are loaded and written together. */
const STATES_PER_STEP = 100

interface CheckpointerContext {
  readonly connection: MongoConnection
  readonly collections: Collections
  readonly replica: Replica
  readonly trimmer: LogTrimmer
  readonly checkpoints: CheckpointHealth
}

/** Rows that no state refers to any more after a checkpoint. */
interface ObsoleteRows {
  readonly bodies: ReadonlySet<string>
  readonly chunks: readonly string[]
  readonly uploads: readonly string[]
  readonly files: readonly string[]
}

/** Failures that are reported where they belong. */
const ELSEWHERE: ReadonlySet<string> = new Set(['Unavailable', 'TooManyRequests'])

/** Another hub may have taken over, or this one began again: what was not finished is done again. */
class Interrupted extends Error {}

export class Checkpointer {
  readonly #context: CheckpointerContext
  readonly #stopping = new AbortController()
  #wake: () => void = () => {}
  #done: Promise<void> = Promise.resolve()
  /** Attempts that failed on the way, with none since that did not. */
  #failures = 0
  /** Audit entries up to this one are deleted. */
  #auditTrimmed = 0
  readonly #stopListening: () => void

  constructor(context: CheckpointerContext) {
    this.#context = context
    this.#stopListening = context.replica.state.onBatch(() => this.#wake())
  }

  start(): void {
    this.#done = this.#run()
  }

  /** Checkpoints what is left, unless another process holds the lease. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#stopListening()
    this.#wake()
    await this.#done
    const { connection, replica } = this.#context
    if (connection.isUnavailable || replica.state.uncheckpointed.length === 0) return
    try {
      if (await replica.writer.submitFinal({ command: 'lease', name: LEASE_NAME, ttlMs: LEASE_TTL_MS })) {
        await this.#checkpoint()
      }
    } catch {
      // Left to the next process.
    }
  }

  async #run(): Promise<void> {
    const { uncheckpointed } = this.#context.replica.state
    const { clock } = this.#context.connection
    const { signal } = this.#stopping
    while (!signal.aborted) {
      if (uncheckpointed.length === 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
      await clock.sleep(GATHER_MS, signal)
      // What is left is checkpointed by `stop`.
      if (signal.aborted) return
      try {
        await this.#step()
        this.#context.checkpoints.note(undefined)
      } catch (error) {
        this.#noteFailure(error)
        await clock.sleep(Math.min(MAX_RETRY_DELAY_MS, RETRY_DELAY_MS * 2 ** (this.#failures - 1)), signal)
      }
    }
  }

  /** While the database is away, or another hub has taken over, nothing is wrong with the collections. */
  #noteFailure(error: unknown): void {
    this.#failures++
    const failure = this.#context.connection.toHubError(error)
    if (failure instanceof Interrupted || (failure instanceof HubError && ELSEWHERE.has(failure.name))) return
    const described = failure instanceof HubError ? failure : new HubError('Unavailable', [String(failure)])
    this.#context.checkpoints.note(described)
  }

  async #step(): Promise<void> {
    const { state, writer } = this.#context.replica
    if (state.uncheckpointed.length === 0) return
    const remaining = state.leases.remainingMs(LEASE_NAME)
    if (remaining < LEASE_RENEWAL_MS) {
      if (remaining <= 0 && !state.leases.isFree(LEASE_NAME)) return this.#readCheckpoint()
      const isOurs = await writer.submit({ command: 'lease', name: LEASE_NAME, ttlMs: LEASE_TTL_MS })
      await this.#readCheckpoint()
      if (!isOurs) return
    }
    await this.#checkpoint()
    this.#failures = 0
    await this.#context.trimmer.trim(() => this.#keepLease())
    await this.#trimAudit()
  }

  async #trimAudit(): Promise<void> {
    const { connection, replica } = this.#context
    const { trimmed } = auditHeadOf(replica.state.counters)
    if (trimmed <= this.#auditTrimmed) return
    await this.#keepLease()
    await removeTrimmed(connection, trimmed)
    this.#auditTrimmed = trimmed
  }

  /** How far is the process that holds the lease? */
  async #readCheckpoint(): Promise<void> {
    const { state, applier } = this.#context.replica
    state.noteCheckpoint(await applier.readCheckpoint())
  }

  async #checkpoint(): Promise<void> {
    const { connection, collections, replica } = this.#context
    const { state, loader } = replica
    const { appliedNumber: number, checkpointCounters, generation, uncheckpointed } = state
    const { batches } = uncheckpointed
    const beforeStep = () => this.#keepLease()
    const keys = [...new Set(batches.flatMap((batch) => [...batch.keys]))]
    const obsolete = obsoleteRowsOf(batches)
    const audit = batches.flatMap(({ batch }) => auditRowsOf(batch))
    for (let at = 0; at < keys.length; at += STATES_PER_STEP) {
      const some = keys.slice(at, at + STATES_PER_STEP)
      let upto = -1
      const writes = await loader.withStates(some, () => {
        // Since a reset they may be of an earlier batch than the one that would be recorded.
        if (state.generation !== generation)
          throw new Interrupted('The log was read from scratch during the checkpoint')
        upto = state.appliedNumber
        return some.map((key): StateWrite => {
          const changedIn = uncheckpointed.batchesOf(key).at(-1)?.number
          return toStateWrite(key, state.peek(key) ?? null, upto, checkpointCounters, changedIn)
        })
      })
      await collections.save(writes, upto, { beforeStep, isRepeated: this.#failures > 0 })
    }
    await collections.insert('audit', audit, beforeStep)
    await collections.remove('bodies', [...obsolete.bodies], beforeStep)
    for (const name of ['chunks', 'uploads', 'files'] as const) {
      await collections.remove(name, obsolete[name], beforeStep)
    }
    await beforeStep()
    const meta = connection.collection('meta')
    await connection.write(() => meta.updateOne({ _id: 'applied' }, { $max: { no: number } }, { upsert: true }))
    state.noteCheckpoint(number)
  }

  /** Renews the lease in time. @throws Error if another process may take over before the next step is done */
  async #keepLease(): Promise<void> {
    const { state, writer } = this.#context.replica
    const remainingMs = () => state.leases.remainingMs(LEASE_NAME)
    if (remainingMs() > LEASE_RENEWAL_MS) return
    const command = { command: 'lease', name: LEASE_NAME, ttlMs: LEASE_TTL_MS } as const
    if (remainingMs() > 0) await (this.#stopping.signal.aborted ? writer.submitFinal(command) : writer.submit(command))
    if (remainingMs() < LEASE_MARGIN_MS) throw new Interrupted('The lease for checkpointing is lost')
  }
}

function obsoleteRowsOf(batches: readonly UncheckpointedBatch[]): ObsoleteRows {
  const bodies = new Set<string>()
  const [chunks, uploads, files]: [string[], string[], string[]] = [[], [], []]
  for (const { batch } of batches) {
    for (const { notes } of batch.content.commits) {
      for (const { body } of notes) {
        if (body !== undefined) for (const id of obsoletePartIds(body)) bodies.add(id)
      }
    }
    for (const control of batch.content.controls) {
      if (control.control === 'chunks') {
        if (control.upload !== undefined) uploads.push(control.upload)
        for (const { removed } of control.series) chunks.push(...removed)
      } else if (control.control === 'blob') uploads.push(control.blob)
      else if (control.control === 'doom') files.push(...filePartIds(control))
    }
  }
  return { bodies, chunks, uploads, files }
}
