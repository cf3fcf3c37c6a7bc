import t from 'tap'
import { HubError } from '../../src/errors.ts'
import { MAX_SENDERS, Senders } from '../../src/operations/samples/senders.ts'
import { manualClock } from '../manual-clock.ts'

t.test('the rate is that of the last minute, and falls to nothing in silence', async (t) => {
  const clock = manualClock()
  const senders = new Senders(clock)
  const rate = () => senders.list()[0]?.rate ?? Number.NaN
  for (let second = 0; second < 150; second++) {
    senders.received({ transport: 'mqtt' }, 10, 0)
    await clock.advance(1000)
  }
  t.ok(Math.abs(rate() - 10) < 0.5, String(rate()))
  await clock.advance(120_000)
  t.equal(rate(), 0)
})

t.test('the number of senders is bounded, and those that deliver stay', async (t) => {
  const clock = manualClock()
  const senders = new Senders(clock)
  senders.received({ transport: 'http', client: 'gateway' }, 1, 0)
  for (let index = 0; index < 2 * MAX_SENDERS; index++) {
    await clock.advance(1)
    senders.failed({ transport: 'http', client: `stranger-${index}` }, new HubError('Unauthorized', ['no key']))
  }
  const list = senders.list()
  t.equal(list.length, MAX_SENDERS)
  t.match(list.at(-1), { client: 'gateway', accepted: 1 })
  t.equal(list[0]?.client, `stranger-${2 * MAX_SENDERS - 1}`, 'the last one first')
})

t.test('an error is short, and a fault of the hub says nothing of itself', async (t) => {
  const senders = new Senders(manualClock())
  const sender = { transport: 'websocket' } as const
  const errorOf = (error: unknown, samples = 0) => {
    senders.failed(sender, error, samples)
    return senders.list()[0]?.lastError?.text ?? ''
  }
  t.ok(errorOf(new HubError('BadRequest', ['x'.repeat(10_000)])).length < 310)
  t.match(errorOf(new TypeError('secret detail')), /^Internal error/)
  t.equal(senders.list()[0]?.refused, 0)
  errorOf(new HubError('Invalid', [3]), 3)
  errorOf(new HubError('TooManyRequests', ['later']), 5)
  t.equal(senders.list()[0]?.refused, 3, 'what comes again is not refused for good')
  senders.failed({}, new Error('without a transport'))
  t.equal(senders.list().length, 1)
})
