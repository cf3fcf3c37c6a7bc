/** Requests on one connection: what was found out about its caller counts no longer than it is true. */
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { Agent, type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import type { FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import type { Identity } from '../../src/security/identity/identity.ts'
import { ConnectionCallers } from '../../src/transports/http/connection-callers.ts'
import { encode, type Running, start } from '../e2e/harness.ts'
import { bearer, secured } from '../e2e/secured-hub.ts'
import { startProvider } from '../identity-provider.ts'
import { manualClock } from '../manual-clock.ts'
import { claim, eq, rule, str } from '../security/fixture.ts'
import { anotherHub, openIdentity } from '../security/identity/fixture.ts'
import { property, submodel } from '../store/fixtures.ts'
import { testDirectory } from '../test-directory.ts'

interface Answer {
  readonly status: number | undefined
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  readonly body: any
}

type Ask = (path: string, headers?: Record<string, string>) => Promise<Answer>

/** Asks on one connection, one request after the other. */
function connection(t: Test, { url }: Running): Ask {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())
  let isFirst = true
  return async (path, headers = {}) => {
    const sent = request(url + path, { agent, headers })
    sent.end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    const body = await json(response)
    if (!isFirst && !sent.reusedSocket) t.fail('this came on another connection')
    isFirst = false
    return { status: response.statusCode, body }
  }
}

const press = `/api/v3/submodels/${encode('press')}`
const speed = `${press}/submodel-elements/speed/$value`
const fill = async (hub: Running) => {
  t.equal((await hub.post('/submodels', submodel('press', property('speed', '1')))).status, 201)
}
const operators = rule({ rights: ['READ'], formula: eq(claim('role'), str('operator')) })

t.test('a key that is revoked or rotated is refused in the very next request', async (t) => {
  const { hub, ask: administer, key } = await secured(t, [operators], fill)
  const ask = connection(t, hub)
  const [one, other] = [await key({ role: 'operator' }), await key({ role: 'operator' })]
  for (let times = 0; times < 3; times++) t.equal((await ask(press, bearer(one.key))).status, 200)
  t.equal((await ask(press, bearer(other.key))).status, 200)
  t.equal((await ask(press, bearer(one.key))).status, 200)
  t.equal((await administer('DELETE', `/security/keys?id=${one.id}`)).status, 204)
  t.equal((await ask(press, bearer(one.key))).status, 401)
  t.equal((await ask(press, bearer(other.key))).status, 200)
  const { json } = await administer('POST', '/security/keys/rotate', { id: other.id, grace: 'PT0S' })
  t.equal((await ask(press, bearer(other.key))).status, 401)
  t.equal((await ask(press, bearer(json.key))).status, 200)
})

t.test('each request on a connection is by the credentials that it shows', async (t) => {
  const { hub, key } = await secured(t, [operators], fill)
  const ask = connection(t, hub)
  const [operator, stranger] = [await key({ role: 'operator' }), await key({ role: 'none' })]
  const names: unknown[] = []
  for (const headers of [bearer(operator.key), bearer(stranger.key), {}, bearer(operator.key), {}]) {
    names.push((await ask('/security/session', headers)).body.name)
  }
  t.strictSame(names, ['key:k0', 'key:k1', 'anonymous', 'key:k0', 'anonymous'])
  t.equal((await ask(press, bearer(operator.key))).status, 200)
  t.equal((await ask(press, bearer(stranger.key))).status, 403)
  t.equal((await ask(press)).status, 401)
  t.equal((await ask(press, bearer(`${operator.key.slice(0, -2)}AA`))).status, 401)
})

t.test('rules that are replaced count in the very next request', async (t) => {
  const { hub, apply, key } = await secured(t, [operators], fill)
  const ask = connection(t, hub)
  const operator = bearer((await key({ role: 'operator' })).key)
  t.equal((await ask(press, operator)).status, 200)
  t.equal((await ask(speed, operator)).status, 200)
  await apply(rule({ rights: ['READ'], formula: eq(claim('role'), str('auditor')) }))
  t.equal((await ask(press, operator)).status, 403)
  t.equal((await ask(speed, operator)).status, 403)
  await apply(operators)
  t.equal((await ask(press, operator)).status, 200)
})

t.test('a user whose claims or password change is another one in the very next request', async (t) => {
  const { hub, ask: administer } = await secured(t, [operators], fill)
  const ask = connection(t, hub)
  const password = 'correct horse battery'
  const basic = { authorization: `Basic ${Buffer.from(`kim:${password}`).toString('base64')}` }
  await administer('POST', '/security/users', { name: 'kim', password, claims: { role: 'operator' } })
  t.equal((await ask(press, basic)).status, 200)
  t.equal((await ask(press, basic)).status, 200)
  await administer('POST', '/security/users/change', { name: 'kim', claims: { role: 'none' } })
  t.equal((await ask(press, basic)).status, 403)
  await administer('DELETE', '/security/users?name=kim')
  t.equal((await ask(press, basic)).status, 401)
})

t.test('an expired key or token is refused in the very next request', async (t) => {
  // The provider signs with the time of the machine.
  const clock = manualClock(Date.now())
  const provider = await startProvider(t)
  const issuers = join(testDirectory(t), 'issuers.json')
  writeFileSync(issuers, JSON.stringify([{ issuer: provider.url, audience: 'aas-hub' }]))
  const hub = await start(t, { TEMPLATES: 'off', ISSUERS: issuers }, { clock })
  const ask = connection(t, hub)
  const administrator = bearer(await provider.token({ role: 'administrator' }, { expiresIn: 3600 }))
  const expires = new Date(clock.milliseconds() + 500).toISOString()
  const { json } = await hub.ask(
    'POST',
    `${hub.url}/security/keys`,
    { name: 'line-1', claims: { role: 'operator' }, expires },
    administrator
  )
  const token = await provider.token({ role: 'operator' }, { expiresIn: 1 })
  const [byKey, byToken] = [bearer(json.key), bearer(token)]
  const list = '/api/v3/submodels'
  for (let times = 0; times < 2; times++) {
    t.equal((await ask(list, byKey)).status, 200)
    t.equal((await ask(list, byToken)).status, 200)
  }
  clock.jump(499)
  t.equal((await ask(list, byKey)).status, 200)
  clock.jump(1)
  t.equal((await ask(list, byKey)).status, 401)
  const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  // Clocks may differ by a minute.
  const end = (exp + 60) * 1000
  clock.jump(end - 1 - clock.milliseconds())
  t.equal((await ask(list, byToken)).status, 200)
  clock.jump(1)
  t.equal((await ask(list, byToken)).status, 401)
})

t.test('every request on a connection counts for the limit of its caller', async (t) => {
  const clock = manualClock()
  const { hub, key } = await secured(t, [operators], fill, { clock }, { REQUEST_RATE: '3' })
  const ask = connection(t, hub)
  const operator = bearer((await key({ role: 'operator' })).key)
  const statuses: unknown[] = []
  for (let times = 0; times < 8; times++) statuses.push((await ask(press, operator)).status)
  t.strictSame(statuses, [200, 200, 200, 200, 200, 200, 429, 429])
})

t.test('what another hub on the same store revokes is refused within a second', async (t) => {
  const { identity, store, clock } = await openIdentity(t)
  const { key, id } = await identity.keys.create({ name: 'line-1', claims: {} })
  const ask = socketOf(await anotherHub(t, store, clock), clock)
  t.equal((await ask(key, '10.0.0.1')).name, 'key:line-1')
  await identity.keys.revoke(id)
  await clock.advance(1000)
  await t.rejects(async () => ask(key, '10.0.0.1'), { name: 'Unauthorized' })
})

t.test('the address of a caller is that of the request, also behind a proxy', async (t) => {
  const { identity, clock } = await openIdentity(t)
  const { key } = await identity.keys.create({ name: 'line-1', claims: {} })
  const ask = socketOf(identity, clock)
  for (const ip of ['10.0.0.1', '10.0.0.1', '10.0.0.2', '10.0.0.1']) t.equal((await ask(key, ip)).source, ip)
})

t.test('a caller is found again where its identity is not certain any more', async (t) => {
  const { identity, clock } = await openIdentity(t)
  const { key } = await identity.keys.create({ name: 'line-1', claims: {} })
  let asked = 0
  const counting: Pick<Identity, 'identify' | 'generation'> = {
    get generation() {
      return identity.generation
    },
    identify: (...args) => {
      asked++
      return identity.identify(...args)
    }
  }
  const ask = socketOf(counting, clock)
  for (let times = 0; times < 10; times++) await ask(key, '10.0.0.1')
  t.equal(asked, 1)
  await clock.advance(1000)
  await ask(key, '10.0.0.1')
  t.equal(asked, 2, 'after a second')
  clock.jump(-10_000)
  await ask(key, '10.0.0.1')
  t.equal(asked, 3, 'where the clock was set back')
  await identity.keys.create({ name: 'line-2', claims: {} })
  await ask(key, '10.0.0.1')
  t.equal(asked, 4, 'after a change of keys')
})

/** Requests by key on one connection. */
function socketOf(identity: Pick<Identity, 'identify' | 'generation'>, clock: { milliseconds(): number }) {
  const callers = new ConnectionCallers(identity, clock)
  const socket = {}
  return async (key: string, ip: string) => {
    const request = { method: 'GET', url: '/', ip, headers: bearer(key), raw: { socket } }
    return callers.identify(request as unknown as FastifyRequest)
  }
}
