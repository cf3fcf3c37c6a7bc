/** Work that goes on after the answer: bulk registrations and asynchronous invocations. Bounded, and forgotten in time. */
import { randomUUID } from 'node:crypto'
import { HubError } from '../errors.ts'

/** Part 2, ExecutionState. */
export type ExecutionState = 'Initiated' | 'Running' | 'Completed' | 'Canceled' | 'Failed' | 'Timeout'

/** One piece of work and how far it is. */
export interface Job<Result> {
  readonly handleId: string
  /** What the handle may be asked under, so that no handle of one resource answers on another. */
  readonly owner: string
  state: ExecutionState
  result?: Result
  error?: unknown
}

export class Jobs<Result> {
  readonly #jobs = new Map<string, Job<Result>>()
  readonly #limit: number
  readonly #keep: number

  /**
   * @param limit how many jobs may be known at once
   * @param keep how long a finished one is kept, in milliseconds
   */
  constructor(limit: number, keep: number) {
    this.#limit = limit
    this.#keep = keep
  }

  /** Starts a piece of work. @throws HubError `TooManyRequests` when too many are known */
  start(owner: string, work: (job: Job<Result>) => Promise<Result>): Job<Result> {
    if (this.#jobs.size >= this.#limit) throw new HubError('TooManyRequests', ['too many jobs are under way or kept'])
    const job: Job<Result> = { handleId: randomUUID(), owner, state: 'Initiated' }
    this.#jobs.set(job.handleId, job)
    void this.#run(job, work)
    return job
  }

  /** A job by its handle. @throws HubError `NotFound` where there is none, or none any more */
  get(handleId: string | undefined, owner: string): Job<Result> {
    const job = this.#jobs.get(handleId ?? '')
    if (job === undefined || job.owner !== owner) throw new HubError('NotFound', ['Handle', handleId ?? ''])
    return job
  }

  /** Forgets a job. */
  drop(handleId: string): void {
    this.#jobs.delete(handleId)
  }

  async #run(job: Job<Result>, work: (job: Job<Result>) => Promise<Result>): Promise<void> {
    job.state = 'Running'
    try {
      job.result = await work(job)
      if (job.state === 'Running') job.state = 'Completed'
    } catch (error) {
      job.error = error
      if (job.state === 'Running') job.state = 'Failed'
    }
    setTimeout(() => this.#jobs.delete(job.handleId), this.#keep).unref()
  }
}
