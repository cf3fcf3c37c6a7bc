/**
 * Who checks or repairs a file when: all documents of a file are in memory while it is worked on. What waits is on disk.
 * Large files get a thread, whose heap is bounded; small ones are worked on here, which is one core's work anyway.
 */
import type { MemoryBudget, MemoryHolder } from '../../memory/budget.ts'
import type { MemoryPlan } from '../../memory/plan.ts'
import { Turns } from '../../memory/turns.ts'
import { type LoneTask, runAlone } from '../../threads/run-alone.ts'

export type FileMemory = Pick<MemoryPlan, 'files' | 'fileHeap' | 'fileUnderWay' | 'underWay'>

const MAX_WAITING = 32
const SMALL_AT_ONCE = 2

export class FileTurns {
  readonly #heap: number
  readonly #underWay: number
  readonly #held: MemoryHolder
  readonly #threads: Turns
  readonly #small = new Turns({ atOnce: SMALL_AT_ONCE, waiting: MAX_WAITING, title: 'small files are being checked' })

  /** @param memory where the threads are noted */
  constructor({ files, fileHeap, fileUnderWay, underWay }: FileMemory, memory: MemoryBudget) {
    this.#heap = fileHeap
    this.#underWay = fileUnderWay
    this.#held = memory.holder('checked files', underWay)
    this.#threads = new Turns({ atOnce: files, waiting: MAX_WAITING, title: 'files are being checked or repaired' })
    memory.keeps('checked files', () => this.#threads.running * (fileHeap - fileUnderWay))
  }

  /** @throws HubError `Unavailable` where too many wait; as {@link runAlone} */
  inThread<Head>(task: Omit<LoneTask, 'maxHeapMb' | 'signal'> & { readonly signal: AbortSignal }): Promise<Head> {
    return this.#threads.run(task.signal, async () => {
      // Never refused: where it counts as under way only one runs at a time.
      this.#held.take(this.#underWay)
      try {
        return await runAlone<Head>({ ...task, maxHeapMb: Math.floor(this.#heap / 2 ** 20) })
      } finally {
        this.#held.release(this.#underWay)
      }
    })
  }

  /** @throws HubError `Unavailable` where too many wait; what the work throws */
  here<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    return this.#small.run(signal, work)
  }
}
