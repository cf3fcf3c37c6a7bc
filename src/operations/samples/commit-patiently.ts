/** Commits for a sender that is read no faster than it is stored: it waits where others are asked to try again. */
import type { Timers } from '../../clock.ts'
import { HubError } from '../../errors.ts'
import type { Change, Commit, Store } from '../../store/store.ts'

const RETRY_DELAY_MS = 10
const MAX_RETRY_DELAY_MS = 500

/** In all, about: a disk that does not keep up for longer is reported. */
const MAX_WAIT_MS = 30_000

/** @throws HubError as {@link Store.commit}, `TooManyRequests` only after a while */
export async function commitPatiently(
  store: Pick<Store, 'commit'>,
  changes: readonly Change[],
  timers: Pick<Timers, 'sleep'>
): Promise<Commit> {
  let wait = RETRY_DELAY_MS
  for (let waited = 0; ; waited += wait) {
    try {
      return await store.commit(changes)
    } catch (error) {
      if (!(error instanceof HubError) || error.name !== 'TooManyRequests' || waited >= MAX_WAIT_MS) throw error
    }
    await timers.sleep(wait)
    wait = Math.min(2 * wait, MAX_RETRY_DELAY_MS)
  }
}
