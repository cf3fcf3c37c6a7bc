/** Of several processes on the same data one is the broker's client; where it dies another takes its place. */
import type { Store } from '../../store/store.ts'

export interface Leadership<Thing> {
  /** What was opened; undefined while another process has it. */
  readonly current: Thing | undefined
  close(): Promise<void>
}

/** For how long a claim holds, in milliseconds. */
const LEASE_TTL_MS = 20_000

/** Opens something while the work is claimed for this process. @param every milliseconds between two looks */
export async function runAsLeader<Thing extends { close(): Promise<void> }>(
  store: Pick<Store, 'lease'>,
  work: string,
  every: number,
  open: () => Promise<Thing>,
  failed: (error: unknown) => void
): Promise<Leadership<Thing>> {
  let current: Thing | undefined
  let until = Number.NEGATIVE_INFINITY
  let turning: Promise<void> | undefined
  const turn = async () => {
    const now = performance.now()
    try {
      until = (await store.lease(work, LEASE_TTL_MS)) ? now + LEASE_TTL_MS : Number.NEGATIVE_INFINITY
    } catch (error) {
      // It holds until its time is over.
      failed(error)
    }
    const isMine = performance.now() < until
    if (isMine) current ??= await open()
    else if (current !== undefined) {
      const lost = current
      current = undefined
      await lost.close()
    }
  }
  await turn()
  const timer = setInterval(() => {
    turning ??= turn()
      .catch(failed)
      .finally(() => {
        turning = undefined
      })
  }, every)
  timer.unref()
  return {
    get current() {
      return current
    },
    async close() {
      clearInterval(timer)
      await turning
      await current?.close()
    }
  }
}
