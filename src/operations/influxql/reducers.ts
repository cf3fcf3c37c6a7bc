/** Figures of the samples of a bucket, one sample after the other. */
import { HubError } from '../../errors.ts'
import { addExact, type ExactNumber } from '../../model/exact-numbers.ts'
import type { Cell } from '../history/cells.ts'
import type { BucketFigure, FigureName } from './functions.ts'

type Value = Exclude<Cell, undefined>

export interface Reducer {
  add(value: Value, time: bigint): void
  /** Undefined if no sample counted; several only of `distinct`. */
  result(): Cell | readonly Cell[]
  /** Of the sample that a selector has chosen. */
  readonly time: bigint | undefined
}

/** Values that a median, a percentile or a mode holds in memory. */
const MAX_HELD = 2_000_000
const MAX_DISTINCT = 100_000

export function reducerOf({ name, option = 0 }: BucketFigure): Reducer {
  switch (name) {
    case 'median':
    case 'percentile':
      return new OrderedReducer(name === 'median' ? undefined : option)
    case 'mode':
    case 'distinct':
    case 'count distinct':
      return new DistinctReducer(name)
    case 'first':
    case 'last':
    case 'min':
    case 'max':
      return new SelectingReducer(name)
    default:
      return new SumReducer(name)
  }
}

/** The number of a value; undefined for texts and booleans, and what is no number. */
function numberOf(value: Value): ExactNumber | undefined {
  if (typeof value === 'bigint') return value
  return typeof value === 'number' && !Number.isNaN(value) ? value : undefined
}

class SelectingReducer implements Reducer {
  readonly #name: 'first' | 'last' | 'min' | 'max'
  #value: Cell
  time: bigint | undefined

  constructor(name: 'first' | 'last' | 'min' | 'max') {
    this.#name = name
  }

  add(value: Value, time: bigint): void {
    if (!this.#isChosen(value)) return
    this.#value = value
    this.time = time
  }

  result(): Cell {
    return this.#value
  }

  #isChosen(value: Value): boolean {
    const held = this.#value
    switch (this.#name) {
      case 'first':
        return held === undefined
      case 'last':
        return true
      default: {
        if (numberOf(value) === undefined) return false
        if (held === undefined) return true
        return this.#name === 'min' ? value < held : value > held
      }
    }
  }
}

class SumReducer implements Reducer {
  readonly time = undefined
  readonly #name: FigureName
  #count = 0
  #sum: ExactNumber = 0
  #mean = 0
  #squares = 0
  #least: ExactNumber = Number.POSITIVE_INFINITY
  #greatest: ExactNumber = Number.NEGATIVE_INFINITY

  constructor(name: FigureName) {
    this.#name = name
  }

  add(value: Value): void {
    if (this.#name === 'count') {
      this.#count++
      return
    }
    const figure = numberOf(value)
    if (figure === undefined) return
    this.#count++
    this.#sum = addExact(this.#sum, figure, typeof figure === 'bigint')
    if (figure < this.#least) this.#least = figure
    if (figure > this.#greatest) this.#greatest = figure
    // Welford: the differences from the mean so far.
    const apart = Number(figure) - this.#mean
    this.#mean += apart / this.#count
    this.#squares += apart * (Number(figure) - this.#mean)
  }

  result(): Cell {
    if (this.#count === 0) return undefined
    switch (this.#name) {
      case 'count':
        return BigInt(this.#count)
      case 'sum':
        return this.#sum
      case 'mean':
        return Number(this.#sum) / this.#count
      case 'spread':
        return spreadOf(this.#least, this.#greatest)
      default:
        // Sample standard deviation, not that of a population.
        return this.#count > 1 ? Math.sqrt(this.#squares / (this.#count - 1)) : undefined
    }
  }
}

export function spreadOf(least: ExactNumber, greatest: ExactNumber): Cell {
  const isWhole = typeof least === 'bigint' && typeof greatest === 'bigint'
  return isWhole ? greatest - least : Number(greatest) - Number(least)
}

/** A median, or a percentile by the nearest rank. */
class OrderedReducer implements Reducer {
  readonly #percent: number | undefined
  #values = new Float64Array(64)
  #times = new BigInt64Array(64)
  #count = 0
  time: bigint | undefined

  constructor(percent: number | undefined) {
    this.#percent = percent
  }

  add(value: Value, time: bigint): void {
    const figure = numberOf(value)
    if (figure === undefined) return
    if (this.#count === MAX_HELD) throw tooMany(MAX_HELD)
    if (this.#count === this.#values.length) {
      const [values, times] = [this.#values, this.#times]
      this.#values = new Float64Array(2 * this.#count)
      this.#times = new BigInt64Array(2 * this.#count)
      this.#values.set(values)
      this.#times.set(times)
    }
    this.#values[this.#count] = Number(figure)
    this.#times[this.#count++] = time
  }

  result(): Cell {
    const values = this.#values.subarray(0, this.#count)
    if (this.#percent !== undefined)
      return this.#atRank(values, Math.floor((this.#count * this.#percent) / 100 + 0.5) - 1)
    if (this.#count === 0) return undefined
    values.sort()
    const middle = this.#count >> 1
    const upper = values[middle] ?? 0
    return this.#count % 2 === 1 ? upper : ((values[middle - 1] ?? 0) + upper) / 2
  }

  #atRank(values: Float64Array, rank: number): Cell {
    if (rank < 0 || rank >= this.#count) return undefined
    const found = values.toSorted()[rank]
    this.time = this.#times[values.indexOf(found ?? 0)]
    return found
  }
}

class DistinctReducer implements Reducer {
  readonly time = undefined
  readonly #name: FigureName
  readonly #counts = new Map<Value, number>()

  constructor(name: FigureName) {
    this.#name = name
  }

  add(value: Value): void {
    if (this.#counts.size === MAX_DISTINCT && !this.#counts.has(value)) throw tooMany(MAX_DISTINCT)
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1)
  }

  result(): Cell | readonly Cell[] {
    if (this.#counts.size === 0) return undefined
    if (this.#name === 'count distinct') return BigInt(this.#counts.size)
    // In the order in which they came; of equally many the first.
    if (this.#name === 'distinct') return [...this.#counts.keys()]
    let [most, mode]: [number, Cell] = [0, undefined]
    for (const [value, count] of this.#counts) if (count > most) [most, mode] = [count, value]
    return mode
  }
}

function tooMany(limit: number): HubError {
  return new HubError('BadRequest', [
    `A bucket has more than ${limit} values for this function; use a shorter time or GROUP BY time()`
  ])
}
