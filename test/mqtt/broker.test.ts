import t from 'tap'
import { Broker, type BrokerListener } from '../../src/mqtt/broker.ts'
import type { MqttMessage } from '../../src/mqtt/broker-connection.ts'
import { manualClock } from '../manual-clock.ts'

/** A listener that records what it gets. */
function listener() {
  const events: string[] = []
  const record: BrokerListener = {
    async message({ topic, payload }) {
      events.push(`${topic} ${payload}`)
    },
    connected: (isResumed) => events.push(`connected ${isResumed}`),
    lost: (reason) => events.push(`lost ${reason}`),
    refused: (topic) => events.push(`refused ${topic}`)
  }
  return { ...record, events }
}

const message = (topic: string, text = '1'): MqttMessage => ({ topic, payload: Buffer.from(text), isRetained: false })

/** A broker whose connection records what it is asked for. */
function connected() {
  const clock = manualClock()
  const broker = new Broker(clock)
  const unsubscribed: string[] = []
  let refreshes = 0
  broker.bind({
    refresh: () => refreshes++,
    publish: async () => {},
    unsubscribe: (topic) => unsubscribed.push(topic)
  })
  broker.connected(false)
  return { clock, broker, unsubscribed, refreshes: () => refreshes }
}

t.test('a message goes to all that listen to its topic, and to no other', async (t) => {
  const { broker, refreshes } = connected()
  const [one, two, other] = [listener(), listener(), listener()]
  broker.attach(['a'], one)
  broker.attach(['a', 'b'], two)
  broker.attach(['c'], other)
  t.equal(await broker.handle(message('a'), true), true)
  t.strictSame([one.events, two.events, other.events], [['a 1'], ['a 1'], []])
  t.strictSame(broker.topics, ['a', 'b', 'c'])
  t.equal(refreshes(), 1, 'what changes at once is subscribed to at once')
  broker.refused('b')
  t.strictSame(two.events.slice(1), ['refused b'])
})

t.test('a message waits for a listener that is only starting, and for one that is being replaced', async (t) => {
  const { broker } = connected()
  const early = broker.handle(message('a'), true)
  const first = listener()
  const attachment = broker.attach(['a'], first)
  t.equal(await early, true)
  attachment.detach()
  t.strictSame(broker.topics, ['a'], 'still subscribed to')
  const between = broker.handle(message('a', '2'), false)
  const second = listener()
  broker.attach(['a'], second)
  t.equal(await between, true)
  t.strictSame([first.events, second.events], [['a 1'], ['a 2']])
})

t.test('a message without a listener is given up after a while, and its topic unsubscribed from', async (t) => {
  const { broker, clock, unsubscribed } = connected()
  const waiting = broker.handle(message('old'), true)
  const attachment = broker.attach(['a'], listener())
  attachment.detach()
  await clock.advance(5000)
  t.strictSame(broker.topics, [])
  await clock.advance(5000)
  t.equal(await waiting, false)
  t.strictSame(unsubscribed, ['old'])
  t.equal(await broker.handle(message('late'), true), false, 'at once, when the start is over')
})

t.test('what waits when the connection is given up is not acknowledged', async (t) => {
  const { broker } = connected()
  const waiting = broker.handle(message('a'), true)
  broker.unbind()
  await t.rejects(waiting)
  const { status } = broker
  t.equal(status, undefined)
  await t.rejects(broker.publish('a', '1', { retain: false }), /no connection/)
})

t.test('listeners learn of a lost connection, and whether the session was kept', async (t) => {
  const { broker } = connected()
  const one = listener()
  broker.attach(['a'], one)
  broker.lost('it was closed', 2000)
  t.match(broker.status, { isConnected: false, reason: 'it was closed' })
  broker.connected(true)
  t.strictSame(one.events, ['lost it was closed', 'connected true'])
})
