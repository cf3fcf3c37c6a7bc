/**
 * The chunks of a series one after the other, however long the reader takes and whatever takes their place meanwhile:
 * what was there when it began is given, a part of it perhaps twice.
 *
 * What is in a chunk does not begin before the chunk does. So all that began before the last one given was given, and
 * whatever takes the place of those to come reaches beyond that start: it is found when what reaches there is listed
 * anew, also where it begins earlier.
 */
import { later } from '../model/time.ts'
import type { Chunk, SeriesName } from './store.ts'

export type Listed = Omit<Chunk, 'bytes' | keyof SeriesName>

export interface Shelf<Entry extends Listed> {
  /** The first so many that reach beyond this time, by `from`, then `seq`. */
  list(from: bigint, limit: number): Promise<readonly Entry[]>
  /** Their bytes; of those that are no longer there undefined. */
  load(entries: readonly Entry[]): Promise<readonly (Uint8Array | undefined)[]>
}

const LISTED = 500
const LOADED = 16

export async function* walk<Entry extends Listed>(
  { submodel, path }: SeriesName,
  from: bigint,
  { list, load }: Shelf<Entry>
): AsyncGenerator<Chunk> {
  let start = from
  /** Those given that reach to the start or beyond it. */
  let given: Listed[] = []
  for (let isDone = false; !isDone; ) {
    const listed = await list(start, LISTED + given.length)
    const fresh = listed.filter((entry) => !given.some((one) => isSame(one, entry)))
    isDone = listed.length < LISTED + given.length
    reading: for (let at = 0; at < fresh.length; at += LOADED) {
      const entries = fresh.slice(at, at + LOADED)
      for (const [place, bytes] of (await load(entries)).entries()) {
        if (bytes === undefined) {
          isDone = false
          break reading
        }
        const { from, seq, to, count } = entries[place] as Entry
        start = later(start, from)
        given.push({ from, seq, to, count })
        yield { submodel, path, from, seq, to, count, bytes }
      }
    }
    given = given.filter(({ to }) => to >= start)
  }
}

function isSame(one: Listed, other: Listed): boolean {
  return one.from === other.from && one.seq === other.seq && one.to === other.to && one.count === other.count
}
