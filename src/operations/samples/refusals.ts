/** Collects refused samples: all are counted, the first are reported. */
import { HubError, type Violation } from '../../errors.ts'
import type { SeriesName } from '../../store/series.ts'
import type { SampleColumn } from './batch.ts'

/** Refused samples reported one by one; a faulty sender may cause hundreds of thousands at once. */
export const MAX_REPORTED = 100

/** Series that the audit names of one push. */
const MAX_DENIED = 10
/** Series that an error names. */
const MAX_NAMED = 3

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

/** Series of a push whose samples were refused, as their sender may not write them. */
export interface DeniedSamples {
  readonly count: number
  /** The first of them. */
  readonly series: readonly SeriesName[]
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
  readonly #denied: { count: number; readonly series: SeriesName[] } = { count: 0, series: [] }
  /** Of these the sender may know. */
  readonly #forbidden: SeriesName[] = []

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

  /** What the sender may not write, also if it must not know that; undefined if nothing was refused for that. */
  get denied(): DeniedSamples | undefined {
    return this.#denied.count === 0 ? undefined : this.#denied
  }

  /** A whole column that its sender may not write. @param reason what it may know of that */
  deny(column: SampleColumn, reason: Pick<Violation, 'rule' | 'text'>): void {
    const { submodel, path, values } = column
    const series = { submodel, path }
    this.#denied.count += values.length
    if (this.#denied.series.length < MAX_DENIED) this.#denied.series.push(series)
    if (reason.rule === FORBIDDEN && this.#forbidden.length < MAX_NAMED) this.#forbidden.push(series)
    this.addAll(column, reason)
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
    if (this.#forbidden.length === 0) return undefined
    return `UPDATE of ${this.#forbidden.map(({ submodel, path }) => `"${path}" of "${submodel}"`).join(', ')}`
  }

  /** The first refusals in the form of violations. */
  violations(): Violation[] {
    return this.#first.map(({ index, at, path, rule, text }) => {
      const pointer = at === undefined ? `/${index}` : `/${index}/${at}`
      return path === '' ? { pointer, rule, text } : { pointer, idShortPath: path, rule, text }
    })
  }
}
