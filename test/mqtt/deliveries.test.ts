import t from 'tap'
import { type Delivery, DeliveryTracker } from '../../src/mqtt/redelivery.ts'

const delivery = (digest: string, settled: Delivery['settled'] = 'handled'): Delivery => ({
  digest,
  done: Promise.resolve(),
  settled
})

t.test('messages are acknowledged in the order of arrival [MQTT-4.6.0-2]', async (t) => {
  const deliveries = new DeliveryTracker()
  const slow = delivery('a', 'pending')
  deliveries.add({ messageId: 1, delivery: slow })
  deliveries.add({ messageId: 2, delivery: delivery('b') })
  t.strictSame(deliveries.settle(), [])
  slow.settled = 'handled'
  t.strictSame(deliveries.settle(), [1, 2])
  t.strictSame(deliveries.settle(), [], 'and once')
})

t.test('a message that was not acknowledged before the connection broke is not handled twice', async (t) => {
  const deliveries = new DeliveryTracker()
  const [first, second] = [delivery('same'), delivery('same', 'pending')]
  deliveries.add({ messageId: 1, delivery: second })
  deliveries.add({ messageId: 2, delivery: first })
  deliveries.interrupt()
  t.equal(deliveries.repeated(1, 'same', true), second)
  t.equal(deliveries.repeated(7, 'same', false), first, 'under another id, and not marked')
  t.equal(deliveries.repeated(8, 'same', false), undefined, 'as often as it was missing, and no more')
})

t.test('a new message ends the wait for redeliveries', async (t) => {
  const deliveries = new DeliveryTracker()
  deliveries.add({ messageId: 1, delivery: delivery('a') })
  deliveries.interrupt()
  t.equal(deliveries.repeated(2, 'new', false), undefined)
  t.equal(deliveries.repeated(3, 'a', false), undefined, 'the same once more is another message')
})

t.test('a lost acknowledgement is sent again for a message marked as duplicate, and for no other', async (t) => {
  const deliveries = new DeliveryTracker()
  const handled = delivery('a')
  deliveries.add({ messageId: 1, delivery: handled })
  t.strictSame(deliveries.settle(), [1])
  deliveries.interrupt()
  t.equal(deliveries.repeated(1, 'a', true), handled)
  t.equal(deliveries.repeated(1, 'b', true), undefined, 'another message under the same id')
  t.equal(deliveries.repeated(1, 'a', false), undefined, 'the same message, new')
})

t.test('a failed message is handled again, and so is everything in a new session', async (t) => {
  const deliveries = new DeliveryTracker()
  deliveries.add({ messageId: 1, delivery: delivery('a', 'failed') })
  deliveries.add({ messageId: 2, delivery: delivery('b') })
  deliveries.interrupt()
  t.equal(deliveries.repeated(1, 'a', true), undefined)
  deliveries.forget()
  t.equal(deliveries.repeated(2, 'b', true), undefined)
})
