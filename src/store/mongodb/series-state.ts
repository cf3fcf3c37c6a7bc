/** The chunks of a series as the log changes them. Their bytes are stored before, and never change. */
import { historyChanged } from '../change-rules.ts'
import type { Chunk, ChunkHead, Series, SeriesName } from '../series.ts'
import type { SeriesChange, StoredChunk } from './batch-content.ts'
import { keyOf, type SeriesState } from './keys.ts'
import type { Overlay } from './overlay.ts'

/**
 * Puts chunks in place of `replaced` ones and of those with the same key.
 * @param names under which the bytes of the chunks are stored
 * @returns the change of each series
 * @throws ChangeRefused `Conflict` if one of `replaced` is no longer there as it was
 */
export function putChunks(
  overlay: Overlay,
  chunks: readonly Chunk[],
  names: readonly string[],
  replaced: readonly ChunkHead[]
): SeriesChange[] {
  const bySeries = new Map<string, SeriesName & { added: StoredChunk[]; removed: Set<string> }>()
  const changeOf = ({ submodel, path }: SeriesName) => {
    const key = keyOf.series({ submodel, path })
    const known = bySeries.get(key) ?? { submodel, path, added: [], removed: new Set<string>() }
    bySeries.set(key, known)
    return known
  }
  const removeChunk = (head: ChunkHead) => {
    const change = changeOf(head)
    const isSame = (chunk: StoredChunk) => chunk.seq === head.seq && chunk.from === String(head.from)
    const stored = seriesStateOf(overlay, head).chunks.find(isSame)
    if (stored !== undefined) change.removed.add(stored.name)
    change.added = change.added.filter((chunk) => !isSame(chunk))
    return stored
  }
  for (const head of replaced) {
    const stored = removeChunk(head)
    if (stored?.count !== head.count || stored.to !== String(head.to)) {
      throw historyChanged(head.path)
    }
  }
  for (const [index, chunk] of chunks.entries()) {
    removeChunk(chunk)
    const { from, to, seq, count, bytes } = chunk
    const name = names[index] ?? ''
    changeOf(chunk).added.push({ name, from: String(from), to: String(to), seq, count, size: bytes.length })
  }
  const changes = [...bySeries.values()].map(({ removed, ...change }) => ({ ...change, removed: [...removed] }))
  return applyToOverlay(overlay, changes)
}

/** Drops chunks that end before a time. */
export function dropChunks(
  overlay: Overlay,
  { submodel, path }: SeriesName,
  before: bigint
): { readonly dropped: number; readonly changes: readonly SeriesChange[] } {
  const old = seriesStateOf(overlay, { submodel, path }).chunks.filter(({ to }) => BigInt(to) < before)
  const change = { submodel, path, added: [], removed: old.map(({ name }) => name) }
  return { dropped: old.length, changes: applyToOverlay(overlay, [change]) }
}

/** @returns those that change anything */
function applyToOverlay(overlay: Overlay, changes: readonly SeriesChange[]): SeriesChange[] {
  const effective = changes.filter(({ added, removed }) => added.length + removed.length > 0)
  for (const change of effective) {
    const before = seriesStateOf(overlay, change)
    const after = applySeriesChange(before, change)
    overlay.setOtherState(keyOf.series(change), after)
    const [old, now] = [totalsOf(before), totalsOf(after)]
    overlay.addToCounters({
      series: Number(now.chunks > 0) - Number(old.chunks > 0),
      samples: now.count - old.count,
      historyBytes: now.bytes - old.bytes
    })
  }
  return effective
}

export function applySeriesChange(before: SeriesState, { submodel, path, added, removed }: SeriesChange): SeriesState {
  const [gone, names] = [new Set(removed), new Set(added.map(({ name }) => name))]
  const kept = before.chunks.filter(({ name }) => !gone.has(name) && !names.has(name))
  return { submodel, path, chunks: added.length === 0 ? kept : [...kept, ...added].sort(compareChunks) }
}

function compareChunks(one: StoredChunk, other: StoredChunk): number {
  const [a, b] = [BigInt(one.from), BigInt(other.from)]
  return a === b ? one.seq - other.seq : a < b ? -1 : 1
}

function seriesStateOf(overlay: Overlay, { submodel, path }: SeriesName): SeriesState {
  const found = overlay.otherState(keyOf.series({ submodel, path })) as SeriesState | null | undefined
  return found ?? { submodel, path, chunks: [] }
}

/** A chunk with the name under which its bytes are stored. */
export type NamedChunk = ChunkHead & Pick<StoredChunk, 'name'>

/** The first `limit` chunks that overlap [from, to]. */
export function overlappingChunks(state: SeriesState | null, from: bigint, to: bigint, limit: number): NamedChunk[] {
  const found: NamedChunk[] = []
  if (state === null) return found
  const { submodel, path } = state
  for (const { name, seq, count, ...span } of state.chunks) {
    const [start, end] = [BigInt(span.from), BigInt(span.to)]
    if (start > to || found.length === limit) break
    if (end >= from) found.push({ submodel, path, name, from: start, seq, to: end, count })
  }
  return found
}

/** Undefined if it has no chunks. */
export function summarizeSeries(state: SeriesState | null): Series | undefined {
  if (state === null || state.chunks.length === 0) return undefined
  const { submodel, path } = state
  return { submodel, path, ...totalsOf(state) }
}

function totalsOf({ chunks }: SeriesState): Omit<Series, keyof SeriesName> {
  let [count, bytes] = [0, 0]
  let from = BigInt(chunks[0]?.from ?? 0)
  let to = BigInt(chunks[0]?.to ?? 0)
  for (const chunk of chunks) {
    count += chunk.count
    bytes += chunk.size
    if (BigInt(chunk.from) < from) from = BigInt(chunk.from)
    if (BigInt(chunk.to) > to) to = BigInt(chunk.to)
  }
  return { count, chunks: chunks.length, bytes, from, to }
}
