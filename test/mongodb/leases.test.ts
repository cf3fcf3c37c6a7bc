import t from 'tap'
import { Leases } from '../../src/store/mongodb/leases.ts'
import { manualClock } from '../manual-clock.ts'

t.test('a lease of a process that was suspended expires for it, though its monotonic clock stood', async (t) => {
  const clock = manualClock()
  const leases = new Leases('me', clock)
  leases.update({ work: ['me', 10_000, 1], theirs: ['other', 10_000, 1] }, clock.monotonic())
  t.equal(leases.remainingMs('work'), 10_000)
  t.equal(leases.remainingMs('theirs'), 0)
  clock.jump(60_000)
  t.ok(leases.remainingMs('work') < 0)
  t.notOk(leases.isFree('theirs'), 'leases of others expire by the monotonic clock')
  clock.jump(-120_000)
  t.equal(leases.remainingMs('work'), 10_000, 'a clock that is set back prolongs nothing')
})

t.test('a lease ends when its time is over, for its holder and for others; a name never seen is free', async (t) => {
  const clock = manualClock()
  const leases = new Leases('me', clock)
  t.ok(leases.isFree('unknown'))
  await clock.advance(1000)
  leases.update({ work: ['me', 10_000, 1], theirs: ['other', 10_000, 1] }, 0)
  t.equal(leases.remainingMs('work'), 9000, 'counted from before it was asked for')
  await clock.advance(10_000)
  t.ok(leases.remainingMs('work') <= 0)
  t.notOk(leases.isFree('theirs'))
  await clock.advance(1)
  t.ok(leases.isFree('theirs'))
})
