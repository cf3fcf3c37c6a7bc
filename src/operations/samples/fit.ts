/** Do samples fit their element? What does becomes a run; what does not is told by name. */
import { HubError, type Violation } from '../../errors.ts'
import { membersFromValue } from '../../formats/value.ts'
import { isLexical, isNumeric } from '../../model/datatypes.ts'
import { pick, qualities, type Run } from '../../model/samples.ts'
import type { DataTypeDefXsd } from '../../model/types.ts'
import type { ElementRow } from '../../store/store.ts'
import type { Column } from './batch.ts'

/** A sample that does not fit. */
export interface Misfit {
  /** Place in the column. */
  readonly at: number
  readonly violation: Violation
}

/** After so many misfits of one column the rest of them are only counted, by place. */
const TOLD = 100

/** Samples that fit, and where in their column each of them stands. */
export interface Fitting {
  readonly run: Run
  readonly places: readonly number[] | 'all'
}

/** @returns those that fit, if any does, and the others */
export function fit(column: Column, row: ElementRow): { fitting?: Fitting; misfits: readonly Misfit[] } {
  const values = row.modelType === 'Property' ? fast(column.values, row.valueType as DataTypeDefXsd) : undefined
  if (values === undefined) return fitEach(column, row)
  return { fitting: { run: { ...column.times, ...values, quality: qualityOf(column) }, places: 'all' }, misfits: [] }
}

type Values = Pick<Run, 'form' | 'values'>

/** The values of a whole column, where it can be told quickly that all of them fit. */
function fast(values: ArrayLike<unknown>, valueType: DataTypeDefXsd): Values | undefined {
  if (valueType === 'xs:boolean') {
    if (!every(values, (value) => typeof value === 'boolean')) return undefined
    return { form: 'text', values: Array.from(values, String) }
  }
  if (!isNumeric(valueType)) return undefined
  const numbers = numbersOf(values)
  if (numbers === undefined) return undefined
  let [least, greatest] = [numbers[0] ?? 0, numbers[0] ?? 0]
  let whole = true
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i] ?? 0
    if (number < least) least = number
    else if (number > greatest) greatest = number
    whole &&= Number.isInteger(number)
  }
  // Where both ends of a column are values of the type so is everything between them: ranges have no holes, and within
  // these bounds JavaScript writes whole numbers without an exponent.
  const within = Math.max(Math.abs(least), Math.abs(greatest)) <= Number.MAX_SAFE_INTEGER
  const isFloating = valueType === 'xs:double' || valueType === 'xs:float'
  if (!isFloating && !(whole && within)) return undefined
  if (!isLexical(valueType, String(least)) || !isLexical(valueType, String(greatest))) return undefined
  return { form: 'number', values: numbers }
}

/** Numbers that are all finite; undefined where anything else is among them. */
function numbersOf(values: ArrayLike<unknown>): Float64Array | undefined {
  if (values instanceof Float64Array) return values.every(Number.isFinite) ? values : undefined
  const numbers = new Float64Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (typeof value !== 'number' || !Number.isFinite(value)) return undefined
    numbers[i] = value
  }
  return numbers
}

/** One value after the other, as any other door would take it. */
function fitEach(column: Column, row: ElementRow): { fitting?: Fitting; misfits: readonly Misfit[] } {
  const isProperty = row.modelType === 'Property'
  const texts: string[] = []
  const kept: number[] = []
  const misfits: Misfit[] = []
  for (let at = 0; at < column.values.length; at++) {
    try {
      const members = membersFromValue(row.modelType, row.valueType, plain(column.values[at]), column.path)
      texts.push(isProperty ? String(members.value) : JSON.stringify(members))
      kept.push(at)
    } catch (error) {
      if (!(error instanceof HubError)) throw error
      const [violation = { pointer: '', rule: 'ValueOnly', text: error.message }] = error.violations
      misfits.push({ at, violation: misfits.length < TOLD ? violation : { ...violation, text: 'likewise' } })
    }
  }
  if (kept.length === 0) return { misfits }
  const { times, values } = column
  const whole = { ...times, form: isProperty ? 'text' : 'members', values: texts, quality: qualityOf(column) } as const
  if (kept.length === values.length) return { fitting: { run: whole, places: 'all' }, misfits }
  const { values: _, ...rest } = pick({ ...whole, values: [] }, kept)
  return { fitting: { run: { ...rest, values: texts }, places: kept }, misfits }
}

/** What a binary format can say and JSON cannot, as the text that stands for it in XML Schema. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'number' || Number.isFinite(value)) return value
  if (Number.isNaN(value)) return 'NaN'
  return value > 0 ? 'INF' : '-INF'
}

function qualityOf({ quality, values }: Column): Run['quality'] {
  if (quality === undefined || typeof quality === 'string') return quality
  return Uint8Array.from({ length: values.length }, (_, at) => qualities.indexOf(quality[at]))
}

function every(values: ArrayLike<unknown>, test: (value: unknown) => boolean): boolean {
  for (let at = 0; at < values.length; at++) if (!test(values[at])) return false
  return true
}
