/**
 * When the newest sample of each interface was taken that is on disk, and when it was lost last, in a file: after a crash or
 * a restart the history of a machine is read from there on. What is noted may be older than what is on disk, never newer.
 */
import type { Timers } from '../clock.ts'
import { NotedMap } from './noted-map.ts'

const WRITE_INTERVAL_MS = 1000
/** What is noted after a crash may be older by this. */
export const NOTED_LATE_MS = 2 * WRITE_INTERVAL_MS

/** In milliseconds since 1970. */
export interface NewestSample {
  readonly newestMs?: number
  /** When its values became bad the last time. */
  readonly lostMs?: number
}

export class NewestSamples {
  readonly #stop: () => void
  /** By the id of the interface. A file that was not written is older, so that more is read again than is needed. */
  readonly #newest: NotedMap<NewestSample>

  constructor(file: string, timers: Timers) {
    this.#newest = new NotedMap(file)
    this.#stop = timers.every(WRITE_INTERVAL_MS, () => this.#newest.write())
  }

  of(id: string): NewestSample {
    return this.#newest.get(id) ?? {}
  }

  /** @param ms milliseconds since 1970; the sample is on disk */
  note(id: string, ms: number): void {
    if (ms > (this.of(id).newestMs ?? 0)) this.#note(id, { newestMs: ms })
  }

  noteLoss(id: string, ms: number): void {
    this.#note(id, { lostMs: Math.ceil(ms) })
  }

  #note(id: string, sample: NewestSample): void {
    this.#newest.set(id, { ...this.of(id), ...sample })
  }

  close(): void {
    this.#stop()
    this.#newest.write()
  }
}
