import t from 'tap'
import { startPolling } from '../../src/collectors/poll-schedule.ts'
import { manualClock } from '../manual-clock.ts'

t.test('polls are due at multiples of the interval, however long each takes', async (t) => {
  const clock = manualClock()
  const times: number[] = []
  let missed = 0
  const poll = async () => {
    times.push(clock.monotonic())
    await clock.sleep(30)
  }
  const stop = startPolling({ clock, intervalMs: 100, poll, missed: (cycles) => (missed += cycles) })
  await clock.advance(450)
  t.strictSame(times, [0, 100, 200, 300, 400])
  t.equal(missed, 0)
  await stop()
})

t.test('cycles that a slow poll skips are counted, and the schedule stays', async (t) => {
  const clock = manualClock()
  const times: number[] = []
  let missed = 0
  const poll = async () => {
    times.push(clock.monotonic())
    if (times.length === 2) await clock.sleep(350)
  }
  const stop = startPolling({ clock, intervalMs: 100, poll, missed: (cycles) => (missed += cycles) })
  await clock.advance(700)
  // The one that is late by less than an interval is made up for at once.
  t.strictSame(times, [0, 100, 450, 500, 600, 700])
  t.equal(missed, 2, 'those of 200 and 300')
  await stop()
})
