/** The chunks of a series as the log changes them. */
import { HubError } from '../../errors.ts'
import type { Chunk, ChunkHead, Series, SeriesName } from '../series.ts'
import type { SeriesChange, StoredChunk } from './content.ts'
import { keyOf, type SeriesState } from './keys.ts'
import type { Overlay } from './overlay.ts'

/**
 * Puts chunks, whose bytes are stored under these names, in place of others and of those with the same key.
 * @returns what it came to for each series
 * @throws HubError `Conflict` where one of `replaced` is no longer there as it was
 */
export function putChunks(
  space: Overlay,
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
  const leave = (head: ChunkHead) => {
    const change = changeOf(head)
    const isIt = (one: StoredChunk) => one.seq === head.seq && one.from === String(head.from)
    const there = stateOf(space, head).chunks.find(isIt)
    if (there !== undefined) change.removed.add(there.name)
    change.added = change.added.filter((chunk) => !isIt(chunk))
    return there
  }
  for (const head of replaced) {
    const there = leave(head)
    if (there?.count !== head.count || there.to !== String(head.to)) {
      throw new HubError('Conflict', [`The history of "${head.path}" was written meanwhile`])
    }
  }
  for (const [index, chunk] of chunks.entries()) {
    leave(chunk)
    const { from, to, seq, count, bytes } = chunk
    const name = names[index] ?? ''
    changeOf(chunk).added.push({ name, from: String(from), to: String(to), seq, count, size: bytes.length })
  }
  return carryOut(
    space,
    [...bySeries.values()].map(({ removed, ...change }) => ({ ...change, removed: [...removed] }))
  )
}

/** @returns what it came to, and how many chunks were dropped */
export function dropChunks(space: Overlay, series: SeriesName, before: bigint) {
  const removed = stateOf(space, series).chunks.filter(({ to }) => BigInt(to) < before)
  const { submodel, path } = series
  const change = { submodel, path, added: [], removed: removed.map(({ name }) => name) }
  return { dropped: removed.length, changes: removed.length === 0 ? [] : carryOut(space, [change]) }
}

function carryOut(space: Overlay, changes: readonly SeriesChange[]): SeriesChange[] {
  const made = changes.filter(({ added, removed }) => added.length + removed.length > 0)
  for (const change of made) {
    const before = stateOf(space, change)
    const after = changed(before, change)
    space.setOther(keyOf.series(change), after)
    const [was, is] = [figuresOf(before), figuresOf(after)]
    space.count({
      series: Number(is.chunks > 0) - Number(was.chunks > 0),
      samples: is.count - was.count,
      historyBytes: is.bytes - was.bytes
    })
  }
  return made
}

export function changed(before: SeriesState, { submodel, path, added, removed }: SeriesChange): SeriesState {
  const [gone, names] = [new Set(removed), new Set(added.map(({ name }) => name))]
  const kept = before.chunks.filter(({ name }) => !gone.has(name) && !names.has(name))
  return { submodel, path, chunks: added.length === 0 ? kept : [...kept, ...added].sort(inOrder) }
}

function inOrder(one: StoredChunk, other: StoredChunk): number {
  const [a, b] = [BigInt(one.from), BigInt(other.from)]
  return a === b ? one.seq - other.seq : a < b ? -1 : 1
}

function stateOf(space: Overlay, { submodel, path }: SeriesName): SeriesState {
  const found = space.other(keyOf.series({ submodel, path })) as SeriesState | null | undefined
  return found ?? { submodel, path, chunks: [] }
}

/** A chunk, and the name of its bytes. */
export type NamedChunk = ChunkHead & Pick<StoredChunk, 'name'>

/** The first so many that overlap [from, to]. */
export function overlapping(state: SeriesState | null, from: bigint, to: bigint, limit: number): NamedChunk[] {
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

/** At a glance; undefined where it has no chunks. */
export function glance(state: SeriesState | null): Series | undefined {
  if (state === null || state.chunks.length === 0) return undefined
  const { submodel, path } = state
  return { submodel, path, ...figuresOf(state) }
}

function figuresOf({ chunks }: SeriesState) {
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
