/** Samples that were refused: all are counted, the first are reported. */
import type { Violation } from '../../errors.ts'
import type { Column } from './batch.ts'

/** Reported one by one; a sender with a fault in its program refuses hundreds of thousands at once. */
export const MAX_REPORTED = 100

export interface Refusal {
  /** Which item of the batch, from 0 on, and which of its samples where it is a column. */
  readonly index: number
  readonly at?: number
  readonly submodel: string
  readonly path: string
  readonly rule: string
  readonly text: string
}

/** A sample of a column that does not fit its element. */
export interface Misfit {
  /** Place in the column. */
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
  add({ submodel, path, items }: Column, at: number, { rule, text }: Pick<Violation, 'rule' | 'text'>): void {
    this.#count++
    if (this.#first.length === MAX_REPORTED) return
    const place = typeof items === 'number' ? { index: items, at } : { index: items[at] ?? 0 }
    this.#first.push({ ...place, submodel, path, rule, text })
  }

  /** Samples of a column, of which the first are told. */
  addSome(column: Column, count: number, first: readonly Misfit[]): void {
    for (const { at, violation } of first) this.add(column, at, violation)
    this.#count += count - first.length
  }

  /** A whole column, for one reason. */
  addAll(column: Column, reason: Pick<Violation, 'rule' | 'text'>): void {
    const reported = Math.min(column.values.length, MAX_REPORTED - this.#first.length)
    for (let at = 0; at < reported; at++) this.add(column, at, reason)
    this.#count += column.values.length - reported
  }

  /** The first of them, as a document's broken rules are told. */
  violations(): Violation[] {
    return this.#first.map(({ index, at, path, rule, text }) => {
      const pointer = at === undefined ? `/${index}` : `/${index}/${at}`
      return path === '' ? { pointer, rule, text } : { pointer, idShortPath: path, rule, text }
    })
  }
}
