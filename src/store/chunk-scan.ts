/**
 * The chunks of a series one after the other, however long the reader takes and whatever takes their place meanwhile:
 * what was there when it began is given, a part of it perhaps twice.
 *
 * What is in a chunk does not begin before the chunk does. So all that began before the last one given was given, and
 * whatever takes the place of those to come reaches beyond that start: it is found when what reaches there is listed
 * anew, also where it begins earlier.
 */
import { later } from '../model/time.ts'
import type { ChunkHead } from './series.ts'

export interface ChunkSource<Entry extends ChunkHead, Loaded> {
  /** The first so many that reach to this time or beyond it, by `from`, then `seq`. */
  list(from: bigint, limit: number): Promise<readonly Entry[]>
  /** In place of those that are no longer there undefined. */
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
  /** Those given that reach to the start or beyond it. */
  let given: Entry[] = []
  for (let isDone = false; !isDone; ) {
    const listed = await list(start, limit + given.length)
    const fresh = listed.filter((entry) => !given.some((one) => isSame(one, entry)))
    isDone = listed.length < limit + given.length
    // Many read little: so little is listed first.
    limit = Math.min(2 * limit, HEADS_PER_READ)
    reading: for (let at = 0; at < fresh.length; at += CHUNKS_PER_READ) {
      const entries = fresh.slice(at, at + CHUNKS_PER_READ)
      for (const [place, loaded] of (await load(entries)).entries()) {
        const entry = entries[place]
        if (entry === undefined || loaded === undefined) {
          isDone = false
          break reading
        }
        start = later(start, entry.from)
        given.push(entry)
        yield loaded
      }
    }
    given = given.filter(({ to }) => to >= start)
  }
}

function isSame(one: ChunkHead, other: ChunkHead): boolean {
  return one.from === other.from && one.seq === other.seq && one.to === other.to && one.count === other.count
}
