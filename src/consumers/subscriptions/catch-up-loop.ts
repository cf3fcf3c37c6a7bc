/** Lets subscribers that are behind catch up, one step of one subscriber at a time, so that many cost no more than one. */
import { setImmediate } from 'node:timers/promises'
import { catchUp } from './catch-up.ts'
import type { CatchUpSources, CatchUpTarget } from './catch-up-state.ts'

export interface CatchUpLoopOptions {
  readonly sources: CatchUpSources
  /** When the live loop was last busy, by the monotonic clock. */
  readonly liveBusyAt: () => number
  /** Called with an error; a retry follows. */
  readonly failed: (error: unknown) => void
  readonly signal: AbortSignal
}

/** While the live loop was busy this recently, catching up gets half of the time. */
const LIVE_BUSY_MS = 50

const RETRY_DELAY_MS = 500

export class CatchUpLoop {
  readonly #options: CatchUpLoopOptions
  readonly #queue = new Set<CatchUpTarget>()
  #notify: () => void = () => {}

  constructor(options: CatchUpLoopOptions) {
    this.#options = options
    options.signal.addEventListener('abort', () => this.#notify(), { once: true })
  }

  add(target: CatchUpTarget): void {
    this.#queue.add(target)
    this.#notify()
  }

  delete(target: CatchUpTarget): void {
    this.#queue.delete(target)
  }

  /** Runs until it is aborted. */
  async run(): Promise<void> {
    const { signal, sources, liveBusyAt, failed } = this.#options
    const { clock } = sources
    while (!signal.aborted) {
      const added = new Promise<void>((resolve) => {
        this.#notify = resolve
      })
      const [target] = this.#queue
      if (target === undefined) {
        await added
        continue
      }
      this.#queue.delete(target)
      const began = clock.monotonic()
      const { position } = target
      try {
        if (target.mustRegroup) await target.regroup()
        const isReady = await catchUp(target, sources)
        // Without progress it waits for the live loop; `Subscriber.check` adds it again.
        if (isReady && target.position !== position) this.#queue.add(target)
      } catch (error) {
        if (!signal.aborted) failed(error)
        await clock.sleep(RETRY_DELAY_MS, signal)
      }
      await setImmediate()
      const spentMs = clock.monotonic() - began
      const isContended = spentMs > 0 && began - liveBusyAt() < LIVE_BUSY_MS
      if (isContended) await clock.sleep(Math.min(spentMs, LIVE_BUSY_MS), signal)
    }
  }
}
