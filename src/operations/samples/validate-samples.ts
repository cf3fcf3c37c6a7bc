/** Do samples fit their element? What does becomes a run; what does not is told by name. */
import { HubError } from '../../errors.ts'
import { lexicalText, membersFromValue } from '../../formats/leaf-from-value.ts'
import { isFloating, isLexical, isNumeric } from '../../model/datatypes.ts'
import { pickSamples, qualities, type Run } from '../../model/samples.ts'
import type { DataTypeDefXsd } from '../../model/types.ts'
import type { ElementRow } from '../../store/store.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { Column } from './batch.ts'
import { MAX_REPORTED, type Misfit } from './refusals.ts'

/** Samples that fit, and where in their column each of them stands. */
export interface ValidatedColumn {
  readonly run: Run
  readonly places: readonly number[] | 'all'
}

export interface Fit {
  readonly fitting?: ValidatedColumn
  /** How many do not fit, and the first of them. */
  readonly misfits: number
  readonly first: readonly Misfit[]
}

/** Samples that are looked at one by one before others get a turn. */
const SLICE = 1000

/** @returns those that fit, if any does, and the others; at once where it is quickly done */
export function validateSamples(column: Column, row: ElementRow): Fit | Promise<Fit> {
  const values = row.modelType === 'Property' ? fast(column.values, valueTypeOf(row)) : undefined
  if (values === undefined) return fitEach(column, row)
  const run = { ...column.times, ...values, quality: qualityOf(column) }
  return { fitting: { run, places: 'all' }, misfits: 0, first: [] }
}

type Values = Pick<Run, 'form' | 'values'>

/** A Property that was taken leniently may lack its valueType; whatever it holds is text then. */
function valueTypeOf({ valueType = 'xs:string' }: ElementRow): DataTypeDefXsd {
  return valueType as DataTypeDefXsd
}

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
  if (!isFloating(valueType) && !(whole && within)) return undefined
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
function fitEach(column: Column, row: ElementRow): Fit | Promise<Fit> {
  const each = new EachValue(column, row)
  if (column.values.length <= SLICE) {
    each.look(0, SLICE)
    return each.fit()
  }
  return (async () => {
    const slice = new TimeSlice()
    for (let start = 0; start < column.values.length; start += SLICE) {
      each.look(start, start + SLICE)
      await slice.check()
    }
    return each.fit()
  })()
}

class EachValue {
  readonly #column: Column
  readonly #row: ElementRow
  readonly #texts: string[] = []
  readonly #kept: number[] = []
  readonly #first: Misfit[] = []
  #misfits = 0

  constructor(column: Column, row: ElementRow) {
    this.#column = column
    this.#row = row
  }

  look(start: number, end: number): void {
    const { values } = this.#column
    for (let at = start; at < Math.min(end, values.length); at++) {
      const text = this.#textOf(at, plain(values[at]))
      if (text === undefined) this.#misfits++
      else {
        this.#texts.push(text)
        this.#kept.push(at)
      }
    }
  }

  fit(): Fit {
    const column = this.#column
    const found = { misfits: this.#misfits, first: this.#first }
    if (this.#kept.length === 0) return found
    const form = this.#row.modelType === 'Property' ? 'text' : 'members'
    const whole = { ...column.times, form, values: this.#texts, quality: qualityOf(column) } as const
    if (this.#misfits === 0) return { ...found, fitting: { run: whole, places: 'all' } }
    const { values: _, ...rest } = pickSamples({ ...whole, values: [] }, this.#kept)
    return { ...found, fitting: { run: { ...rest, values: this.#texts }, places: this.#kept } }
  }

  /** Undefined where the value does not fit; why is found out of the first only, as that takes much longer. */
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

/** What a binary format can say and JSON cannot, as the text that stands for it in XML Schema. */
function plain(value: unknown): unknown {
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
