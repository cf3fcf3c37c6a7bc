/**
 * Records that are written some seconds later, in one commit: refusals and reads. Equal ones are one record with a count,
 * and the number of different records per group is limited, so that a stranger can neither fill the disk nor slow the hub
 * down.
 */
import type { Clock } from '../clock.ts'
import type { Change, Store } from '../store/store.ts'
import type { AuditRecord } from './audit-record.ts'

export interface AuditBatchOptions {
  readonly store: Pick<Store, 'commit'>
  readonly clock: Clock
  /** Called where records could not be written; they are tried again. */
  readonly failed: (error: unknown) => void
}

export interface BatchedRecord {
  readonly record: AuditRecord
  /** Equal for records that are counted as one. */
  readonly key: string
  /** Of how many keys of the same group are kept apart until the next write; all others are counted as one. */
  readonly group: string
  readonly limit: number
  /** Refused samples, which are added up. */
  readonly samples?: number
}

interface Pending {
  readonly record: AuditRecord
  readonly at: number
  count: number
  samples: number
}

const WRITE_INTERVAL_MS = 2000
/** Beyond it a write does not wait for the interval. */
const MAX_WAITING = 1000
/** Beyond it, as where the storage fails, what comes first is kept, and everything else counted. */
const MAX_PENDING = 20_000
const RECORDS_PER_COMMIT = 500

export class AuditBatch {
  readonly #options: AuditBatchOptions
  #pending = new Map<string, Pending>()
  /** Keys by group. */
  #keys = new Map<string, number>()
  #cancel: (() => void) | undefined
  #writing: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(options: AuditBatchOptions) {
    this.#options = options
  }

  add({ record, key, group, limit, samples = 0 }: BatchedRecord): void {
    const known = this.#pending.get(key)
    if (known !== undefined) {
      known.count++
      known.samples += samples
      return
    }
    const keys = this.#keys.get(group) ?? 0
    if (keys < limit && this.#pending.size < MAX_PENDING) {
      this.#keys.set(group, keys + 1)
      this.#pending.set(key, { record, at: this.#options.clock.milliseconds(), count: 1, samples })
    } else this.#addOther(record, group, samples)
    if (this.#pending.size >= MAX_WAITING) this.#writeNow()
    else this.#cancel ??= this.#options.clock.after(WRITE_INTERVAL_MS, () => this.#writeNow())
  }

  /** Writes what is pending. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#writeNow()
    await this.#writing
  }

  /** What was not distinguished is at least counted. */
  #addOther({ caller, authentication, outcome }: AuditRecord, group: string, samples: number): void {
    const key = `others ${group}`
    const known = this.#pending.get(key)
    if (known !== undefined) {
      known.count++
      known.samples += samples
      return
    }
    const record: AuditRecord = {
      caller: authentication === 'none' ? 'anonymous' : caller,
      ...(authentication !== undefined && { authentication }),
      operation: 'Others',
      outcome,
      reason: 'too many different ones within some seconds to be listed'
    }
    this.#pending.set(key, { record, at: this.#options.clock.milliseconds(), count: 1, samples })
  }

  #writeNow(): void {
    this.#cancel?.()
    this.#cancel = undefined
    const pending = this.#pending
    if (pending.size === 0) return
    this.#pending = new Map()
    this.#keys = new Map()
    this.#writing = this.#writing.then(() => this.#write(pending))
  }

  async #write(pending: ReadonlyMap<string, Pending>): Promise<void> {
    const entries = [...pending]
    for (let at = 0; at < entries.length; at += RECORDS_PER_COMMIT) {
      const some = entries.slice(at, at + RECORDS_PER_COMMIT)
      try {
        await this.#options.store.commit(some.map(([, one]) => toChange(one)))
      } catch (error) {
        this.#options.failed(error)
        if (!this.#isClosed) this.#keep(entries.slice(at))
        return
      }
    }
  }

  /** For the next attempt. */
  #keep(entries: readonly (readonly [key: string, one: Pending])[]): void {
    for (const [key, one] of entries) {
      const known = this.#pending.get(key)
      if (known !== undefined) {
        known.count += one.count
        known.samples += one.samples
      } else if (this.#pending.size < MAX_PENDING) this.#pending.set(key, one)
    }
    this.#cancel ??= this.#options.clock.after(WRITE_INTERVAL_MS, () => this.#writeNow())
  }
}

function toChange({ record, at, count, samples }: Pending): Change {
  const counted = { ...(samples > 0 && { samples }), ...(count > 1 && { count }) }
  const dated = { at: new Date(at).toISOString(), ...record, ...counted }
  return { change: 'audit', record: JSON.stringify(dated) }
}
