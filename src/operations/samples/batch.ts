/** What one push of samples holds, gathered by series as it is read, so that nothing is kept per sample but its columns. */
import { systemClock } from '../../clock.ts'
import { MAX_OFFSET_NS, type Quality } from '../../model/samples.ts'
import { parseTime, type TimeUnit } from '../../model/time.ts'
import type { DataTypeDefXsd } from '../../model/types.ts'
import type { Timing } from '../../store/store.ts'

/** Source times of a column: whole nanoseconds from a base, each within ±2^50. */
export interface Times {
  /** Nanoseconds since 1970. */
  readonly base: bigint
  readonly offsets: Float64Array
}

/** Samples of one series as they were sent: values in the ValueOnly form, not yet held against the element. */
export interface Column {
  readonly submodel: string
  readonly path: string
  readonly times: Times
  readonly values: ArrayLike<unknown>
  readonly quality: Quality | undefined | ArrayLike<Quality | undefined>
  /** The type that the sender's protocol gave to the first value; absent where it says no more than the value itself. */
  readonly type?: DataTypeDefXsd
  /** Are times among them that the sender did not give? */
  readonly hasArrivals?: boolean
  /** Which item of the push each sample was; or the one item that all of them were. */
  readonly items: number | readonly number[]
  /** Where it is the same for all of them. */
  readonly timing?: Timing
}

/** What else is known of a sample. */
export interface Origin {
  /** The type that the protocol gives to the value; absent where it says no more than the value itself. */
  readonly type?: DataTypeDefXsd | undefined
  /** The time is {@link Batch.arrivalOf}. */
  readonly isArrival?: boolean
  /** It is of the past, and not to become current whatever its time. */
  readonly isHistorical?: boolean
}

const UNTYPED: Origin = {}

export class Batch {
  /** By submodel, then path: rows that are being gathered. */
  readonly #rows = new Map<string, Map<string, Rows>>()
  /** Those of the submodel that was named last, as the next row nearly always names it again. */
  #last: { readonly submodel: string; readonly paths: Map<string, Rows> } | undefined
  readonly #columns: Column[] = []
  readonly #malformed: { readonly index: number; readonly text: string }[] = []
  #size = 0
  #samples = 0
  /** The time that was read last and the last distance between two, as the rows of one scan of a machine share them. */
  #read: { readonly sent: unknown; readonly unit: TimeUnit; readonly time: bigint | undefined } | undefined
  #distance = { from: 0n, to: 0n, nanoseconds: 0 }
  readonly #arrivals: Arrivals

  /**
   * @param now wall time in nanoseconds since 1970, never the same twice
   * @param first the time of arrival, where it is known already
   */
  constructor(now: () => bigint = systemClock.now, first?: bigint) {
    this.#arrivals = new Arrivals(now, first)
  }

  /** The time of arrival: that of the samples that have none of their own. */
  get arrival(): bigint {
    return this.#arrivals.first
  }

  /** Items added so far: a row is one, and so is a column. */
  get size(): number {
    return this.#size
  }

  /** Samples in all of them. */
  get samples(): number {
    return this.#samples
  }

  /** Items that are no samples at all, and why. */
  get malformed(): readonly { readonly index: number; readonly text: string }[] {
    return this.#malformed
  }

  /** Counts an item that is none. */
  refuse(text: string): void {
    this.#malformed.push({ index: this.#size++, text })
  }

  /** A source time as it was sent, in nanoseconds since 1970: see `parseTime`. */
  timeOf(sent: unknown, unit: TimeUnit): bigint | undefined {
    if (this.#read === undefined || this.#read.sent !== sent || this.#read.unit !== unit) {
      this.#read = { sent, unit, time: parseTime(sent, unit) }
    }
    return this.#read.time
  }

  /** The time of arrival for a group of samples, of these series, that have no time of their own. */
  arrivalOf(submodel: string, paths: readonly string[]): bigint {
    return this.#arrivals.of(paths.map((path) => `${submodel}\n${path}`))
  }

  /**
   * Adds one sample.
   * @param time source time in nanoseconds since 1970; absent: the time of arrival
   * @param value in the ValueOnly form (Part 1): number, text or boolean for a Property, an object for others
   */
  add(
    submodel: string,
    path: string,
    time: bigint | undefined,
    value: unknown,
    quality?: Quality,
    origin: Origin = UNTYPED
  ): void {
    const at = time ?? this.arrivalOf(submodel, [path])
    const { type, isArrival = time === undefined, isHistorical = false } = origin
    const timing = isHistorical ? 'historical' : isArrival ? 'arrival' : undefined
    const item = this.#size++
    this.#samples++
    const paths = this.#pathsOf(submodel)
    const rows = paths.get(path)
    const offset = rows === undefined ? 0 : this.#offset(rows.base, at)
    const isOther = isHistorical !== (rows?.timing === 'historical')
    if (rows !== undefined && !isOther && Math.abs(offset) <= MAX_OFFSET_NS)
      rows.add(offset, value, quality, item, timing, isArrival)
    else {
      this.#close(submodel, path)
      const first = new Rows(at, type, timing)
      first.add(0, value, quality, item, timing, isArrival)
      paths.set(path, first)
    }
  }

  /** Adds samples of one series. @throws RangeError where times and values do not pair up */
  addColumn(
    submodel: string,
    path: string,
    times: Times,
    values: ArrayLike<unknown>,
    quality?: Quality | ArrayLike<Quality | undefined>,
    type?: DataTypeDefXsd
  ): void {
    if (times.offsets.length !== values.length) {
      throw new RangeError(`There are ${times.offsets.length} times for ${values.length} values`)
    }
    const items = this.#size++
    if (values.length === 0) return
    this.#samples += values.length
    // What came in rows before it stays before it.
    this.#close(submodel, path)
    this.#columns.push({ submodel, path, times, values, quality, items, ...(type !== undefined && { type }) })
  }

  /** All samples by series, each series in the order in which it was added. */
  columns(): readonly Column[] {
    for (const [submodel, paths] of this.#rows) {
      for (const [path, rows] of paths) this.#columns.push(rows.column(submodel, path))
    }
    this.#rows.clear()
    this.#last = undefined
    return this.#columns
  }

  #offset(from: bigint, to: bigint): number {
    const last = this.#distance
    if (last.from !== from || last.to !== to) this.#distance = { from, to, nanoseconds: Number(to - from) }
    return this.#distance.nanoseconds
  }

  #pathsOf(submodel: string): Map<string, Rows> {
    if (this.#last?.submodel === submodel) return this.#last.paths
    const paths = this.#rows.get(submodel) ?? new Map<string, Rows>()
    this.#rows.set(submodel, paths)
    this.#last = { submodel, paths }
    return paths
  }

  #close(submodel: string, path: string): void {
    const paths = this.#rows.get(submodel)
    const rows = paths?.get(path)
    if (rows === undefined) return
    paths?.delete(path)
    this.#columns.push(rows.column(submodel, path))
  }
}

/**
 * The time of arrival of what came together without times: one for all of it, and a later one from where a series comes
 * again, as its second sample would count as a repetition of the first.
 */
class Arrivals {
  readonly #next: () => bigint
  #now: bigint | undefined
  readonly #seen = new Set<string>()

  constructor(next: () => bigint, first: bigint | undefined) {
    this.#next = next
    this.#now = first
  }

  get first(): bigint {
    this.#now ??= this.#next()
    return this.#now
  }

  /** The same time for all series of this group. */
  of(series: readonly string[]): bigint {
    const now = this.first
    if (series.some((name) => this.#seen.has(name))) {
      const next = this.#next()
      this.#now = next > now ? next : now + 1n
      this.#seen.clear()
    }
    for (const name of series) this.#seen.add(name)
    return this.first
  }
}

/** Samples of one series, being gathered; often there is but one. */
class Rows {
  /** The time of the first. */
  readonly base: bigint
  readonly #type: DataTypeDefXsd | undefined
  readonly #offsets: number[] = []
  readonly #values: unknown[] = []
  readonly #items: number[] = []
  #qualities: (Quality | undefined)[] | undefined
  #hasArrivals = false
  /** Of all of them, or undefined. */
  timing: Timing | undefined

  constructor(base: bigint, type: DataTypeDefXsd | undefined, timing: Timing | undefined) {
    this.base = base
    this.#type = type
    this.timing = timing
  }

  /** Its arguments one by one: an object for each sample would cost as much as all the rest of this. */
  add(
    offset: number,
    value: unknown,
    quality: Quality | undefined,
    item: number,
    timing: Timing | undefined,
    isArrival: boolean
  ): void {
    if (timing !== this.timing) this.timing = undefined
    if (quality !== undefined) this.#qualities ??= new Array(this.#values.length).fill(undefined)
    this.#qualities?.push(quality)
    this.#offsets.push(offset)
    this.#values.push(value)
    this.#items.push(item)
    if (isArrival) this.#hasArrivals = true
  }

  column(submodel: string, path: string): Column {
    return {
      submodel,
      path,
      times: { base: this.base, offsets: new Float64Array(this.#offsets) },
      values: this.#values,
      quality: this.#qualities,
      items: this.#items,
      hasArrivals: this.#hasArrivals,
      ...(this.#type !== undefined && { type: this.#type }),
      ...(this.timing !== undefined && { timing: this.timing })
    }
  }
}
