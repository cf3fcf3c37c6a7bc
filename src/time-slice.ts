/**
 * Cuts long work on the main thread into slices of some milliseconds, so that requests, samples and subscribers are served
 * in between. Awaiting promises alone does not yield: their callbacks run before the event loop goes on.
 */

/** Long enough that yielding costs little, short enough to go unnoticed. */
const SLICE_MS = 8

const waiting: (() => void)[] = []

/** The slices of one piece of work, e.g. of a request. */
export class TimeSlice {
  readonly #signal: AbortSignal | undefined
  #end = performance.now() + SLICE_MS

  /** @param signal ends the work, at its next pause */
  constructor(signal?: AbortSignal) {
    this.#signal = signal
  }

  isOver(): boolean {
    return performance.now() >= this.#end
  }

  /** Yields; each turn of the event loop resumes only one piece of work. @throws the reason of the signal */
  async pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      if (waiting.push(resolve) === 1) setImmediate(next)
    })
    this.#signal?.throwIfAborted()
    this.#end = performance.now() + SLICE_MS
  }

  /** Pauses where the slice is over. */
  async check(): Promise<void> {
    if (this.isOver()) await this.pause()
  }
}

/** Yields between the steps of work that is long where what it is about is large. */
export type Turn = () => Promise<void> | undefined

export function turnsIf(isLarge: boolean): Turn {
  return isLarge ? () => new TimeSlice().pause() : () => undefined
}

/** Passes items on, yielding in between, also where most of them are skipped by the consumer. */
export async function* sliced<Item>(items: AsyncIterable<Item>, slice: TimeSlice): AsyncGenerator<Item> {
  for await (const item of items) {
    if (slice.isOver()) await slice.pause()
    yield item
  }
}

function next(): void {
  waiting.shift()?.()
  if (waiting.length > 0) setImmediate(next)
}
