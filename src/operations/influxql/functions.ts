/** The functions of InfluxQL that are answered. */
import { HubError } from '../../errors.ts'
import type { Call } from '../../formats/influxql/syntax.ts'

/** Of the samples of a bucket. */
export const FIGURES = [
  ...(['count', 'sum', 'mean', 'min', 'max', 'first', 'last', 'stddev', 'spread'] as const),
  ...(['median', 'mode', 'percentile', 'distinct', 'count distinct'] as const)
]

export type FigureName = (typeof FIGURES)[number]

export interface BucketFigure {
  readonly name: FigureName
  /** Index of a field. */
  readonly field: number
  /** Of a percentile: 0 to 100. */
  readonly option?: number
}

/** They choose a sample, so its time is known. */
const SELECTORS: ReadonlySet<FigureName> = new Set(['first', 'last', 'min', 'max', 'percentile'])

/** They are made from statistics that are kept beside the samples. */
const STATISTICAL: ReadonlySet<FigureName> = new Set([
  ...(['count', 'sum', 'mean', 'min', 'max', 'first', 'last', 'stddev', 'spread'] as const)
])

/** Texts and booleans have these, too. */
const OF_ANY_TYPE: ReadonlySet<FigureName> = new Set(['count', 'first', 'last', 'mode', 'distinct', 'count distinct'])

export function isSelector(name: FigureName): boolean {
  return SELECTORS.has(name)
}

export function isStatistical(name: FigureName): boolean {
  return STATISTICAL.has(name)
}

export function takesAnyType(name: FigureName): boolean {
  return OF_ANY_TYPE.has(name)
}

/** From row to row. */
const TRANSFORMATIONS = [
  ...(['derivative', 'non_negative_derivative', 'difference', 'non_negative_difference'] as const),
  ...(['moving_average', 'cumulative_sum', 'elapsed'] as const)
]

export interface Transformation {
  readonly name: (typeof TRANSFORMATIONS)[number]
  /** Of a derivative or `elapsed`: the unit, in nanoseconds. */
  readonly unit: bigint
  /** Of a moving average: the number of rows. */
  readonly rows: number
}

const SECOND = 1_000_000_000n
const MAX_ROWS = 10_000

/** @returns undefined if it is no transformation @throws HubError `BadRequest` for wrong arguments */
export function transformationOf({ name, options }: Call, width: bigint | undefined): Transformation | undefined {
  const known = TRANSFORMATIONS.find((one) => one === name)
  if (known === undefined) return undefined
  const [option, ...more] = options
  if (more.length > 0) throw wrongArguments(name)
  if (known === 'moving_average') {
    const isCount = typeof option === 'number' && Number.isInteger(option) && option >= 1 && option <= MAX_ROWS
    if (!isCount)
      throw new HubError('BadRequest', [`moving_average() takes a field and a number of rows, 1 to ${MAX_ROWS}`])
    return { name: known, unit: 1n, rows: option }
  }
  const takesUnit = known === 'elapsed' || known.endsWith('derivative')
  if (option !== undefined && !(takesUnit && typeof option === 'bigint' && option > 0n)) throw wrongArguments(name)
  // By the width of the buckets where there are buckets.
  const standard = known === 'elapsed' ? 1n : (width ?? SECOND)
  return { name: known, unit: typeof option === 'bigint' ? option : standard, rows: 1 }
}

/** @throws HubError `BadRequest` for a function that is not answered, or wrong arguments */
export function figureOf(call: Call, field: number): BucketFigure {
  const { name, options } = call
  const isDistinct = name === 'count' && call.argument.is === 'call'
  const known = FIGURES.find((one) => one === (isDistinct ? 'count distinct' : name))
  if (known === undefined) {
    throw new HubError('BadRequest', [
      `The function ${name.slice(0, 60)}() is not answered; answered are ${[...FIGURES.slice(0, -1), ...TRANSFORMATIONS].join(', ')}`
    ])
  }
  const [option, ...more] = options
  if (known !== 'percentile') {
    if (options.length > 0) throw wrongArguments(name)
    return { name: known, field }
  }
  if (typeof option !== 'number' || option < 0 || option > 100 || more.length > 0) {
    throw new HubError('BadRequest', ['percentile() takes a field and a number from 0 to 100'])
  }
  return { name: known, field, option }
}

function wrongArguments(name: string): HubError {
  return new HubError('BadRequest', [`${name}() has arguments that it does not take`])
}
