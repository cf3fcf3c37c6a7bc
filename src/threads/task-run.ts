/** A task in a thread, as the main thread sees it: its sources, and the parts that it has sent. */
import { type Iteration, NEXT, PARTS_AHEAD, STOP } from './messages.ts'

/** What a task may ask; answers are cloned. An async iterable is read as the task proceeds. */
export type Sources = Readonly<Record<string, (...args: never[]) => unknown>>

export interface RunEvents {
  /** A further number of parts may be sent. */
  more(parts: number): void
  /** Once, however it ended. */
  ended(): void
}

export class TaskRun {
  readonly #sources: Sources
  readonly #events: RunEvents
  readonly #head = Promise.withResolvers<unknown>()
  readonly #iterations = new Map<number, AsyncIterator<unknown>>()
  #lastIteration = 0
  #parts: Uint8Array[] = []
  #isEnded = false
  #error: Error | undefined
  /** Of the reader that waits for a part or the end. */
  #wake: (() => void) | undefined

  constructor(sources: Sources, events: RunEvents) {
    this.#sources = sources
    this.#events = events
    // It may fail when the head was taken, or is never asked for.
    this.#head.promise.catch(() => {})
  }

  get head(): Promise<unknown> {
    return this.#head.promise
  }

  setHead(value: unknown): void {
    this.#head.resolve(value)
  }

  add(part: Uint8Array): void {
    this.#parts.push(part)
    this.#wake?.()
  }

  end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    // Errors of what is not read any more concern no one.
    for (const iteration of this.#iterations.values()) iteration.return?.().catch(() => {})
    this.#iterations.clear()
    this.#events.ended()
    this.#wake?.()
  }

  fail(error: Error): void {
    if (this.#isEnded) return
    this.#error = error
    this.#parts = []
    this.#head.reject(error)
    this.end()
  }

  /** Sent by the task, in order. @throws why the task failed */
  async *bytes(): AsyncGenerator<Uint8Array> {
    let taken = 0
    for (;;) {
      const part = this.#parts.shift()
      if (part !== undefined) {
        // Half at a time: messages cost more than the wait.
        if (++taken === PARTS_AHEAD / 2) {
          this.#events.more(taken)
          taken = 0
        }
        yield part
      } else if (this.#error !== undefined) throw this.#error
      else if (this.#isEnded) return
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  /** Asks a source for the task. */
  async answer(source: string, args: readonly unknown[]): Promise<unknown> {
    if (source === NEXT) return this.#next(args[0] as number)
    if (source === STOP) return this.#stop(args[0] as number)
    const answer = await this.#sources[source]?.(...(args as never[]))
    if (!isIterable(answer)) return answer
    const iteration = ++this.#lastIteration
    this.#iterations.set(iteration, answer[Symbol.asyncIterator]())
    return { iteration } satisfies Iteration
  }

  async #stop(iteration: number): Promise<void> {
    const stopped = this.#iterations.get(iteration)
    this.#iterations.delete(iteration)
    await stopped?.return?.()
  }

  async #next(iteration: number): Promise<IteratorResult<unknown>> {
    const result = await this.#iterations.get(iteration)?.next()
    if (result === undefined || result.done === true) this.#iterations.delete(iteration)
    return result ?? { done: true, value: undefined }
  }
}

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
