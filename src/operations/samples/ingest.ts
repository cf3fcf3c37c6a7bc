/**
 * The one way for samples into the hub, whichever door they came through: each is held against its element, and those
 * of one series go together.
 */
import { type Clock, systemClock } from '../../clock.ts'
import { HubError } from '../../errors.ts'
import { encodeCursor } from '../../model/cursor.ts'
import {
  lengthOf,
  membersAt,
  newestOf,
  pickSamples,
  qualityAt,
  type Run,
  spanOf,
  textAt,
  timeAt
} from '../../model/samples.ts'
import { FUTURE_LIMIT_MS } from '../../store/current-value.ts'
import { unlessDamaged } from '../../store/damage.ts'
import { encodeRun } from '../../store/run-codec.ts'
import type { Change, Commit, ElementRow, Store } from '../../store/store.ts'
import { TimeSlice } from '../../time-slice.ts'
import { Batch, type Column } from './batch.ts'
import type { CreateSeries, Reason } from './create.ts'
import { dated, type FuturePolicy } from './future.ts'
import { findRepeated, type IdempotencyKey, onceChanges, type Remembered, remembered, reused } from './idempotency.ts'
import { type Refusal, Refusals } from './refusals.ts'
import { findSeries } from './series.ts'
import type { TemplateCheck } from './template-check.ts'
import { type ValidatedColumn, validateSamples } from './validate-samples.ts'

/** When a push of a sender may go to the store: they are looked at side by side, but stored in the order in which they came. */
export interface GatePass {
  /** Resolves when the one before it is on its way. */
  readonly before: Promise<void>
  /** Lets the next one go. */
  pass(): void
}

/** The turns of one sender. */
export class OrderedGate {
  #last: Promise<void> = Promise.resolve()

  next(): GatePass {
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
  readonly key?: IdempotencyKey
  /** Where a sender pushes on before it is answered. Whoever gives it has to pass it on, whatever comes of the push. */
  readonly turn?: GatePass
  /** What to do with samples from too far in the future; absent: as the intake is set. */
  readonly future?: FuturePolicy
}

export interface Receipt {
  /** The commit that holds the batch; that of the last one before where nothing was to be stored. */
  readonly seq: number
  /** The same as a cursor of the stream. */
  readonly cursor: string
  /** Samples that were taken. */
  readonly accepted: number
  /** Samples, and items that hold none, that were refused; and the first of them. */
  readonly refused: number
  readonly refusals: readonly Refusal[]
  /** Samples from the future that were moved to the time of their arrival. */
  readonly clamped: number
  /** It was taken before, under the same key. */
  readonly repeated: boolean
}

/** What the intake needs to know of others. */
export interface IngestOptions {
  readonly store: Store
  /** Makes elements for series that there are none for; absent: they are refused. */
  readonly create?: CreateSeries
  /** What the templates in force have against a run; absent: no template is in force. */
  readonly judge?: TemplateCheck
  /** Dates samples that have no time of their own. */
  readonly clock?: Clock
  /** How far ahead of the clock a time may be, in milliseconds, and what becomes of samples from beyond. */
  readonly futureLimit?: number
  readonly future?: FuturePolicy
  /** Bound of the samples that wait to become durable; beyond it pushes are refused with `TooManyRequests`. */
  readonly waiting?: number
}

/** Samples that may wait. */
const WAITING = 4_000_000

/** How often a push is tried again when elements changed between the look at them and the commit. */
const ATTEMPTS = 10

/** Series that are looked at without giving others a turn. */
const MAX_UNSLICED = 256

interface Keyed {
  readonly key: IdempotencyKey
  readonly names: Remembered
}

interface Prepared {
  readonly changes: readonly Change[]
  readonly accepted: number
  readonly refused: Refusals
  readonly clamped: number
}

export class Ingest {
  readonly clock: Clock
  readonly #options: IngestOptions
  /** Batches with a key that are being taken. */
  readonly #keyed = new Map<string, { readonly names: Remembered; readonly taken: Promise<Receipt> }>()
  #waiting = 0
  /** Samples taken and refused since the start. */
  readonly counts = { accepted: 0, refused: 0, repeated: 0 }

  constructor(options: IngestOptions) {
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
   * `BadRequest` for an unusable key, `KeyReused` for one that stands for another batch; `TooManyRequests` under overload;
   * `StorageFull`, `Unavailable`
   */
  push(batch: Batch, options: PushOptions = {}): Promise<Receipt> {
    const { key } = options
    return key === undefined ? this.#push(batch, options) : this.#pushOnce(batch, key, options)
  }

  async #pushOnce(batch: Batch, key: IdempotencyKey, options: PushOptions): Promise<Receipt> {
    const names = remembered(key, batch)
    const { name } = names
    const twin = this.#keyed.get(name)
    if (twin !== undefined) {
      if (twin.names.withDigest !== names.withDigest) throw reused(key.key)
      // Where the first of them fails the second is on its own.
      const receipt = await twin.taken.catch(() => undefined)
      if (receipt !== undefined) return { ...receipt, repeated: true }
      return this.push(batch, options)
    }
    const taken = this.#push(batch, options, { key, names })
    this.#keyed.set(name, { names, taken })
    try {
      return await taken
    } finally {
      this.#keyed.delete(name)
    }
  }

  async #push(batch: Batch, options: PushOptions, keyed?: Keyed): Promise<Receipt> {
    const { turn } = options
    const { store, waiting = WAITING } = this.#options
    if (this.#waiting > 0 && this.#waiting + batch.samples > waiting) {
      throw new HubError('TooManyRequests', ['the disk does not keep up with the samples that come'])
    }
    this.#waiting += batch.samples
    try {
      for (let attempt = 1; ; attempt++) {
        const known = keyed && (await findRepeated(store, keyed.key, keyed.names))
        const prepared = await this.#prepare(batch, options)
        const { accepted, refused } = prepared
        if (known !== undefined) {
          this.counts.repeated += accepted
          return this.#receipt(known, prepared, true)
        }
        if (turn !== undefined) await turn.before
        try {
          const stored = accepted === 0 ? undefined : this.#commit(prepared.changes, keyed)
          turn?.pass()
          const seq = stored === undefined ? (await store.figures()).logLast : (await stored).seq
          this.counts.accepted += accepted
          this.counts.refused += refused.count
          return this.#receipt(seq, prepared, false)
        } catch (error) {
          if (!(error instanceof HubError && AGAIN.has(error.name))) throw error
          if (attempt === ATTEMPTS)
            throw new HubError('Unavailable', [`${error.message}, again and again; come back later`])
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
  #commit(changes: readonly Change[], keyed: Keyed | undefined): Promise<Commit> {
    return this.#options.store.commit(keyed === undefined ? changes : [...onceChanges(keyed.names), ...changes])
  }

  #receipt(seq: number, { accepted, refused, clamped }: Prepared, repeated: boolean): Receipt {
    const cursor = encodeCursor({ epoch: this.#options.store.epoch, seq })
    return { seq, cursor, accepted, refused: refused.count, refusals: refused.first, clamped, repeated }
  }

  /** Holds every sample against its element. @throws HubError `Invalid` where not `each` and anything does not fit */
  async #prepare(batch: Batch, { each = false, future = this.#options.future }: PushOptions): Promise<Prepared> {
    const { judge, futureLimit: limit = FUTURE_LIMIT_MS } = this.#options
    const bound = { policy: future, limit, clock: this.clock.milliseconds() }
    const changes: Change[] = []
    const refused = new Refusals()
    for (const { index, text } of batch.malformed) refused.addItem(index, text)
    const columns = batch.columns()
    // Those of a few series do not pause, so that they are stored in the order in which they came.
    const slice = columns.length > MAX_UNSLICED ? new TimeSlice() : undefined
    let accepted = 0
    let clamped = 0
    for (const [column, row] of await this.#rowsOf(columns, refused, slice)) {
      if (slice?.isOver()) await slice.pause()
      const found = validateSamples(column, row)
      const { fitting: fits, misfits, first } = found instanceof Promise ? await found : found
      if (misfits > 0) refused.addSome(column, misfits, first)
      const fitting = fits && dated(column, fits, bound, refused)
      clamped += fitting?.clamped ?? 0
      const run = judge === undefined ? fitting?.run : fitting && (await judged(judge, column, row, fitting, refused))
      if (run === undefined) continue
      accepted += lengthOf(run)
      changes.push(changeOf(column, row, run))
    }
    if (!each && refused.count > 0) {
      this.counts.refused += refused.count
      throw new HubError('Invalid', [refused.count], refused.violations())
    }
    return { changes, accepted, refused, clamped }
  }

  /** The elements of the columns, created where they are to be; columns without one are refused. */
  async #rowsOf(
    columns: readonly Column[],
    refused: Refusals,
    slice: TimeSlice | undefined
  ): Promise<readonly (readonly [Column, ElementRow])[]> {
    const { store, create } = this.#options
    const rows: (readonly [Column, ElementRow])[] = []
    const find = async (wanted: readonly Column[]) => {
      const missing: Column[] = []
      for (const column of wanted) {
        if (slice?.isOver()) await slice.pause()
        let isUnreadable = false
        const found = findSeries(store, column.submodel, column.path)
        const row = await unlessDamaged(found, () => {
          isUnreadable = true
        })
        if (row !== undefined) rows.push([column, row])
        else if (isUnreadable) refused.addAll(column, unreadable(column))
        else missing.push(column)
      }
      return missing
    }
    let missing = await find(columns)
    if (missing.length === 0) return rows
    let reasons: ReadonlyMap<Column, Reason> = new Map()
    if (create !== undefined && missing.length > 0) {
      reasons = await create(missing)
      missing = await find(missing.filter((column) => !reasons.has(column)))
    }
    const unknown = new UnknownSeries(store)
    for (const [column, why] of reasons) refused.addAll(column, why)
    for (const column of missing) refused.addAll(column, await unknown.reason(column))
    return rows
  }
}

/**
 * Somebody changed an element meanwhile, or another process took a batch with this key; or an element turned out to be
 * damaged, which is then read as such and refused by itself.
 */
const AGAIN: ReadonlySet<string> = new Set(['Conflict', 'AlreadyExists', 'Damaged'])

function unreadable({ submodel, path }: Column): Reason {
  const text = `the element "${path}" of "${submodel}" is damaged where it is stored; replace the submodel`
  return { rule: 'Damaged', text }
}

/** Says what is unknown of a series; whether there is a submodel is looked up once. */
class UnknownSeries {
  readonly #store: Store
  readonly #submodels = new Map<string, boolean>()

  constructor(store: Store) {
    this.#store = store
  }

  async reason({ submodel, path }: Column): Promise<Reason> {
    let isKnown = this.#submodels.get(submodel)
    if (isKnown === undefined) {
      isKnown = (await this.#store.head('Submodel', submodel)) !== undefined
      this.#submodels.set(submodel, isKnown)
    }
    const text = isKnown ? `the submodel "${submodel}" has no element "${path}"` : `there is no submodel "${submodel}"`
    return { rule: 'unknownSeries', text }
  }
}

/** Leaves out what a template refuses. */
async function judged(
  judge: TemplateCheck,
  column: Column,
  { path }: ElementRow,
  { run, places }: ValidatedColumn,
  refused: Refusals
): Promise<Run | undefined> {
  const wrong = await judge(column.submodel, path, run)
  if (wrong.size === 0) return run
  const kept: number[] = []
  for (let place = 0; place < lengthOf(run); place++) {
    const violation = wrong.get(textAt(run, place))
    if (violation === undefined) kept.push(place)
    else refused.add(column, places === 'all' ? place : (places[place] ?? 0), violation)
  }
  return kept.length === 0 ? undefined : pickSamples(run, kept)
}

function changeOf({ submodel, timing }: Column, row: ElementRow, run: Run): Change & { change: 'value' | 'samples' } {
  const newest = newestOf(run)
  const value = membersAt(run, newest)
  const quality = qualityAt(run, newest)
  const told = { ...(quality !== undefined && { quality }), ...(timing !== undefined && { timing }) }
  const { path, incarnation } = row
  if (lengthOf(run) === 1) {
    return { change: 'value', submodel, path, incarnation, value, sourceTime: timeAt(run, 0), ...told }
  }
  const { from, to } = spanOf(run)
  return {
    change: 'samples',
    submodel,
    path,
    incarnation,
    run: encodeRun(run),
    count: lengthOf(run),
    from,
    to,
    value,
    ...told
  }
}
