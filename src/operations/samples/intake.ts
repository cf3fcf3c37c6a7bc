/**
 * The one way for samples into the hub, whichever door they came through: each is held against its element, and those
 * of one series go together.
 */
import { type Clock, systemClock } from '../../clock.ts'
import { HubError, type Violation } from '../../errors.ts'
import { writeCursor } from '../../model/cursor.ts'
import {
  lengthOf,
  membersAt,
  newestOf,
  pick,
  qualityAt,
  type Run,
  spanOf,
  textAt,
  timeAt
} from '../../model/samples.ts'
import { encodeRun } from '../../store/chunks.ts'
import type { Change, Commit, ElementRow, Store } from '../../store/store.ts'
import { Batch, type Column } from './batch.ts'
import { type Fitting, fit } from './fit.ts'
import type { Judge } from './judge.ts'

/** When a push of a sender may go to the store: they are looked at side by side, but stored in the order in which they came. */
export interface Turn {
  /** Resolves when the one before it is on its way. */
  readonly before: Promise<void>
  /** Lets the next one go. */
  pass(): void
}

/** The turns of one sender. */
export class Turns {
  #last: Promise<void> = Promise.resolve()

  next(): Turn {
    const before = this.#last
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#last = promise
    // One that is refused at once does not let others past those before it.
    return { before, pass: () => void before.then(resolve) }
  }
}

export interface PushOptions {
  /** Refuse single samples and keep the rest; otherwise one wrong sample refuses the batch. */
  readonly each?: boolean
  /** A batch with a key that was taken before is answered as then, and not stored again. */
  readonly key?: string
  /** Where a sender pushes on before it is answered. Whoever gives it has to pass it on, whatever comes of the push. */
  readonly turn?: Turn
}

export interface Receipt {
  /** The commit that holds the batch; that of the last one before where nothing was to be stored. */
  readonly seq: number
  /** The same as a cursor of the stream. */
  readonly cursor: string
  /** Samples that were taken. */
  readonly accepted: number
  readonly refused: readonly Refusal[]
  /** It was taken before, under the same key. */
  readonly repeated: boolean
}

export interface Refusal {
  /** Which item of the batch, from 0 on, and which of its samples where it is a column. */
  readonly index: number
  readonly at?: number
  readonly submodel: string
  readonly path: string
  readonly rule: string
  readonly text: string
}

/** What the intake needs to know of others. */
export interface IntakeOptions {
  readonly store: Store
  /** Makes elements for series that there are none for; absent: they are refused. */
  readonly create?: (missing: readonly Column[]) => Promise<void>
  /** What the templates in force have against a run; absent: no template is in force. */
  readonly judge?: Judge
  /** Dates samples that have no time of their own. */
  readonly clock?: Clock
  /** Bound of the samples that wait to become durable; beyond it pushes are refused with `TooManyRequests`. */
  readonly waiting?: number
}

/** Samples that may wait. */
const WAITING = 4_000_000

/** How often a push is tried again when elements changed between the look at them and the commit. */
const ATTEMPTS = 10

/** Longest key, in characters. */
const KEY = 256

interface Prepared {
  readonly changes: readonly Change[]
  readonly accepted: number
  readonly refused: readonly Refusal[]
}

export class Intake {
  readonly clock: Clock
  readonly #options: IntakeOptions
  /** Batches with a key that are being taken. */
  readonly #keyed = new Map<string, Promise<Receipt>>()
  #waiting = 0
  /** Samples taken and refused since the start. */
  readonly counts = { accepted: 0, refused: 0, repeated: 0 }

  constructor(options: IntakeOptions) {
    this.#options = options
    this.clock = options.clock ?? systemClock
  }

  /** An empty batch whose samples without a time are dated by the clock of the intake as they are added. */
  batch(): Batch {
    return new Batch(this.clock.now)
  }

  /**
   * Takes a batch; resolves when it is durable.
   * @throws HubError `Invalid` with every sample that does not fit (pointer: `/<index>`, or `/<index>/<at>` in a column);
   * `BadRequest` for an unusable key; `TooManyRequests` under overload; `StorageFull`, `Unavailable`
   */
  push(batch: Batch, { each = false, key, turn }: PushOptions = {}): Promise<Receipt> {
    return key === undefined ? this.#push(batch, each, key, turn) : this.#pushOnce(batch, each, key, turn)
  }

  async #pushOnce(batch: Batch, each: boolean, key: string, turn: Turn | undefined): Promise<Receipt> {
    if (key.length === 0 || key.length > KEY || !key.isWellFormed()) {
      throw new HubError('BadRequest', [`An idempotency key has 1 to ${KEY} characters; found ${key.length}`])
    }
    const twin = this.#keyed.get(key)
    if (twin !== undefined) {
      // Where the first of them fails the second is on its own.
      const receipt = await twin.catch(() => undefined)
      if (receipt !== undefined) return { ...receipt, repeated: true }
      return this.push(batch, { each, key, ...(turn !== undefined && { turn }) })
    }
    const taken = this.#push(batch, each, key, turn)
    this.#keyed.set(key, taken)
    try {
      return await taken
    } finally {
      this.#keyed.delete(key)
    }
  }

  async #push(batch: Batch, each: boolean, key: string | undefined, turn: Turn | undefined): Promise<Receipt> {
    const { store, waiting = WAITING } = this.#options
    if (this.#waiting > 0 && this.#waiting + batch.samples > waiting) {
      throw new HubError('TooManyRequests', ['the disk does not keep up with the samples that come'])
    }
    this.#waiting += batch.samples
    try {
      for (let attempt = 1; ; attempt++) {
        const known = key === undefined ? undefined : await store.receipt(key)
        const prepared = await this.#prepare(batch, each)
        const { accepted, refused } = prepared
        if (known !== undefined) {
          this.counts.repeated += accepted
          return this.#receipt(known, prepared, true)
        }
        if (turn !== undefined) await turn.before
        try {
          const stored = accepted === 0 ? undefined : this.#commit(prepared.changes, key)
          turn?.pass()
          const seq = stored === undefined ? (await store.figures()).logLast : (await stored).seq
          this.counts.accepted += accepted
          this.counts.refused += refused.length
          return this.#receipt(seq, prepared, false)
        } catch (error) {
          // Somebody changed an element meanwhile, or another process took a batch with this key.
          const raced = error instanceof HubError && (error.name === 'Conflict' || error.name === 'AlreadyExists')
          if (!raced || attempt === ATTEMPTS) throw error
        }
      }
    } finally {
      this.#waiting -= batch.samples
    }
  }

  /**
   * Each push is a commit of its own, of which the store brings many to the disk together. So one that is refused takes
   * no other with it, and those of one series are stored in the order in which they came.
   */
  #commit(changes: readonly Change[], key: string | undefined): Promise<Commit> {
    return this.#options.store.commit(key === undefined ? changes : [{ change: 'once', key }, ...changes])
  }

  #receipt(seq: number, { accepted, refused }: Prepared, repeated: boolean): Receipt {
    const cursor = writeCursor({ epoch: this.#options.store.epoch, seq })
    return { seq, cursor, accepted, refused, repeated }
  }

  /** Holds every sample against its element. @throws HubError `Invalid` where not `each` and anything does not fit */
  async #prepare(batch: Batch, each: boolean): Promise<Prepared> {
    const { store, create, judge } = this.#options
    const columns = batch.columns()
    if (create !== undefined) await this.#createMissing(create, columns)
    const changes: Change[] = []
    const refused: Refusal[] = batch.malformed.map(({ index, text }) => {
      return { index, submodel: '', path: '', rule: 'sample', text }
    })
    let accepted = 0
    for (const column of columns) {
      const row = await store.element(column.submodel, column.path)
      if (row === undefined) {
        refused.push(...(await this.#unknown(column)))
        continue
      }
      const { fitting, misfits } = fit(column, row)
      for (const { at, violation } of misfits) refused.push(refusal(column, at, violation))
      const run = judge === undefined ? fitting?.run : fitting && (await this.#judged(judge, column, fitting, refused))
      if (run === undefined) continue
      accepted += lengthOf(run)
      changes.push(changeOf(column.submodel, row, run))
    }
    if (!each && refused.length > 0) {
      this.counts.refused += refused.length
      throw new HubError('Invalid', [refused.length], refused.slice(0, TOLD).map(violationOf))
    }
    return { changes, accepted, refused }
  }

  /** Leaves out what a template refuses. */
  async #judged(judge: Judge, column: Column, { run, places }: Fitting, refused: Refusal[]): Promise<Run | undefined> {
    const wrong = await judge(column.submodel, column.path, run)
    if (wrong.size === 0) return run
    const kept: number[] = []
    for (let place = 0; place < lengthOf(run); place++) {
      const violation = wrong.get(textAt(run, place))
      if (violation === undefined) kept.push(place)
      else refused.push(refusal(column, places === 'all' ? place : (places[place] ?? 0), violation))
    }
    return kept.length === 0 ? undefined : pick(run, kept)
  }

  async #createMissing(create: NonNullable<IntakeOptions['create']>, columns: readonly Column[]): Promise<void> {
    const missing: Column[] = []
    for (const column of columns) {
      if ((await this.#options.store.element(column.submodel, column.path)) === undefined) missing.push(column)
    }
    if (missing.length > 0) await create(missing)
  }

  async #unknown(column: Column): Promise<Refusal[]> {
    const { submodel, path, values } = column
    const known = (await this.#options.store.document('Submodel', submodel)) !== undefined
    const text = known ? `the submodel "${submodel}" has no element "${path}"` : `there is no submodel "${submodel}"`
    return Array.from({ length: values.length }, (_, at) =>
      refusal(column, at, { pointer: '', rule: 'unknownSeries', text })
    )
  }
}

/** Violations told of one batch. */
const TOLD = 100

function changeOf(submodel: string, row: ElementRow, run: Run): Change & { change: 'value' | 'samples' } {
  const newest = newestOf(run)
  const value = membersAt(run, newest)
  const quality = qualityAt(run, newest)
  const told = quality === undefined ? {} : { quality }
  const { path, stamp } = row
  if (lengthOf(run) === 1) {
    return { change: 'value', submodel, path, stamp, value, sourceTime: timeAt(run, 0), ...told }
  }
  const { from, to } = spanOf(run)
  return {
    change: 'samples',
    submodel,
    path,
    stamp,
    run: encodeRun(run),
    count: lengthOf(run),
    from,
    to,
    value,
    ...told
  }
}

function refusal({ submodel, path, items }: Column, at: number, { rule, text }: Violation): Refusal {
  const place = typeof items === 'number' ? { index: items, at } : { index: items[at] ?? 0 }
  return { ...place, submodel, path, rule, text }
}

function violationOf({ index, at, path, rule, text }: Refusal): Violation {
  const pointer = at === undefined ? `/${index}` : `/${index}/${at}`
  return path === '' ? { pointer, rule, text } : { pointer, idShortPath: path, rule, text }
}
