/** Reads the log for subscribers that are behind. */
import type { LogEntry } from '../../store/store.ts'
import type { CatchUpSources, CatchUpTarget } from './catch-up-state.ts'
import type { LogPosition } from './log-position.ts'

/**
 * The next entries up to the position of the live loop; none at the end.
 * @returns `gap` where entries behind the position were trimmed
 */
export async function readUpToLive(
  { store, position }: CatchUpSources,
  from: LogPosition,
  limit: number
): Promise<{ entries: readonly LogEntry[]; gap: boolean }> {
  const live = position()
  if (from.seq >= live) return { entries: [], gap: false }
  const { entries, gap } = await store.log(from.seq, limit)
  const beyond = entries.findIndex(({ seq }) => seq > live)
  return { entries: beyond === -1 ? entries : entries.slice(0, beyond), gap }
}

/** The same for one subscriber, which is notified of a gap and moved behind it. */
export async function readLog(
  target: CatchUpTarget,
  sources: CatchUpSources,
  from: LogPosition
): Promise<readonly LogEntry[]> {
  const live = sources.position()
  const { entries, gap } = await readUpToLive(sources, from, target.entriesPerRead)
  if (gap && target.state === 'late') {
    const seq = (entries[0]?.seq ?? live + 1) - 1
    target.send({ events: [], recovered: false }, { seq, index: 0 }, 0)
  }
  return entries
}
