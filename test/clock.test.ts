import fc from 'fast-check'
import t from 'tap'
import { clockOf, horizonOf, systemClock, waitAtMost, watchClock } from '../src/clock.ts'
import { manualClock } from './manual-clock.ts'

/** A clock whose two sources are set separately, in milliseconds. */
function manual(start = 1_700_000_000_000) {
  const time = { wall: start, monotonic: 5000 }
  const clock = clockOf(
    () => Math.floor(time.wall),
    () => time.monotonic
  )
  const pass = (ms: number) => {
    time.wall += ms
    time.monotonic += ms
  }
  return { time, clock, pass }
}

const millisecondOf = (time: bigint) => Number(time / 1_000_000n)

t.test('time follows the system clock, and no two calls give the same', async (t) => {
  const { time, clock, pass } = manual()
  let last = 0n
  for (let i = 0; i < 1000; i++) {
    const now = clock.now()
    t.ok(now > last, `${now} after ${last}`)
    t.ok(Math.abs(millisecondOf(now) - time.wall) <= 1)
    last = now
    pass(i % 3 === 0 ? 0.25 : 0)
  }
})

t.test('time advances between two milliseconds', async (t) => {
  const { clock, pass } = manual()
  const start = clock.now()
  pass(0.25)
  t.equal(clock.now() - start, 250_000n)
  pass(0.5)
  t.equal(clock.now() - start, 750_000n)
})

t.test('a clock that is set is followed at once, forward and back', async (t) => {
  const day = 86_400_000
  const { time, clock, pass } = manual()
  for (const jump of [300 * day, -300 * day, 2000, -2000, 60_000, -3_600_000]) {
    clock.now()
    time.wall += jump
    t.ok(Math.abs(millisecondOf(clock.now()) - time.wall) <= 1, `set by ${jump} ms`)
    pass(10)
    t.ok(Math.abs(millisecondOf(clock.now()) - time.wall) <= 1)
  }
})

t.test(
  'time that passed while the machine was suspended is counted, although the monotonic clock stood still',
  async (t) => {
    const { time, clock } = manual()
    clock.now()
    time.wall += 8 * 3_600_000
    t.ok(Math.abs(millisecondOf(clock.now()) - time.wall) <= 1)
  }
)

t.test('order survives a clock that is adjusted by less than a second', async (t) => {
  const { time, clock } = manual()
  const before = clock.now()
  time.wall -= 500
  const after = clock.now()
  t.equal(after, before + 1n)
  t.ok(clock.now() > after)
})

t.test('order holds, and the error stays within two milliseconds, whatever small steps both clocks make', async () => {
  const step = fc.tuple(fc.double({ min: 0, max: 3, noNaN: true }), fc.double({ min: 0, max: 3, noNaN: true }))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const { time, clock } = manual()
      let last = clock.now()
      return steps.every(([wall, monotonic]) => {
        time.wall += wall
        time.monotonic += monotonic
        const now = clock.now()
        const isRight = now > last && Math.abs(millisecondOf(now) - time.wall) <= 2
        last = now
        return isRight
      })
    })
  )
})

t.test('the system clock is the default', async (t) => {
  t.ok(Math.abs(millisecondOf(systemClock.now()) - Date.now()) < 1000)
  t.ok(systemClock.monotonic() <= performance.now())
})

t.test('each jump of the system clock is reported once', async (t) => {
  const clock = manualClock()
  const jumps: number[] = []
  const stop = watchClock(clock, (ms) => jumps.push(ms), 10_000)
  for (const jump of [-3_600_000, 0, 900, 5000]) {
    clock.jump(jump)
    await clock.advance(30_000)
  }
  await stop()
  t.strictSame(jumps, [-3_600_000, 5000])
})

t.test('what is waited for a limited time is waited for no longer, and rejects if it fails until then', async (t) => {
  const clock = manualClock()
  let isOver = false
  const waiting = waitAtMost(clock, 1000, new Promise(() => {})).then(() => {
    isOver = true
  })
  await clock.advance(999)
  t.notOk(isOver)
  await clock.advance(1)
  t.ok(isOver)
  await waiting
  await waitAtMost(clock, 1000, Promise.resolve())
  await t.rejects(waitAtMost(clock, 1000, Promise.reject(new Error('failed'))), /failed/)
})

t.test('with a clock that was never set no sample is in the future', async (t) => {
  t.equal(horizonOf(Date.UTC(1970, 0, 2), 1000), Number.POSITIVE_INFINITY)
  t.equal(horizonOf(Date.UTC(2026, 5, 1), 1000), Date.UTC(2026, 5, 1) + 1000)
})
