/**
 * The last value of each item, in a file: after a crash or a restart a loss is the last value again, with quality bad. What
 * is in the file may be a little older than the last value.
 */
import type { Timers } from '../clock.ts'
import { NotedMap } from './noted-map.ts'
import { plainValue } from './sample-buffer.ts'

/** Few values are written each second, many less often. */
const WRITE_INTERVAL_MS = 1000
const FEW = 1000
const TURNS_OF_MANY = 10

export class LastValues {
  readonly #values: NotedMap<unknown>
  readonly #stop: () => void
  #turn = 0

  constructor(file: string, timers: Timers) {
    this.#values = new NotedMap(file)
    this.#stop = timers.every(WRITE_INTERVAL_MS, () => {
      this.#turn++
      if (this.size <= FEW || this.#turn % TURNS_OF_MANY === 0) this.#values.write(plainValue)
    })
  }

  get size(): number {
    return this.#values.size
  }

  get(key: string): unknown {
    return this.#values.get(key)
  }

  has(key: string): boolean {
    return this.#values.has(key)
  }

  set(key: string, value: unknown): void {
    this.#values.set(key, value)
  }

  close(): void {
    this.#stop()
    this.#values.write(plainValue)
  }
}
