import { join } from 'node:path'
import t from 'tap'
import { clockOf } from '../../src/clock.ts'
import { Subscriptions } from '../../src/consumers/subscriptions/subscriptions.ts'
import { historyOf } from '../../src/operations/history/history.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { collection, create, property, replace, submodel } from '../store/fixtures.ts'
import { testDirectory } from '../test-directory.ts'
import { chunk, clockFor, Listener, run, samplesOf, scene, short, until } from './subscriptions-scene.ts'

scene(t, 'a snapshot sends the current state, followed by changes', async (t, { store, clock, listen, write }) => {
  const speed = { ...property('Speed', '1'), semanticId: reference('urn:speed') }
  await store.commit([create(submodel('m', collection('Line', [speed, property('Load')]), property('Top', '3')))])
  await store.commit([create(submodel('n', property('Speed', '4')))])
  const measured = BigInt(Date.now() + 1000) * 1_000_000n
  await store.commit([await write('m', 'Line.Speed', '2', measured, 'uncertain')])
  const all = await listen({ snapshot: true })
  t.equal(all.subscription?.cursor, '', 'there is no position to resume from before the snapshot is complete')
  const some = await listen({
    snapshot: true,
    select: { semanticIds: ['urn:speed'], kinds: ['value'] },
    content: 'full'
  })
  await until(
    t,
    'the snapshot is sent',
    () => all.messages.at(-1)?.snapshot === 'end' && some.messages.at(-1)?.snapshot === 'end'
  )
  t.strictSame(all.events.map(short), [
    'updated Submodel m',
    'm/Line.Speed=2',
    'm/Top=3',
    'updated Submodel n',
    'n/Speed=4'
  ])
  t.ok(all.events.every(({ snapshot }) => snapshot))
  t.ok(all.messages.slice(0, -1).every(({ cursor, snapshot }) => cursor === '' && snapshot === 'part'))
  t.match(some.events, [
    { path: 'Line.Speed', value: 2, sourceTime: measured, quality: 'uncertain', element: { value: '2' } }
  ])
  t.equal(some.events.length, 1)
  await store.commit([await write('m', 'Line.Speed', '6')])
  await until(t, 'the change is sent', () => all.events.length === 6 && some.events.length === 2)
  t.notOk(all.events.at(-1)?.snapshot)
  const resumed = await listen({ since: all.cursor, snapshot: true })
  await clock.advance(1000)
  t.strictSame(resumed.events, [], 'no snapshot where the cursor can be resumed from')
  const lost = await listen({ since: Buffer.from('another.1').toString('base64url'), snapshot: true })
  t.equal(lost.subscription?.recovered, false)
  await until(t, 'the snapshot is sent instead', () => lost.messages.at(-1)?.snapshot === 'end')
  t.ok(lost.events.some((event) => short(event) === 'm/Line.Speed=6'))
})

scene(t, 'a snapshot of some paths shows only submodels that have them', async (t, { store, listen }) => {
  await store.commit([create(submodel('m', collection('Line', [property('Speed', '1')]), property('Top', '3')))])
  await store.commit([create(submodel('n', property('Top', '4')))])
  const some = await listen({ snapshot: true, select: { paths: ['**.Speed'] } })
  await until(t, 'the snapshot is sent', () => some.messages.at(-1)?.snapshot === 'end')
  t.strictSame(some.events.map(short), ['updated Submodel m', 'm/Line.Speed=1'])
  await store.commit([replace(submodel('n', property('Speed', '5')), { touched: ['Speed', 'Top'] })])
  await until(t, 'a submodel that gets the path is sent', () => some.events.length > 2)
  t.equal(some.events.slice(2).map(short)[0], 'updated Submodel n [Speed,Top]')
})

scene(t, 'during a snapshot no older value follows a newer one', async (t, { store, listen, write }) => {
  const names = Array.from({ length: 600 }, (_, i) => `P${i}`)
  const whole = submodel('m', ...names.map((name) => property(name, '0')))
  await store.commit([create(whole), create({ ...whole, id: 'n' }), create({ ...whole, id: 'z' })])
  const listener = new Listener()
  // Takes one message, and the next one on request.
  listener.slow = 1e6
  await listen({ snapshot: true, select: { kinds: ['value'] } }, listener)
  let counter = 0
  const written: string[] = []
  for (let part = 1; !listener.messages.some(({ snapshot }) => snapshot === 'end'); part++) {
    await until(t, 'a part is sent', () => listener.messages.length >= part)
    // Elements that were shown, that were not yet, and new ones.
    for (const name of ['P1', 'P299', 'P599']) {
      await store.commit([await write('m', name, String(++counter)), await write('n', name, String(counter))])
      await store.commit([await write('z', name, String(counter))])
      written.push(`z/${name}=${counter}`)
    }
    await store.commit([replace({ ...whole, id: 'n' }, { touched: ['P599', 'P400'] })])
    await store.commit([await write('n', 'P599', String(++counter)), await write('n', 'P400', String(++counter))])
    listener.drain()
  }
  t.ok(listener.messages.length > 3, `${listener.messages.length} messages`)
  listener.slow = 0
  listener.drain()
  await store.commit([await write('m', 'P7', String(++counter))])
  await until(t, 'all is sent', () => listener.events.some((event) => short(event) === `m/P7=${counter}`))
  const received = new Set(listener.events.map(short))
  t.strictSame(
    written.filter((value) => !received.has(value)),
    [],
    'the snapshot takes the place of no value that was written meanwhile'
  )
  const newest = new Map<string, number>()
  for (const event of listener.events) {
    if (event.event !== 'value') continue
    const key = `${event.submodel}/${event.path}`
    const value = Number(event.value)
    if (value < (newest.get(key) ?? -1)) t.fail(`${key} goes back from ${newest.get(key)} to ${value}`)
    newest.set(key, value)
  }
  t.equal(newest.size, 1800, 'every element is sent')
  for (const [key, value] of newest) {
    const [id = '', path = ''] = key.split('/')
    if (JSON.parse((await store.element(id, path))?.value ?? '').value !== String(value))
      t.fail(`${key} is not ${value}`)
  }
})

/** Each commit is a second later. */
const ticking = { now: 1_790_000_000_000 }

scene(
  t,
  'a subscription from a time gets all changes since then',
  async (t, { store, listen, write, subscriptions }) => {
    await store.commit([create(submodel('m', property('Speed')))])
    for (const value of [1, 2, 3, 4]) await store.commit([await write('m', 'Speed', String(value))])
    const listener = await listen({ since: new Date(ticking.now - 1500).toISOString() })
    t.equal(listener.subscription?.recovered, true)
    await until(t, 'it is sent', () => listener.events.length === 2)
    t.strictSame(listener.events.map(short), ['m/Speed=3', 'm/Speed=4'])
    const page = await subscriptions.page({ since: new Date(ticking.now - 500).toISOString() }, 10)
    t.strictSame(page.events.map(short), ['m/Speed=4'])
  },
  { store: { clock: clockOf(() => (ticking.now += 1000)) } }
)

scene(
  t,
  'a trimmed cursor is reported, with the position from which the subscription continues',
  async (t, { store, listen, write }) => {
    await store.commit([create(submodel('m', property('Speed')))])
    const first = await listen()
    const { cursor } = first.subscription ?? { cursor: '' }
    first.subscription?.close()
    for (const value of [1, 2, 3, 4]) await store.commit([await write('m', 'Speed', String(value))])
    await store.trimLog(3)
    const second = await listen({ since: cursor })
    t.equal(second.subscription?.recovered, false)
    await until(t, 'the rest is sent', () => second.events.length === 2)
    t.strictSame(second.events.map(short), ['m/Speed=3', 'm/Speed=4'])
    const third = await listen({ since: second.subscription?.cursor ?? '' })
    t.equal(third.subscription?.recovered, true)
    const ahead = await listen({ since: Buffer.from(`${store.epoch}.1000`).toString('base64url') })
    t.equal(ahead.subscription?.recovered, false, 'a position that the log has not reached belongs to other data')
  }
)

scene(
  t,
  'a subscriber that stalls until entries are trimmed is notified of the gap, and continues',
  async (t, { store, subscriptions, listen, write }) => {
    await store.commit([create(submodel('m', property('Speed')))])
    const slow = await listen()
    slow.held = 1e9
    for (let value = 0; value < 10; value++) await store.commit([await write('m', 'Speed', String(value))])
    await until(t, 'it is behind', () => subscriptions.figures.late === 1)
    await store.trimLog(8)
    slow.drain()
    await until(t, 'the rest is sent', () => slow.events.length === 3)
    t.equal(slow.messages[0]?.recovered, false)
    t.strictSame(slow.messages[0]?.events, [])
    t.strictSame(slow.events.map(short), ['m/Speed=7', 'm/Speed=8', 'm/Speed=9'])
  }
)

t.test('a subscriber is notified of a gap although nothing of the log is left', async (t) => {
  const store = await openSqlite(join(testDirectory(t), 'data'))
  await store.commit([create(submodel('m', property('Speed')))])
  const trimmed = Promise.withResolvers<void>()
  const slow = new Proxy(store, {
    get: (_, name: keyof Store) =>
      name === 'log'
        ? (after: number, limit: number) => trimmed.promise.then(() => store.log(after, limit))
        : typeof store[name] === 'function'
          ? (store[name] as () => unknown).bind(store)
          : store[name]
  })
  const subscriptions = new Subscriptions(slow, { clock: clockFor(t) })
  const listener = new Listener()
  await subscriptions.subscribe({}, listener)
  const { seq } = await store.commit([create(submodel('n'))])
  await store.trimLog(seq)
  trimmed.resolve()
  await until(t, 'it is notified', () => listener.messages[0]?.recovered === false)
  t.equal(listener.cursor, Buffer.from(`${store.epoch}.${seq}`).toString('base64url'))
  await subscriptions.close()
  await store.close()
})

t.test('values from before the log are sent from the history, each once', async (t) => {
  // The log begins at 3.5 s, as far as it is left.
  let now = 3496
  const store = await openSqlite(join(testDirectory(t), 'data'), { clock: clockOf(() => ++now) })
  const at = (ms: number) => run([ms * 1e6, (ms + 1) * 1e6], [ms, ms + 1])
  await store.commit([create(submodel('m', property('Speed')))])
  for (const ms of [1000, 2000, 3000, 4000]) await store.commit([await samplesOf(store, 'm', 'Speed', at(ms))])
  await store.trimLog(3)
  // Late: it is in the history and in what is left of the log.
  await store.commit([await samplesOf(store, 'm', 'Speed', at(1500))])
  for (const ms of [1000, 1500, 2000, 3000, 4000]) await store.putChunks([chunk('m', 'Speed', at(ms), 6)])
  const history = historyOf(store, { caughtUp: async () => {}, parts: () => [], span: () => undefined })
  const clock = clockFor(t)
  const subscriptions = new Subscriptions(store, { clock, history })
  const since = new Date(500).toISOString()
  const [rows, runs] = [new Listener(), new Listener()]
  const subscription = await subscriptions.subscribe({ since, select: { kinds: ['value'] } }, rows)
  t.equal(subscription.recovered, true)
  t.equal(subscription.cursor, '')
  const both = await subscriptions.subscribe({ since, columns: true }, runs)
  t.equal(both.recovered, false, 'changes of structure are not in the history')
  await store.commit([await samplesOf(store, 'm', 'Speed', at(5000))])
  const times = [1000, 1001, 1500, 1501, 2000, 2001, 3000, 3001, 4000, 4001, 5000, 5001]
  const received = (listener: Listener) =>
    listener.events.flatMap((event) =>
      event.event === 'value' ? event.value : event.event === 'run' ? [...event.values] : []
    )
  await until(t, 'all is sent', () => received(rows).length >= 12 && received(runs).length >= 12)
  await clock.advance(1000)
  t.strictSame(received(rows), times)
  t.strictSame(received(runs), times)
  t.equal(rows.messages[0]?.cursor, '')
  t.not(rows.messages.at(-1)?.cursor, '')
  await subscriptions.close()
  await store.close()
})

function reference(value: string) {
  return { type: 'ExternalReference' as const, keys: [{ type: 'GlobalReference' as const, value }] }
}
