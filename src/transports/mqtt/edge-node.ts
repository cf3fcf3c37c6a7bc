/** What the host knows of one Sparkplug edge node. */
import type { Uint64 } from '../../formats/protobuf.ts'
import { type SparkplugMetric, valueOfMetric } from '../../formats/sparkplug.ts'
import type { MetricTable } from './sparkplug-metrics.ts'

/**
 * Pause between rebirth requests to an edge node. It doubles while requests do not help, as with a node that leaves
 * metrics out of its births.
 */
const FIRST_PAUSE_MS = 5000
const MAX_PAUSE_MS = 5 * 60_000

const NEVER = Number.NEGATIVE_INFINITY

/** A clock that differs from ours by more is taken as not set. */
const MAX_CLOCK_LAG_MS = 366 * 86_400_000

export class EdgeNode {
  readonly group: string
  readonly name: string
  /** Identifies the connection of the edge node that the births belong to. */
  bdSeq: bigint | undefined
  /** The sequence number to come next; undefined while unknown. */
  nextSeq: number | undefined
  /** By device; '' for the edge node itself. */
  readonly tables = new Map<string, MetricTable>()
  /** Devices of an earlier session, not yet announced in this one. */
  readonly formerTables = new Map<string, MetricTable>()
  /** When this session began, by the monotonic clock. */
  sessionStart = 0
  /** A birth was missed: the edge node must send its births again. */
  needsRebirth = false
  /** When its last message arrived, by the monotonic clock. */
  lastMessage = NEVER
  /** How far its clock is behind ours. */
  clockLagMs = 0
  #lastRequest = NEVER
  #requestPauseMs = FIRST_PAUSE_MS

  constructor(group: string, name: string) {
    this.group = group
    this.name = name
  }

  /** Checks the sequence number of a message other than NBIRTH. */
  follow(seq: number | undefined): void {
    if (seq !== undefined && this.nextSeq !== undefined && seq !== this.nextSeq) this.needsRebirth = true
  }

  /** Is it time to send a rebirth request? If so, the next one has to wait. @param now by the monotonic clock */
  isRebirthDue(now: number): boolean {
    const since = now - this.#lastRequest
    if (!this.needsRebirth || since < this.#requestPauseMs) return false
    this.#requestPauseMs = since > 2 * MAX_PAUSE_MS ? FIRST_PAUSE_MS : Math.min(2 * this.#requestPauseMs, MAX_PAUSE_MS)
    this.#lastRequest = now
    return true
  }

  /**
   * Does a death belong to a connection before the present one? bdSeq counts from 0 to 255 and wraps; where births may
   * have been missed, the death of a later connection counts.
   */
  isOutdatedDeath(bdSeq: bigint | undefined): boolean {
    if (bdSeq === undefined || this.bdSeq === undefined || bdSeq === this.bdSeq) return false
    return !this.needsRebirth || (this.bdSeq - bdSeq + 256n) % 256n < 128n
  }

  noteClock(timestamp: Uint64, now: number): void {
    const lag = now - Number(timestamp)
    this.clockLagMs = Math.abs(lag) < MAX_CLOCK_LAG_MS ? lag : 0
  }
}

export function bdSeqOf(metrics: readonly SparkplugMetric[]): bigint | undefined {
  const metric = metrics.find(({ name }) => name === 'bdSeq')
  const value = metric === undefined ? undefined : valueOfMetric(metric)
  // Anything else, e.g. a double with a fraction, is ignored.
  return typeof value === 'bigint' || Number.isSafeInteger(value) ? BigInt(value as number) : undefined
}
