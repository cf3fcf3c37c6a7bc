/** Gathers samples for the main thread, and hands them over while it keeps up. */
import type { DataValue } from 'node-opcua-client'
import type { Clock } from '../../../clock.ts'
import type { SampleColumns } from '../messages.ts'
import { GatheredNumbers } from './gathered-numbers.ts'
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
  readonly numbers: GatheredNumbers

  constructor(baseMs: number) {
    this.numbers = new GatheredNumbers(baseMs)
  }

  get size(): number {
    return this.handles.length + this.numbers.size
  }
}

export class GatheredSamples {
  readonly #options: GatheredSamplesOptions
  #live: Columns
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
    this.#live = new Columns(options.clock.milliseconds())
  }

  add(handle: number, value: DataValue): void {
    if (this.#live.size >= MAX_SAMPLES) {
      this.#options.dropped(this.#live.size)
      this.#live = new Columns(this.#options.clock.milliseconds())
    }
    const now = this.#options.clock.milliseconds()
    const { serverTimestamp, sourceTimestamp } = value
    // OPC 10000-4, 7.11: the source's time, else that of the server.
    const at = (sourceTimestamp ?? serverTimestamp)?.getTime() ?? now
    if (!this.#live.numbers.add(handle, value, at)) append(this.#live, handle, value, at)
    if (this.newestMs === undefined || at > this.newestMs) this.newestMs = at
    // Of a value that has not changed for long some servers send the old time: the newest one counts.
    if (serverTimestamp != null) this.#aheadMs = Math.max(this.#aheadMs, serverTimestamp.getTime() - now)
    this.#schedule()
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
    if (this.#live.size > 0 && !this.#isClosed) this.#schedule()
  }

  /** Values that a server kept, in the order of their times. */
  async addHistory(handle: number, values: readonly DataValue[]): Promise<void> {
    const now = this.#options.clock.milliseconds()
    const columns = new Columns(now)
    for (const value of values) {
      append(columns, handle, value, (value.sourceTimestamp ?? value.serverTimestamp)?.getTime() ?? now)
    }
    if (columns.size > 0) await this.#options.deliver(this.#sent(columns, true))
  }

  /** Hands over what is gathered. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancel?.()
    await this.#flush()
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
      while (this.#live.size > 0) {
        const columns = this.#live
        this.#live = new Columns(this.#options.clock.milliseconds())
        this.#lastSize = columns.size
        await this.#options.deliver(this.#sent(columns, false))
        // Samples that arrived during the delivery wait for their turn, so that batches grow under load.
        if (!this.#isClosed) break
      }
    } catch {
      // The connection is being closed.
    } finally {
      this.#isDelivering = false
      if (this.#live.size > 0 && !this.#isClosed) {
        this.#schedule()
      }
    }
  }

  #sent(columns: Columns, isHistorical: boolean): SampleColumns {
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
      ...(columns.numbers.size > 0 && { numbers: columns.numbers.columns() }),
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

export function skewText(skewMs: number): string {
  const minutes = Math.round(Math.abs(skewMs) / 60_000)
  const length = minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`
  return `the clock of the server is ${length} ${skewMs > 0 ? 'ahead' : 'behind'}`
}
