/** What one push of samples holds, gathered by series as it is read, so that nothing is kept per sample but its columns. */
import { systemClock } from '../../clock.ts'
import { FURTHEST, type Quality } from '../../model/samples.ts'

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
  /** Which item of the push each sample was; or the one item that all of them were. */
  readonly items: number | readonly number[]
}

export class Batch {
  /** By submodel, then path: rows that are being gathered. */
  readonly #rows = new Map<string, Map<string, Rows>>()
  /** Those of the submodel that was named last, as the next row nearly always names it again. */
  #last: { readonly submodel: string; readonly paths: Map<string, Rows> } | undefined
  readonly #columns: Column[] = []
  readonly #malformed: { readonly index: number; readonly text: string }[] = []
  readonly #now: () => bigint
  #size = 0
  #samples = 0

  /** @param now dates the samples that have no time of their own, in nanoseconds since 1970 */
  constructor(now: () => bigint = systemClock.now) {
    this.#now = now
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

  /**
   * Adds one sample.
   * @param time source time in nanoseconds since 1970; absent: the time of arrival
   * @param value in the ValueOnly form (Part 1): number, text or boolean for a Property, an object for others
   */
  add(submodel: string, path: string, time: bigint | undefined, value: unknown, quality?: Quality): void {
    const isUndated = time === undefined
    const at = time ?? this.#now()
    const item = this.#size++
    this.#samples++
    const paths = this.#pathsOf(submodel)
    const rows = paths.get(path)
    const sent = rows === undefined ? 0 : Number(at - rows.base)
    // Of equal times only the last sample would be kept.
    const offset = isUndated && rows !== undefined ? Math.max(sent, rows.last + 1) : sent
    if (rows !== undefined && Math.abs(offset) <= FURTHEST) rows.add(offset, value, quality, item)
    else {
      this.#close(submodel, path)
      paths.set(path, new Rows(at, value, quality, item))
    }
  }

  /** Adds samples of one series. @throws RangeError where times and values do not pair up */
  addColumn(
    submodel: string,
    path: string,
    times: Times,
    values: ArrayLike<unknown>,
    quality?: Quality | ArrayLike<Quality | undefined>
  ): void {
    if (times.offsets.length !== values.length) {
      throw new RangeError(`There are ${times.offsets.length} times for ${values.length} values`)
    }
    const items = this.#size++
    if (values.length === 0) return
    this.#samples += values.length
    // What came in rows before it stays before it.
    this.#close(submodel, path)
    this.#columns.push({ submodel, path, times, values, quality, items })
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

/** Samples of one series, being gathered; often there is but one. */
class Rows {
  /** The time of the first. */
  readonly base: bigint
  readonly #offsets: number[]
  readonly #values: unknown[]
  readonly #items: number[]
  #qualities: (Quality | undefined)[] | undefined

  constructor(base: bigint, value: unknown, quality: Quality | undefined, item: number) {
    this.base = base
    this.#offsets = [0]
    this.#values = [value]
    this.#items = [item]
    if (quality !== undefined) this.#qualities = [quality]
  }

  add(offset: number, value: unknown, quality: Quality | undefined, item: number): void {
    if (quality !== undefined) this.#qualities ??= new Array(this.#values.length).fill(undefined)
    this.#qualities?.push(quality)
    this.#offsets.push(offset)
    this.#values.push(value)
    this.#items.push(item)
  }

  /** The offset that was added last. */
  get last(): number {
    return this.#offsets.at(-1) ?? 0
  }

  column(submodel: string, path: string): Column {
    const times = { base: this.base, offsets: new Float64Array(this.#offsets) }
    return { submodel, path, times, values: this.#values, quality: this.#qualities, items: this.#items }
  }
}
