/**
 * The examination that is running, as the other hubs over the same database know it: one document, which the hub that
 * examines renews. Where that hub dies it is out of date within a minute.
 */
import type { Clock } from '../../../clock.ts'
import { HubError } from '../../../errors.ts'
import type { Store } from '../../../store/store.ts'
import type { ExaminationProgress } from '../examination/examine.ts'

export interface RunningExamination {
  readonly id: string
  readonly startedBy: string
  /** UTC, ISO 8601. */
  readonly started: string
  readonly progress: ExaminationProgress
}

export interface SharedRunOptions {
  readonly store: Pick<Store, 'commit' | 'document' | 'head'>
  readonly clock: Clock
}

interface SharedState {
  /** Absent: none is running. */
  readonly running?: RunningExamination
  /** Of the last examination, if it failed. */
  readonly failure?: { readonly id: string; readonly message: string }
  /** Milliseconds since 1970, by the clock of the hub that examines. */
  readonly renewed: number
}

const KIND = 'ComplianceRun'
const ID = 'current'
const RENEWAL_MS = 10_000
/** The clocks of hubs may differ by some of it. */
const EXPIRY_MS = 60_000
/** Of a message. */
const MAX_MESSAGE = 1000

export class SharedRun {
  readonly #options: SharedRunOptions
  /** One write at a time; those that fail are repeated by the next one. */
  #writing: Promise<void> = Promise.resolve()

  constructor(options: SharedRunOptions) {
    this.#options = options
  }

  /** Undefined where none is running, at any hub. */
  async running(): Promise<RunningExamination | undefined> {
    const state = await this.#read()
    const age = state === undefined ? 0 : this.#options.clock.milliseconds() - state.renewed
    return Math.abs(age) > EXPIRY_MS ? undefined : state?.running
  }

  /** Why the last examination failed, if it has this id. */
  async failureOf(id: string): Promise<string | undefined> {
    const failure = (await this.#read())?.failure
    return failure?.id === id ? failure.message : undefined
  }

  /** Shows an examination from now on. @param current returns it with its progress @returns stops the renewal */
  begin(current: () => RunningExamination): () => void {
    this.show(current())
    return this.#options.clock.every(RENEWAL_MS, () => this.show(current()))
  }

  show(running: RunningExamination): void {
    this.#write({ running })
  }

  /** Resolves when the other hubs may know that it has ended. */
  async end(id: string, failure?: Error): Promise<void> {
    const message = failure?.message.slice(0, MAX_MESSAGE)
    this.#write(message === undefined ? {} : { failure: { id, message } })
    await this.#writing
  }

  #write(state: Omit<SharedState, 'renewed'>): void {
    this.#writing = this.#writing.then(() => this.#store(state)).catch(() => {})
  }

  async #store(state: Omit<SharedState, 'renewed'>): Promise<void> {
    const { store, clock } = this.#options
    const json = JSON.stringify({ ...state, renewed: clock.milliseconds() } satisfies SharedState)
    const change = (await store.head(KIND, ID)) === undefined ? 'create' : 'replace'
    await store.commit([{ change, kind: KIND, id: ID, json, facets: [] }])
  }

  async #read(): Promise<SharedState | undefined> {
    const stored = await this.#options.store.document(KIND, ID)
    return stored && (JSON.parse(stored.bytes.toString()) as SharedState)
  }
}

export function isRunningElsewhere(): HubError {
  return new HubError('Conflict', ['The examination is running at another hub over the same database; end it there'])
}
