/** Lets a few pieces of work run at a time, as each takes much memory; the others wait, and begin in the order of their arrival. */
import { HubError } from '../errors.ts'

export interface TurnLimits {
  readonly atOnce: number
  /** How many may wait. */
  readonly waiting: number
  /** What they are, for the refusal, e.g. "files are being checked". */
  readonly title: string
}

export class Turns {
  readonly #limits: TurnLimits
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(limits: TurnLimits) {
    this.#limits = limits
  }

  /** How many run. */
  get running(): number {
    return this.#running
  }

  /**
   * @param signal ends the waiting
   * @throws HubError `Unavailable` where too many wait already; the reason of the signal; what the work throws
   */
  async run<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    await this.#begin(signal)
    try {
      return await work()
    } finally {
      this.#end()
    }
  }

  async #begin(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const { atOnce, waiting, title } = this.#limits
    if (this.#running < atOnce) {
      this.#running++
      return
    }
    if (this.#waiting.length >= waiting) {
      throw new HubError('Unavailable', [`${this.#running} ${title} and ${waiting} wait; try again in a moment`])
    }
    await new Promise<void>((resolve, reject) => {
      const begin = () => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(begin), 1)
        reject(signal.reason)
      }
      this.#waiting.push(begin)
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  /** Hands the place to the next one, so that no later one takes it first. */
  #end(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#running--
    else next()
  }
}
