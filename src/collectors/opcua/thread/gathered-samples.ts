/** Gathers samples for the main thread, and hands them over while it keeps up. */
import type { DataValue } from 'node-opcua-client'
import type { Clock } from '../../../clock.ts'
import type { SampleColumns } from '../messages.ts'
import { GatheredNumbers } from './gathered-numbers.ts'
import type { NotifiedNumbers } from './notified-numbers.ts'
import { plainValue } from './values.ts'

export interface GatheredSamplesOptions {
  /** Resolves when the samples are durable. */
  readonly deliver: (columns: SampleColumns) => Promise<void>
  readonly gatherMs: number
  readonly clock: Clock
  /** Samples that were dropped, as more did not fit. */
  readonly dropped: (count: number) => void
}

/** Of these some hundred bytes each; about 10 seconds of what the fastest servers send. */
const MAX_SAMPLES = 1_000_000
/** More than these in a turn are many. */
const MANY_SAMPLES = 250
const GATHER_MANY_MS = 1000
/** The clocks of machines differ by some minutes; beyond that a time is not believed. */
export const MAX_SKEW_MS = 5 * 60_000

class Columns {
  readonly handles: number[] = []
  readonly milliseconds: number[] = []
  readonly nanoseconds: number[] = []
  readonly values: unknown[] = []
  readonly types: number[] = []
  readonly codes: number[] = []

  get size(): number {
    return this.handles.length
  }
}

export class GatheredSamples {
  readonly #options: GatheredSamplesOptions
  /** Live samples: good numbers, and the others. */
  readonly #numbers = new GatheredNumbers()
  #others = new Columns()
  /** Number handed over last. */
  #lastSize = 0
  #isDelivering = false
  #cancel: (() => void) | undefined
  #isClosed = false
  #isHeld = false
  /** Of the server's clock against this one, in milliseconds; positive where it is ahead. */
  skewMs = 0
  /** The same, of the samples since the last delivery. */
  #aheadMs = Number.NEGATIVE_INFINITY
  /** Of the newest sample, in milliseconds since 1970. */
  newestMs: number | undefined

  constructor(options: GatheredSamplesOptions) {
    this.#options = options
  }

  /** @param handles of the nodes, by the numbers of their items */
  addNumbers(numbers: NotifiedNumbers, handles: ArrayLike<number | undefined>): void {
    this.#makeRoom(numbers.count)
    if (!this.#numbers.add(numbers, handles)) appendNumbers(this.#others, numbers, handles)
    this.#note(numbers.newestMs, numbers.serverMs)
  }

  add(handle: number, value: DataValue): void {
    this.#makeRoom(1)
    const now = this.#options.clock.milliseconds()
    const { serverTimestamp, sourceTimestamp } = value
    // OPC 10000-4, 7.11: the source's time, else that of the server.
    const at = (sourceTimestamp ?? serverTimestamp)?.getTime() ?? now
    append(this.#others, handle, value, at)
    this.#note(at, serverTimestamp?.getTime())
  }

  /**
   * Keeps live samples until they are released: while the history before them is read, nothing later may count as the
   * newest that is stored.
   */
  hold(): void {
    this.#isHeld = true
  }

  release(): void {
    if (!this.#isHeld) return
    this.#isHeld = false
    if (this.#size > 0 && !this.#isClosed) this.#schedule()
  }

  /** Values that a server kept, in the order of their times. */
  async addHistory(handle: number, values: readonly DataValue[]): Promise<void> {
    const now = this.#options.clock.milliseconds()
    const columns = new Columns()
    for (const value of values) {
      append(columns, handle, value, (value.sourceTimestamp ?? value.serverTimestamp)?.getTime() ?? now)
    }
    if (columns.size > 0) await this.#options.deliver(this.#columnsFor(columns, true))
  }

  /** Hands over what is gathered. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancel?.()
    await this.#flush()
  }

  get #size(): number {
    return this.#numbers.size + this.#others.size
  }

  /** @param serverMs the time of the server then, in milliseconds since 1970, as the other */
  #note(newestMs: number, serverMs: number | undefined): void {
    if (this.newestMs === undefined || newestMs > this.newestMs) this.newestMs = newestMs
    // Of a value that has not changed for long some servers send the old time: the newest one counts.
    if (serverMs !== undefined) {
      this.#aheadMs = Math.max(this.#aheadMs, serverMs - this.#options.clock.milliseconds())
    }
    if (this.#size > 0) this.#schedule()
  }

  #makeRoom(count: number): void {
    if (this.#size + count <= MAX_SAMPLES) return
    this.#options.dropped(this.#size)
    this.#numbers.clear()
    this.#others = new Columns()
  }

  #schedule(): void {
    const { clock, gatherMs } = this.#options
    // Of many samples longer columns cost a fraction for each.
    const pause = this.#lastSize > MANY_SAMPLES ? Math.max(gatherMs, GATHER_MANY_MS) : gatherMs
    this.#cancel ??= clock.after(pause, () => void this.#flush())
  }

  async #flush(): Promise<void> {
    this.#cancel = undefined
    if (this.#isDelivering || (this.#isHeld && !this.#isClosed)) return
    this.#isDelivering = true
    if (this.#aheadMs !== Number.NEGATIVE_INFINITY) this.skewMs = this.#aheadMs
    this.#aheadMs = Number.NEGATIVE_INFINITY
    try {
      while (this.#size > 0) {
        this.#lastSize = this.#size
        const columns = this.#take()
        await this.#options.deliver(columns)
        // Samples that arrived during the delivery wait for their turn, so that batches grow under load.
        if (!this.#isClosed) break
      }
    } catch {
      // The connection is being closed.
    } finally {
      this.#isDelivering = false
      if (this.#size > 0 && !this.#isClosed) this.#schedule()
    }
  }

  #take(): SampleColumns {
    const columns = {
      ...this.#columnsFor(this.#others, false),
      ...(this.#numbers.size > 0 && { numbers: this.#numbers.columns() })
    }
    this.#numbers.clear()
    this.#others = new Columns()
    return columns
  }

  #columnsFor(columns: Columns, isHistorical: boolean): SampleColumns {
    const { skewMs } = this
    const clock = Math.abs(skewMs) > MAX_SKEW_MS ? skewText(skewMs) : undefined
    return {
      handles: Uint32Array.from(columns.handles),
      milliseconds: Float64Array.from(columns.milliseconds),
      nanoseconds: Uint32Array.from(columns.nanoseconds),
      values: columns.values,
      types: Uint8Array.from(columns.types),
      codes: Uint32Array.from(columns.codes),
      isHistorical,
      ...(clock !== undefined && { clock })
    }
  }
}

/** @param ms time of the sample in milliseconds since 1970 */
function append(columns: Columns, handle: number, sample: DataValue, ms: number): void {
  const { value, statusCode } = sample
  columns.handles.push(handle)
  columns.milliseconds.push(ms)
  // Of the picoseconds within the millisecond.
  columns.nanoseconds.push(sample.sourceTimestamp == null ? 0 : Math.floor((sample.sourcePicoseconds ?? 0) / 1000))
  columns.values.push(plainValue(value))
  columns.types.push(value.dataType)
  columns.codes.push(statusCode.value)
}

function appendNumbers(
  columns: Columns,
  { count, items, types, baseMs, offsets, values }: NotifiedNumbers,
  handles: ArrayLike<number | undefined>
): void {
  for (let at = 0; at < count; at++) {
    const handle = handles[items[at] ?? 0]
    if (handle === undefined) continue
    const offset = offsets[at] ?? 0
    const ms = Math.floor(offset / 1_000_000)
    columns.handles.push(handle)
    columns.milliseconds.push(baseMs + ms)
    columns.nanoseconds.push(offset - ms * 1_000_000)
    columns.values.push(values[at])
    columns.types.push(types[at] ?? 0)
    columns.codes.push(0)
  }
}

export function skewText(skewMs: number): string {
  const minutes = Math.round(Math.abs(skewMs) / 60_000)
  const length = minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`
  return `the clock of the server is ${length} ${skewMs > 0 ? 'ahead' : 'behind'}`
}
