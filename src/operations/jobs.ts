/**
 * Work that goes on after the answer: bulk registrations and asynchronous invocations. It is kept in the store, so that
 * any process knows how far it is; one process at a time does it, and where that one dies another goes on with it, or
 * says that nobody can. Bounded, and forgotten in time.
 */
import { randomUUID } from 'node:crypto'
import { type Clock, systemClock } from '../clock.ts'
import { HubError, type Violation } from '../errors.ts'
import { commitOrConflict, retryConflicts } from '../store/concurrency.ts'
import { Lease } from '../store/run-as-leader.ts'
import type { Change, Document, Store } from '../store/store.ts'
import type { ExecutionState } from './executors/executor.ts'

/** One piece of work and how far it is, as it is kept. */
export interface Job {
  readonly handleId: string
  /** What the handle may be asked under, so that no handle of one resource answers on another. */
  readonly owner: string
  readonly state: ExecutionState
  /** By what another process can do it. */
  readonly task?: JobTask
  readonly result?: unknown
  /** Why it failed. */
  readonly error?: { readonly rule: string; readonly text: string; readonly violations: readonly Violation[] }
  /** Milliseconds since 1970. */
  readonly finishedAt?: number
}

/** Work that any process can do, told as data. */
export interface JobTask {
  readonly name: string
  readonly data: unknown
}

/** How a piece of work ended. */
export interface JobOutcome {
  /** `Completed` unless told. */
  readonly state?: ExecutionState
  readonly result?: unknown
  /** Become durable together with the end, so that nobody does them again. */
  readonly changes?: readonly Change[]
}

export interface JobsOptions {
  readonly store: Store
  /** Who does the tasks, by name. */
  readonly tasks?: Readonly<Record<string, (data: unknown) => Promise<JobOutcome>>>
  /** How many jobs may be under way at once in this process. */
  readonly limit: number
  /** How many finished ones are kept, how many bytes of them, and for how long; the oldest go first. */
  readonly results: { readonly count: number; readonly bytes: number; readonly keptMs: number }
  readonly clock?: Clock
}

/** A process that has not been heard of for so long is taken for dead, in milliseconds. */
const LEASE_TTL_MS = 10_000

/** How often somebody looks for jobs of dead processes, and for what is to be forgotten, in milliseconds. */
const CHECK_INTERVAL_MS = 5000

export class Jobs {
  readonly #options: JobsOptions
  readonly #clock: Clock
  /** Jobs that are done here; those that only this process can do are not waited for when it stops. */
  readonly #own = new Map<string, Promise<void> | 'closure'>()
  /** Those that are done here or are about to be. */
  #underway = 0
  /** Bytes of finished ones, in the order in which they were seen to be finished. */
  readonly #results = new Map<string, number>()
  #resultBytes = 0

  constructor(options: JobsOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  /**
   * Starts a piece of work, which is known when this resolves.
   * @param work a task, or something that only this process can do
   * @throws HubError `TooManyRequests` when too many are under way
   */
  async start(owner: string, work: JobTask | (() => Promise<JobOutcome>)): Promise<Job> {
    if (this.#underway >= this.#options.limit) throw new HubError('TooManyRequests', ['too many jobs are under way'])
    this.#underway++
    try {
      return await this.#start(owner, work)
    } catch (error) {
      this.#underway--
      throw error
    }
  }

  async #start(owner: string, work: JobTask | (() => Promise<JobOutcome>)): Promise<Job> {
    const { store } = this.#options
    const job: Job = {
      handleId: randomUUID(),
      owner,
      state: 'Running',
      ...(typeof work !== 'function' && { task: work })
    }
    const lease = this.#leaseOf(job)
    await lease.acquire()
    await store.commit([{ change: 'create', ...documentOf(job) }])
    this.#run(job, lease, typeof work === 'function' ? work : () => this.#perform(work))
    return job
  }

  /** A job by its handle. @throws HubError `NotFound` where there is none, or none any more */
  async get(handleId: string | undefined, owner: string): Promise<Job> {
    const document = await this.#options.store.document('Job', handleId ?? '')
    const job = document && read(document)
    if (job === undefined || job.owner !== owner) throw new HubError('NotFound', ['Handle', handleId ?? ''])
    return job
  }

  /**
   * Goes on with what dead processes left, now and from time to time, and forgets what is old.
   * @returns the way to stop; resolves when nothing is done here any more
   */
  watch(failed: (error: unknown) => void): () => Promise<void> {
    const look = () => this.#look().catch(failed)
    let looking = look()
    const stopTimer = this.#clock.every(CHECK_INTERVAL_MS, () => {
      looking = looking.then(look)
    })
    return async () => {
      stopTimer()
      await looking
      await Promise.all([...this.#own.values()].filter((done) => done !== 'closure'))
    }
  }

  async #look(): Promise<void> {
    const { results } = this.#options
    for await (const document of this.#all('open')) {
      const job = read(document)
      const lease = this.#leaseOf(job)
      if (this.#own.has(job.handleId) || !(await lease.acquire())) continue
      const { task } = job
      this.#underway++
      this.#run(job, lease, task === undefined ? failAsLost : () => this.#perform(task))
    }
    for await (const document of this.#all('ended')) {
      const { finishedAt = 0, handleId } = read(document)
      // Also where the clock was set back since.
      if (Math.abs(this.#clock.milliseconds() - finishedAt) > results.keptMs) await this.#forget(handleId)
      else this.#count(handleId, document.bytes.length)
    }
    await this.#evict()
  }

  #count(handleId: string, bytes: number): void {
    if (this.#results.has(handleId)) return
    this.#results.set(handleId, bytes)
    this.#resultBytes += bytes
  }

  /** The last one stays, however large it is. */
  async #evict(): Promise<void> {
    const { count, bytes } = this.#options.results
    for (const handleId of this.#results.keys()) {
      const isWithin = this.#results.size <= count && this.#resultBytes <= bytes
      if (isWithin || this.#results.size === 1) return
      await this.#forget(handleId)
    }
  }

  async #forget(handleId: string): Promise<void> {
    // First, so that two who evict at the same time do not count it twice.
    this.#resultBytes -= this.#results.get(handleId) ?? 0
    this.#results.delete(handleId)
    await this.#options.store.commit([{ change: 'delete', kind: 'Job', id: handleId }]).catch(ignoreGone)
  }

  async *#all(state: string): AsyncGenerator<Document> {
    let after: number | undefined = 0
    while (after !== undefined) {
      const page = await this.#options.store.documents('Job', [['state', state]], { after, limit: 100 })
      yield* page.items
      after = page.next
    }
  }

  #perform({ name, data }: JobTask): Promise<JobOutcome> {
    const task = this.#options.tasks?.[name]
    if (task === undefined) throw new HubError('NotImplemented', [`The task "${name}"`])
    return task(data)
  }

  #leaseOf({ handleId }: Job): Lease {
    const { store } = this.#options
    return new Lease(store, { name: `job ${handleId}`, ttlMs: LEASE_TTL_MS, clock: this.#clock })
  }

  #run(job: Job, lease: Lease, work: () => Promise<JobOutcome>): void {
    const done = this.#finish(job, lease, work).finally(() => this.#own.delete(job.handleId))
    this.#own.set(job.handleId, job.task === undefined ? 'closure' : done)
  }

  async #finish(job: Job, lease: Lease, work: () => Promise<JobOutcome>): Promise<void> {
    const stopRenewal = lease.keep()
    const attempt = async () => {
      const { state = 'Completed', result, changes = [] } = await work()
      await this.#end(job, { state, ...(result !== undefined && { result }) }, changes)
    }
    try {
      // What a task changes is made up by what is there, which others may change meanwhile: then it is made up anew.
      await (job.task === undefined ? attempt() : retryConflicts(attempt))
    } catch (error) {
      // Where not even this can be kept, the job stays open, and somebody goes on with it later.
      await this.#end(job, { state: 'Failed', error: errorOf(error) }).catch(() => {})
    } finally {
      stopRenewal()
      this.#underway--
    }
    await this.#evict().catch(() => {})
  }

  async #end(job: Job, end: Pick<Job, 'state' | 'result' | 'error'>, changes: readonly Change[] = []): Promise<void> {
    const change = ended(job, end, this.#clock.milliseconds())
    await commitOrConflict(this.#options.store, [...changes, change])
    this.#count(job.handleId, change.json.length)
  }
}

/** What only a process that is gone could do may have been done or not. */
async function failAsLost(): Promise<JobOutcome> {
  throw new HubError('Unavailable', [
    'The process that carried it out ended before it did; whether it took effect is not known'
  ])
}

function ended(job: Job, end: Pick<Job, 'state' | 'result' | 'error'>, finishedAt: number) {
  const { task: _, ...rest } = job
  return { change: 'replace' as const, ...documentOf({ ...rest, ...end, finishedAt }) }
}

function documentOf(job: Job) {
  const facet = ['state', job.finishedAt === undefined ? 'open' : 'ended'] as const
  return { kind: 'Job', id: job.handleId, json: JSON.stringify(job), facets: [facet] } as const
}

function read(document: Document): Job {
  return JSON.parse(document.bytes.toString()) as Job
}

function errorOf(error: unknown): NonNullable<Job['error']> {
  if (error instanceof HubError) return { rule: error.name, text: error.message, violations: error.violations }
  return { rule: 'Internal', text: error instanceof Error ? error.message : String(error), violations: [] }
}

/** Somebody else forgot it first. */
function ignoreGone(error: unknown): void {
  if (!(error instanceof HubError && error.name === 'NotFound')) throw error
}
