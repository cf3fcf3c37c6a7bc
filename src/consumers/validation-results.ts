/**
 * Keeps the stored validation results up to date: a changed submodel is checked again, and all of them after a change of
 * the schemas. Lags behind rather than take much processor time from requests.
 */
import { type Clock, systemClock } from '../clock.ts'
import { unlessDamaged } from '../store/damage.ts'
import type { Change, Document, Facet, LogEntry, Store } from '../store/store.ts'
import { type Consumer, startConsumer } from './consumer.ts'

export interface ValidationResultsOptions {
  readonly checker: ResultChecker
  readonly failed: Consumer['failed']
  readonly clock?: Clock
}

interface ResultChecker {
  /** Digest of the rules. */
  readonly rules: string
  /** @param checkedAt milliseconds since 1970 */
  entryOf(submodel: Document, checkedAt: number): StoredResult
  facetsOf(entry: StoredResult): readonly Facet[]
}

/** The members of a validation result that matter here. */
interface StoredResult {
  readonly revision: number
  readonly rules: string
  readonly checkedAt: string
  readonly result: string
}

/** Few, as others wait while they are read. */
const DOCUMENTS_PER_READ = 20

const RESULTS_PER_COMMIT = 50

/** After this much checking requests get their turn, for REST_FACTOR times as long. */
const SLICE_MS = 0.5
const REST_FACTOR = 8
const MIN_REST_MS = 5
const MAX_REST_MS = 2000

/** While values change and the verdict does not, a result is rewritten no more often than this. */
const REWRITE_INTERVAL_MS = 60_000

/** Submodels whose last checked revision is remembered. */
const CACHE_ENTRIES = 50_000

/** Changes accumulate for this long, to be checked together. */
const BATCH_DELAY_MS = 200

interface CheckedSubmodel {
  readonly revision: number
  /** Without a template no value can break a rule. */
  readonly withoutTemplate: boolean
}

const NOT_CHECKED: CheckedSubmodel = { revision: 0, withoutTemplate: false }

/** Other rules make another consumer, whose resync checks all submodels. */
export function validationConsumer(rules: string): string {
  return `validation ${rules}`
}

export interface RunningValidation {
  /** Checks submodels again whose content has not changed, as more is known of them. */
  recheck(ids: readonly string[]): Promise<void>
  /** Resolves when it has ended. */
  stop(): Promise<void>
}

export function startValidationResults(store: Store, options: ValidationResultsOptions): RunningValidation {
  return new ValidationResults(store, options)
}

class ValidationResults implements RunningValidation {
  readonly #store: Store
  readonly #checker: ResultChecker
  readonly #clock: Clock
  readonly #stopping = new AbortController()
  readonly #stopConsumer: () => Promise<void>
  readonly #checked = new Map<string, CheckedSubmodel>()
  /** To be committed together. */
  #uncommitted: { readonly change: Change; readonly id: string; readonly checked: CheckedSubmodel }[] = []
  /** Time spent on checking since the last rest. */
  #spentMs = 0

  constructor(store: Store, { checker, failed, clock = systemClock }: ValidationResultsOptions) {
    this.#store = store
    this.#checker = checker
    this.#clock = clock
    const consumer: Consumer = {
      name: validationConsumer(checker.rules),
      handle: (entries) => this.#checkChanged(entries),
      resync: () => this.#checkAll(),
      failed,
      batchDelayMs: BATCH_DELAY_MS
    }
    this.#stopConsumer = startConsumer(store, consumer, clock)
  }

  stop(): Promise<void> {
    this.#stopping.abort()
    return this.#stopConsumer()
  }

  async recheck(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      if (this.#stopping.signal.aborted) return
      const [document, stored] = await Promise.all([
        unlessDamaged(this.#store.document('Submodel', id)),
        unlessDamaged(this.#store.document('Validation', id))
      ])
      // One that was never checked is checked soon.
      if (document === undefined || stored === undefined) continue
      const result = this.#checker.entryOf(document, this.#clock.milliseconds())
      if (verdictOf(result) === verdictOf(JSON.parse(stored.bytes.toString()) as StoredResult)) continue
      const [json, facets] = [JSON.stringify(result), this.#checker.facetsOf(result)]
      await this.#store.commit([{ change: 'replace', kind: 'Validation', id, json, facets }])
    }
  }

  async #checkChanged(entries: readonly LogEntry[]): Promise<void> {
    const changed = new Map<string, { seq: number; structure: boolean }>()
    for (const { seq, changes } of entries) {
      for (const change of changes) {
        if ('kind' in change && change.kind !== 'Submodel') continue
        const id = 'kind' in change ? change.id : change.submodel
        const structure = 'kind' in change || changed.get(id)?.structure === true
        changed.set(id, { seq, structure })
      }
    }
    for (const [id, { seq, structure }] of changed) {
      const known = this.#checked.get(id)
      if (known?.withoutTemplate === true && !structure) continue
      // Several changes of one submodel are covered by its first check, which saw the newest revision.
      if ((known?.revision ?? 0) < seq) await this.#check(id, structure)
    }
    await this.#commit()
  }

  async #checkAll(): Promise<void> {
    for await (const document of this.#all('Submodel')) await this.#check(document.id, true, document)
    for await (const { id } of this.#all('Validation')) {
      if ((await this.#store.head('Submodel', id)) === undefined) await this.#deleteResult(id)
    }
    await this.#commit()
  }

  /** Checks a submodel as it is now. @param structure whether more than values may have changed */
  async #check(id: string, structure: boolean, read?: Document): Promise<void> {
    const store = this.#store
    const isStored = (await store.head('Validation', id)) !== undefined
    const stored = await unlessDamaged(store.document('Validation', id))
    let isUnreadable = false
    const document = read ?? (await unlessDamaged(store.document('Submodel', id), () => (isUnreadable = true)))
    // A damaged submodel can be checked once it was replaced.
    if (isUnreadable) return
    if (document === undefined) {
      if (isStored) await this.#deleteResult(id)
      return
    }
    const startedAt = this.#clock.monotonic()
    const known = stored === undefined ? undefined : (JSON.parse(stored.bytes.toString()) as StoredResult)
    const current = known?.rules === this.#checker.rules ? known : undefined
    if (current?.revision !== document.revision) {
      const result = this.#checker.entryOf(document, this.#clock.milliseconds())
      const checked = { revision: document.revision, withoutTemplate: result.result === 'noTemplate' }
      const isNews =
        structure || current === undefined || this.#isOld(current) || verdictOf(result) !== verdictOf(current)
      if (isNews) {
        const change = isStored ? 'replace' : 'create'
        const [json, facets] = [JSON.stringify(result), this.#checker.facetsOf(result)]
        await this.#put(id, checked, { change, kind: 'Validation', id, json, facets })
      } else this.#remember(id, checked)
    }
    await this.#rest(this.#clock.monotonic() - startedAt)
  }

  async *#all(kind: 'Submodel' | 'Validation'): AsyncGenerator<Document> {
    let after: number | undefined = 0
    while (after !== undefined) {
      const page = await this.#store.documents(kind, [], { after, limit: DOCUMENTS_PER_READ })
      yield* page.items
      after = page.next
    }
  }

  async #deleteResult(id: string): Promise<void> {
    await this.#put(id, NOT_CHECKED, { change: 'delete', kind: 'Validation', id })
  }

  async #put(id: string, checked: CheckedSubmodel, change: Change): Promise<void> {
    this.#uncommitted.push({ change, id, checked })
    if (this.#uncommitted.length >= RESULTS_PER_COMMIT) await this.#commit()
  }

  async #commit(): Promise<void> {
    const committed = this.#uncommitted
    this.#uncommitted = []
    if (committed.length === 0) return
    await this.#store.commit(committed.map(({ change }) => change))
    for (const { id, checked } of committed) this.#remember(id, checked)
  }

  #remember(id: string, checked: CheckedSubmodel): void {
    if (this.#checked.size >= CACHE_ENTRIES) this.#checked.clear()
    this.#checked.set(id, checked)
  }

  /** Rests in proportion to the time spent. @throws AbortError once it is stopped */
  async #rest(spentMs: number): Promise<void> {
    const { signal } = this.#stopping
    signal.throwIfAborted()
    this.#spentMs += spentMs
    if (this.#spentMs < SLICE_MS) return
    const restMs = Math.min(Math.max(this.#spentMs * REST_FACTOR, MIN_REST_MS), MAX_REST_MS)
    this.#spentMs = 0
    await this.#clock.sleep(restMs, signal)
    signal.throwIfAborted()
  }

  #isOld({ checkedAt }: StoredResult): boolean {
    const age = this.#clock.milliseconds() - Date.parse(checkedAt)
    // A time in the future is from a clock that has been set back since.
    return age > REWRITE_INTERVAL_MS || age < 0
  }
}

/** A result without its time and revision. */
function verdictOf(result: StoredResult): string {
  return JSON.stringify({ ...result, checkedAt: '', revision: 0 })
}
