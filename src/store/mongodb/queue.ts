/** What waits to be written, in the order in which it came. */
import { HubError } from '../../errors.ts'
import { estimateBytes } from '../size.ts'
import type { Answer, Job } from './write-commands.ts'

export interface Waiting {
  readonly job: Job
  readonly weight: number
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

export type Outcome = { readonly answer: Answer } | { readonly error: unknown }

/** A batch holds at most this many jobs, and takes no more once it weighs this much. */
const MAX_JOBS = 2000
const MAX_BYTES = 6 * 1024 * 1024

export class Queue {
  readonly #bound: number
  #waiting: Waiting[] = []
  /** Of what waits and of what is being written. */
  #weight = 0
  #idle: (() => void)[] = []

  /** @param bound in bytes */
  constructor(bound: number) {
    this.#bound = bound
  }

  get length(): number {
    return this.#waiting.length
  }

  /**
   * Resolves when the job is done.
   * @param isAdmitted whatever waits
   * @throws HubError `TooManyRequests`
   */
  add(job: Job, isAdmitted: boolean): Promise<Answer> {
    const weight = weigh(job)
    // An empty queue takes anything, or what is larger than the bound could never be stored.
    if (!isAdmitted && this.#weight > 0 && this.#weight + weight > this.#bound) {
      throw new HubError('TooManyRequests', ['the database does not keep up with what is written'])
    }
    this.#weight += weight
    return new Promise((resolve, reject) => this.#waiting.push({ job, weight, resolve, reject }))
  }

  /** Takes out what goes into the next batch. @param isClaimsOnly leaves everything else where it is */
  take(isClaimsOnly: boolean): readonly Waiting[] {
    const ready = isClaimsOnly ? this.#waiting.filter(isClaim) : this.#waiting
    let count = 0
    for (let bytes = 0; count < ready.length && count < MAX_JOBS && bytes < MAX_BYTES; count++)
      bytes += ready[count]?.weight ?? 0
    const group = ready.slice(0, count)
    this.#waiting = isClaimsOnly ? this.#waiting.filter((one) => !group.includes(one)) : this.#waiting.slice(count)
    return group
  }

  /** Tells what became of what was taken out. */
  settle(group: readonly Waiting[], outcomes: readonly Outcome[]): void {
    for (const [index, { weight, resolve, reject }] of group.entries()) {
      this.#weight -= weight
      const outcome = outcomes[index]
      if (outcome !== undefined && 'answer' in outcome) resolve(outcome.answer)
      else reject(outcome?.error)
    }
    if (this.#weight > 0) return
    for (const wake of this.#idle) wake()
    this.#idle = []
  }

  /** Resolves when nothing waits any more. */
  async drained(): Promise<void> {
    while (this.#weight > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
  }
}

function isClaim({ job }: Waiting): boolean {
  return job.job === 'claim' || job.job === 'release'
}

function weigh(job: Job): number {
  switch (job.job) {
    case 'commit':
      return estimateBytes(job.changes)
    case 'putChunks':
      return job.chunks.length * 300 + 100
    default:
      return 200
  }
}
