/** Bounds work that takes much memory: what is beyond the bound is refused, and may be asked for again. */
import { HubError } from '../errors.ts'

/**
 * @param max pieces of work that run at a time
 * @returns runs work @throws HubError `Unavailable` with the sentence `busy`, and as the work
 */
export function concurrencyLimit(max: number, busy: string): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let running = 0
  return async (work) => {
    if (running >= max) throw new HubError('Unavailable', [busy])
    running++
    try {
      return await work()
    } finally {
      running--
    }
  }
}
