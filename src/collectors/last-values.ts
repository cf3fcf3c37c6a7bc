/**
 * The last value of each item, in a file: after a crash or a restart a loss is the last value again, with quality bad. What
 * is in the file may be a little older than the last value.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Timers } from '../clock.ts'
import { plainValue } from './sample-buffer.ts'

/** Few values are written each second, many less often. */
const WRITE_INTERVAL_MS = 1000
const FEW = 1000
const TURNS_OF_MANY = 10

export class LastValues {
  readonly #file: string
  readonly #values: Map<string, unknown>
  readonly #stop: () => void
  #isChanged = false
  #turn = 0

  constructor(file: string, timers: Timers) {
    this.#file = file
    this.#values = read(file)
    this.#stop = timers.every(WRITE_INTERVAL_MS, () => {
      this.#turn++
      if (this.size <= FEW || this.#turn % TURNS_OF_MANY === 0) this.#write()
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
      writeFileSync(
        `${this.#file}.new`,
        JSON.stringify([...this.#values].map(([key, value]) => [key, plainValue(value)]))
      )
      renameSync(`${this.#file}.new`, this.#file)
    } catch {
      // A full disk: the values of before stay.
      this.#isChanged = true
    }
  }
}

function read(file: string): Map<string, unknown> {
  try {
    return new Map(JSON.parse(readFileSync(file, 'utf8')) as [string, unknown][])
  } catch {
    return new Map()
  }
}
