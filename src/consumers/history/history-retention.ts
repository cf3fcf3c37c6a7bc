/** Background maintenance of the history: retention, downsampling, compaction. Yields to requests. */
import { type Clock, systemClock } from '../../clock.ts'
import { MAX_OFFSET_NS } from '../../model/samples.ts'
import { earlier, fromMilliseconds } from '../../model/time.ts'
import { runPeriodicallyAsLeader } from '../../store/run-as-leader.ts'
import type { SeriesName } from '../../store/series.ts'
import type { Store } from '../../store/store.ts'
import type { ThreadPool } from '../../threads/pool.ts'
import { compact } from './compaction.ts'
import { type DownsampledUntil, downsample } from './downsampling.ts'
import type { HistoryPolicy, HistoryPolicyOf } from './policy.ts'
import { rewriteHere, rewriteIn } from './rewrite.ts'

export interface HistoryRetentionOptions {
  readonly policyOf: HistoryPolicyOf
  /** Called with an error; the next attempt follows at the next interval. */
  readonly failed: (error: unknown) => void
  readonly intervalMs?: number
  readonly clock?: Clock
  /** Where much is rewritten; absent: here. */
  readonly threads?: ThreadPool
}

const INTERVAL_MS = 10 * 60 * 1000
const SERIES_PER_READ = 100

/** Rests for this many times as long as it worked. */
const REST_FACTOR = 8
const MIN_REST_MS = 5
const MAX_REST_MS = 1000

/** Series whose state after the last pass is remembered. */
const CACHE_ENTRIES = 100_000

/** No chunk covers more than this fraction of the time after which samples are dropped or downsampled. */
const CHUNKS_PER_AGE = 8n

const FOREVER_NS = 2n ** 63n

/** @returns stops it; resolves when it has ended */
export function startHistoryRetention(store: Store, options: HistoryRetentionOptions): () => Promise<void> {
  const { failed, intervalMs = INTERVAL_MS, clock = systemClock } = options
  const maintained: MaintainedSeries = new Map()
  return runPeriodicallyAsLeader(store, { name: 'history keeping', intervalMs, clock, failed }, (signal) =>
    maintainOnce(store, options, maintained, signal)
  )
}

/** By series: what it looked like when its chunks were in order, and how far it was downsampled. */
type MaintainedSeries = Map<
  string,
  { readonly inOrder?: string | undefined; readonly downsampled?: DownsampledUntil | undefined }
>

/** One pass over all series. @throws the reason of the signal once it is aborted */
export async function maintainOnce(
  store: Store,
  { policyOf, failed, clock = systemClock, threads }: HistoryRetentionOptions,
  maintained: MaintainedSeries = new Map(),
  signal?: AbortSignal
): Promise<void> {
  const rest = restsOf(clock, signal)
  const rewriter = threads === undefined ? rewriteHere : rewriteIn(threads)
  let after: SeriesName | undefined
  do {
    const page = await store.series(after, SERIES_PER_READ)
    for (const { submodel, path, ...figures } of page) {
      const series = { submodel, path }
      const policy = await policyOf(series)
      const { keep, after: rawFor, mean: width } = policy
      const now = fromMilliseconds(clock.milliseconds())
      const name = JSON.stringify(series)
      let { inOrder, downsampled } = maintained.get(name) ?? {}
      const reach = reachOf(policy)
      if (keep !== undefined) await store.dropChunks(series, now - keep)
      if (rawFor !== undefined && width !== undefined) {
        const options = { before: now - rawFor, width, reach, rest, rewriter, failed }
        downsampled = await downsample(store, series, options, downsampled)
      }
      const seen = JSON.stringify(figures, bigintAsText)
      if (inOrder !== seen)
        inOrder = (await compact(store, series, { rest, reach, rewriter, failed })) ? undefined : seen
      if (maintained.size >= CACHE_ENTRIES) maintained.clear()
      maintained.set(name, { inOrder, downsampled })
      await rest()
    }
    after = page.length < SERIES_PER_READ ? undefined : page.at(-1)
  } while (after !== undefined)
}

/** @returns rests in proportion to the time since the last rest; throws the reason of the signal once it is aborted */
function restsOf(clock: Clock, signal: AbortSignal | undefined): () => Promise<void> {
  let resumedAt = clock.monotonic()
  return async () => {
    signal?.throwIfAborted()
    const restMs = (clock.monotonic() - resumedAt) * REST_FACTOR
    if (restMs < MIN_REST_MS) return
    await clock.sleep(Math.min(restMs, MAX_REST_MS), signal)
    signal?.throwIfAborted()
    resumedAt = clock.monotonic()
  }
}

/** Nanoseconds that a chunk may cover. */
function reachOf({ keep = FOREVER_NS, after = FOREVER_NS }: HistoryPolicy): bigint {
  return earlier(earlier(keep, after) / CHUNKS_PER_AGE, BigInt(MAX_OFFSET_NS))
}

function bigintAsText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
