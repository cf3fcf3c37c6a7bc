/**
 * Scans the chunks of a series while they may be replaced, however slow the reader is: every sample stored when the scan
 * began is returned, some of them perhaps twice.
 *
 * A chunk's samples do not begin before the chunk. So every sample before the start of the last chunk returned has been
 * returned, and replacements of the remaining chunks reach beyond that start: listing what reaches there again finds
 * them, even if they begin earlier.
 */
import { later } from '../model/time.ts'
import type { ChunkHead, IsEnough, SummarisedHead } from './series.ts'

export interface ChunkSource<Entry extends ChunkHead, Loaded> {
  /** The first `limit` entries that end at or after this time, by `from`, then `seq`. */
  list(from: bigint, limit: number): Promise<readonly Entry[]>
  /** Undefined for chunks that no longer exist. */
  load(entries: readonly Entry[]): Promise<readonly (Loaded | undefined)[]>
}

const HEADS_PER_READ = 500
const CHUNKS_PER_READ = 16

export async function* scanChunks<Entry extends ChunkHead, Loaded>(
  from: bigint,
  { list, load }: ChunkSource<Entry, Loaded>
): AsyncGenerator<Loaded> {
  let start = from
  let limit = CHUNKS_PER_READ
  /** Chunks already returned that end at or after `start`. */
  let returned: Entry[] = []
  for (let isDone = false; !isDone; ) {
    const listed = await list(start, limit + returned.length)
    const fresh = listed.filter((entry) => !returned.some((one) => isSameChunk(one, entry)))
    isDone = listed.length < limit + returned.length
    // Most readers need little, so the first list is short.
    limit = Math.min(2 * limit, HEADS_PER_READ)
    reading: for (let at = 0; at < fresh.length; at += CHUNKS_PER_READ) {
      const entries = fresh.slice(at, at + CHUNKS_PER_READ)
      for (const [index, loaded] of (await load(entries)).entries()) {
        const entry = entries[index]
        if (entry === undefined || loaded === undefined) {
          isDone = false
          break reading
        }
        start = later(start, entry.from)
        returned.push(entry)
        yield loaded
      }
    }
    returned = returned.filter(({ to }) => to >= start)
  }
}

/** Loads only chunks whose summary is not enough, or that overlap others. */
export function scanSummarised<Entry extends SummarisedHead, Loaded>(
  from: bigint,
  { list, load }: ChunkSource<Entry, Loaded>,
  isEnough: IsEnough
): AsyncGenerator<Loaded | Required<SummarisedHead>> {
  let alone: ReadonlySet<Entry> = new Set()
  return scanChunks<Entry, Loaded | Required<SummarisedHead>>(from, {
    list: async (start, limit) => {
      const listed = await list(start, limit)
      alone = withoutOverlap(listed, listed.length < limit)
      return listed
    },
    load: async (entries) => {
      const found = entries.map((entry) =>
        alone.has(entry) && hasSummary(entry) && isEnough(entry) ? entry : undefined
      )
      const wanted = entries.filter((_, index) => found[index] === undefined)
      const loaded = wanted.length === 0 ? [] : await load(wanted)
      let at = 0
      return found.map((entry) => entry ?? loaded[at++])
    }
  })
}

function hasSummary<Entry extends SummarisedHead>(entry: Entry): entry is Entry & Required<SummarisedHead> {
  return entry.summary !== undefined
}

/** @param listed by `from`. @param isWhole none follows that is not listed */
function withoutOverlap<Entry extends ChunkHead>(listed: readonly Entry[], isWhole: boolean): Set<Entry> {
  const alone = new Set<Entry>()
  let end: bigint | undefined
  for (const [index, entry] of listed.entries()) {
    const next = listed[index + 1]
    const isBeforeNext = next === undefined ? isWhole : entry.to < next.from
    if (isBeforeNext && (end === undefined || end < entry.from)) alone.add(entry)
    end = end === undefined ? entry.to : later(end, entry.to)
  }
  return alone
}

function isSameChunk(one: ChunkHead, other: ChunkHead): boolean {
  return one.from === other.from && one.seq === other.seq && one.to === other.to && one.count === other.count
}
