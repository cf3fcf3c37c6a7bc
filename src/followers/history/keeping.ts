/** Lets go of history that is older than its policy wants, and makes less of what is old. In no hurry. */
import { setTimeout as sleep } from 'node:timers/promises'
import { lengthOf, membersAt, numberAt, qualities, qualityAt, type Run, spanOf, timeAt } from '../../model/samples.ts'
import { fromMilliseconds } from '../../model/time.ts'
import { decodeRun, encodeRun } from '../../store/chunks.ts'
import type { Chunk, SeriesName, Store } from '../../store/store.ts'
import type { Policy } from './policy.ts'

export interface KeepingOptions {
  readonly policyOf: (series: SeriesName) => Promise<Policy>
  /** Hears of a failure; it is tried again. */
  readonly failed: (error: unknown) => void
  /** How often it looks, in milliseconds. */
  readonly every?: number
  /** Server time in milliseconds since 1970. */
  readonly clock?: () => number
}

const EVERY = 10 * 60 * 1000
const PAGE = 100

/** It rests so many times as long as it worked. */
const TIMES = 8

const EARLIEST = -(2n ** 63n)

/** @returns the way to stop; resolves when nothing is under way any more */
export function keepWhatIsWanted(store: Store, options: KeepingOptions): () => Promise<void> {
  const { failed, every = EVERY } = options
  const stopping = new AbortController()
  const done = (async () => {
    while (!stopping.signal.aborted) {
      try {
        if (await store.claim('history keeping', 2 * every)) await lookOnce(store, options, stopping.signal)
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

/** Looks at every series once. */
export async function lookOnce(
  store: Store,
  { policyOf, clock = Date.now }: KeepingOptions,
  signal?: AbortSignal
): Promise<void> {
  let after: SeriesName | undefined
  do {
    const page = await store.series(after, PAGE)
    for (const { submodel, path } of page) {
      signal?.throwIfAborted()
      const series = { submodel, path }
      const from = performance.now()
      const now = fromMilliseconds(clock())
      const policy = await policyOf(series)
      if (policy.keep !== undefined) await store.dropChunks(series, now - policy.keep)
      if (policy.after !== undefined && policy.mean !== undefined) {
        await thin(store, series, now - policy.after, policy.mean)
      }
      const rest = (performance.now() - from) * TIMES
      if (rest > 5) await sleep(Math.min(rest, 1000), undefined, { ...(signal && { signal }) })
    }
    after = page.length < PAGE ? undefined : page.at(-1)
  } while (after !== undefined)
}

/** Makes one sample of each so many nanoseconds, of chunks that end before a time. */
async function thin(store: Store, series: SeriesName, before: bigint, width: bigint): Promise<void> {
  for await (const chunk of store.chunks(series, EARLIEST, before)) {
    // One that has no more samples than buckets was made so before.
    if (chunk.to >= before || BigInt(chunk.count) <= (chunk.to - chunk.from) / width + 2n) continue
    const run = thinned(decodeRun(chunk.bytes), width)
    const thinner: Chunk = { ...series, ...spanOf(run), seq: chunk.seq, count: lengthOf(run), bytes: encodeRun(run) }
    await store.putChunks([thinner], [chunk])
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
