/** The other side of a pool: what runs in its threads. */
import type { MessagePort } from 'node:worker_threads'
import { TimeSlice } from '../time-slice.ts'
import {
  errorOf,
  type FromThread,
  failureOf,
  type Iteration,
  NEXT,
  PARTS_AHEAD,
  STOP,
  type ToThread
} from './messages.ts'
import { partsOf } from './parts.ts'

/** The sources of a task; see `Sources` of pool.ts. */
export interface RemoteSources {
  /** @throws what the source throws */
  ask<Answer>(source: string, ...args: unknown[]): Promise<Answer>
  iterate<Item>(source: string, ...args: unknown[]): AsyncGenerator<Item>
}

export interface TaskContext {
  readonly sources: RemoteSources
  /** Tasks of the thread take turns. */
  readonly slice: TimeSlice
  readonly signal: AbortSignal
}

export interface TaskResult {
  readonly head?: unknown
  readonly bytes: AsyncIterable<Uint8Array | string>
}

export type Task<Input> = (input: Input, context: TaskContext) => Promise<TaskResult>

/** @param tasks by name; loaded when they are first needed */
export function serveTasks(port: MessagePort, tasks: Readonly<Record<string, () => Promise<Task<never>>>>): void {
  const runs = new Map<number, RunningTask>()
  const questions = new Questions((message) => port.postMessage(message))
  port.on('message', (message: ToThread) => {
    if ('question' in message) return questions.settle(message)
    if ('cancel' in message) return runs.get(message.cancel)?.cancel()
    if ('more' in message) return runs.get(message.more)?.allow(message.parts)
    const { start: id, task, input } = message
    const run = new RunningTask(id, port, questions)
    runs.set(id, run)
    void run.perform(tasks[task], input as never).finally(() => runs.delete(id))
  })
}

class RunningTask {
  readonly #id: number
  readonly #port: MessagePort
  readonly #questions: Questions
  readonly #ending = new AbortController()
  /** Parts that may be sent. */
  #allowed = PARTS_AHEAD
  #wake: (() => void) | undefined

  constructor(id: number, port: MessagePort, questions: Questions) {
    this.#id = id
    this.#port = port
    this.#questions = questions
  }

  cancel(): void {
    this.#ending.abort()
    this.#wake?.()
  }

  allow(parts: number): void {
    this.#allowed += parts
    this.#wake?.()
  }

  async perform(load: (() => Promise<Task<never>>) | undefined, input: never): Promise<void> {
    const { signal } = this.#ending
    try {
      if (load === undefined) throw new Error('There is no such task')
      const task = await load()
      const context = { sources: this.#questions.of(this.#id, signal), slice: new TimeSlice(signal), signal }
      const { head, bytes } = await task(input, context)
      this.#send({ head: this.#id, value: head })
      for await (const part of partsOf(bytes, context.slice)) {
        while (this.#allowed === 0 && !signal.aborted) await new Promise<void>((resolve) => (this.#wake = resolve))
        if (signal.aborted) return
        this.#allowed--
        this.#port.postMessage({ part: this.#id, bytes: part } satisfies FromThread, [part.buffer])
      }
      this.#send({ end: this.#id })
    } catch (error) {
      if (!signal.aborted) this.#send({ failed: this.#id, failure: failureOf(error) })
    }
  }

  #send(message: FromThread): void {
    this.#port.postMessage(message)
  }
}

/** Questions to the main thread that are not answered yet. */
class Questions {
  readonly #send: (message: FromThread) => void
  readonly #open = new Map<number, PromiseWithResolvers<unknown>>()
  #last = 0

  constructor(send: (message: FromThread) => void) {
    this.#send = send
  }

  settle(answer: Extract<ToThread, { question: number }>): void {
    const asked = this.#open.get(answer.question)
    this.#open.delete(answer.question)
    if ('failure' in answer) asked?.reject(errorOf(answer.failure))
    else asked?.resolve(answer.value)
  }

  of(task: number, signal: AbortSignal): RemoteSources {
    const ask = async <Answer>(source: string, ...args: unknown[]): Promise<Answer> => {
      signal.throwIfAborted()
      const asked = Promise.withResolvers<unknown>()
      const question = ++this.#last
      this.#open.set(question, asked)
      this.#send({ question, of: task, source, args })
      const answer = (await asked.promise) as Answer
      signal.throwIfAborted()
      return answer
    }
    return {
      ask,
      async *iterate<Item>(source: string, ...args: unknown[]) {
        const { iteration } = await ask<Iteration>(source, ...args)
        let isOver = false
        try {
          for (;;) {
            const result = await ask<IteratorResult<Item>>(NEXT, iteration)
            isOver = result.done === true
            if (isOver) return
            yield result.value as Item
          }
        } finally {
          // A cancelled task has no iterations any more.
          if (!isOver) await ask(STOP, iteration).catch(() => {})
        }
      }
    }
  }
}
