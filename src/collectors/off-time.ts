/** Reports what was not collected while no process did: between the last stored sample of an item and now. */
import { later } from '../model/time.ts'
import type { InterfaceItem } from '../operations/asset-interfaces/asset-interface.ts'
import type { CollectedSample, SessionContext } from './connector.ts'

export interface PolledItem {
  readonly item: InterfaceItem
  readonly intervalMs: number
}

/** After less than this a session was only opened again. */
const MIN_OFF_MS = 2000

/**
 * To be called before the first reading. The readings that were due count as missed, and from the first of them on the
 * elements have no good value; where it is bad already, as the machine was gone, nothing is added.
 */
export async function reportOffTime(
  { clock, lastGood, deliver, missed, gap }: SessionContext,
  polled: readonly PolledItem[]
): Promise<void> {
  // Where the store cannot say it, reading does not wait for that.
  const last = await lastGood(polled.map(({ item }) => item)).catch(() => new Map<string, bigint>())
  const now = clock.now()
  const losses: CollectedSample[] = []
  /** Readings by interval: all items of one are read at once. */
  const readings = new Map<number, number>()
  let from = now
  for (const { item, intervalMs } of polled) {
    const time = last.get(item.path)
    if (time === undefined) continue
    const offMs = Number(now - time) / 1e6
    if (offMs < Math.max(MIN_OFF_MS, 2 * intervalMs)) continue
    const due = time + BigInt(Math.round(intervalMs * 1e6))
    losses.push({ item, value: undefined, time: due, quality: 'bad' })
    readings.set(intervalMs, Math.max(readings.get(intervalMs) ?? 0, Math.floor(offMs / intervalMs) - 1))
    if (time < from) from = time
  }
  if (losses.length === 0) return
  for (const count of readings.values()) missed(count)
  gap(`nothing was collected from ${textOf(from)} to ${textOf(now)}`)
  await deliver(losses)
}

/**
 * The same of items that send by themselves: whether they sent anything is not known, so that their values stay. To be called
 * before they are listened to.
 */
export async function reportUnheard({ lastGood, gap }: SessionContext, items: readonly InterfaceItem[]): Promise<void> {
  if (items.length === 0) return
  const last = await lastGood(items).catch(() => new Map<string, bigint>())
  if (last.size === 0) return
  const newest = [...last.values()].reduce(later)
  gap(`events after ${textOf(newest)} may be missing: nothing was listened to before this connection`)
}

function textOf(time: bigint): string {
  return new Date(Number(time / 1_000_000n)).toISOString()
}
