import t from 'tap'
import { type Delivery, Redeliveries } from '../../src/transports/mqtt/redelivery.ts'

const delivery = (digest: string, settled: Delivery['settled'] = 'taken'): Delivery => ({
  digest,
  done: Promise.resolve(),
  settled
})

t.test('messages are acknowledged in the order of arrival [MQTT-4.6.0-2]', async (t) => {
  const deliveries = new Redeliveries()
  const slow = delivery('a', 'no')
  deliveries.add({ messageId: 1, delivery: slow })
  deliveries.add({ messageId: 2, delivery: delivery('b') })
  t.strictSame(deliveries.settle(), [])
  slow.settled = 'taken'
  t.strictSame(deliveries.settle(), [1, 2])
  t.strictSame(deliveries.settle(), [], 'and once')
})

t.test('what was not acknowledged before the connection broke is not taken again', async (t) => {
  const deliveries = new Redeliveries()
  const [first, second] = [delivery('same'), delivery('same', 'no')]
  deliveries.add({ messageId: 1, delivery: second })
  deliveries.add({ messageId: 2, delivery: first })
  deliveries.interrupt()
  t.equal(deliveries.repeated(1, 'same', true), second)
  t.equal(deliveries.repeated(7, 'same', false), first, 'under another id, and not marked')
  t.equal(deliveries.repeated(8, 'same', false), undefined, 'as often as it was missing, not more')
})

t.test('a new message ends the waiting for those that come again', async (t) => {
  const deliveries = new Redeliveries()
  deliveries.add({ messageId: 1, delivery: delivery('a') })
  deliveries.interrupt()
  t.equal(deliveries.repeated(2, 'new', false), undefined)
  t.equal(deliveries.repeated(3, 'a', false), undefined, 'the same once more is another message')
})

t.test('an acknowledgement that was lost is sent again for a message that is marked, and for no other', async (t) => {
  const deliveries = new Redeliveries()
  const taken = delivery('a')
  deliveries.add({ messageId: 1, delivery: taken })
  t.strictSame(deliveries.settle(), [1])
  deliveries.interrupt()
  t.equal(deliveries.repeated(1, 'a', true), taken)
  t.equal(deliveries.repeated(1, 'b', true), undefined, 'another message under the same id')
  t.equal(deliveries.repeated(1, 'a', false), undefined, 'the same message, new')
})

t.test('what failed is taken again, and so is everything in a new session', async (t) => {
  const deliveries = new Redeliveries()
  deliveries.add({ messageId: 1, delivery: delivery('a', 'failed') })
  deliveries.add({ messageId: 2, delivery: delivery('b') })
  deliveries.interrupt()
  t.equal(deliveries.repeated(1, 'a', true), undefined)
  deliveries.forget()
  t.equal(deliveries.repeated(2, 'b', true), undefined)
})
