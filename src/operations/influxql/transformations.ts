/** Functions of consecutive rows: derivative, difference, moving average and others. */
import type { Cell } from '../history/cells.ts'
import type { Transformation } from './functions.ts'

/** @returns a function of the rows in the order of time; undefined where there is no value */
export function transformer(transformation: Transformation): (time: bigint, value: Cell) => Cell {
  switch (transformation.name) {
    case 'moving_average':
      return movingAverage(transformation.rows)
    case 'cumulative_sum':
      return cumulativeSum()
    default:
      return fromPrevious(transformation)
  }
}

function fromPrevious({ name, unit }: Transformation): (time: bigint, value: Cell) => Cell {
  let before: { readonly time: bigint; readonly value: Cell } | undefined
  return (time, value) => {
    if (value === undefined) return undefined
    const last = before
    before = { time, value }
    if (last === undefined) return undefined
    if (name === 'elapsed') return (time - last.time) / unit
    const apart = minus(value, last.value)
    if (apart === undefined || (name.startsWith('non_negative') && apart < 0)) return undefined
    if (name.endsWith('difference')) return apart
    // Of several values at one time there is no derivative.
    if (time === last.time) return undefined
    return Number(apart) / (Number(time - last.time) / Number(unit))
  }
}

function minus(one: Cell, other: Cell): number | bigint | undefined {
  if (typeof one === 'bigint' && typeof other === 'bigint') return one - other
  const apart = Number(one) - Number(other)
  return isNumber(one) && isNumber(other) && !Number.isNaN(apart) ? apart : undefined
}

function isNumber(cell: Cell): cell is number | bigint {
  return typeof cell === 'number' || typeof cell === 'bigint'
}

function movingAverage(rows: number): (time: bigint, value: Cell) => Cell {
  const held: number[] = []
  return (_, value) => {
    if (!isNumber(value)) return undefined
    held.push(Number(value))
    if (held.length < rows) return undefined
    const sum = held.reduce((one, other) => one + other, 0)
    held.shift()
    return sum / rows
  }
}

function cumulativeSum(): (time: bigint, value: Cell) => Cell {
  let sum: number | bigint | undefined
  return (_, value) => {
    if (!isNumber(value)) return undefined
    if (sum === undefined) sum = value
    else sum = typeof sum === 'bigint' && typeof value === 'bigint' ? sum + value : Number(sum) + Number(value)
    return sum
  }
}
