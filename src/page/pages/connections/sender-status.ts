/** How a sender does, by what it sent last. */
import type { Sender } from '../../../client/api/system.ts'

interface DeliveredSamples extends Pick<Sender, 'lastSample' | 'lastError'> {
  /** Points of the collection plan that do not deliver as planned. */
  readonly faulty: number
}

export type SenderStatus = 'fine' | 'failing' | 'partly' | 'silent' | 'faulty'

/** Without samples for this long a sender counts as silent. */
const SILENT_MS = 5 * 60_000

/** @param now of the hub, in milliseconds since 1970 */
export function statusOf({ lastSample, lastError, faulty }: DeliveredSamples, now: number): SenderStatus {
  const [sample, error] = [Date.parse(lastSample ?? ''), Date.parse(lastError?.time ?? '')]
  if (error > sample || (lastSample === undefined && lastError !== undefined)) return 'failing'
  // Of one push, some samples were taken and some were not.
  if (error === sample) return 'partly'
  if (now - sample > SILENT_MS) return 'silent'
  return faulty > 0 ? 'faulty' : 'fine'
}
