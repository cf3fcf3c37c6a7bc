/** The samples of one push, collected in columns by series while they are parsed; there is no object per sample. */
import { systemClock } from '../../clock.ts'
import type { ScannedSeries, ScannedTime } from '../../formats/line-scanner.ts'
import { MAX_OFFSET_NS, type Quality } from '../../model/samples.ts'
import { parseTime, type TimeUnit } from '../../model/time.ts'
import type { DataTypeDefXsd } from '../../model/types.ts'
import type { Timing } from '../../store/store.ts'

/** Source times of a column: whole nanoseconds from a base, each within ±2^50. */
export interface SampleTimes {
  /** Nanoseconds since 1970. */
  readonly base: bigint
  readonly offsets: Float64Array
}

/** Samples of one series as sent: values in ValueOnly form, not yet validated against the element. */
export interface SampleColumn {
  readonly submodel: string
  readonly path: string
  readonly times: SampleTimes
  readonly values: ArrayLike<unknown>
  readonly quality: Quality | undefined | ArrayLike<Quality | undefined>
  /** Type of the first value in the sender's protocol; absent if that is the type of the value itself. */
  readonly type?: DataTypeDefXsd
  /** Some times are arrival times, not the sender's. */
  readonly hasArrivals?: boolean
  /** Index of the item of the push, per sample; or of the one item that holds all of them. */
  readonly items: number | readonly number[]
  /** Present if it is the same for all samples. */
  readonly timing?: Timing
}

/** Where value and time of a sample come from. */
export interface SampleOrigin {
  /** Type of the value in the sender's protocol; absent if that is the type of the value itself. */
  readonly type?: DataTypeDefXsd | undefined
  /** The time is {@link SampleBatch.arrivalOf}. */
  readonly isArrival?: boolean
  /** A historical sample, which does not become the current value whatever its time. */
  readonly isHistorical?: boolean
}

const NO_ORIGIN: SampleOrigin = {}

/** Of one sample in a long column. */
export const SAMPLE_BYTES = 32
/** Measured: columns, look-ups, changes, their copies for log and caches, and what the collector has not collected yet. */
const SERIES_BYTES = 2000

export class SampleBatch {
  /** Open rows, by submodel, then path. */
  readonly #rows = new Map<string, Map<string, SeriesRows>>()
  /** The open rows of the last submodel, as the next row is nearly always of the same. */
  #last: { readonly submodel: string; readonly paths: Map<string, SeriesRows> } | undefined
  readonly #columns: SampleColumn[] = []
  readonly #malformed: { readonly index: number; readonly text: string }[] = []
  #size = 0
  #samples = 0
  #series = 0
  /** The last parsed time and the last offset: rows of one scan of a machine share them. */
  #read: { readonly sent: unknown; readonly unit: TimeUnit; readonly time: bigint | undefined } | undefined
  #distance = { from: 0n, to: 0n, nanoseconds: 0 }
  /** Identifies this batch to {@link ScannedSeries}, whose `slot` is the index of its rows here. */
  readonly #number = ++batchCount
  readonly #slots: SeriesRows[] = []
  #scanned = { high: 0, low: 0, unit: 0, time: 0n }
  readonly #arrivals: Arrivals

  /**
   * @param now wall time in nanoseconds since 1970, strictly increasing
   * @param first the time of arrival, if already known
   */
  constructor(now: () => bigint = systemClock.now, first?: bigint) {
    this.#arrivals = new Arrivals(now, first)
  }

  /** The time of arrival, which samples without a time get. */
  get arrival(): bigint {
    return this.#arrivals.first
  }

  /** Number of items; a row is one, and so is a column. */
  get size(): number {
    return this.#size
  }

  /** Number of samples. */
  get samples(): number {
    return this.#samples
  }

  /** Estimated memory while it is validated and stored: where series have few samples each, most of it is per series. */
  get bytes(): number {
    return this.#samples * SAMPLE_BYTES + this.#series * SERIES_BYTES
  }

  /** Items that hold no sample, with the reason. */
  get malformed(): readonly { readonly index: number; readonly text: string }[] {
    return this.#malformed
  }

  /** Adds an item that holds no sample. */
  refuse(text: string): void {
    this.#malformed.push({ index: this.#size++, text })
  }

  /** Parses a source time to nanoseconds since 1970: see `parseTime`. */
  timeOf(sent: unknown, unit: TimeUnit): bigint | undefined {
    if (this.#read === undefined || this.#read.sent !== sent || this.#read.unit !== unit) {
      this.#read = { sent, unit, time: parseTime(sent, unit) }
    }
    return this.#read.time
  }

  /** The time of arrival for one sample of each of these series. */
  arrivalOf(submodel: string, paths: readonly string[]): bigint {
    return this.#arrivals.of(paths.map((path) => `${submodel}\n${path}`))
  }

  /**
   * Adds one sample.
   * @param time source time in nanoseconds since 1970; absent: the time of arrival
   * @param value in ValueOnly form (Part 1): number, text or boolean for a Property, an object for others
   */
  add(
    submodel: string,
    path: string,
    time: bigint | undefined,
    value: unknown,
    quality?: Quality,
    origin: SampleOrigin = NO_ORIGIN
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
      const first = new SeriesRows(at, type, timing)
      this.#series++
      first.add(0, value, quality, item, timing, isArrival)
      paths.set(path, first)
    }
  }

  /**
   * Adds one number with a time of the sender's, like `add`.
   * @param unit of the time, in nanoseconds
   */
  addScanned(series: ScannedSeries, time: ScannedTime, unit: number, value: number, type: DataTypeDefXsd): void {
    const held = series.holder === this.#number ? this.#slots[series.slot] : undefined
    const rows = held === undefined || held.isClosed ? this.#openRows(series, time, unit, type) : held
    const { scale } = rows
    const offset = ((time.high - scale.high) * 1e9 + (time.low - scale.low)) * unit
    if (scale.unit === unit && Math.abs(offset) <= MAX_OFFSET_NS && rows.timing !== 'historical') {
      rows.add(offset, value, undefined, this.#size++, undefined, false)
      this.#samples++
    } else this.add(series.head.submodel, series.path, this.#timeOf(time, unit), value, undefined, { type })
  }

  #openRows(series: ScannedSeries, time: ScannedTime, unit: number, type: DataTypeDefXsd): SeriesRows {
    const paths = this.#pathsOf(series.head.submodel)
    let rows = paths.get(series.path)
    if (rows === undefined) {
      rows = new SeriesRows(this.#timeOf(time, unit), type, undefined)
      this.#series++
      paths.set(series.path, rows)
    }
    if (rows.scale.unit !== unit) rows.scale = scaleOf(rows.base, unit)
    series.holder = this.#number
    series.slot = this.#slots.push(rows) - 1
    return rows
  }

  /** Points of one scan of a machine share their time. */
  #timeOf({ high, low }: ScannedTime, unit: number): bigint {
    const last = this.#scanned
    if (last.high === high && last.low === low && last.unit === unit) return last.time
    const time = (BigInt(high) * 1_000_000_000n + BigInt(low)) * BigInt(unit)
    this.#scanned = { high, low, unit, time }
    return time
  }

  /** Adds samples of one series. @throws RangeError if the numbers of times and values differ */
  addColumn(
    submodel: string,
    path: string,
    times: SampleTimes,
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
    this.#series++
    // Earlier rows of the series stay before the column.
    this.#close(submodel, path)
    this.#columns.push({ submodel, path, times, values, quality, items, ...(type !== undefined && { type }) })
  }

  /** All samples by series, each in the order in which it was added. */
  columns(): readonly SampleColumn[] {
    for (const [submodel, paths] of this.#rows) {
      for (const [path, rows] of paths) {
        rows.isClosed = true
        this.#columns.push(rows.column(submodel, path))
      }
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

  #pathsOf(submodel: string): Map<string, SeriesRows> {
    if (this.#last?.submodel === submodel) return this.#last.paths
    const paths = this.#rows.get(submodel) ?? new Map<string, SeriesRows>()
    this.#rows.set(submodel, paths)
    this.#last = { submodel, paths }
    return paths
  }

  #close(submodel: string, path: string): void {
    const paths = this.#rows.get(submodel)
    const rows = paths?.get(path)
    if (rows === undefined) return
    rows.isClosed = true
    paths?.delete(path)
    this.#columns.push(rows.column(submodel, path))
  }
}

/**
 * Arrival times of samples without a time: the same for all, until a series occurs again; then a later one, as otherwise
 * its second sample would count as a repetition of the first.
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

let batchCount = 0

/** A time in a unit, divided as in {@link ScannedTime}. */
type ScaledTime = ScannedTime & { readonly unit: number }

const UNSCALED: ScaledTime = { high: 0, low: 0, unit: 0 }

function scaleOf(base: bigint, unit: number): ScaledTime {
  const time = base / BigInt(unit)
  // Other times than the sender's may be between two of its unit.
  if (time * BigInt(unit) !== base) return UNSCALED
  return { high: Number(time / 1_000_000_000n), low: Number(time % 1_000_000_000n), unit }
}

const NONE: never[] = []

/** The offset of a series with a single sample, which all of these share: it is never written to. */
const ONLY = Float64Array.of(0)

/** Collects rows of one series; often there is only one. */
class SeriesRows {
  /** Time of the first sample. */
  readonly base: bigint
  readonly #type: DataTypeDefXsd | undefined
  // Undefined as long as there are none: an empty array that one item is added to makes room for seventeen.
  #offsets: number[] | undefined
  #values: unknown[] = NONE
  #items: number[] = NONE
  #qualities: (Quality | undefined)[] | undefined
  #hasArrivals = false
  /** Of all samples; undefined if they differ. */
  timing: Timing | undefined
  /** The base in the unit of a sender, once it was needed. */
  scale = UNSCALED
  /** Are they a column already? */
  isClosed = false

  constructor(base: bigint, type: DataTypeDefXsd | undefined, timing: Timing | undefined) {
    this.base = base
    this.#type = type
    this.timing = timing
  }

  /** Takes separate arguments, as an object per sample would double the cost. */
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
    if (this.#offsets === undefined) {
      this.#offsets = [offset]
      this.#values = [value]
      this.#items = [item]
    } else {
      this.#offsets.push(offset)
      this.#values.push(value)
      this.#items.push(item)
    }
    if (isArrival) this.#hasArrivals = true
  }

  column(submodel: string, path: string): SampleColumn {
    const offsets = this.#offsets ?? NONE
    return {
      submodel,
      path,
      times: { base: this.base, offsets: offsets.length === 1 && offsets[0] === 0 ? ONLY : new Float64Array(offsets) },
      values: this.#values,
      quality: this.#qualities,
      items: this.#items,
      hasArrivals: this.#hasArrivals,
      ...(this.#type !== undefined && { type: this.#type }),
      ...(this.timing !== undefined && { timing: this.timing })
    }
  }
}
