/** Lets go of history that is older than its policy wants, makes less of what is old, and brings its chunks into order. In no hurry. */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  FURTHEST,
  lengthOf,
  membersAt,
  numberAt,
  qualities,
  qualityAt,
  type Run,
  spanOf,
  timeAt
} from '../../model/samples.ts'
import { earlier, fromMilliseconds } from '../../model/time.ts'
import { decodeRun, encodeRun } from '../../store/chunks.ts'
import type { Chunk, SeriesName, Store } from '../../store/store.ts'
import { compact } from './compaction.ts'
import { isConflict } from './history.ts'
import type { Policy, PolicyOf } from './policy.ts'

export interface KeepingOptions {
  readonly policyOf: PolicyOf
  /** Hears of a failure; it is tried again. */
  readonly failed: (error: unknown) => void
  /** How often it looks, in milliseconds. */
  readonly every?: number
  /** Server time in milliseconds since 1970. */
  readonly clock?: () => number
}

const EVERY = 10 * 60 * 1000
const PAGE = 100

/** It rests so many times as long as it worked, in parts of so many milliseconds. */
const TIMES = 8
const SHORTEST = 5
const LONGEST = 1000

/** Series of which it is remembered that their chunks are in order. */
const REMEMBERED = 100_000

/** Of the time for which something is kept, or kept as it came, a chunk covers no more than such a part. */
const PART = 8n

const EARLIEST = -(2n ** 63n)
const LONG = 2n ** 63n

/** @returns the way to stop; resolves when nothing is under way any more */
export function keepWhatIsWanted(store: Store, options: KeepingOptions): () => Promise<void> {
  const { failed, every = EVERY } = options
  const stopping = new AbortController()
  const inOrder: InOrder = new Map()
  const done = (async () => {
    while (!stopping.signal.aborted) {
      try {
        if (await store.claim('history keeping', 2 * every)) await lookOnce(store, options, inOrder, stopping.signal)
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

/** What a series looked like when its chunks were in order, by its name. */
type InOrder = Map<string, string>

/** Looks at every series once. */
export async function lookOnce(
  store: Store,
  { policyOf, clock = Date.now }: KeepingOptions,
  inOrder: InOrder = new Map(),
  signal?: AbortSignal
): Promise<void> {
  const rest = pace(signal)
  let after: SeriesName | undefined
  do {
    const page = await store.series(after, PAGE)
    for (const { submodel, path, ...found } of page) {
      const series = { submodel, path }
      const policy = await policyOf(series)
      await age(store, series, policy, fromMilliseconds(clock()), rest)
      const [name, glance] = [JSON.stringify(series), JSON.stringify(found, written)]
      if (inOrder.get(name) !== glance) {
        if (inOrder.size >= REMEMBERED) inOrder.clear()
        if (!(await compact(store, series, { rest, reach: reachOf(policy) }))) inOrder.set(name, glance)
      }
      await rest()
    }
    after = page.length < PAGE ? undefined : page.at(-1)
  } while (after !== undefined)
}

/** @returns rests, and throws once it is to stop */
function pace(signal: AbortSignal | undefined): () => Promise<void> {
  let from = performance.now()
  return async () => {
    signal?.throwIfAborted()
    const rest = (performance.now() - from) * TIMES
    if (rest < SHORTEST) return
    await sleep(Math.min(rest, LONGEST), undefined, { ...(signal && { signal }) })
    from = performance.now()
  }
}

function reachOf({ keep = LONG, after = LONG }: Policy): bigint {
  return earlier(earlier(keep, after) / PART, BigInt(FURTHEST))
}

function written(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

async function age(
  store: Store,
  series: SeriesName,
  { keep, after, mean }: Policy,
  now: bigint,
  rest: () => Promise<void>
): Promise<void> {
  if (keep !== undefined) await store.dropChunks(series, now - keep)
  if (after !== undefined && mean !== undefined) await thin(store, series, now - after, mean, rest)
}

/** Makes one sample of each so many nanoseconds, of chunks that end before a time. */
async function thin(
  store: Store,
  series: SeriesName,
  before: bigint,
  width: bigint,
  rest: () => Promise<void>
): Promise<void> {
  for await (const { bytes, ...head } of store.chunks(series, EARLIEST, before)) {
    // One that has no more samples than buckets was made so before.
    if (head.to >= before || BigInt(head.count) <= (head.to - head.from) / width + 2n) continue
    const run = thinned(decodeRun(bytes), width)
    const thinner: Chunk = { ...head, ...spanOf(run), count: lengthOf(run), bytes: encodeRun(run) }
    try {
      await store.putChunks([thinner], [head])
    } catch (error) {
      // Samples came to it meanwhile: it is seen the next time.
      if (!isConflict(error)) throw error
    }
    await rest()
  }
}

/** Of numbers the mean, of anything else the last; at the time of the first of each bucket, with the worst quality. */
export function thinned(run: Run, width: bigint): Run {
  const isNumeric = run.form !== 'members' && Array.from(run.offsets, (_, i) => numberAt(run, i)).every(Number.isFinite)
  const offsets: number[] = []
  const numbers: number[] = []
  const texts: string[] = []
  const worst: number[] = []
  let bucket: bigint | undefined
  let [sum, count] = [0, 0]
  for (let i = 0; i < lengthOf(run); i++) {
    const start = timeAt(run, i) / width
    if (start !== bucket) {
      offsets.push(run.offsets[i] ?? 0)
      worst.push(0)
      bucket = start
      ;[sum, count] = [0, 0]
    }
    const place = offsets.length - 1
    sum += isNumeric ? numberAt(run, i) : 0
    count++
    numbers[place] = sum / count
    texts[place] = isNumeric ? '' : run.form === 'members' ? membersAt(run, i) : String(run.values[i])
    worst[place] = Math.max(worst[place] ?? 0, qualities.indexOf(qualityAt(run, i)))
  }
  const common = { base: run.base, offsets: Float64Array.from(offsets), quality: Uint8Array.from(worst) }
  return isNumeric
    ? { ...common, form: 'number', values: Float64Array.from(numbers) }
    : { ...common, form: run.form === 'members' ? 'members' : 'text', values: texts }
}
