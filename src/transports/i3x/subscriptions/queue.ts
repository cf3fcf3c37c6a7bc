/**
 * A subscription of i3X. Its queue is the log of the hub: kept are a position and the batches that were sent and not yet
 * acknowledged, each as a number and its end. So an update is never lost, whatever a client misses, as long as the log
 * keeps it; what is sent again is read again, with the rights that the caller has then.
 */
import { randomBytes } from 'node:crypto'
import type { LogPosition } from '../../../consumers/subscriptions/log-position.ts'
import { MonitoredObjects } from './monitored.ts'

export interface SyncBatch {
  readonly sequenceNumber: number
  /** Behind its last update. */
  end: LogPosition
  /** Objects whose current values it begins with. */
  readonly initial: readonly string[]
  readonly count: number
}

/** Updates that may wait to be acknowledged; beyond, the oldest are dropped. */
export const MAX_UPDATES = 10_000

export class UpdateQueue {
  readonly id = randomBytes(32).toString('base64url')
  readonly clientId: string
  readonly displayName: string
  /** Name of the caller that created it; undefined: the hub was open. */
  readonly owner: string | undefined
  readonly monitored = new MonitoredObjects()
  /** Everything before is acknowledged. */
  acknowledged: LogPosition
  readonly batches: SyncBatch[] = []
  /** Objects that were registered, and of which no value was sent yet. */
  readonly initial = new Set<string>()
  /** Open stream; a newer one ends it. */
  stream: { readonly end: () => void; readonly restart: () => void } | undefined
  /** Monotonic time of the last sync, or of the end of the last stream. */
  usedAt: number
  #sequenceNumber = 0
  #hasGap = false
  #last: Promise<unknown> = Promise.resolve()

  constructor(
    { clientId, displayName }: Pick<UpdateQueue, 'clientId' | 'displayName'>,
    owner: string | undefined,
    position: LogPosition,
    now: number
  ) {
    this.clientId = clientId
    this.displayName = displayName
    this.owner = owner
    this.acknowledged = position
    this.usedAt = now
  }

  /** Requests of one subscription are carried out one after the other. */
  exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => {})
    return result
  }

  /** @param number -1: all that is pending, up to `end` */
  acknowledge(number: number, end: LogPosition): void {
    if (number === -1) {
      this.batches.length = 0
      this.initial.clear()
      this.acknowledged = end
      return
    }
    while ((this.batches[0]?.sequenceNumber ?? Number.POSITIVE_INFINITY) <= number) this.#drop()
  }

  /** Makes room for new updates. @returns whether some were dropped */
  makeRoom(): boolean {
    let count = this.batches.reduce((sum, batch) => sum + batch.count, 0)
    let isDropped = false
    for (; count >= MAX_UPDATES; isDropped = true) count -= this.#drop()
    return isDropped
  }

  /** Updates are lost: a number is left out, by which clients recognize the gap. */
  noteLoss(): void {
    this.#hasGap = true
  }

  addBatch(batch: Omit<SyncBatch, 'sequenceNumber'>): SyncBatch {
    this.#sequenceNumber += this.#hasGap ? 2 : 1
    this.#hasGap = false
    const added = { ...batch, sequenceNumber: this.#sequenceNumber }
    this.batches.push(added)
    return added
  }

  /** What lies before concerns nothing that is monitored. */
  skipTo(position: LogPosition): void {
    const last = this.batches.at(-1)
    if (last === undefined) this.acknowledged = position
    else last.end = position
  }

  #drop(): number {
    const [first] = this.batches.splice(0, 1)
    if (first === undefined) return Number.POSITIVE_INFINITY
    this.acknowledged = first.end
    return first.count
  }
}
