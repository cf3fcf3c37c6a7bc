import t from 'tap'
import { systemClock } from '../../src/clock.ts'
import { Access, RulesInForce } from '../../src/security/access.ts'
import { Policy } from '../../src/security/policy.ts'
import { policyOf, rule } from '../security/fixture.ts'
import { until } from '../until.ts'
import { broker, current, open, storeOf } from './mqtt-broker.ts'

t.test('a message becomes samples of the elements that the broker may write, by the rules in force', async (t) => {
  const here = await broker(t)
  const store = await storeOf(t)
  const objects = [{ REFERABLE: '$sme("urn:press").Speed' }]
  const rules = new RulesInForce(policyOf(rule({ rights: ['UPDATE'], objects })))
  const caller = { subject: { claims: {} }, name: 'mqtt:broker', authentication: 'configuration' } as const
  let isOpen = false
  const access = () => (isOpen ? undefined : new Access({ store, rules, clock: systemClock }, caller, ['/ingest']))
  const topics = [{ topic: 'plant/{machine}/{signal...}', idShort: '{machine}', path: '{signal}' }]
  const transport = await open(t, store, here, { topics }, { access })
  const client = await here.client()
  const publish = (topic: string, payload: unknown) => client.publishAsync(topic, String(payload), { qos: 1 })

  await publish('plant/Press/Speed', 21)
  await publish('plant/Press/Axis/Load', 7)
  await until(() => transport.counts.accepted === 1 && transport.counts.refused === 1)
  t.equal(await current(store, 'Speed'), '21')
  t.not(await current(store, 'Axis.Load'), '7')

  rules.replace(new Policy([]))
  await publish('plant/Press/Speed', 22)
  await until(() => transport.counts.refused === 2)
  t.equal(await current(store, 'Speed'), '21')

  isOpen = true
  await publish('plant/Press/Axis/Load', 8)
  await until(() => transport.counts.accepted === 2)
  t.equal(await current(store, 'Axis.Load'), '8')
})
