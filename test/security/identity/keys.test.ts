import t from 'tap'
import type { Credentials } from '../../../src/security/identity/credentials.ts'
import type { SecurityEvent } from '../../../src/security/identity/events.ts'
import { anotherHub, openIdentity } from './fixture.ts'

const token = (key: string): Credentials => ({ is: 'token', token: key })
const line1 = { name: 'line-1', claims: { role: 'gateway' } }

t.test('a key is shown once, and what is stored does not contain it', async (t) => {
  const { identity, store } = await openIdentity(t)
  t.equal(identity.isConfigured, false)
  const { key, id } = await identity.keys.create(line1)
  t.equal(identity.isConfigured, true)
  const secret = key.slice(-43)
  const { items } = await store.documents('Credential', [], { limit: 10 })
  t.ok(items.some((document) => document.id === `key/${id}`))
  for (const { bytes } of items) t.notOk(bytes.includes(secret))
  t.notMatch(JSON.stringify(await identity.keys.list()), secret)
  t.match(await identity.keys.list(), [{ id, name: 'line-1', claims: { role: 'gateway' }, secrets: 1 }])
})

t.test('a key is a caller with its claims, as token, as password, and under the address it comes from', async (t) => {
  const { identity } = await openIdentity(t)
  const { key } = await identity.keys.create(line1)
  const caller = {
    subject: { claims: { sub: 'key:line-1', role: 'gateway' } },
    name: 'key:line-1',
    authentication: 'key',
    source: '10.0.0.7'
  }
  t.strictSame(await identity.identify(token(key), '10.0.0.7'), caller)
  t.strictSame(await identity.identify({ is: 'password', user: 'telegraf', password: key }, '10.0.0.7'), caller)
  t.notOk(identity.identify(token(key)) instanceof Promise, 'a known key costs no read')
  t.equal((await identity.identify(token(key))).subject, (await identity.identify(token(key))).subject)
})

t.test('a key that is wrong, foreign or expired is refused without being repeated', async (t) => {
  const { identity, clock } = await openIdentity(t)
  const { key } = await identity.keys.create({ ...line1, expires: clock.milliseconds() + 60_000 })
  const wrong = key.slice(0, -1) + (key.endsWith('A') ? 'B' : 'A')
  for (const one of [wrong, `aashub_abcdefghijkl_${key.slice(-43)}`, key.slice(0, -1), 'aashub_', 'x']) {
    const error = await Promise.resolve()
      .then(() => identity.identify(token(one)))
      .catch((error: Error) => error)
    t.match(error, { name: 'Unauthorized', status: 401 }, one)
    t.notMatch((error as Error).message, one.length > 5 ? one : /^$/)
  }
  t.match(await identity.identify(token(key)), { expiresAt: clock.milliseconds() + 60_000 })
  await clock.advance(60_000)
  t.throws(() => identity.identify(token(key)), { name: 'Unauthorized', message: /expired/ })
})

t.test('a rotated key stays valid for its grace time', async (t) => {
  const { identity, clock } = await openIdentity(t)
  const { key, id } = await identity.keys.create(line1)
  const { key: next } = await identity.keys.rotate(id, 10_000)
  t.not(key, next)
  t.match(await identity.identify(token(next)), { name: 'key:line-1', expiresAt: undefined })
  t.match(await identity.identify(token(key)), { name: 'key:line-1', expiresAt: clock.milliseconds() + 10_000 })
  const { key: third } = await identity.keys.rotate(id, 3_600_000)
  t.match(await identity.identify(token(key)), { expiresAt: clock.milliseconds() + 10_000 }, 'which is not prolonged')
  t.match(await identity.keys.list(), [{ secrets: 3 }])
  await clock.advance(10_000)
  t.throws(() => identity.identify(token(key)), { name: 'Unauthorized' })
  t.match(await identity.identify(token(next)), { name: 'key:line-1' })
  t.match(await identity.identify(token(third)), { name: 'key:line-1' })
  await identity.keys.rotate(id, 0)
  await t.rejects(async () => identity.identify(token(third)), { name: 'Unauthorized' })
  await t.rejects(identity.keys.rotate('absent', 0), { name: 'NotFound' })
})

t.test('a key is revoked at once, and on other hubs within a second', async (t) => {
  const { identity, store, clock } = await openIdentity(t)
  const other = await anotherHub(t, store, clock)
  t.equal(other.isConfigured, false)
  const { key, id } = await identity.keys.create(line1)
  await clock.advance(1000)
  t.equal(other.isConfigured, true, 'a hub that was open is so no longer')
  t.match(await other.identify(token(key)), { name: 'key:line-1' })
  const changes: string[] = []
  identity.onChange(() => changes.push('own'))
  other.onChange(() => changes.push('other'))
  await identity.keys.revoke(id)
  t.strictSame(changes, ['own'])
  await t.rejects(async () => identity.identify(token(key)), { name: 'Unauthorized' })
  await clock.advance(1000)
  t.strictSame(changes, ['own', 'other'])
  await t.rejects(async () => other.identify(token(key)), { name: 'Unauthorized' })
  t.equal(identity.isConfigured, true, 'the hub does not become open when its last key is revoked')
  await t.rejects(identity.keys.revoke(id), { name: 'NotFound' })
})

t.test('changes of keys are reported for the commit that makes them', async (t) => {
  const events: SecurityEvent[] = []
  const changesFor = (event: SecurityEvent) => {
    events.push(event)
    return []
  }
  const sink = { report: () => {}, changesFor }
  const { identity } = await openIdentity(t, { events: sink })
  const { id } = await identity.keys.create(line1)
  const by = { subject: {}, name: 'user:kim', authentication: 'session' } as const
  await identity.keys.rotate(id, 0, by)
  await identity.keys.revoke(id, by)
  t.match(events, [
    { action: 'create key', subject: `key:line-1 (${id})`, by: undefined },
    { action: 'rotate key', by: { name: 'user:kim' } },
    { action: 'revoke key', by: { name: 'user:kim' } }
  ])
})
