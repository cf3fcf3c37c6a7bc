/**
 * Asynchronous jobs: bulk registrations, uploads of packages and invocations. Jobs are stored, so that any process can report their state. One
 * process at a time runs a job, holding a lease; if it dies another one runs the task again, or marks the job as failed if
 * it was a closure. Number and size of results are bounded, and results expire.
 */
import { randomUUID } from 'node:crypto'
import { type Clock, systemClock } from '../clock.ts'
import { HubError, type Violation } from '../errors.ts'
import { commitOrConflict, retryConflicts } from '../store/concurrency.ts'
import { Lease } from '../store/run-as-leader.ts'
import type { Change, Document, FileEntry, Store } from '../store/store.ts'
import type { ExecutionState } from './executors/executor.ts'

/** A job as stored. */
export interface Job {
  readonly handleId: string
  /** The resource that the handle belongs to; the handle is unknown to any other resource. */
  readonly owner: string
  /** Name of the caller, where it is known. */
  readonly startedBy?: string
  readonly state: ExecutionState
  /** With which another process can run it. */
  readonly task?: JobTask
  readonly result?: unknown
  /** Why it failed. */
  readonly error?: { readonly rule: string; readonly text: string; readonly violations: readonly Violation[] }
  /** Milliseconds since 1970. */
  readonly finishedAt?: number
}

/** Work that any process can do, described as data. */
export interface JobTask {
  readonly name: string
  readonly data: unknown
  /** What it is about; stored as long as the job is open. */
  readonly file?: FileEntry
}

interface RunningJob {
  readonly job: Job
  /** With another one it was changed by another process, or is over. */
  readonly revision: number
}

export interface JobOutcome {
  /** Default: `Completed`. */
  readonly state?: ExecutionState
  readonly result?: unknown
  /** Committed together with the end of the job, so that they are not repeated. */
  readonly changes?: readonly Change[]
}

export interface JobsOptions {
  readonly store: Store
  /** Implementations of tasks, by name. */
  readonly tasks?: Readonly<Record<string, (task: JobTask) => Promise<JobOutcome>>>
  /** Jobs that may run at the same time in this process. */
  readonly limit: number
  /** Limits of stored results: number, bytes and age; the oldest are deleted first. */
  readonly results: { readonly count: number; readonly bytes: number; readonly keptMs: number }
  readonly clock?: Clock
}

/** A process that does not renew its lease for this long is considered dead. */
const LEASE_TTL_MS = 10_000

/** Interval of checks for jobs of dead processes and for expired results. */
const CHECK_INTERVAL_MS = 5000

export class Jobs {
  readonly #options: JobsOptions
  readonly #clock: Clock
  /** Jobs running here; closures, which only this process can run, are not awaited when it stops. */
  readonly #own = new Map<string, Promise<void> | 'closure'>()
  /** The same jobs, as they are stored. */
  readonly #running = new Map<string, RunningJob>()
  /** Number of jobs running or about to start here. */
  #underway = 0
  /** Bytes of results, in the order in which they were seen to be finished. */
  readonly #results = new Map<string, number>()
  #resultBytes = 0

  constructor(options: JobsOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  /**
   * Starts a job; it is stored when this resolves.
   * @param work a task, or work that only this process can do, e.g. a closure
   * @throws HubError `TooManyRequests` if too many are running
   */
  async start(owner: string, work: JobTask | (() => Promise<JobOutcome>), startedBy?: string): Promise<Job> {
    this.requireRoom()
    this.#underway++
    try {
      return await this.#start(owner, work, startedBy)
    } catch (error) {
      this.#underway--
      throw error
    }
  }

  /**
   * For what has to be received before a job can start, so that it is refused without it.
   * @throws HubError `TooManyRequests` if too many are running
   */
  requireRoom(): void {
    if (this.#underway >= this.#options.limit) throw new HubError('TooManyRequests', ['too many jobs are under way'])
  }

  async #start(owner: string, work: JobTask | (() => Promise<JobOutcome>), startedBy?: string): Promise<Job> {
    const { store } = this.#options
    const job: Job = {
      handleId: randomUUID(),
      owner,
      ...(startedBy !== undefined && { startedBy }),
      state: 'Running',
      ...(typeof work !== 'function' && { task: work })
    }
    const lease = this.#leaseOf(job)
    await lease.acquire()
    const { file } = job.task ?? {}
    const attached = file === undefined ? [] : [{ change: 'attach' as const, ...keyOf(job), files: [file] }]
    const { seq } = await store.commit([{ change: 'create', ...documentOf(job) }, ...attached])
    this.#run({ job, revision: seq }, lease, typeof work === 'function' ? work : () => this.#perform(work))
    return job
  }

  /** @throws HubError `NotFound` if there is no such job, or it has expired */
  async get(handleId: string | undefined, owner: string): Promise<Job> {
    const job = await this.#find(handleId ?? '')
    if (job === undefined || job.owner !== owner) throw new HubError('NotFound', ['Handle', handleId ?? ''])
    return job
  }

  async #find(handleId: string): Promise<Job | undefined> {
    const { store } = this.#options
    // Its task may be large, and clients ask often.
    const running = this.#running.get(handleId)
    if (running !== undefined && (await store.head('Job', handleId))?.revision === running.revision) return running.job
    const document = await store.document('Job', handleId)
    return document && read(document)
  }

  /**
   * Takes over jobs of dead processes and deletes expired results, now and periodically.
   * @returns a function that stops; resolves when the running tasks have ended
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
      this.#run(
        { job, revision: document.revision },
        lease,
        task === undefined ? failAsLost : () => this.#perform(task)
      )
    }
    for await (const document of this.#all('ended')) {
      const { finishedAt = 0, handleId } = read(document)
      // Absolute, as the clock may have been set back.
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

  /** Deletes the oldest results beyond the limits, but never the last one. */
  async #evict(): Promise<void> {
    const { count, bytes } = this.#options.results
    for (const handleId of this.#results.keys()) {
      const isWithin = this.#results.size <= count && this.#resultBytes <= bytes
      if (isWithin || this.#results.size === 1) return
      await this.#forget(handleId)
    }
  }

  async #forget(handleId: string): Promise<void> {
    // Before the commit, so that concurrent evictions do not count it twice.
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

  #perform(task: JobTask): Promise<JobOutcome> {
    const perform = this.#options.tasks?.[task.name]
    if (perform === undefined) throw new HubError('NotImplemented', [`The task "${task.name}"`])
    return perform(task)
  }

  #leaseOf({ handleId }: Job): Lease {
    const { store } = this.#options
    return new Lease(store, { name: `job ${handleId}`, ttlMs: LEASE_TTL_MS, clock: this.#clock })
  }

  #run(running: RunningJob, lease: Lease, work: () => Promise<JobOutcome>): void {
    const { job } = running
    this.#running.set(job.handleId, running)
    const done = this.#finish(job, lease, work).finally(() => {
      this.#own.delete(job.handleId)
      this.#running.delete(job.handleId)
    })
    this.#own.set(job.handleId, job.task === undefined ? 'closure' : done)
  }

  async #finish(job: Job, lease: Lease, work: () => Promise<JobOutcome>): Promise<void> {
    const stopRenewal = lease.keep()
    const attempt = async () => {
      const { state = 'Completed', result, changes = [] } = await work()
      await this.#end(job, { state, ...(result !== undefined && { result }) }, changes)
    }
    try {
      // A task computes its changes from stored documents; on conflict it runs again.
      await (job.task === undefined ? attempt() : retryConflicts(attempt))
    } catch (error) {
      // If this fails as well the job stays open, and is taken over later.
      await this.#end(job, { state: 'Failed', error: errorOf(error) }).catch(() => {})
    } finally {
      stopRenewal()
      this.#underway--
    }
    await this.#evict().catch(() => {})
  }

  async #end(job: Job, end: Pick<Job, 'state' | 'result' | 'error'>, changes: readonly Change[] = []): Promise<void> {
    const change = ended(job, end, this.#clock.milliseconds())
    const { file } = job.task ?? {}
    const detached = file === undefined ? [] : [{ change: 'detach' as const, ...keyOf(job), names: [file.name] }]
    await commitOrConflict(this.#options.store, [...changes, change, ...detached])
    this.#count(job.handleId, change.json.length)
  }
}

/** A closure of a dead process may or may not have taken effect. */
async function failAsLost(): Promise<JobOutcome> {
  throw new HubError('Unavailable', [
    'The process that ran the job ended before it finished; whether the job took effect is unknown'
  ])
}

function ended(job: Job, end: Pick<Job, 'state' | 'result' | 'error'>, finishedAt: number) {
  const { task: _, ...rest } = job
  return { change: 'replace' as const, ...documentOf({ ...rest, ...end, finishedAt }) }
}

function documentOf(job: Job) {
  const facet = ['state', job.finishedAt === undefined ? 'open' : 'ended'] as const
  return { ...keyOf(job), json: JSON.stringify(job), facets: [facet] } as const
}

function keyOf({ handleId }: Job) {
  return { kind: 'Job', id: handleId } as const
}

function read(document: Document): Job {
  return JSON.parse(document.bytes.toString()) as Job
}

function errorOf(error: unknown): NonNullable<Job['error']> {
  if (error instanceof HubError) return { rule: error.name, text: error.message, violations: error.violations }
  return { rule: 'Internal', text: error instanceof Error ? error.message : String(error), violations: [] }
}

/** Another process deleted it first. */
function ignoreGone(error: unknown): void {
  if (!(error instanceof HubError && error.name === 'NotFound')) throw error
}
