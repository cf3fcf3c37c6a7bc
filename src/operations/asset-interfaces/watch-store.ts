/** Repeats a reading of the store after commits. */
import type { Clock } from '../../clock.ts'
import type { Store } from '../../store/store.ts'

/** Pause between readings while commits arrive. */
const CHECK_INTERVAL_MS = 1000

export interface WatchOptions {
  /** @returns whether anything changed since the reading before */
  readonly read: () => Promise<boolean>
  /** Called after a reading that found a change, except the first one. */
  readonly changed: () => void
  /** The reading is repeated. */
  readonly failed: (error: unknown) => void
}

/** Resolves after the first reading. @returns a function that stops */
export async function watchStore(
  store: Pick<Store, 'onCommit'>,
  clock: Clock,
  { read, changed, failed }: WatchOptions
): Promise<() => void> {
  let isStale = false
  let reading: Promise<boolean> | undefined
  const attempt = async () => {
    isStale = false
    try {
      return await read()
    } catch (error) {
      isStale = true
      failed(error)
      return false
    }
  }
  const unsubscribe = store.onCommit(() => {
    isStale = true
  })
  await attempt()
  const stopTimer = clock.every(CHECK_INTERVAL_MS, async () => {
    if (!isStale || reading !== undefined) return
    reading = attempt()
    if (await reading) changed()
    reading = undefined
  })
  return () => {
    stopTimer()
    unsubscribe()
  }
}
