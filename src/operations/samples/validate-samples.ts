/** Validates the samples of a column against their element: valid ones become a run, the others are rejected. */
import { HubError } from '../../errors.ts'
import { lexicalText, membersFromValue } from '../../formats/leaf-from-value.ts'
import { isFloating, isLexical, isNumeric } from '../../model/datatypes.ts'
import { pickSamples, qualities, type Run } from '../../model/samples.ts'
import type { DataTypeDefXsd } from '../../model/types.ts'
import type { ElementRow } from '../../store/store.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { SampleColumn } from './batch.ts'
import { MAX_REPORTED, type RejectedSample } from './refusals.ts'

/** Valid samples, with their indexes in the column. */
export interface ValidSamples {
  readonly run: Run
  readonly indexes: readonly number[] | 'all'
}

export interface ValidationOutcome {
  readonly valid?: ValidSamples
  /** Number of rejected samples, and the first of them. */
  readonly rejected: number
  readonly first: readonly RejectedSample[]
}

/** Values validated one by one before yielding to other requests. */
const VALUES_PER_SLICE = 1000

/** Synchronous unless many values have to be validated one by one. */
export function validateSamples(column: SampleColumn, row: ElementRow): ValidationOutcome | Promise<ValidationOutcome> {
  const values = row.modelType === 'Property' ? validateColumn(column.values, valueTypeOf(row)) : undefined
  if (values === undefined) return validateEach(column, row)
  const run = { ...column.times, ...values, quality: qualityOf(column) }
  return { valid: { run, indexes: 'all' }, rejected: 0, first: [] }
}

type RunValues = Pick<Run, 'form' | 'values'>

/** A Property stored leniently may lack its valueType; its values are texts then. */
function valueTypeOf({ valueType = 'xs:string' }: ElementRow): DataTypeDefXsd {
  return valueType as DataTypeDefXsd
}

/** Fast path: the values of the whole column if all of them are certainly valid. */
function validateColumn(values: ArrayLike<unknown>, valueType: DataTypeDefXsd): RunValues | undefined {
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
  // If minimum and maximum are valid so are all values between them: value ranges of types are contiguous, and within
  // these bounds JavaScript writes integers without an exponent.
  const within = Math.max(Math.abs(least), Math.abs(greatest)) <= Number.MAX_SAFE_INTEGER
  if (!isFloating(valueType) && !(whole && within)) return undefined
  if (!isLexical(valueType, String(least))) return undefined
  if (greatest !== least && !isLexical(valueType, String(greatest))) return undefined
  return { form: 'number', values: numbers }
}

/** The values if all are finite numbers. */
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

/** Validates each value in the same way as other write operations. */
function validateEach(column: SampleColumn, row: ElementRow): ValidationOutcome | Promise<ValidationOutcome> {
  const each = new ValueByValue(column, row)
  if (column.values.length <= VALUES_PER_SLICE) {
    each.validate(0, VALUES_PER_SLICE)
    return each.outcome()
  }
  return (async () => {
    const slice = new TimeSlice()
    for (let start = 0; start < column.values.length; start += VALUES_PER_SLICE) {
      each.validate(start, start + VALUES_PER_SLICE)
      await slice.check()
    }
    return each.outcome()
  })()
}

class ValueByValue {
  readonly #column: SampleColumn
  readonly #row: ElementRow
  readonly #texts: string[] = []
  readonly #kept: number[] = []
  readonly #first: RejectedSample[] = []
  #rejected = 0

  constructor(column: SampleColumn, row: ElementRow) {
    this.#column = column
    this.#row = row
  }

  validate(start: number, end: number): void {
    const { values } = this.#column
    for (let at = start; at < Math.min(end, values.length); at++) {
      const text = this.#textOf(at, xsdText(values[at]))
      if (text === undefined) this.#rejected++
      else {
        this.#texts.push(text)
        this.#kept.push(at)
      }
    }
  }

  outcome(): ValidationOutcome {
    const column = this.#column
    const found = { rejected: this.#rejected, first: this.#first }
    if (this.#kept.length === 0) return found
    const form = this.#row.modelType === 'Property' ? 'text' : 'members'
    const whole = { ...column.times, form, values: this.#texts, quality: qualityOf(column) } as const
    if (this.#rejected === 0) return { ...found, valid: { run: whole, indexes: 'all' } }
    const { values: _, ...rest } = pickSamples({ ...whole, values: [] }, this.#kept)
    return { ...found, valid: { run: { ...rest, values: this.#texts }, indexes: this.#kept } }
  }

  /** Undefined if the value is not valid; only the first get a reason, as finding it takes much longer. */
  #textOf(at: number, value: unknown): string | undefined {
    const { modelType, valueType } = this.#row
    const isProperty = modelType === 'Property'
    const text = isProperty ? lexicalText(valueTypeOf(this.#row), value) : undefined
    if (text !== undefined || (isProperty && this.#first.length === MAX_REPORTED)) return text
    try {
      const members = membersFromValue(modelType, valueType, value, this.#column.path)
      return isProperty ? String(members.value) : JSON.stringify(members)
    } catch (error) {
      if (!(error instanceof HubError)) throw error
      const [violation = { pointer: '', rule: 'ValueOnly', text: error.message }] = error.violations
      if (this.#first.length < MAX_REPORTED) this.#first.push({ at, violation })
      return undefined
    }
  }
}

/** Numbers that binary formats have and JSON has not, as their texts in XML Schema. */
function xsdText(value: unknown): unknown {
  if (typeof value !== 'number' || Number.isFinite(value)) return value
  if (Number.isNaN(value)) return 'NaN'
  return value > 0 ? 'INF' : '-INF'
}

function qualityOf({ quality, values }: SampleColumn): Run['quality'] {
  if (quality === undefined || typeof quality === 'string') return quality
  return Uint8Array.from({ length: values.length }, (_, at) => qualities.indexOf(quality[at]))
}

function every(values: ArrayLike<unknown>, test: (value: unknown) => boolean): boolean {
  for (let at = 0; at < values.length; at++) if (!test(values[at])) return false
  return true
}
