/** Lets go of history that is older than its policy wants, makes less of what is old, and brings its chunks into order. In no hurry. */
import { setTimeout as sleep } from 'node:timers/promises'
import { FURTHEST } from '../../model/samples.ts'
import { earlier, fromMilliseconds } from '../../model/time.ts'
import type { SeriesName, Store } from '../../store/store.ts'
import { compact } from './compaction.ts'
import type { Policy, PolicyOf } from './policy.ts'
import { type Thinned, thin } from './thinning.ts'

export interface KeepingOptions {
  readonly policyOf: PolicyOf
  /** Hears of a failure; it is tried again. */
  readonly failed: (error: unknown) => void
  /** How often it looks, in milliseconds. */
  readonly every?: number
  /** Server time in milliseconds since 1970. */
  readonly clock?: () => number
}

const INTERVAL_MS = 10 * 60 * 1000
const SERIES_PER_READ = 100

/** It rests so many times as long as it worked, in parts of so many milliseconds. */
const REST_FACTOR = 8
const MIN_REST_MS = 5
const MAX_REST_MS = 1000

/** Series of which it is remembered that their chunks are in order. */
const CACHE_ENTRIES = 100_000

/** Of the time for which something is kept, or kept as it came, a chunk covers no more than such a part. */
const PART = 8n

const LONG = 2n ** 63n

/** @returns the way to stop; resolves when nothing is under way any more */
export function startHistoryRetention(store: Store, options: KeepingOptions): () => Promise<void> {
  const { failed, every = INTERVAL_MS } = options
  const stopping = new AbortController()
  const inOrder: InOrder = new Map()
  const done = (async () => {
    while (!stopping.signal.aborted) {
      try {
        if (await store.lease('history keeping', 2 * every)) await lookOnce(store, options, inOrder, stopping.signal)
      } catch (error) {
        if (!stopping.signal.aborted) failed(error)
      }
      await sleep(every, undefined, { signal: stopping.signal, ref: false }).catch(() => {})
    }
  })()
  return async () => {
    stopping.abort()
    await done
  }
}

/** By its name, what a series looked like when its chunks were in order, and how far it was thinned. */
type InOrder = Map<string, { readonly glance?: string | undefined; readonly thinned?: Thinned | undefined }>

/** Looks at every series once. */
export async function lookOnce(
  store: Store,
  { policyOf, failed, clock = Date.now }: KeepingOptions,
  inOrder: InOrder = new Map(),
  signal?: AbortSignal
): Promise<void> {
  const rest = pace(signal)
  let after: SeriesName | undefined
  do {
    const page = await store.series(after, SERIES_PER_READ)
    for (const { submodel, path, ...found } of page) {
      const series = { submodel, path }
      const policy = await policyOf(series)
      const { keep, after: old, mean: width } = policy
      const now = fromMilliseconds(clock())
      const name = JSON.stringify(series)
      let { glance, thinned } = inOrder.get(name) ?? {}
      const reach = reachOf(policy)
      if (keep !== undefined) await store.dropChunks(series, now - keep)
      if (old !== undefined && width !== undefined) {
        thinned = await thin(store, series, { before: now - old, width, reach, rest, failed }, thinned)
      }
      const seen = JSON.stringify(found, written)
      if (glance !== seen) glance = (await compact(store, series, { rest, reach, failed })) ? undefined : seen
      if (inOrder.size >= CACHE_ENTRIES) inOrder.clear()
      inOrder.set(name, { glance, thinned })
      await rest()
    }
    after = page.length < SERIES_PER_READ ? undefined : page.at(-1)
  } while (after !== undefined)
}

/** @returns rests, and throws once it is to stop */
function pace(signal: AbortSignal | undefined): () => Promise<void> {
  let from = performance.now()
  return async () => {
    signal?.throwIfAborted()
    const rest = (performance.now() - from) * REST_FACTOR
    if (rest < MIN_REST_MS) return
    await sleep(Math.min(rest, MAX_REST_MS), undefined, { ...(signal && { signal }) })
    from = performance.now()
  }
}

function reachOf({ keep = LONG, after = LONG }: Policy): bigint {
  return earlier(earlier(keep, after) / PART, BigInt(FURTHEST))
}

function written(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
