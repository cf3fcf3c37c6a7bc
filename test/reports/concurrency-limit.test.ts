/** Work that is refused while too much of it is in progress. */
import t from 'tap'
import { concurrencyLimit } from '../../src/reports/concurrency-limit.ts'

t.test('work beyond the bound is refused, and runs once other work has ended or failed', async (t) => {
  const limited = concurrencyLimit(1, 'busy')
  const held = Promise.withResolvers<string>()
  const first = limited(() => held.promise)
  await t.rejects(
    limited(async () => 'second'),
    { name: 'Unavailable' }
  )
  held.resolve('first')
  t.equal(await first, 'first')
  await t.rejects(
    limited(() => Promise.reject(new Error('no folder'))),
    { message: 'no folder' }
  )
  t.equal(await limited(async () => 'third'), 'third')
})
