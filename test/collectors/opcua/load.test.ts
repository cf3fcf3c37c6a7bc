/** Very many items of a machine, and messages that get lost on their way, against a real server. */
import { DataType, Variant } from 'node-opcua'
import t, { type Test } from 'tap'
import { type Machine, NAMESPACE } from '../../../scripts/demo/opcua-machine.ts'
import { until } from '../../until.ts'
import type { DescribedInterface } from '../asset-interface.ts'
import type { RecordedContext } from '../session-context.ts'
import { machine, open } from './fixture.ts'

/** Counting variables of the machine, of which each change is sent. */
function counting(url: string, names: readonly number[]): DescribedInterface {
  return {
    ...{ idShort: 'InterfaceOPCUA', vocabulary: 'http://opcfoundation.org/UA/WoT-Binding' },
    endpoint: { base: url, uav_samplingInterval: '0', uav_publishingInterval: '100' },
    security: { nosec_sc: { scheme: 'nosec' } },
    properties: Object.fromEntries(
      names.map((at) => [`Item${at}`, { form: { href: `/?id=nsu=${NAMESPACE};i=${100_000 + at}` } }])
    )
  }
}

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at)

/** Values by item, as they came. */
function valuesIn({ samples }: RecordedContext): Map<string, number[]> {
  const values = new Map<string, number[]>()
  for (const { item, value } of samples) {
    const name = item.path.split('.').at(-1) ?? ''
    values.set(name, [...(values.get(name) ?? []), Number(value)])
  }
  return values
}

/** Counts that are missing between the first and the last one of each item. */
function missingIn(context: RecordedContext): string[] {
  return [...valuesIn(context)].flatMap(([name, values]) => {
    const all = new Set(values)
    const first = Math.min(...all)
    return upTo(Math.max(...all) - first).flatMap((at) => (all.has(first + at) ? [] : [`${name}: ${first + at}`]))
  })
}

const highest = ({ samples }: RecordedContext) => samples.reduce((most, { value }) => Math.max(most, Number(value)), 0)

async function monitored(t: Test, plant: Machine, count: number): Promise<RecordedContext> {
  const { context } = await open(t, counting(plant.url, upTo(count)))
  await until(() => new Set(context.samples.map(({ item }) => item.path)).size === count, { timeoutMs: 60_000 })
  return context
}

t.test('10,000 items are monitored where the server allows 1,000 a subscription', async (t) => {
  const plant = await machine(t, {
    ...{ items: { count: 10_000, everyMs: 1000 } },
    ...{ itemsPerSubscription: 1000, itemsPerCall: 300 }
  })
  const context = await monitored(t, plant, 10_000)
  t.equal(plant.server.engine.currentSubscriptionCount, 10)
  const from = highest(context)
  await until(() => highest(context) > from + 3, { timeoutMs: 60_000 })
  t.same(missingIn(context), [])
  t.same(context.events, [])
})

t.test('items are spread over subscriptions where the server does not say how many it allows', async (t) => {
  const plant = await machine(t, { items: { count: 100, everyMs: 100 }, itemsPerSubscription: 30 })
  // MaxMonitoredItemsPerSubscription.
  const limit = plant.server.engine.addressSpace?.findNode('i=24103') as {
    bindVariable?: (how: object, force: true) => void
  }
  limit.bindVariable?.({ get: () => new Variant({ dataType: DataType.UInt32, value: 0 }) }, true)
  const context = await monitored(t, plant, 100)
  t.equal(plant.server.engine.currentSubscriptionCount, 4)
  t.same(context.events, [])
})

interface PublishEngine {
  _send_response(subscription: { _sent_notification_messages: unknown[] }, response: object): void
}

/** The next message of the server does not arrive. */
function loseOne(plant: Machine, isKept: boolean): Promise<void> {
  const [session] = Object.values((plant.server.engine as never as { _sessions: Record<string, object> })._sessions)
  const { publishEngine } = session as { publishEngine: PublishEngine }
  return new Promise((resolve) => {
    const send = publishEngine._send_response
    publishEngine._send_response = (subscription) => {
      publishEngine._send_response = send
      if (!isKept) subscription._sent_notification_messages.pop()
      resolve()
    }
  })
}

t.test('a message that does not arrive is asked for again', async (t) => {
  const plant = await machine(t, { items: { count: 20, everyMs: 100 } })
  const context = await monitored(t, plant, 20)
  for (const _ of upTo(3)) {
    await loseOne(plant, true)
    const from = highest(context)
    await until(() => highest(context) > from + 5)
  }
  t.same(missingIn(context), [])
  t.same(context.events, [])
})

t.test('a message that the server does not have any more is a gap, which is reported', async (t) => {
  const plant = await machine(t, { items: { count: 120, everyMs: 100 }, nodesPerRead: 50 })
  const context = await monitored(t, plant, 120)
  await loseOne(plant, false)
  await until(() => context.events.length >= 2)
  t.match(context.events, [
    'gap: a message of the server did not arrive',
    /^gap: 120 of 120 items have no history at the server/
  ])
  const from = highest(context)
  await until(() => highest(context) > from + 5)
  t.equal(missingIn(context).length, 120)
})

t.test('values that a full queue of the server dropped are a gap, which is reported', async (t) => {
  const plant = await machine(t, { items: { count: 2, everyMs: 20 } })
  const what = counting(plant.url, upTo(2))
  const { context } = await open(t, {
    ...what,
    endpoint: { ...what.endpoint, uav_publishingInterval: '500', uav_queueSize: '5' }
  })
  await until(() => context.events.length > 0)
  t.match(context.events, [/^gap: the server's queues overflowed, of \d+ values those before are lost/])
})
