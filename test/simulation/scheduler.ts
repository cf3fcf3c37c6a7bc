/**
 * Simulated time, and the only place where it is decided what happens next: tasks run one at a time, by their time, and
 * everything that the hub does between two of them is done before the next begins. So a run follows from its seed.
 */
import { createHash } from 'node:crypto'

/** Of the event loop itself, whatever a simulated process has in its place. */
const turn = globalThis.setImmediate

interface Task {
  readonly at: number
  readonly order: number
  readonly label: string
  act: (() => void) | undefined
}

const MAX_FINISHED = 1_000_000

export class Scheduler {
  /** Milliseconds since the start. */
  now = 0
  steps = 0
  /** The last steps, if they are kept. */
  readonly trace: string[] = []
  readonly #keepsTrace: boolean
  readonly #hash = createHash('sha256')
  readonly #heap: Task[] = []
  #order = 0

  constructor(keepsTrace = false) {
    this.#keepsTrace = keepsTrace
  }

  /** @returns cancels it */
  after(ms: number, label: string, act: () => void): () => void {
    return this.at(this.now + ms, label, act)
  }

  /** At a time, in the order of the calls: where that matters, differences of times are not exact enough. */
  at(time: number, label: string, act: () => void): () => void {
    const task: Task = { at: Math.max(this.now, time), order: this.#order++, label, act }
    this.#push(task)
    return () => {
      task.act = undefined
    }
  }

  sleep(ms: number, label: string): Promise<void> {
    return new Promise((resolve) => this.after(ms, label, resolve))
  }

  /** Notes what was decided, in the trace and in the hash of the run. */
  note(text: string): void {
    this.#hash.update(`${this.now} ${text}\n`)
    if (this.#keepsTrace) this.trace.push(`${this.now.toFixed(3)} ms  ${text}`)
  }

  /** Runs tasks until the work is done. @throws what the work throws, and if nothing is left to do or it takes too long */
  async run(work: Promise<void>, maxMs: number): Promise<void> {
    let isDone = false
    let failure: unknown
    work.then(
      () => {
        isDone = true
      },
      (error) => {
        failure = error ?? new Error('failed')
        isDone = true
      }
    )
    await settle()
    while (!isDone) {
      const task = this.#pop()
      if (task === undefined) throw new Error('Nothing is left to happen, but the work is not done')
      if (task.act === undefined) continue
      if (task.at > maxMs) throw new Error(`The work is not done after ${maxMs} simulated milliseconds`)
      this.now = Math.max(this.now, task.at)
      this.steps++
      this.note(task.label)
      task.act()
      await settle()
    }
    if (failure !== undefined) throw failure
  }

  /**
   * At the end of a run: of the tasks that are left, does those that code waits for which all runs share, such as the queue of
   * time slices. It would be stuck in the next run.
   */
  async finish(isShared: (label: string) => boolean): Promise<void> {
    for (let left = MAX_FINISHED; left > 0; left--) {
      const task = this.#pop()
      if (task === undefined) return
      if (task.act === undefined || !isShared(task.label)) continue
      task.act()
      await settle()
    }
    throw new Error('A run does not end')
  }

  /** Of all that happened so far: equal for two runs of a seed. */
  digest(): string {
    return this.#hash.copy().digest('hex').slice(0, 16)
  }

  #push(task: Task): void {
    const heap = this.#heap
    heap.push(task)
    for (let at = heap.length - 1; at > 0; ) {
      const parent = (at - 1) >> 1
      if (!isBefore(heap[at] as Task, heap[parent] as Task)) return
      swap(heap, at, parent)
      at = parent
    }
  }

  #pop(): Task | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    heap[0] = last
    for (let at = 0; ; ) {
      let least = at
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < heap.length && isBefore(heap[child] as Task, heap[least] as Task)) least = child
      }
      if (least === at) return first
      swap(heap, at, least)
      at = least
    }
  }
}

function isBefore(one: Task, other: Task): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order)
}

function swap(heap: Task[], one: number, other: number): void {
  const kept = heap[one] as Task
  heap[one] = heap[other] as Task
  heap[other] = kept
}

/** Lets all promises and ticks run that can: none of them waits for anything outside the simulation. */
function settle(): Promise<void> {
  return new Promise((resolve) => turn(resolve))
}
