/**
 * Which other processes write, as far as the log shows, and whose turn it is. By real time, whatever clock the store has:
 * other processes do not share that.
 */
import { type Clock, systemClock } from '../../clock.ts'

/** A process that wrote within this time may write again at any moment. */
const PRESENT_MS = 60_000

/** Appends after its last one for which another writer counts as competing. */
const ROUND_APPENDS = 16

/**
 * Who has not written lately may be trying in vain: a process that fails has to read before it tries again. So it is let
 * go first at regular intervals, for long enough to read and append.
 */
const PROBE_EVERY = 8
const PROBE_APPENDS = 2

/** Bounds the memory, and how long a process lets others go first. */
const MAX_WRITERS = 32

/** Bound of how long other processes go first. */
const MAX_TURN_MS = 250

/** What an append takes is the least that it took lately: the rest is waiting for this process itself. */
const FORGETTING = 1.05

export class OtherWriters {
  readonly #clock: Clock
  /** When each wrote last, by the monotonic clock. */
  readonly #seen = new Map<string, number>()
  #appendMs = Number.POSITIVE_INFINITY
  #appends = 0
  /** Until then others go first. */
  #turnAt = 0

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  /** A batch of another process was applied. */
  note(writeId: string): void {
    const process = processOf(writeId)
    this.#seen.delete(process)
    this.#seen.set(process, this.#clock.monotonic())
    if (this.#seen.size <= MAX_WRITERS) return
    const [oldest = ''] = this.#seen.keys()
    this.#seen.delete(oldest)
  }

  /** Measures an append of this process. */
  async measure<Result>(append: () => Promise<Result>): Promise<Result> {
    const start = this.#clock.monotonic()
    const result = await append()
    const ms = this.#clock.monotonic() - start
    this.#appendMs = Math.min(ms, this.#appendMs * FORGETTING)
    this.#appends++
    return result
  }

  /** Does any other process write now and then? */
  get isAny(): boolean {
    const last = [...this.#seen.values()].at(-1)
    return last !== undefined && this.#clock.monotonic() - last < PRESENT_MS
  }

  /** This process has appended a batch. The one that has just written is always the quickest to write again. */
  passTurn(): void {
    this.#turnAt = this.#clock.monotonic() + Math.min(MAX_TURN_MS, this.#othersMs())
  }

  get isTheirTurn(): boolean {
    return this.#clock.monotonic() < this.#turnAt
  }

  async awaitTurn(): Promise<void> {
    const ms = this.#turnAt - this.#clock.monotonic()
    if (ms > 0) await this.#clock.sleep(ms)
  }

  /** As long as one batch of each process takes that wrote lately. */
  #othersMs(): number {
    if (this.#appendMs === Number.POSITIVE_INFINITY) return 0
    const since = this.#clock.monotonic() - ROUND_APPENDS * this.#appendMs
    let competing = 0
    for (const at of this.#seen.values()) if (at >= since) competing++
    const isProbed = competing === 0 && this.isAny && this.#appends % PROBE_EVERY === 0
    return (isProbed ? PROBE_APPENDS : competing) * this.#appendMs
  }
}

/** Batches of a process have consecutive write ids. */
export function writeIdOf(process: string, count: number): string {
  return `${process}.${count}`
}

function processOf(writeId: string): string {
  return writeId.split('.', 1)[0] ?? ''
}
