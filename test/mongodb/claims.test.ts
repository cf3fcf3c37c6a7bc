import t from 'tap'
import { Leases } from '../../src/store/mongodb/leases.ts'

t.test('a claim of a process that was suspended is over for it, though its monotonic clock stood', async (t) => {
  const claims = new Leases('me')
  claims.note({ work: ['me', 10_000, 1], theirs: ['other', 10_000, 1] }, performance.now())
  t.ok(claims.left('work') > 9000)
  t.equal(claims.left('theirs'), 0)
  const now = Date.now()
  let jump = 60_000
  t.intercept(Date, 'now', { value: () => now + jump })
  t.ok(claims.left('work') < 0)
  t.notOk(claims.isFree('theirs'), 'that of another one ends by the clock that nobody sets')
  jump = -60_000
  const left = claims.left('work')
  t.ok(left > 0 && left <= 10_000, 'a clock that is set back prolongs nothing')
})
