import t from 'tap'
import type { HubError } from '../../src/errors.ts'
import type { Caller } from '../../src/security/caller.ts'
import { CallerLimits } from '../../src/security/caller-limits.ts'
import { manualClock } from '../manual-clock.ts'

const caller = (name: string): Caller => ({ name, subject: { claims: {} }, authentication: 'key' })
const stranger = (source: string): Caller => ({ name: 'anonymous', subject: {}, authentication: 'none', source })
const off = Number.POSITIVE_INFINITY
const none = { requests: off, samples: off, connections: off, subscriptions: off }

function refusal(act: () => void): HubError | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    return error as HubError
  }
}

t.test('a caller that asks too often is refused, with the time after which to ask again', async (t) => {
  const clock = manualClock()
  const limits = new CallerLimits({ ...none, requests: 10, clock })
  for (let n = 0; n < 20; n++) limits.countRequest(caller('a'))
  t.match(
    refusal(() => limits.countRequest(caller('a'))),
    { name: 'TooManyRequests', retryAfterS: 1 }
  )
  limits.countRequest(caller('b'))
  await clock.advance(100)
  limits.countRequest(caller('a'))
  t.ok(refusal(() => limits.countRequest(caller('a'))))
  await clock.advance(60_000)
  for (let n = 0; n < 20; n++) limits.countRequest(caller('a'))
  t.ok(
    refusal(() => limits.countRequest(caller('a'))),
    'a pause is saved up for two seconds at most'
  )
})

t.test('a large push is accepted, and the next ones wait for it', async (t) => {
  const clock = manualClock()
  const limits = new CallerLimits({ ...none, samples: 1000, clock })
  limits.countSamples(caller('a'), 12_000)
  t.match(
    refusal(() => limits.countSamples(caller('a'), 1)),
    { name: 'TooManyRequests', retryAfterS: 10 }
  )
  await clock.advance(10_001)
  limits.countSamples(caller('a'), 1)
})

t.test('anonymous callers are distinguished by their address', async (t) => {
  const limits = new CallerLimits({ ...none, subscriptions: 1 })
  limits.openSubscription(stranger('10.0.0.1'))
  t.ok(refusal(() => limits.openSubscription(stranger('10.0.0.1'))))
  limits.openSubscription(stranger('10.0.0.2'))
})

t.test('what is closed makes room, once', async (t) => {
  const limits = new CallerLimits({ ...none, connections: 2 })
  const close = limits.openConnection(caller('a'))
  limits.openConnection(caller('a'))
  t.match(
    refusal(() => limits.openConnection(caller('a'))),
    { name: 'TooManyRequests' }
  )
  close()
  close()
  limits.openConnection(caller('a'))
  t.ok(refusal(() => limits.openConnection(caller('a'))))
})

t.test('ten thousand callers are remembered', async (t) => {
  const limits = new CallerLimits({ ...none, requests: 1 })
  for (let n = 0; n < 30_000; n++) limits.countRequest(stranger(`${n}`))
  t.pass()
})
