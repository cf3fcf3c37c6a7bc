/** Takes pushes of samples, from all transports: validates them against their elements and commits them by series. */
import { type Clock, systemClock } from '../../clock.ts'
import { HubError } from '../../errors.ts'
import type { MemoryBudget } from '../../memory/budget.ts'
import type { SampleFormat, SampleTransport } from '../../model/collection/sample-source.ts'
import { encodeCursor } from '../../model/cursor.ts'
import { isScratch } from '../../model/examination.ts'
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
import type { Access } from '../../security/access.ts'
import type { CallerLimits } from '../../security/caller-limits.ts'
import { retryConflicts } from '../../store/concurrency.ts'
import { FUTURE_LIMIT_MS } from '../../store/current-value.ts'
import { encodeRun } from '../../store/run-codec.ts'
import type { SeriesName } from '../../store/series.ts'
import type { Change, Commit, ElementRow, Store } from '../../store/store.ts'
import { TimeSlice } from '../../time-slice.ts'
import { SampleAuthorizer, type SeriesRow } from './authorize-samples.ts'
import { SAMPLE_BYTES, SampleBatch, type SampleColumn } from './batch.ts'
import { commitPatiently } from './commit-patiently.ts'
import type { CreateSeries } from './create.ts'
import { findCachedRows, findRows } from './find-rows.ts'
import { applyFuturePolicy, type FuturePolicy } from './future.ts'
import {
  findEarlierCommit,
  type IdempotencyKey,
  keyChanges,
  keyReused,
  type StoredKeys,
  storedKeysOf
} from './idempotency.ts'
import type { GatePass } from './ordered-gate.ts'
import { type Refusal, Refusals } from './refusals.ts'
import { type SenderIdentity, Senders } from './senders.ts'
import type { SampleSources } from './sources.ts'
import type { TemplateCheck } from './template-check.ts'
import { type ValidSamples, validateSamples } from './validate-samples.ts'
import { WaitingRoom } from './waiting-room.ts'

export interface PushOptions extends SenderIdentity {
  /** Refuse invalid samples one by one; otherwise one invalid sample refuses the batch. */
  readonly each?: boolean
  /** A batch with a key that was stored before is not stored again, and gets the same receipt. */
  readonly key?: IdempotencyKey
  /** For senders that push again before the response; the caller calls `pass` when the push has ended. */
  readonly gatePass?: GatePass
  /** The sender is read no faster than it is stored, and waits for each push. */
  readonly waits?: boolean
  /** For samples too far in the future; absent: as configured. */
  readonly future?: FuturePolicy
  readonly format?: SampleFormat
}

export interface Receipt {
  /** The commit of the batch; the last one before if nothing was stored. */
  readonly seq: number
  /** The same as a cursor of the stream. */
  readonly cursor: string
  /** Number of stored samples. */
  readonly accepted: number
  /** Number of refused samples, and of items without a sample; and the first of them. */
  readonly refused: number
  readonly refusals: readonly Refusal[]
  /** Number of samples from the future that were moved back. */
  readonly clamped: number
  /** The batch was stored before, with the same key. */
  readonly repeated: boolean
}

export interface IngestOptions {
  readonly store: Store
  /** Creates elements for unknown series; absent: they are refused. */
  readonly create?: CreateSeries
  /** Checks runs against enforced templates; absent: none is enforced. */
  readonly templateCheck?: TemplateCheck
  /** Clock for samples without a time. */
  readonly clock?: Clock
  /** How far ahead of the clock a time may be, in milliseconds; and what to do with samples beyond. */
  readonly futureLimit?: number
  readonly future?: FuturePolicy
  /** Maximum number of samples of one series waiting to become durable, fewer of many series; more are refused with `TooManyRequests`, as by the memory. */
  readonly maxWaiting?: number
  readonly memory?: MemoryBudget
  /** Of each sender. */
  readonly limits?: CallerLimits
  /** Where the senders are noted; absent: they are not. */
  readonly sources?: SampleSources
}

const MAX_WAITING_SAMPLES = 4_000_000

/** Series that are validated without pausing. */
const MAX_UNSLICED = 256

interface KeyedPush {
  readonly key: IdempotencyKey
  readonly names: StoredKeys
}

interface PreparedPush {
  readonly changes: readonly Change[]
  readonly accepted: number
  readonly refused: Refusals
  readonly clamped: number
}

export class Ingest {
  readonly clock: Clock
  readonly senders: Senders
  readonly #options: IngestOptions
  /** Pushes with a key that are under way. */
  readonly #keyed = new Map<string, { readonly names: StoredKeys; readonly taken: Promise<Receipt> }>()
  /** Samples that are not durable yet; senders that are read no faster than they are stored wait for it. */
  readonly waiting: WaitingRoom
  /** Numbers of samples since the start, without those of an examination. */
  readonly counts = { accepted: 0, refused: 0, repeated: 0 }
  /** Of the accepted ones, by their format or else their transport. */
  readonly countsByFormat = new Map<SampleFormat | SampleTransport, number>()
  readonly #authorizer: SampleAuthorizer
  /** Pushes whose elements are being read. */
  #reading = 0

  constructor(options: IngestOptions) {
    this.#options = options
    this.#authorizer = new SampleAuthorizer(options.store)
    this.clock = options.clock ?? systemClock
    this.senders = new Senders(this.clock)
    const { maxWaiting = MAX_WAITING_SAMPLES, memory } = options
    this.waiting = new WaitingRoom(maxWaiting * SAMPLE_BYTES, memory)
  }

  /** An empty batch that uses this clock for samples without a time. */
  batch(): SampleBatch {
    return new SampleBatch(this.clock.now)
  }

  /** May a caller write the samples of an element? False if there is none. */
  async isAllowed(access: Access, series: SeriesName): Promise<boolean> {
    const row = await this.#options.store.element(series.submodel, series.path)
    const allowed = row && (await this.#authorizer.authorize(access, [[series, row]]))
    return allowed !== undefined && allowed.rows.length > 0
  }

  /**
   * Stores a batch; resolves when it is durable.
   * @throws HubError `Invalid` with the invalid samples (pointer: `/<index>`, or `/<index>/<at>` in a column);
   * `BadRequest` for an invalid key, `KeyReused` for that of another batch; `TooManyRequests` under overload;
   * `StorageFull`, `Unavailable`
   */
  push(batch: SampleBatch, options: PushOptions = {}): Promise<Receipt> {
    const { key, access } = options
    if (key === undefined) return this.#push(batch, options)
    // Callers that share a target must not find each other's batches.
    const scope = access === undefined ? key.scope : `${key.scope} ${access.caller.name}`
    return this.#pushOnce(batch, { ...key, scope }, options)
  }

  async #pushOnce(batch: SampleBatch, key: IdempotencyKey, options: PushOptions): Promise<Receipt> {
    const names = storedKeysOf(key, batch)
    const { name } = names
    const twin = this.#keyed.get(name)
    if (twin !== undefined) {
      if (twin.names.withDigest !== names.withDigest) throw keyReused(key.key)
      // If the first push fails this one is tried on its own.
      const receipt = await twin.taken.catch(() => undefined)
      if (receipt !== undefined) return { ...receipt, repeated: true }
      return this.#pushOnce(batch, key, options)
    }
    const taken = this.#push(batch, options, { key, names })
    this.#keyed.set(name, { names, taken })
    try {
      return await taken
    } finally {
      this.#keyed.delete(name)
    }
  }

  async #push(batch: SampleBatch, options: PushOptions, keyed?: KeyedPush): Promise<Receipt> {
    const { bytes } = batch
    if (this.waiting.isFull(bytes)) {
      throw new HubError('TooManyRequests', ['the disk does not keep up with the samples that come'])
    }
    if (options.access !== undefined) this.#options.limits?.countSamples(options.access.caller, batch.samples)
    this.waiting.enter(bytes)
    try {
      return await retryConflicts(() => this.#attempt(batch, options, keyed))
    } finally {
      this.waiting.leave(bytes)
    }
  }

  /** @throws HubError `Conflict` if elements changed between validation and commit */
  async #attempt(batch: SampleBatch, options: PushOptions, keyed: KeyedPush | undefined): Promise<Receipt> {
    const { gatePass } = options
    const { store } = this.#options
    const known = keyed && (await findEarlierCommit(store, keyed.key, keyed.names))
    const prepared = await this.#prepare(batch, options)
    const { accepted, refused } = prepared
    if (known !== undefined) {
      this.counts.repeated += accepted
      return this.#receipt(known, prepared, true)
    }
    const before = gatePass?.before
    if (before !== undefined) await before
    const stored = accepted === 0 ? undefined : this.#commit(prepared.changes, keyed, options)
    gatePass?.pass()
    const seq = stored === undefined ? (await store.figures()).logLast : (await stored).seq
    // Of a push that is refused as a whole the transport records it.
    if (refused.denied !== undefined) options.access?.audit?.refusedSamples(refused.denied)
    if (!isExamination(batch)) this.#count(prepared, options, stored !== undefined)
    return this.#receipt(seq, prepared, false)
  }

  #count({ changes, accepted, refused }: PreparedPush, options: PushOptions, isStored: boolean): void {
    if (isStored) this.#options.sources?.note(changes, options)
    this.senders.received(options, accepted, refused.count, refused.first[0])
    this.counts.accepted += accepted
    this.counts.refused += refused.count
    const format = options.format ?? options.transport
    if (format === undefined || accepted === 0) return
    this.countsByFormat.set(format, (this.countsByFormat.get(format) ?? 0) + accepted)
  }

  /**
   * Each push is a commit of its own, so that a refused one does not affect others, and pushes of one series are stored
   * in order; the store groups commits for the disk.
   */
  #commit(changes: readonly Change[], keyed: KeyedPush | undefined, { waits }: PushOptions): Promise<Commit> {
    const { store } = this.#options
    const all = keyed === undefined ? changes : [...keyChanges(keyed.names), ...changes]
    const stored = waits ? commitPatiently(store, all, this.clock) : store.commit(all)
    return stored.catch((error: unknown) => {
      throw error instanceof HubError && RETRYABLE.has(error.name) ? new HubError('Conflict', [error.message]) : error
    })
  }

  #receipt(seq: number, { accepted, refused, clamped }: PreparedPush, repeated: boolean): Receipt {
    const cursor = encodeCursor({ epoch: this.#options.store.epoch, seq })
    return { seq, cursor, accepted, refused: refused.count, refusals: refused.first, clamped, repeated }
  }

  /** Validates every sample against its element. @throws HubError `Invalid` on any invalid sample, unless `each` */
  async #prepare(batch: SampleBatch, options: PushOptions): Promise<PreparedPush> {
    const { store, create } = this.#options
    const { each = false, access } = options
    const refused = new Refusals()
    for (const { index, text } of batch.malformed) refused.addItem(index, text)
    const columns = batch.columns()
    // Pushes of few series do not pause, so that they are stored in the order of their arrival.
    const slice = columns.length > MAX_UNSLICED ? new TimeSlice() : undefined
    const authorizer = this.#authorizer
    // While elements of others are being read it would overtake them.
    let found = this.#reading === 0 && slice === undefined ? findCachedRows(columns, store) : undefined
    if (found === undefined) {
      this.#reading++
      try {
        found = await findRows(columns, refused, { store, create, authorizer, access, slice })
      } finally {
        this.#reading--
      }
    }
    const authorized = access && (await authorizer.authorize(access, found))
    for (const [column, why] of authorized?.refused ?? []) refused.deny(column, why)
    const { samples, clamped } = await this.#validate(authorized?.rows ?? found, refused, options, slice)
    let changes: readonly Change[] = samples.map(({ change }) => change)
    let accepted = samples
    if (access !== undefined && authorized?.dependsOnValues) {
      const decided = await authorizer.authorizeValues(
        access,
        samples.map(({ change }) => change)
      )
      changes = decided.changes
      accepted = samples.filter(({ change }) => !decided.refused.has(change))
      for (const { column, change } of samples) {
        if (decided.refused.has(change)) refused.deny(column, await authorizer.refusal(access, column, change.path))
      }
    }
    if (!each && refused.count > 0) {
      this.counts.refused += refused.count
      throw refused.error()
    }
    const guards = authorized?.guards ?? []
    const audit = authorized?.dependsOnValues
      ? []
      : (access?.audit?.changesFor(changes, [...(authorized?.rules ?? [])]) ?? [])
    const count = accepted.reduce((sum, { run }) => sum + lengthOf(run), 0)
    return {
      changes: guards.length + audit.length === 0 ? changes : [...guards, ...changes, ...audit],
      accepted: count,
      refused,
      clamped
    }
  }

  async #validate(
    rows: readonly SeriesRow[],
    refused: Refusals,
    { future = this.#options.future }: PushOptions,
    slice: TimeSlice | undefined
  ): Promise<{ readonly samples: readonly ValidColumn[]; readonly clamped: number }> {
    const { templateCheck, futureLimit: limit = FUTURE_LIMIT_MS } = this.#options
    const bound = { policy: future, limit, clock: this.clock.milliseconds() }
    const samples: ValidColumn[] = []
    let clamped = 0
    for (const [column, row] of rows) {
      if (slice?.isOver()) await slice.pause()
      const found = validateSamples(column, row)
      const { valid, rejected, first } = found instanceof Promise ? await found : found
      if (rejected > 0) refused.addSome(column, rejected, first)
      const inTime = valid && applyFuturePolicy(column, valid, bound, refused)
      clamped += inTime?.clamped ?? 0
      const run =
        templateCheck === undefined || inTime === undefined
          ? inTime?.run
          : await withoutRefused(templateCheck, column, row, inTime, refused)
      if (run !== undefined) samples.push({ column, run, change: changeOf(column, row, run) })
    }
    return { samples, clamped }
  }
}

/** An examination pushes to nothing else. */
function isExamination(batch: SampleBatch): boolean {
  const [first] = batch.columns()
  return first !== undefined && isScratch(first.submodel)
}

interface ValidColumn {
  readonly column: SampleColumn
  readonly run: Run
  readonly change: Change & { change: 'value' | 'samples' }
}

/**
 * An element was changed meanwhile; another process stored a batch with this key; or an element turned out to be damaged,
 * which is refused by itself on the next attempt.
 */
const RETRYABLE: ReadonlySet<string> = new Set(['Conflict', 'AlreadyExists', 'Damaged'])

/** Removes the samples that a template refuses. */
async function withoutRefused(
  check: TemplateCheck,
  column: SampleColumn,
  { path }: ElementRow,
  { run, indexes: places }: ValidSamples,
  refused: Refusals
): Promise<Run | undefined> {
  const wrong = await check(column.submodel, path, run)
  if (wrong.size === 0) return run
  const kept: number[] = []
  for (let index = 0; index < lengthOf(run); index++) {
    const violation = wrong.get(textAt(run, index))
    if (violation === undefined) kept.push(index)
    else refused.add(column, places === 'all' ? index : (places[index] ?? 0), violation)
  }
  return kept.length === 0 ? undefined : pickSamples(run, kept)
}

function changeOf(
  { submodel, timing }: SampleColumn,
  row: ElementRow,
  run: Run
): Change & { change: 'value' | 'samples' } {
  const newest = newestOf(run)
  const value = membersAt(run, newest)
  const quality = qualityAt(run, newest)
  const metadata = { ...(quality !== undefined && { quality }), ...(timing !== undefined && { timing }) }
  const { path, incarnation } = row
  if (lengthOf(run) === 1) {
    return { change: 'value', submodel, path, incarnation, value, sourceTime: timeAt(run, 0), ...metadata }
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
    ...metadata
  }
}
