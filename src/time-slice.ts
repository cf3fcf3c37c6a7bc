/**
 * Long work on the main thread in slices of some milliseconds, so that requests, samples and subscribers are served in
 * between. Promises alone do not do that: their callbacks run before the event loop goes on.
 */

/** Long enough that waiting for the next turn costs little, short enough that nobody notices. */
const SLICE_MS = 8

const waiting: (() => void)[] = []

/** The work of one request. */
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

  /** Waits for a turn of the event loop; each of them goes to one work only. @throws the reason of the signal */
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

/** Items as they come, in slices: also where nothing is made of most of them. */
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
