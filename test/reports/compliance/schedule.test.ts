/** When a scheduled examination is due. */
import t from 'tap'
import { isDue } from '../../../src/reports/compliance/runs/schedule.ts'

const HOUR_MS = 3_600_000
/** In the time zone of the machine. */
const at = (day: number, hour: number, minute = 0) => new Date(2026, 10, day, hour, minute).getTime()

t.test('by an interval since the last one; also where the clock was set back', async (t) => {
  const schedule = { everyMs: 12 * HOUR_MS }
  t.ok(isDue(schedule, 0, at(1, 0)), 'the first')
  t.notOk(isDue(schedule, at(1, 0), at(1, 11, 59)))
  t.ok(isDue(schedule, at(1, 0), at(1, 12)))
  t.ok(isDue(schedule, at(2, 0), at(1, 0)))
})

t.test('at a time of each day, and later where the hub was not running then', async (t) => {
  const schedule = { dailyAt: 3 * 60 + 30 }
  t.notOk(isDue(schedule, at(1, 4), at(2, 3, 29)))
  t.ok(isDue(schedule, at(1, 4), at(2, 3, 30)))
  t.notOk(isDue(schedule, at(2, 3, 30), at(2, 23)))
  t.ok(isDue(schedule, at(2, 3, 30), at(5, 1)), 'of the day before')
})
