/**
 * Removes audit entries by age, oldest first. Each portion is removed by the very commit that records so, with the hash of
 * the last entry removed; what is left stays verifiable from there.
 */
import { type Clock, systemClock } from '../clock.ts'
import { runPeriodicallyAsLeader } from '../store/run-as-leader.ts'
import type { Store } from '../store/store.ts'

const INTERVAL_MS = 60 * 60 * 1000
/** Few enough not to delay other commits. */
const ENTRIES_PER_COMMIT = 2000

export interface AuditRetentionOptions {
  readonly maxAgeMs: number
  readonly clock?: Clock
  /** Called with an error; the next attempt follows at the next interval. */
  readonly failed: (error: unknown) => void
}

/** @returns stops it; resolves when it has ended */
export function startAuditRetention(store: Store, options: AuditRetentionOptions): () => Promise<void> {
  const { clock = systemClock, failed, maxAgeMs } = options
  const periodic = { name: 'audit retention', intervalMs: INTERVAL_MS, clock, failed }
  return runPeriodicallyAsLeader(store, periodic, async (signal) => {
    await trimAudit(store, clock.milliseconds() - maxAgeMs, signal)
  })
}

/** @param time entries from before it are removed, in milliseconds since 1970. @returns how many were */
export async function trimAudit(store: Store, time: number, signal?: AbortSignal): Promise<number> {
  const { trimmed } = await store.auditHead()
  const last = await lastBefore(store, time)
  for (let number = trimmed; number < last; ) {
    signal?.throwIfAborted()
    number = Math.min(number + ENTRIES_PER_COMMIT, last)
    const [entry] = await store.audit(number - 1, 1)
    if (entry === undefined) break
    const record = {
      ...{ caller: 'hub', operation: 'TrimAudit', outcome: 'done' },
      trimmed: { number: entry.number, hash: entry.hash }
    }
    await store.commit([{ change: 'audit', record: JSON.stringify(record), trim: entry.number }])
  }
  return Math.max(0, last - trimmed)
}

/** The last entry from before a time; never the newest entry, which the chain is continued from. */
async function lastBefore(store: Store, time: number): Promise<number> {
  const { number, trimmed } = await store.auditHead()
  // Binary search, as times rise with numbers.
  let [old, young] = [trimmed, number]
  while (young - old > 1) {
    const middle = Math.floor((old + young) / 2)
    const [entry] = await store.audit(middle - 1, 1)
    if (entry !== undefined && entry.time < time) old = Math.max(middle, entry.number)
    else young = middle
  }
  return old
}
