/** What a disk may hold after a crash: of what was written since the last sync, any part in any order. */
import type { Random } from './random.ts'

/** What a disk writes at once. */
const SECTOR_BYTES = 512

interface DatabaseFiles {
  readonly database: Buffer
  readonly wal: Buffer
}

/**
 * @param synced what is durable for certain
 * @param written what was written since, in the order of SQLite: the WAL, then a sync, then the database if it was
 * checkpointed
 */
export function torn(synced: DatabaseFiles, written: DatabaseFiles, random: Random): DatabaseFiles {
  const isCheckpointed = !written.database.equals(synced.database)
  if (isCheckpointed && random.chance(0.6)) {
    return { database: mix(synced.database, written.database, random), wal: written.wal }
  }
  if (random.chance(0.2)) return written
  return { database: synced.database, wal: tornWal(synced.wal, written.wal, random) }
}

/** What SQLite begins a WAL by. */
const HEADER_BYTES = 32

/** Where the WAL was begun again, its header is synced before the first frame is written. */
function tornWal(before: Buffer, after: Buffer, random: Random): Buffer {
  const [former, header] = [before.subarray(0, HEADER_BYTES), after.subarray(0, HEADER_BYTES)]
  if (former.length === 0 || former.equals(header)) return mix(before, after, random)
  if (random.chance(0.3)) return Buffer.concat([random.chance(0.5) ? former : header, before.subarray(HEADER_BYTES)])
  return Buffer.concat([header, mix(before, after, random).subarray(HEADER_BYTES)])
}

/** Up to a byte, or sector by sector. Nothing is shortened: a file that is written to again grows or keeps its length. */
function mix(before: Buffer, after: Buffer, random: Random): Buffer {
  const [result, length] = [Buffer.from(after), after.length]
  const old = (from: number, to: number) => {
    result.fill(0, from, to)
    if (from < before.length) before.copy(result, from, from, Math.min(to, before.length))
  }
  switch (random.below(4)) {
    case 0:
      return Buffer.from(before)
    case 1: {
      // Mostly near the end, where the newest commit is.
      const start = Math.min(before.length, length)
      const cut = random.chance(0.5) ? start + random.below(length - start + 1) : random.below(length + 1)
      old(cut, length)
      return random.chance(0.5) && cut >= before.length ? result.subarray(0, cut) : result
    }
    default: {
      const probability = random.pick([0.02, 0.2, 0.5])
      for (let at = 0; at < length; at += SECTOR_BYTES) {
        if (random.chance(probability)) old(at, Math.min(at + SECTOR_BYTES, length))
      }
      return result
    }
  }
}
