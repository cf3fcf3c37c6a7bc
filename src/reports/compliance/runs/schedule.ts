/** Examinations by schedule; of several hubs over a database one runs them. */
import type { Clock } from '../../../clock.ts'
import { HubError } from '../../../errors.ts'
import { runPeriodicallyAsLeader } from '../../../store/run-as-leader.ts'
import type { Store } from '../../../store/store.ts'
import type { ReportArchive } from '../archive/archive.ts'
import type { Examinations } from './examinations.ts'

/** Every so often, or each day at these minutes after midnight in the time zone of the machine. */
export type ExaminationSchedule = { readonly everyMs: number } | { readonly dailyAt: number }

export interface ScheduleOptions {
  readonly store: Pick<Store, 'lease'>
  readonly clock: Clock
  readonly archive: ReportArchive
  readonly examinations: Examinations
  readonly schedule: ExaminationSchedule
  /** Called with the reason where an examination failed; the next one comes by the schedule. */
  readonly failed: (error: unknown) => void
}

/** A scheduled report names it instead of a caller. */
const BY_SCHEDULE = 'schedule'

const CHECK_INTERVAL_MS = 30_000
const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

/** @returns stops it; resolves when it has ended */
export function startSchedule(options: ScheduleOptions): () => Promise<void> {
  const { store, clock, archive, examinations, schedule, failed } = options
  const lease = { name: 'compliance schedule', intervalMs: CHECK_INTERVAL_MS, clock, failed }
  // After the start of the process, or a failure: the reports that are kept do not show it.
  let lastAttempt = 'everyMs' in schedule ? 0 : clock.milliseconds()
  return runPeriodicallyAsLeader(store, lease, async () => {
    const scheduled = (await archive.list()).find(({ startedBy }) => startedBy === BY_SCHEDULE)
    const last = Math.max(lastAttempt, scheduled === undefined ? 0 : Date.parse(scheduled.created))
    const now = clock.milliseconds()
    if (!isDue(schedule, last, now)) return
    lastAttempt = now
    try {
      const periodMs = 'everyMs' in schedule ? schedule.everyMs : DAY_MS
      const { id } = await examinations.start({ startedBy: BY_SCHEDULE, periodMs })
      await examinations.ended()
      const failure = examinations.failureHere(id)
      if (failure !== undefined) failed(failure)
    } catch (error) {
      // A caller has started one; it comes after that.
      if (error instanceof HubError && error.name === 'Conflict') lastAttempt = 0
      else throw error
    }
  })
}

/** @param last, now milliseconds since 1970 */
export function isDue(schedule: ExaminationSchedule, last: number, now: number): boolean {
  if ('everyMs' in schedule) return now - last >= schedule.everyMs || now < last
  const today = new Date(now)
  today.setHours(0, schedule.dailyAt, 0, 0)
  const latest = today.getTime() <= now ? today.getTime() : new Date(today).setDate(today.getDate() - 1)
  return last < latest
}
