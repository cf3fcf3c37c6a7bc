/** Collects refused samples: all are counted, the first are reported. */
import { HubError, type Violation } from '../../errors.ts'
import type { SampleColumn } from './batch.ts'

/** Refused samples reported one by one; a faulty sender may cause hundreds of thousands at once. */
export const MAX_REPORTED = 100

/** Rule of samples of elements that the sender may see, but not write. */
export const FORBIDDEN = 'forbidden'

export interface Refusal {
  /** Index of the item in the batch, and `at` the index of the sample if it is a column. */
  readonly index: number
  readonly at?: number
  readonly submodel: string
  readonly path: string
  readonly rule: string
  readonly text: string
}

/** A sample that is not valid for its element. */
export interface RejectedSample {
  /** Index in the column. */
  readonly at: number
  readonly violation: Violation
}

export class Refusals {
  #count = 0
  readonly #first: Refusal[] = []

  get count(): number {
    return this.#count
  }

  get first(): readonly Refusal[] {
    return this.#first
  }

  /** An item that holds no sample. */
  addItem(index: number, text: string): void {
    this.#count++
    if (this.#first.length < MAX_REPORTED) this.#first.push({ index, submodel: '', path: '', rule: 'sample', text })
  }

  /** One sample of a column. */
  add({ submodel, path, items }: SampleColumn, at: number, { rule, text }: Pick<Violation, 'rule' | 'text'>): void {
    this.#count++
    if (this.#first.length === MAX_REPORTED) return
    const place = typeof items === 'number' ? { index: items, at } : { index: items[at] ?? 0 }
    this.#first.push({ ...place, submodel, path, rule, text })
  }

  /** Samples of a column, the first of them with reasons. */
  addSome(column: SampleColumn, count: number, first: readonly RejectedSample[]): void {
    for (const { at, violation } of first) this.add(column, at, violation)
    this.#count += count - first.length
  }

  /** A whole column, for one reason. */
  addAll(column: SampleColumn, reason: Pick<Violation, 'rule' | 'text'>): void {
    const reported = Math.min(column.values.length, MAX_REPORTED - this.#first.length)
    for (let at = 0; at < reported; at++) this.add(column, at, reason)
    this.#count += column.values.length - reported
  }

  /** For a batch that is refused as a whole: `Forbidden` if the sender may not write some of the series, else `Invalid`. */
  error(): HubError {
    const { forbidden } = this
    return forbidden === undefined
      ? new HubError('Invalid', [this.#count], this.violations())
      : new HubError('Forbidden', [forbidden], this.violations())
  }

  /** What the sender may not do, in words; undefined where nothing was refused for that. */
  get forbidden(): string | undefined {
    const series = new Set(
      this.#first.flatMap(({ rule, submodel, path }) => (rule === FORBIDDEN ? `"${path}" of "${submodel}"` : []))
    )
    return series.size === 0 ? undefined : `UPDATE of ${[...series].slice(0, 3).join(', ')}`
  }

  /** The first refusals in the form of violations. */
  violations(): Violation[] {
    return this.#first.map(({ index, at, path, rule, text }) => {
      const pointer = at === undefined ? `/${index}` : `/${index}/${at}`
      return path === '' ? { pointer, rule, text } : { pointer, idShortPath: path, rule, text }
    })
  }
}
