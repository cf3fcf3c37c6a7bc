/** i3X 1.0, clause by clause of its Implementation Guide, whose headings stand in brackets: subscriptions. */
import { request as httpRequest } from 'node:http'
import t, { type Test } from 'tap'
import { manualClock } from '../manual-clock.ts'
import { inTime, until } from '../until.ts'
import type { Reply, Running } from './harness.ts'
import { type I3xClient, isBulk, isFailure, isVqt, LINE, lineHub, NOWHERE, SHELL, UTC, type Vqt } from './i3x-client.ts'

const CLIENT = 'client-7f3a9c'

async function subscribed(t: Test, post: I3xClient['post'], ids: readonly string[], maxDepth?: number) {
  const { json } = await post('/subscriptions', { clientId: CLIENT, displayName: 'Test' })
  t.match(json, { success: true, result: { clientId: CLIENT, subscriptionId: /^\S{20,}$/, displayName: 'Test' } })
  const { subscriptionId } = json.result
  const of = { clientId: CLIENT, subscriptionId }
  isBulk(t, await post('/subscriptions/register', { ...of, elementIds: ids, maxDepth }), ids, [])
  const sync = (lastSequenceNumber?: number) => post('/subscriptions/sync', { ...of, lastSequenceNumber })
  return { of, sync, post }
}

const push = (hub: Running, path: string, value: unknown, more = {}) =>
  hub.ask('POST', `${hub.url}/ingest`, { submodel: LINE, path, value, ...more })

interface Batch {
  readonly sequenceNumber: number
  readonly updates: (Vqt & { elementId: string })[]
}

const seen = ({ json }: Reply) =>
  (json.result as Batch[]).map(({ sequenceNumber, updates }) => [sequenceNumber, ...updates.map(({ value }) => value)])

t.test('[Subscriptions] belong to their client: to all others they do not exist', async (t) => {
  const { post } = await lineHub(t)
  const { of } = await subscribed(t, post, [`${LINE}#Speed`])
  const { subscriptionId } = of
  const other = { clientId: 'other', subscriptionId }
  const bodies: Readonly<Record<string, object>> = {
    '/subscriptions/register': { elementIds: [] },
    '/subscriptions/unregister': { elementIds: [] },
    '/subscriptions/sync': {},
    '/subscriptions/stream': {}
  }
  for (const [route, body] of Object.entries(bodies)) {
    isFailure(t, await post(route, { ...body, subscriptionId }), 400, `${route} without clientId`)
    isFailure(t, await post(route, { ...body, ...other }), 404, `${route} of another client`)
    isFailure(t, await post(route, { ...body, ...of, subscriptionId: 'x' }), 404, `${route} of none`)
  }
  isFailure(t, await post('/subscriptions', { displayName: 'x' }), 400)
  const ids = [subscriptionId]
  for (const route of ['/subscriptions/list', '/subscriptions/delete']) {
    isFailure(t, await post(route, { subscriptionIds: ids }), 400)
    isBulk(t, await post(route, { clientId: 'other', subscriptionIds: ids }), ids, ids, 'subscriptionId')
  }
  const listed = await post('/subscriptions/list', { clientId: CLIENT, subscriptionIds: [subscriptionId, 'x'] })
  isBulk(t, listed, [subscriptionId, 'x'], ['x'], 'subscriptionId')
  t.strictSame(listed.json.results[0].result, {
    subscriptionId,
    displayName: 'Test',
    monitoredObjects: [{ elementId: `${LINE}#Speed`, maxDepth: 1 }]
  })
  isBulk(t, await post('/subscriptions/delete', { clientId: CLIENT, subscriptionIds: ids }), ids, [], 'subscriptionId')
  isFailure(t, await post('/subscriptions/sync', of), 404, 'deleted')
})

t.test('[Registering] is idempotent, and partial failures fail alone', async (t) => {
  const { post } = await lineHub(t)
  const { of } = await subscribed(t, post, [`${LINE}#Speed`])
  const ids = [`${LINE}#Speed`, NOWHERE, SHELL]
  isBulk(t, await post('/subscriptions/register', { ...of, elementIds: ids }), ids, [NOWHERE])
  isBulk(t, await post('/subscriptions/unregister', { ...of, elementIds: ids }), ids, [NOWHERE])
  isBulk(t, await post('/subscriptions/unregister', { ...of, elementIds: ids }), ids, ids)
})

t.test(
  '[Sync] the first batch has the current values, then every change comes once, until it is acknowledged',
  async (t) => {
    const { hub, post } = await lineHub(t)
    const { sync } = await subscribed(t, post, [`${LINE}#Speed`, `${LINE}#Note`])
    const first = await sync()
    t.strictSame(seen(first), [[1, 5.5, '5']])
    for (const update of first.json.result[0].updates) t.ok(isVqt(update), update.elementId)
    await push(hub, 'Speed', 6)
    await push(hub, 'Speed', 7)
    await push(hub, 'Motor.Current', 1)
    t.strictSame(
      seen(await sync()),
      [
        [1, 7, '5'],
        [2, 6, 7]
      ],
      'what is not acknowledged comes again'
    )
    await push(hub, 'Speed', 8)
    t.strictSame(seen(await sync(1)), [
      [2, 6, 7],
      [3, 8]
    ])
    t.strictSame(seen(await sync(2)), [[3, 8]])
    t.strictSame(seen(await sync(3)), [], 'nothing new')
    await push(hub, 'Note', 'six')
    t.strictSame(seen(await sync()), [[4, 'six']])
    await push(hub, 'Note', 'seven')
    t.strictSame(seen(await sync(-1)), [], '-1 clears all that is pending')
    t.strictSame(seen(await sync()), [])
    await push(hub, 'Note', 'eight')
    t.match(seen(await sync()), [[5, 'eight']])
  }
)

t.test('[Sync] a number that is not one clears nothing', async (t) => {
  const { post } = await lineHub(t)
  const { of, sync } = await subscribed(t, post, [`${LINE}#Speed`])
  await sync()
  for (const lastSequenceNumber of ['1', 1.5, -2, {}]) {
    isFailure(t, await post('/subscriptions/sync', { ...of, lastSequenceNumber }), 400)
  }
  t.strictSame(seen(await sync(0)), [[1, 5.5]])
})

t.test('[Sync] an object with components is reported as itself, or to a depth as these', async (t) => {
  const { hub, post } = await lineHub(t)
  const itself = await subscribed(t, post, [`${LINE}#Motor`])
  const parts = await subscribed(t, post, [LINE], 0)
  const some = await subscribed(t, post, [LINE], 2)
  t.strictSame(seen(await itself.sync()), [[1, { Current: 2.5, Log: [1, 2] }]])
  t.equal((await parts.sync()).json.result[0].updates.length, 8)
  const own = (await some.sync()).json.result[0].updates
  t.strictSame(
    own.map(({ elementId }: { elementId: string }) => elementId.slice(LINE.length)),
    ['#Speed', '#Count', '#Limit', '#Empty', '#Note', '#Motor']
  )
  await push(hub, 'Motor.Log[0]', 5)
  await push(hub, 'Motor.Current', 6)
  t.strictSame(seen(await itself.sync(1)), [[2, { Current: 6, Log: [5, 2] }]], 'once, with its current value')
  const changes = (await parts.sync(1)).json.result[0].updates
  t.match(changes, [
    { elementId: `${LINE}#Motor.Log[0]`, value: 5 },
    { elementId: `${LINE}#Motor.Current`, value: 6 }
  ])
  t.match((await some.sync(1)).json.result, [{ updates: [{ elementId: `${LINE}#Motor`, value: { Current: 6 } }] }])
})

t.test('[Unregistering] what was queued before is delivered, what changes afterwards is not', async (t) => {
  const { hub, post } = await lineHub(t)
  const { of, sync } = await subscribed(t, post, [`${LINE}#Speed`, `${LINE}#Note`])
  await sync()
  await push(hub, 'Speed', 6)
  await post('/subscriptions/unregister', { ...of, elementIds: [`${LINE}#Speed`] })
  await push(hub, 'Speed', 7)
  await push(hub, 'Note', 'x')
  t.strictSame(seen(await sync(1)), [[2, 6, 'x']])
  await push(hub, 'Speed', 8)
  t.strictSame(seen(await sync(2)), [])
})

t.test('[Sync Data Loss] the oldest updates are dropped, which is said, and leaves a gap in the numbers', async (t) => {
  const { hub, post } = await lineHub(t)
  const { sync } = await subscribed(t, post, [`${LINE}#Speed`])
  t.strictSame(seen(await sync()), [[1, 5.5]])
  const values = Array.from({ length: 10_000 }, (_, at) => at)
  await hub.ask('POST', `${hub.url}/ingest`, {
    submodel: LINE,
    path: 'Speed',
    start: 1_700_000_000_000,
    step: 1,
    values
  })
  const full = await sync()
  t.equal(full.status, 200)
  t.equal(full.json.result.at(-1).updates.length, 10_000)
  await push(hub, 'Speed', -1)
  const late = await sync()
  t.equal(late.status, 206)
  t.match(late.json, { success: true, responseDetail: { status: 206, detail: /dropped/ } })
  t.strictSame(seen(late), [[4, -1]], 'numbers 1 to 3 are lost')
  t.equal((await sync(4)).status, 200)
})

t.test('[Subscription Life Cycle] one that is not used is deleted', async (t) => {
  const clock = manualClock(Date.now())
  const { post } = await lineHub(t, { clock })
  const kept = await subscribed(t, post, [])
  const left = await subscribed(t, post, [])
  await clock.advance(6 * 60_000)
  t.equal((await kept.sync()).status, 200)
  await clock.advance(5 * 60_000)
  t.equal((await kept.sync()).status, 200)
  isFailure(t, await left.sync(), 404)
})

t.test(
  '[Streaming] what was queued, then what changes, as arrays of updates; a newer stream ends the older',
  async (t) => {
    const { hub, post } = await lineHub(t)
    const { of, sync } = await subscribed(t, post, [`${LINE}#Speed`])
    await push(hub, 'Speed', 6)
    const first = await openStream(t, hub, of)
    t.match(await first.next(), [{ elementId: `${LINE}#Speed`, value: 6, quality: 'Good', timestamp: UTC }])
    t.match(await first.next(), [{ value: 6 }])
    isFailure(t, await sync(), 400, 'while a stream is open')
    await post('/subscriptions/register', { ...of, elementIds: [`${LINE}#Motor`] })
    t.match(await first.next(), [{ elementId: `${LINE}#Motor`, value: { Current: 2.5 } }])
    await push(hub, 'Motor.Current', 3)
    t.match(await first.next(), [{ elementId: `${LINE}#Motor`, value: { Current: 3 } }])
    const second = await openStream(t, hub, of)
    await inTime(first.ended, 'the end of the older stream')
    await push(hub, 'Speed', 7)
    t.match(await second.next(), [{ elementId: `${LINE}#Speed`, value: 7 }])
    second.stop()
    await until(async () => (await sync()).status === 200)
    await push(hub, 'Speed', 8)
    t.match((await sync()).json.result.at(-1), { updates: [{ value: 8 }] }, 'what was streamed counts as acknowledged')
  }
)

async function openStream(t: Test, hub: Running, of: object) {
  const events: unknown[] = []
  let wake = () => {}
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  const headers = { 'content-type': 'application/json', accept: 'text/event-stream' }
  const request = httpRequest(`${hub.url}/i3x/v1/subscriptions/stream`, { method: 'POST', headers })
  request.on('error', () => {})
  const opened = new Promise<void>((resolve) => {
    request.on('response', (response) => {
      t.equal(response.statusCode, 200)
      t.match(response.headers['content-type'], 'text/event-stream')
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        const blocks = (text + chunk).split('\n\n')
        text = blocks.pop() ?? ''
        for (const block of blocks) if (block.startsWith('data: ')) events.push(JSON.parse(block.slice(6)))
        wake()
      })
      response.on('end', end)
      resolve()
    })
  })
  request.end(JSON.stringify(of))
  t.teardown(() => request.destroy())
  await inTime(opened, 'the stream')
  return {
    ended,
    stop: () => request.destroy(),
    next: async (): Promise<unknown> => {
      while (events.length === 0) await inTime(new Promise<void>((resolve) => (wake = resolve)), 'an event')
      return events.shift()
    }
  }
}
