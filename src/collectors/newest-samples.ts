/**
 * When the newest sample of each interface was taken that is on disk, and when it was lost last, in a file: after a crash or
 * a restart the history of a machine is read from there on. What is noted may be older than what is on disk, never newer.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Timers } from '../clock.ts'

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
  readonly #file: string
  readonly #stop: () => void
  /** By the id of the interface. */
  readonly #newest: Map<string, NewestSample>
  #isChanged = false

  constructor(file: string, timers: Timers) {
    this.#file = file
    this.#newest = read(file)
    this.#stop = timers.every(WRITE_INTERVAL_MS, () => this.#write())
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
    this.#isChanged = true
  }

  close(): void {
    this.#stop()
    this.#write()
  }

  #write(): void {
    if (!this.#isChanged) return
    this.#isChanged = false
    try {
      writeFileSync(`${this.#file}.new`, JSON.stringify([...this.#newest]))
      renameSync(`${this.#file}.new`, this.#file)
    } catch {
      // A full disk: what was noted before is older, so that more is read again than is needed.
      this.#isChanged = true
    }
  }
}

function read(file: string): Map<string, NewestSample> {
  try {
    return new Map(JSON.parse(readFileSync(file, 'utf8')) as [string, NewestSample][])
  } catch {
    return new Map()
  }
}
