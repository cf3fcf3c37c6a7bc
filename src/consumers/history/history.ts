/**
 * The history, kept in step with the log: what was measured is gathered by series and written as chunks, seldom and in
 * large parts. What is not in chunks yet is known here, so that readers miss nothing.
 *
 * The cursor moves after the chunks are durable. What a process that died had written comes again; whoever goes on after
 * it leaves out what is in chunks already. Everything of a series up to some entry is put at once, so a chunk of that
 * entry or a later one says that it was.
 *
 * Of several processes one writes; the others follow as well, and drop what the writer's cursor has passed.
 */
import { setImmediate } from 'node:timers/promises'
import { HubError } from '../../errors.ts'
import type { Run } from '../../model/samples.ts'
import { earlier, later } from '../../model/time.ts'
import { isDamaged } from '../../store/damage.ts'
import { describeChunk } from '../../store/merge-chunks.ts'
import { decodeRun, type PackedRun } from '../../store/run-codec.ts'
import type { Chunk, SeriesName, Store } from '../../store/store.ts'
import { CHUNK_SAMPLES, pack, type Unfilled } from './packing.ts'
import { type Item, type Measured, Pending } from './pending.ts'
import { KEEP_EVERYTHING, type PolicyOf } from './policy.ts'

export interface HistoryOptions {
  /** Absent: all is recorded. */
  readonly policyOf?: PolicyOf
  /** Hears of a failure; it is tried again. */
  readonly failed: (error: unknown) => void
  /** Milliseconds after which what is pending is written, and how much of it may be. */
  readonly every?: number
  readonly pendingBytes?: number
}

/** What readers need of it, and whoever trims the log (operations/history, consumers/log-retention). */
export interface HistoryWriter {
  caughtUp(): Promise<void>
  parts(series: SeriesName): readonly (Run | PackedRun)[]
  /** The last entry of the log whose samples are in chunks: nothing behind it may be trimmed. */
  taken(): Promise<number>
  /** Writes what is pending, then stops. */
  stop(): Promise<void>
}

/** Under which the cursor is kept, and the work claimed. */
const CONSUMER_NAME = 'history'
const LEASE_TTL_MS = 30_000

const WRITE_INTERVAL_MS = 10_000
const MAX_PENDING_BYTES = 16 * 1024 * 1024
const ENTRIES_PER_READ = 1000

/** Series of which it is remembered whether their last chunk is full. */
const CACHE_ENTRIES = 100_000

/** Milliseconds of packing, after which requests get their turn. */
const SLICE_MS = 5

export async function startHistoryWriter(store: Store, options: HistoryOptions): Promise<HistoryWriter> {
  const {
    failed,
    policyOf = () => KEEP_EVERYTHING,
    every = WRITE_INTERVAL_MS,
    pendingBytes = MAX_PENDING_BYTES
  } = options
  const pending = new Pending()
  /** The last chunk of a series, by key, without its bytes; `full` where it takes no more. */
  const lastChunks = new Map<string, Omit<Chunk, 'bytes'> | 'full'>()
  /** Last entry that was read. */
  let position = (await store.cursor(CONSUMER_NAME)) ?? 0
  let reading: Promise<boolean> | undefined
  let following: Promise<void> | undefined
  let writing: Promise<void> = Promise.resolve()
  let stopped = false
  /** Has nobody else written since this process did, and did that go well? */
  let isOnly = false

  const hangUp = store.onCommit(() => void follow().catch(failed))
  const timer = setInterval(() => void write().catch(failed), every)
  timer.unref()
  // What was left behind is taken meanwhile: readers wait for what they need.
  void follow().catch(failed)

  return {
    caughtUp,
    parts: (series) => pending.parts(series),
    taken: async () => (await store.cursor(CONSUMER_NAME)) ?? 0,
    stop: async () => {
      clearInterval(timer)
      hangUp()
      await caughtUp().catch(failed)
      stopped = true
      await write().catch(failed)
    }
  }

  /** Not the end of the log, which others may push on as fast as it is read: what was in it when this was asked for. */
  async function caughtUp(): Promise<void> {
    const { logLast } = await store.figures()
    while (position < logLast && !stopped) {
      // What the store has told already may be on its way to its log.
      if (!(await read())) await setImmediate()
    }
  }

  /** Reads as long as there is more. */
  function follow(): Promise<void> {
    following ??= (async () => {
      while (await read());
    })().finally(() => {
      following = undefined
    })
    return following
  }

  /** Reads a page of the log, once at a time. @returns false where there is nothing more */
  function read(): Promise<boolean> {
    reading ??= readPage().finally(() => {
      reading = undefined
    })
    return reading
  }

  async function readPage(): Promise<boolean> {
    if (stopped) return false
    const { entries, gap } = await store.log(position, ENTRIES_PER_READ)
    if (gap)
      failed(new Error(`The log was trimmed or is damaged behind entry ${position}, which the history had not taken`))
    for (const { seq, changes } of entries) {
      for (const change of changes) {
        if (change.change !== 'samples' && change.change !== 'value') continue
        const policy = policyOf(change)
        const { isRecorded } = policy instanceof Promise ? await policy : policy
        if (isRecorded) note(pending.add(seq, change))
      }
    }
    // Readers are told of nothing that could still be missing: only what was taken counts.
    position = entries.at(-1)?.seq ?? position
    if (pending.bytes > pendingBytes) await write()
    return entries.length > 0
  }

  /** Says what is wrong with what came: it is kept as it is, and not looked at again. */
  function note({ seq, change: { path, submodel }, damage }: Item): void {
    if (damage === undefined) return
    failed(new HubError('Damaged', [`What entry ${seq} of the log holds of "${path}" in "${submodel}"`, damage]))
  }

  /** Writes everything that is pending as chunks, once at a time. */
  function write(): Promise<void> {
    writing = writing.catch(() => {}).then(writeOn)
    return writing
  }

  async function writeOn(): Promise<void> {
    if (!(await store.lease(CONSUMER_NAME, LEASE_TTL_MS))) {
      // Whoever writes now has chunks that are not known here.
      isOnly = false
      lastChunks.clear()
      pending.dropUntil((await store.cursor(CONSUMER_NAME)) ?? 0)
      return
    }
    const upTo = position
    const known = (await store.cursor(CONSUMER_NAME)) ?? 0
    if (known > upTo) return
    // What another process wrote before it died is in chunks already.
    pending.dropUntil(known)
    const isHeir = !isOnly
    if (isHeir) lastChunks.clear()
    isOnly = false
    let from = performance.now()
    for (const series of pending.series()) {
      const all = pending.items(series, upTo)
      const items = isHeir ? await untaken(series, all) : all
      if (items.length === 0) continue
      await put(series, items)
      if (performance.now() - from > SLICE_MS) {
        await setImmediate()
        from = performance.now()
      }
    }
    if (upTo > known) await store.setCursor(CONSUMER_NAME, upTo)
    pending.dropUntil(upTo)
    isOnly = true
  }

  async function put(series: SeriesName, items: readonly Item[]): Promise<void> {
    const { chunks, replaced } = pack(series, items, await unfilledOf(series))
    try {
      await store.putChunks(chunks, replaced)
      remember(series, chunks)
    } catch (error) {
      if (!isConflict(error)) throw error
      // Its last chunk was brought together with others meanwhile.
      lastChunks.delete(keyOf(series))
      await put(series, items)
    }
  }

  /** Those that are not in chunks: one that holds an item spans its time, and is of no earlier entry. */
  async function untaken(series: SeriesName, items: readonly Item[]): Promise<readonly Item[]> {
    const spans = items.map(({ change }) => spanOfChange(change))
    if (spans.length === 0) return []
    const from = spans.map((span) => span.from).reduce(earlier)
    const to = spans.map((span) => span.to).reduce(later)
    let taken = 0
    for await (const { seq } of store.heads(series, from, to)) taken = Math.max(taken, seq)
    return items.filter(({ seq }) => seq > taken)
  }

  /** The last chunk of a series, if it may take more; one that is damaged stays as it is, so that it can be restored. */
  async function unfilledOf(series: SeriesName): Promise<Unfilled | undefined> {
    try {
      return await findUnfilled(series)
    } catch (error) {
      if (!isDamaged(error)) throw error
      failed(error)
      return undefined
    }
  }

  async function findUnfilled(series: SeriesName): Promise<Unfilled | undefined> {
    const known = lastChunks.get(keyOf(series)) ?? (await lastOf(series))
    if (known === undefined || known === 'full' || known.count >= CHUNK_SAMPLES) return undefined
    let last: Chunk | undefined
    for await (const chunk of store.chunks(series, known.from, known.to)) {
      if (chunk.from === known.from && chunk.seq === known.seq) last = chunk
      // What came after it would count less than what is older, once that is in a chunk that came later still.
      else if (chunk.seq > known.seq) return undefined
    }
    if (last === undefined) return undefined
    const { bytes, ...head } = last
    return { head, run: decodeRun(bytes, () => describeChunk(last)) }
  }

  async function lastOf(series: SeriesName): Promise<Chunk | undefined> {
    const end = (await store.seriesOf(series))?.to
    let last: Chunk | undefined
    if (end !== undefined) for await (const chunk of store.chunks(series, end, end)) last = chunk
    return last
  }

  function remember(series: SeriesName, chunks: readonly Chunk[]): void {
    if (lastChunks.size >= CACHE_ENTRIES) lastChunks.clear()
    const [first] = chunks
    if (first === undefined) return
    const { bytes: _, ...last } = chunks.reduce((latest, chunk) => (chunk.to > latest.to ? chunk : latest), first)
    lastChunks.set(keyOf(series), last.count < CHUNK_SAMPLES ? last : 'full')
  }
}

/** Did somebody else put other chunks in place of those that were to be replaced? */
export function isConflict(error: unknown): boolean {
  return error instanceof HubError && error.name === 'Conflict'
}

function spanOfChange(change: Measured): { readonly from: bigint; readonly to: bigint } {
  return change.change === 'samples' ? change : { from: change.sourceTime, to: change.sourceTime }
}

function keyOf({ submodel, path }: SeriesName): string {
  return `${path} ${submodel}`
}
