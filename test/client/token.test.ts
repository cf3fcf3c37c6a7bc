/** Clients of a hub that asks for credentials. */
import t from 'tap'
import { type ChangeEvent, type Client, type ClientOptions, connect } from '../../src/client/client.ts'
import type { Running } from '../e2e/harness.ts'
import { secured } from '../e2e/secured-hub.ts'
import { claim, eq, rule, str } from '../security/fixture.ts'
import { until } from '../until.ts'

const property = (idShort: string) => ({ modelType: 'Property', idShort, valueType: 'xs:double' })
const machine = { modelType: 'Submodel', id: 'urn:m', submodelElements: [property('Speed'), property('Secret')] }
const fill = async (hub: Running) => void (await hub.post('/submodels', machine))
const speed = [{ REFERABLE: '$sme("urn:m").Speed' }]
const rules = [
  rule({ objects: speed, rights: ['READ'], formula: eq(claim('role'), str('reader')) }),
  rule({ objects: speed, rights: ['UPDATE'], formula: eq(claim('role'), str('gateway')) })
]

t.test('a client shows its token, and what it may not do is refused', async (t) => {
  const secure = await secured(t, rules, fill)
  const open = async (options: ClientOptions): Promise<Client> => {
    const client = connect(secure.hub.url, { onState: () => {}, ...options })
    t.teardown(() => client.close())
    return client
  }
  const reader = await open({ token: (await secure.key({ role: 'reader' })).key })
  const { key } = await secure.key({ role: 'gateway' })
  const gateway = await open({ token: async () => key })
  const events: ChangeEvent[] = []
  await reader.subscribe({}, (message) => events.push(...message.events)).ready
  t.match(await gateway.push({ submodel: 'urn:m', path: 'Speed', value: 1 }), { accepted: 1 })
  await until(() => events.length === 1)
  await t.rejects(gateway.push({ submodel: 'urn:m', path: 'Secret', value: 1 }), { name: 'RefusedError' })
  await t.rejects(gateway.subscribe({}, () => {}, { onError: () => {} }).ready, { code: 'Forbidden' })
})

t.test('a client without a token, or with a wrong one, says why it is not connected', async (t) => {
  const { hub } = await secured(t, rules, fill)
  const states: string[] = []
  const wrong = connect(hub.url, { token: 'wrong', onState: (_, reason) => states.push(reason) })
  t.teardown(() => wrong.close())
  await until(() => states.length > 0)
  t.match(states[0], /Not authenticated/)
  t.equal(wrong.isOpen, false)
})

t.test('a token is renewed before it expires, and the subscription goes on', async (t) => {
  const secure = await secured(t, rules, fill)
  const { key: forever } = await secure.key({ role: 'gateway' })
  const { key: first } = await secure.key({ role: 'reader' }, new Date(Date.now() + 3000).toISOString())
  const { key: second } = await secure.key({ role: 'reader' })
  const given: string[] = []
  const states: string[] = []
  const reader = connect(secure.hub.url, {
    token: () => {
      given.push(given.length === 0 ? first : second)
      return given.at(-1) ?? ''
    },
    onState: (state) => states.push(state)
  })
  const gateway = connect(secure.hub.url, { token: forever })
  t.teardown(() => {
    reader.close()
    gateway.close()
  })
  const values: unknown[] = []
  await reader.subscribe({}, ({ events }) => {
    for (const event of events) if ('value' in event) values.push(event.value)
  }).ready
  await until(() => given.length === 2)
  await gateway.push({ submodel: 'urn:m', path: 'Speed', value: 1 })
  await until(() => values.length === 1)
  t.strictSame([values, states], [[1], ['open']])
})
