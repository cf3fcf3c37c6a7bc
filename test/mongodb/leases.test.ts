import t from 'tap'
import { Leases } from '../../src/store/mongodb/leases.ts'

t.test('a lease of a process that was suspended expires for it, though its monotonic clock stood', async (t) => {
  const leases = new Leases('me')
  leases.update({ work: ['me', 10_000, 1], theirs: ['other', 10_000, 1] }, performance.now())
  t.ok(leases.remainingMs('work') > 9000)
  t.equal(leases.remainingMs('theirs'), 0)
  const now = Date.now()
  let jump = 60_000
  t.intercept(Date, 'now', { value: () => now + jump })
  t.ok(leases.remainingMs('work') < 0)
  t.notOk(leases.isFree('theirs'), 'leases of others expire by the monotonic clock')
  jump = -60_000
  const left = leases.remainingMs('work')
  t.ok(left > 0 && left <= 10_000, 'a clock that is set back prolongs nothing')
})
