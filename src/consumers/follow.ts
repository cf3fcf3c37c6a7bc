/**
 * Following the log: a cursor and a loop. The bell wakes it, it reads on from its cursor, so nothing is missed across
 * restarts, and a slow follower lags without slowing anybody down. Of several processes one follows; where it dies
 * another goes on from the cursor.
 */
import type { LogEntry, Store } from '../store/store.ts'

export interface Consumer {
  /** Under which its cursor is kept. */
  readonly name: string
  /** Takes the next entries, oldest first. Where it throws, the same entries come again after a pause. */
  handle(entries: readonly LogEntry[]): Promise<void>
  /** What to do at the first start, and when entries were trimmed before they were read: look at the whole instead. */
  start(): Promise<void>
  /** Hears of a failure before the pause. */
  failed(error: unknown, pause: number): void
  /** How long it lets entries gather where it has read all there were, in milliseconds, and is in no hurry. */
  readonly leisure?: number
}

const ENTRIES_PER_READ = 1000

/** The cursor is kept no more often than this, in milliseconds; after a crash the entries since then come again. */
const CURSOR_INTERVAL_MS = 1000

/** A process that has not been heard of for so long is taken for dead, in milliseconds. */
const LEASE_TTL_MS = 20_000

const FIRST_RETRY_DELAY_MS = 500
const MAX_RETRY_DELAY_MS = 60_000

/** Lets a follower run until it is stopped. @returns the way to stop it; resolves when it has come to rest */
export function follow(store: Store, follower: Consumer): () => Promise<void> {
  const stopped = new AbortController()
  let ring: () => void = () => {}
  /** Where it stands, and since when no more than that is kept. */
  let cursor: number | undefined
  let kept: number | undefined
  let keptAt = 0
  let claimedAt = Number.NEGATIVE_INFINITY
  const hangUp = store.onCommit(() => ring())
  const done = run()
  return async () => {
    stopped.abort()
    ring()
    hangUp()
    await done
    // Where that fails, the entries come again, as after a crash.
    if (cursor !== undefined) await keep(cursor).catch(() => {})
  }

  async function run(): Promise<void> {
    let pause = FIRST_RETRY_DELAY_MS
    while (!stopped.signal.aborted) {
      const bell = new Promise<void>((resolve) => {
        ring = resolve
      })
      try {
        const taken = await step()
        pause = FIRST_RETRY_DELAY_MS
        if (taken === 0 && !stopped.signal.aborted) await bell
        // Who is behind lets others have their turn and reads on, or it would soon have to read from the disk.
        else if (follower.leisure !== undefined) await sleep(taken < ENTRIES_PER_READ ? follower.leisure : 0)
      } catch (error) {
        if (stopped.signal.aborted) return
        follower.failed(error, pause)
        await sleep(pause)
        pause = Math.min(pause * 2, MAX_RETRY_DELAY_MS)
      }
    }
  }

  /** One batch. @returns how many entries it had; as many as can be where there may be more */
  async function step(): Promise<number> {
    if (!(await isMine())) {
      // Whoever follows now moves the cursor.
      cursor = undefined
      await sleep(LEASE_TTL_MS / 4)
      return ENTRIES_PER_READ
    }
    cursor ??= kept = await store.cursor(follower.name)
    const { entries, gap } =
      cursor === undefined ? { entries: [], gap: true } : await store.log(cursor, ENTRIES_PER_READ)
    if (gap) {
      // What happens while the whole is looked at comes again from the log.
      const { logLast } = await store.figures()
      await follower.start()
      await keep(logLast)
      return ENTRIES_PER_READ
    }
    const last = entries.at(-1)
    if (last === undefined) return 0
    await follower.handle(entries)
    if (performance.now() - keptAt > CURSOR_INTERVAL_MS) await keep(last.seq)
    else cursor = last.seq
    return entries.length
  }

  async function isMine(): Promise<boolean> {
    const now = performance.now()
    if (now - claimedAt < LEASE_TTL_MS / 2) return true
    const isMine = await store.lease(`follower ${follower.name}`, LEASE_TTL_MS)
    claimedAt = isMine ? now : Number.NEGATIVE_INFINITY
    return isMine
  }

  async function keep(seq: number): Promise<void> {
    cursor = seq
    if (kept !== seq) await store.setCursor(follower.name, seq)
    kept = seq
    keptAt = performance.now()
  }

  async function sleep(length: number): Promise<void> {
    const { signal } = stopped
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      const timer = setTimeout(wake, length)
      signal.addEventListener('abort', wake)
    })
  }
}
