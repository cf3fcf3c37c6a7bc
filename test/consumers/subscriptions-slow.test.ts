import t from 'tap'
import type { Message, SubscriptionRequest } from '../../src/consumers/subscriptions/subscription.ts'
import { create, property, replace, submodel } from '../store/fixtures.ts'
import { Listener, run, type Scene, scene, short, until } from './subscriptions-scene.ts'

const NAMES = ['A', 'B', 'C']

scene(t, 'a slow subscriber loses nothing and delays no other', async (t, { store, listen, write, subscriptions }) => {
  await fill(store)
  const [slow, quick] = [await listen(), await listen()]
  slow.held = 1e9
  for (let i = 0; i < 300; i++) await store.commit([await write('m', 'A', String(i))])
  await until(t, 'the quick one is sent', () => quick.events.length === 300)
  t.equal(slow.events.length, 0)
  slow.drain()
  await until(t, 'the slow one is sent', () => slow.events.length === 300)
  t.strictSame(slow.events.map(short), quick.events.map(short))
  await until(t, 'it is live again', () => subscriptions.figures.late === 0)
  await store.commit([await write('m', 'A', '-1')])
  await until(t, 'both are live', () => slow.events.length === 301 && quick.events.length === 301)
  t.equal(slow.messages.at(-1), quick.messages.at(-1), 'subscribers with the same request get the same message')
})

scene(
  t,
  'a subscriber that lags too far is closed with the cursor to resume from',
  async (t, { store, listen, write }) => {
    await fill(store)
    const slow = await listen({ buffer: 2000 })
    await store.commit([await write('m', 'A', '0')])
    await until(t, 'it is live', () => slow.events.length === 1)
    slow.held = 1e9
    for (let i = 1; i < 100; i++) await store.commit([await write('m', 'A', String(i))])
    await until(t, 'it is closed', () => slow.closed !== undefined)
    t.equal(slow.closed?.reason, 'overflow')
    const again = await listen({ since: slow.closed?.cursor ?? '' })
    t.equal(again.subscription?.recovered, true)
    await until(t, 'the rest is sent', () => again.events.length === 99)
    t.strictSame(
      again.events.map(short),
      Array.from({ length: 99 }, (_, i) => `m/A=${i + 1}`)
    )
  }
)

scene(
  t,
  'with overflow conflate a subscriber that lags gets the newest per element, and continues',
  async (t, { store, clock, listen, write, samples }) => {
    await fill(store)
    const [slow, plain] = [await listen({ buffer: 2000, overflow: 'conflate' }), await listen()]
    await store.commit([await write('m', 'A', '0')])
    await until(t, 'it is live', () => slow.events.length === 1)
    slow.held = 1e9
    for (let i = 1; i < 50; i++) {
      await store.commit([
        await write('m', 'A', String(i)),
        await samples('m', 'B', run([i * 10, i * 10 + 1], [i, -i]))
      ])
    }
    await store.commit([create(submodel('n', property('X'))), replace(whole(), { touched: ['C'] })])
    await store.commit([replace(whole(), { touched: ['A'] }), replace(submodel('n'))])
    await store.commit([create(submodel('o'))])
    await store.commit([{ change: 'delete', kind: 'Submodel', id: 'o' }])
    await until(t, 'all are read', () => plain.events.some((event) => short(event) === 'deleted Submodel o'))
    await clock.advance(100)
    slow.drain()
    await until(t, 'it is sent', () => slow.messages.some(({ conflated }) => conflated))
    t.strictSame(slow.events.slice(1).map(short), [
      'm/A=49',
      'm/B=-49',
      'updated Submodel m [C,A]',
      'created Submodel n',
      'deleted Submodel o'
    ])
    await store.commit([await write('m', 'C', '1')])
    await until(t, 'it goes on', () => slow.events.some((event) => short(event) === 'm/C=1'))
  }
)

scene(t, 'where too many elements changed, a snapshot replaces the missed changes', async (t, scene) => {
  const { store, clock, listen, write } = scene
  const names = Array.from({ length: 1500 }, (_, i) => `P${i}`)
  await store.commit([create(submodel('m', ...names.map((name) => property(name))))])
  const slow = await listen({ buffer: 2000, overflow: 'conflate', select: { kinds: ['value'] } })
  const plain = await listen()
  await store.commit([await write('m', 'P0', '0')])
  await until(t, 'it is live', () => slow.events.length === 1)
  slow.held = 1e9
  for (const round of ['1', '2']) {
    for (let i = 0; i < names.length; i += 500) {
      await store.commit(await Promise.all(names.slice(i, i + 500).map((name) => write('m', name, round))))
    }
  }
  await until(t, 'all are read', () => plain.events.length === 3001)
  await clock.advance(100)
  slow.drain()
  await until(t, 'the snapshot is sent', () => slow.messages.some(({ snapshot }) => snapshot === 'end'))
  const received = slow.events.slice(1)
  t.equal(received.length, 1500)
  t.ok(received.every((event) => event.event === 'value' && event.value === 2 && event.snapshot))
  await store.commit([await write('m', 'P7', '3')])
  await until(t, 'it goes on', () => slow.events.some((event) => short(event) === 'm/P7=3'))
})

scene(t, 'with an interval at most one value per element is sent in it, the first and the newest', async (t, scene) => {
  const { store, clock, listen, write } = scene
  await fill(store)
  const [all, plain] = [await listen({ interval: 200 }), await listen()]
  const arrivals = new Map<string, number[]>()
  all.send = (message) => {
    Listener.prototype.send.call(all, message)
    for (const event of message.events) {
      const key = short(event).split('=')[0] ?? ''
      arrivals.set(key, [...(arrivals.get(key) ?? []), clock.monotonic()])
    }
  }
  const begun = clock.monotonic()
  let i = 0
  while (clock.monotonic() - begun < 700) {
    await store.commit([await write('m', 'A', String(++i)), await write('m', 'B', String(-i))])
    await until(t, 'it is delivered', () => plain.events.length === 2 * i, false)
    if (i === 1) await until(t, 'the first is sent at once', () => all.events.length === 2, false)
    await clock.advance(20)
  }
  await clock.advance(200)
  t.ok(all.events.some((event) => short(event) === `m/A=${i}`))
  for (const [key, times] of arrivals) {
    t.equal(times.length, 5, key)
    for (const [at, time] of times.entries())
      if (at > 0) t.ok(time - (times[at - 1] ?? 0) >= 190, `${key} ${time - begun}`)
  }
  const again = await listen({ interval: 200, since: all.messages[0]?.cursor ?? '' })
  await until(t, 'it caught up', () => again.events.some((event) => short(event) === `m/A=${i}`))
  t.ok(again.events.length <= 12, `${again.events.length} of ${2 * i}`)
})

scene(t, 'with an interval a late sample does not follow a newer one', async (t, { store, listen, write }) => {
  await fill(store)
  const some = await listen({ interval: 50 })
  await store.commit([await write('m', 'A', '1', 100n)])
  await until(t, 'the first is sent', () => some.events.length === 1)
  await store.commit([await write('m', 'A', '2', 50n)])
  await store.commit([await write('m', 'A', '3', 200n)])
  await store.commit([await write('m', 'A', '4', 150n)])
  await until(t, 'the newest is sent', () => some.events.length === 2)
  t.strictSame(some.events.map(short), ['m/A=1', 'm/A=3'])
})

scene(
  t,
  'a window batches events, and a full message does not wait for its end',
  async (t, { store, clock, listen, write, samples }) => {
    await fill(store)
    const [some, plain] = [await listen({ window: 150 }), await listen()]
    for (let i = 0; i < 5; i++) await store.commit([await write('m', 'A', String(i))])
    await until(t, 'all are delivered', () => plain.events.length === 5, false)
    await clock.advance(140)
    t.equal(some.messages.length, 0)
    await clock.advance(20)
    t.equal(some.messages.length, 1)
    t.equal(some.events.length, 5)
    const times = Array.from({ length: 2000 }, (_, i) => i)
    await store.commit([await samples('m', 'B', run(times, times))])
    await until(t, 'full messages are sent', () => some.events.length > 500, false)
  }
)

scene(t, 'a subscriber whose connection fails is closed, and others continue', async (t, { store, listen, write }) => {
  await fill(store)
  const broken = new Listener()
  broken.send = () => {
    throw new Error('the socket is gone')
  }
  await listen({}, broken)
  const other = await listen()
  await store.commit([await write('m', 'A', '1')])
  await until(t, 'the other is sent', () => other.events.length === 1)
  t.equal(broken.closed?.reason, 'failed')
})

scene(
  t,
  'invalid requests, and too many subscriptions, are refused',
  async (t, { listen, subscriptions }) => {
    await t.rejects(listen({ select: { paths: ['a..b'] } }), { name: 'BadRequest' })
    await listen()
    await listen()
    await t.rejects(listen(), { name: 'TooManyRequests' })
    await until(t, 'both are live', () => subscriptions.figures.late === 0)
    t.strictSame(subscriptions.figures, { subscribers: 2, late: 0, groups: 1 })
  },
  { maxSubscriptions: 2 }
)

scene(t, 'a thousand stalled subscribers do not grow memory, in one group or in many', async (t, scene) => {
  const { store, clock, listen, samples } = scene
  await fill(store)
  const times = Array.from({ length: 1000 }, (_, i) => i)
  const requests: SubscriptionRequest[] = Array.from({ length: 1000 }, (_, i) => ({
    columns: i % 2 === 0,
    buffer: 1e9,
    select: { submodels: i < 500 ? ['m'] : ['m', `other-${i}`] }
  }))
  const slow: Bytes[] = []
  for (const request of requests) slow.push((await listen(request, new Bytes())) as Bytes)
  const quick = await listen()
  global.gc?.()
  const before = process.memoryUsage()
  let [sent, last] = [0, 0]
  for (let i = 0; i < 60; i++) {
    const changes = await Promise.all(
      NAMES.map((name) =>
        samples(
          'm',
          name,
          run(
            times,
            times.map((time) => time + i / 10)
          )
        )
      )
    )
    last = (await store.commit(changes)).seq
    sent += 3000
    quick.messages.length = quick.messages.length > 50 ? 0 : quick.messages.length
  }
  await clock.advance(1000)
  await until(t, 'the last is delivered', () => quick.events.at(-1)?.seq === last)
  global.gc?.()
  const after = process.memoryUsage()
  const grown = (after.rss - before.rss) / 2 ** 20
  t.comment(`${sent} samples, grown by ${Math.round(grown)} MiB`)
  t.ok(grown < 200, `${Math.round(grown)} MiB`)
  t.ok(slow.every(({ closed }) => closed === undefined))
  t.ok(slow.every(({ held }) => held < 2 ** 21))
})

/** Serializes messages as a connection does, and keeps the bytes as one that is not read from. */
class Bytes extends Listener {
  readonly #kept: Uint8Array[] = []

  override send(message: Message): void {
    const bytes = message.encoded('json', () =>
      Buffer.from(JSON.stringify(message.events, (_, value) => (typeof value === 'bigint' ? String(value) : value)))
    )
    this.#kept.push(bytes)
    this.held += bytes.length
  }
}

async function fill(store: Scene['store']): Promise<void> {
  await store.commit([create(whole())])
}

function whole() {
  return submodel('m', ...NAMES.map((name) => property(name)))
}
