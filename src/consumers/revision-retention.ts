/**
 * Deletes superseded revisions by age and size, oldest first. What began a document is kept while the document exists, so
 * that its creation time stays known; it is small.
 */
import { type Clock, systemClock } from '../clock.ts'
import { KEPT_SINCE } from '../store/revision-reader.ts'
import { parseRevision, type Revision, revisionsOf } from '../store/revisions.ts'
import { runPeriodicallyAsLeader } from '../store/run-as-leader.ts'
import type { Document, Store } from '../store/store.ts'

const INTERVAL_MS = 10 * 60 * 1000
/** Few enough not to delay other commits. */
const REVISIONS_PER_COMMIT = 100
/** Revisions whose size is looked at, to estimate that of all. */
const SAMPLED = 64

/** Up to which position all were looked at; stored like the position of a consumer. */
const DONE = 'revision retention'

export interface RevisionRetentionOptions {
  /** Revisions that were superseded before this are deleted. */
  readonly maxAgeMs: number
  /** Beyond this size, which is estimated, the oldest are deleted earlier. */
  readonly maxBytes: number
  readonly clock?: Clock
  /** Called with an error; the next attempt follows at the next interval. */
  readonly failed: (error: unknown) => void
}

/** @returns stops it; resolves when it has ended */
export function startRevisionRetention(store: Store, options: RevisionRetentionOptions): () => Promise<void> {
  const { clock = systemClock, failed } = options
  const periodic = { name: 'revision retention', intervalMs: INTERVAL_MS, clock, failed }
  return runPeriodicallyAsLeader(store, periodic, async (signal) => {
    await trimRevisions(store, { ...options, clock }, signal)
  })
}

/** @returns how many were deleted */
export async function trimRevisions(
  store: Store,
  { maxAgeMs, maxBytes, clock = systemClock }: Omit<RevisionRetentionOptions, 'failed'>,
  signal?: AbortSignal
): Promise<number> {
  const expired = clock.milliseconds() - maxAgeMs
  let surplus = await surplusOf(store, maxBytes)
  let deleted = 0
  for (let after = (await store.cursor(DONE)) ?? 0; ; ) {
    signal?.throwIfAborted()
    const { items, next } = await store.documents('Revision', [], { after, limit: REVISIONS_PER_COMMIT })
    const old = items.map(parseRevision).filter(({ time }, index) => time < expired || index < surplus)
    const last = old.at(-1)
    if (last === undefined) return deleted
    const gone = await superseded(store, old)
    // First, as what was valid before is not known from then on.
    if (gone.length > 0) await store.setCursor(KEPT_SINCE, Math.max(last.time, (await store.cursor(KEPT_SINCE)) ?? 0))
    if (gone.length > 0) await store.commit(gone.map((id) => ({ change: 'delete', kind: 'Revision', id })))
    await store.setCursor(DONE, last.position)
    deleted += gone.length
    surplus -= old.length
    after = last.position
    if (old.length < items.length || next === undefined) return deleted
  }
}

/** Ids of those to delete: with the deletion of a document also what began it. */
async function superseded(store: Store, old: readonly Revision[]): Promise<string[]> {
  const gone = new Set<string>()
  for (const { kind, id, action, revision, position } of old) {
    if (action === 'created') continue
    gone.add(revision)
    if (action !== 'deleted') continue
    for (const earlier of await beginnings(store, kind, id, position)) gone.add(earlier)
  }
  return [...gone]
}

/** Revisions of a document before a position; all others are deleted by then. */
async function beginnings(store: Store, kind: Revision['kind'], id: string, before: number): Promise<string[]> {
  const { items } = await store.documents('Revision', [revisionsOf(kind, id)], { limit: REVISIONS_PER_COMMIT })
  return items.filter(({ position }) => position < before).map((document) => document.id)
}

/** How many are to be deleted for the rest to fit, as if all were as large as some of them. */
async function surplusOf(store: Store, maxBytes: number): Promise<number> {
  const { documents } = await store.figures()
  const count = documents.Revision ?? 0
  if (count === 0) return 0
  const oldest = await store.documents('Revision', [], { limit: SAMPLED })
  const sizes = [...oldest.items, ...(await newest(store))].map(({ bytes }) => bytes.length + OVERHEAD_BYTES)
  const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length
  return Math.max(0, Math.ceil(count - maxBytes / mean))
}

/** Of one revision in the tables and indexes. */
const OVERHEAD_BYTES = 400

/** Some of the last ones; positions have gaps, so the end is searched by doubling steps. */
async function newest(store: Store): Promise<readonly Document[]> {
  let [low, high] = [0, Number.POSITIVE_INFINITY]
  let found: readonly Document[] = []
  for (let step = 1; high - low > 1; step *= 2) {
    const middle = high === Number.POSITIVE_INFINITY ? low + step : Math.floor((low + high) / 2)
    const { items } = await store.documents('Revision', [], { after: middle, limit: SAMPLED })
    if (items.length === 0) high = middle
    else {
      found = items
      low = items.at(-1)?.position ?? middle
    }
    if (items.length === SAMPLED && high !== Number.POSITIVE_INFINITY) return items
  }
  return found
}
