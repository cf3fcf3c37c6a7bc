/** Users, sessions and keys over HTTP. */
import { statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import type { ExtensionOperation } from '../../src/transports/http/extension-endpoint.ts'
import {
  keyRotationEndpoint,
  keysEndpoint,
  passwordEndpoint,
  sessionEndpoint,
  userChangeEndpoint,
  usersEndpoint
} from '../../src/transports/security/endpoints.ts'
import { manualClock } from '../manual-clock.ts'
import { testDirectory } from '../test-directory.ts'
import { embedded, type Reply, type Running, start } from './harness.ts'

const PASSWORD = 'correct horse battery'
const admin = { name: 'kim', password: PASSWORD, claims: { role: 'administrator' } }

const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
})

async function secured(t: Test, options: Parameters<typeof start>[2] = {}) {
  const hub = await start(t, {}, options)
  t.equal((await at(hub, 'POST', '/security/users', admin)).status, 201)
  const { json } = await at(hub, 'POST', '/security/keys', { name: 'boot', claims: { role: 'administrator' } }, byAdmin)
  return { hub, key: json.key as string, id: json.id as string }
}

const byAdmin = basic('kim', PASSWORD)

function at(hub: Running, method: string, path: string, body?: unknown, headers?: Record<string, string>) {
  return hub.ask(method, hub.url + path, body, headers)
}

/** Signs in. @returns headers of the session, with and without the CSRF token */
async function signIn(hub: Running, user = 'kim', password = PASSWORD) {
  const reply = await at(hub, 'POST', '/security/session', { user, password })
  t.equal(reply.status, 200)
  const set = reply.headers.get('set-cookie') ?? ''
  const cookie = { cookie: set.split(';')[0] ?? '' }
  return { reply, set, cookie, headers: { ...cookie, 'x-csrf-token': reply.json.csrfToken as string } }
}

function refusedWith(reply: Reply, status: number, ...secrets: readonly string[]): void {
  t.equal(reply.status, status, reply.text)
  t.match(reply.json, { messages: [{ messageType: 'Error' }] })
  for (const secret of secrets) t.notOk(reply.text.includes(secret), 'the secret is not repeated')
}

t.test('an open hub says so, and takes only an administrator as its first user or key', async (t) => {
  const hub = await start(t)
  t.match((await at(hub, 'GET', '/security/session')).json, { authentication: 'open' })
  t.match((await at(hub, 'GET', '/')).text, 'aas-hub setup')
  t.strictSame((await at(hub, 'GET', '/security/keys')).json, [])
  refusedWith(await at(hub, 'POST', '/security/keys', { name: 'line-1', claims: { role: 'gateway' } }), 409)
  refusedWith(await at(hub, 'POST', '/security/users', { ...admin, claims: {} }), 409)
  refusedWith(await at(hub, 'POST', '/security/session', { user: 'kim', password: PASSWORD }), 401, PASSWORD)
  t.equal((await at(hub, 'POST', '/security/users', admin)).status, 201)
  refusedWith(await at(hub, 'GET', '/security/keys'), 401)
  t.notMatch((await at(hub, 'GET', '/')).text, 'aas-hub setup')
  t.equal((await at(hub, 'GET', '/security/keys', undefined, byAdmin)).status, 200)
  for (const path of ['/healthz', '/readyz', '/']) t.equal((await at(hub, 'GET', path)).status, 200, path)
})

t.test('a key is accepted however clients show it', async (t) => {
  const { hub, key } = await secured(t)
  const session = (headers: Record<string, string>) => at(hub, 'GET', '/security/session', undefined, headers)
  const ways: Record<string, string>[] = [
    bearer(key),
    { authorization: `bearer  ${key} ` },
    { authorization: `Token ${key}` },
    { authorization: `Token telegraf:${key}` },
    { 'x-api-key': key },
    basic('telegraf', key)
  ]
  for (const headers of ways) t.match((await session(headers)).json, { name: 'key:boot', authentication: 'key' })
  const user = new URLSearchParams({ u: 'telegraf', p: key })
  t.equal((await at(hub, 'GET', `/ping?${user}`)).status, 204)
  const refused = await at(hub, 'POST', `/write?u=telegraf&p=${key.slice(0, -6)}AAAAAA&db=x`, 'm v=1')
  t.equal(refused.status, 401)
  t.match(refused.json, { error: /^Not authenticated/ }, 'in the form of InfluxDB')
  t.match((await session(basic('kim', PASSWORD))).json, { name: 'user:kim', authentication: 'password' })
  t.match((await session({})).json, { name: 'anonymous', authentication: 'none' })
})

t.test('a caller learns whether it may upload files at all', async (t) => {
  const { hub } = await secured(t)
  t.match((await at(hub, 'GET', '/security/session', undefined, byAdmin)).json, { mayUpload: true })
  t.match((await at(hub, 'GET', '/security/session')).json, { mayUpload: false })
  const signedIn = await at(hub, 'POST', '/security/session', { user: 'kim', password: PASSWORD })
  t.match(signedIn.json, { mayUpload: true })
  const roles = { engineer: true, operator: false, gateway: false, auditor: false }
  for (const [role, mayUpload] of Object.entries(roles)) {
    const { json } = await at(hub, 'POST', '/security/keys', { name: role, claims: { role } }, byAdmin)
    t.match((await at(hub, 'GET', '/security/session', undefined, bearer(json.key))).json, { mayUpload }, role)
  }
})

t.test('credentials that are not valid are refused with 401 and a challenge, and never repeated', async (t) => {
  const { hub, key } = await secured(t)
  const wrong = `${key.slice(0, -6)}AAAAAA`
  const all: readonly (readonly [Record<string, string>, ...string[]])[] = [
    [bearer(wrong), wrong],
    [bearer('eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.'), 'eyJhbGci'],
    [{ authorization: 'Digest username="a"' }],
    [{ authorization: 'Bearer' }],
    [{ authorization: 'Basic %%%' }],
    [basic('kim', 'wrong password'), 'wrong password'],
    [basic('absent-user', 'wrong password'), 'wrong password'],
    [{ 'x-api-key': 'x' }]
  ]
  for (const [headers, ...secrets] of all) {
    const reply = await at(hub, 'GET', '/security/session', undefined, headers)
    refusedWith(reply, 401, ...secrets)
    t.match(reply.headers.get('www-authenticate'), /^Bearer realm=/)
  }
})

t.test('keys are created, listed, rotated and revoked by those who may', async (t) => {
  const { hub, key } = await secured(t)
  const by = bearer(key)
  const created = await at(
    hub,
    'POST',
    '/security/keys',
    { name: 'line-1', push: ['urn:a'], read: ['urn:a', 'urn:b'] },
    by
  )
  t.equal(created.status, 201)
  t.equal(created.headers.get('cache-control'), 'no-store')
  const { id, key: line1 } = created.json
  t.match((await at(hub, 'GET', '/security/session', undefined, bearer(line1))).json, {
    claims: { 'hub.push': ['urn:a'], 'hub.read': ['urn:a', 'urn:b'], sub: 'key:line-1' }
  })
  for (const [method, path] of [
    ['GET', '/security/keys'],
    ['POST', '/security/keys'],
    ['POST', '/security/keys/rotate'],
    ['DELETE', `/security/keys?id=${id}`],
    ['GET', '/security/users'],
    ['POST', '/security/users'],
    ['POST', '/security/users/change'],
    ['DELETE', '/security/users?name=kim']
  ] as const) {
    const body = method === 'POST' ? {} : undefined
    refusedWith(await at(hub, method, path, body, bearer(line1)), 403)
    refusedWith(await at(hub, method, path, body), 401)
  }
  const list = await at(hub, 'GET', '/security/keys', undefined, by)
  t.match(list.json, [{ name: 'boot' }, { id, name: 'line-1', secrets: 1 }])
  t.notOk(list.text.includes(line1.slice(-43)))
  const rotated = await at(hub, 'POST', '/security/keys/rotate', { id, grace: 'PT1M' }, by)
  for (const one of [line1, rotated.json.key]) {
    t.equal((await at(hub, 'GET', '/security/session', undefined, bearer(one))).json.name, 'key:line-1')
  }
  t.equal((await at(hub, 'DELETE', `/security/keys?id=${id}`, undefined, by)).status, 204)
  refusedWith(await at(hub, 'GET', '/security/session', undefined, bearer(line1)), 401, line1)
  refusedWith(await at(hub, 'DELETE', `/security/keys?id=${id}`, undefined, by), 404)
  for (const body of [{}, { name: 1 }, { name: 'x', claims: [] }, { name: 'x', claims: { sub: 'y' } }, { other: 1 }]) {
    refusedWith(await at(hub, 'POST', '/security/keys', body, by), 400)
  }
})

t.test('a session is a cookie that scripts cannot read, with a token against requests of other sites', async (t) => {
  const { hub } = await secured(t)
  const { set, cookie, headers, reply } = await signIn(hub)
  t.match(set, /^aas-hub-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/)
  t.match(reply.json, { name: 'user:kim', authentication: 'session', claims: { role: 'administrator' } })
  t.match((await at(hub, 'GET', '/security/session', undefined, cookie)).json, {
    authentication: 'session',
    csrfToken: reply.json.csrfToken
  })
  const key = { name: 'line-1', claims: { role: 'gateway' } }
  refusedWith(await at(hub, 'POST', '/security/keys', key, cookie), 403)
  refusedWith(await at(hub, 'POST', '/security/keys', key, { ...cookie, 'x-csrf-token': 'x' }), 403)
  t.equal((await at(hub, 'POST', '/security/keys', key, headers)).status, 201)
  const out = await at(hub, 'DELETE', '/security/session', undefined, headers)
  t.equal(out.status, 204)
  t.match(out.headers.get('set-cookie'), /Max-Age=0/)
  t.match((await at(hub, 'GET', '/security/session', undefined, cookie)).json, { authentication: 'none' })
  t.equal((await at(hub, 'POST', '/security/session', { user: 'kim', password: PASSWORD }, cookie)).status, 200)
})

t.test('a session ends without use, after twelve hours, and with the password or the user', async (t) => {
  const clock = manualClock()
  const { hub } = await secured(t, { clock })
  const isOpen = async (headers: Record<string, string>) =>
    (await at(hub, 'GET', '/security/session', undefined, headers)).json.authentication === 'session'
  const idle = await signIn(hub)
  clock.jump(29 * 60_000)
  t.equal(await isOpen(idle.cookie), true)
  clock.jump(29 * 60_000)
  t.equal(await isOpen(idle.cookie), true, 'use prolongs it')
  clock.jump(31 * 60_000)
  t.equal(await isOpen(idle.cookie), false)
  const long = await signIn(hub)
  for (let hours = 0; hours < 23; hours++) {
    clock.jump(29 * 60_000)
    t.equal(await isOpen(long.cookie), true)
  }
  for (let minutes = 0; minutes < 60; minutes += 20) {
    clock.jump(20 * 60_000)
    await isOpen(long.cookie)
  }
  t.equal(await isOpen(long.cookie), false)
  const operator = { name: 'lee', password: 'another long password', claims: { role: 'operator' } }
  t.equal((await at(hub, 'POST', '/security/users', operator, byAdmin)).status, 201)
  const change = (body: object) => at(hub, 'POST', '/security/users/change', { name: 'lee', ...body }, byAdmin)
  const changed = await signIn(hub, 'lee', operator.password)
  t.equal((await change({ claims: { role: 'engineer' } })).status, 200)
  t.match((await at(hub, 'GET', '/security/session', undefined, changed.cookie)).json, { claims: { role: 'engineer' } })
  t.equal((await change({ password: 'a new long password' })).status, 200)
  t.equal(await isOpen(changed.cookie), false)
  const disabled = await signIn(hub, 'lee', 'a new long password')
  t.match((await change({ disabled: true })).json, { disabled: true })
  t.equal(await isOpen(disabled.cookie), false)
  refusedWith(await at(hub, 'POST', '/security/session', { user: 'lee', password: 'a new long password' }), 401)
  t.equal((await change({ disabled: false })).status, 200)
  const removed = await signIn(hub, 'LEE', 'a new long password')
  t.equal((await at(hub, 'DELETE', '/security/users?name=lee', undefined, byAdmin)).status, 204)
  t.equal(await isOpen(removed.cookie), false)
})

t.test('a password is long, varied, not one of the last five, and changed with the current one', async (t) => {
  const { hub } = await secured(t)
  for (const password of ['short', 'aaaaaaaaaaaaaaaa', 'my name is kim!', 'x'.repeat(600)]) {
    refusedWith(await at(hub, 'POST', '/security/users/change', { name: 'kim', password }, byAdmin), 400, password)
  }
  const own = (current: string, password: string) =>
    at(hub, 'POST', '/security/password', { user: 'kim', current, password })
  refusedWith(await own('wrong password', 'the next long password'), 401, 'wrong password')
  const passwords = [PASSWORD, ...[1, 2, 3, 4, 5].map((number) => `long password number ${number}`)]
  for (let index = 1; index < passwords.length; index++) {
    t.equal((await own(passwords[index - 1] ?? '', passwords[index] ?? '')).status, 204)
  }
  for (const earlier of passwords.slice(1)) refusedWith(await own(passwords[5] ?? '', earlier), 400, earlier)
  t.equal((await own(passwords[5] ?? '', PASSWORD)).status, 204, 'the sixth last one may be used again')
})

t.test('guessing is slowed down, by user and by address', async (t) => {
  const clock = manualClock()
  const { hub } = await secured(t, { clock })
  const attempt = (user: string, password = 'wrong password') =>
    at(hub, 'POST', '/security/session', { user, password })
  for (let count = 0; count < 5; count++) refusedWith(await attempt('kim'), 401)
  const locked = await attempt('kim', PASSWORD)
  refusedWith(locked, 429)
  t.ok(Number(locked.headers.get('retry-after')) > 0)
  await clock.advance(31_000)
  t.equal((await attempt('kim', PASSWORD)).status, 200, 'the right password forgives')
  const many = await Promise.all(Array.from({ length: 30 }, (_, index) => attempt(`user-${index}`)))
  t.ok(many.filter(({ status }) => status === 429).length >= 10, 'also across names, all at once')
})

t.test('a proxy that is trusted names the address of the caller, and strangers take no open hub over', async (t) => {
  for (const [proxies, refused] of [
    ['127.0.0.1', false],
    ['10.0.0.0/8', true]
  ] as const) {
    const hub = await start(t, { TRUSTED_PROXIES: proxies })
    for (const address of ['192.0.2.1', '127.0.0.1, 192.0.2.1']) {
      refusedWith(await at(hub, 'POST', '/security/users', admin, { 'x-forwarded-for': address }), 403)
    }
    t.equal((await at(hub, 'POST', '/security/users', admin)).status, 201)
    const attempt = (user: string, address: string) =>
      at(hub, 'POST', '/security/session', { user, password: 'wrong password' }, { 'x-forwarded-for': address })
    await Promise.all(Array.from({ length: 21 }, (_, index) => attempt(`user-${index}`, '192.0.2.1')))
    t.equal((await attempt('lee', '192.0.2.1')).status, 429)
    t.equal((await attempt('lee', '192.0.2.2')).status, refused ? 429 : 401, proxies)
  }
})

t.test('a new data directory is for the account of the hub only', { skip: embedded }, async (t) => {
  const directory = join(testDirectory(t), 'made', 'data')
  await start(t, { DATA_DIR: directory })
  for (const one of [directory, dirname(directory)]) t.equal(statSync(one).mode & 0o777, 0o700, one)
})

t.test('the examples of the OpenAPI document work one after the other', async (t) => {
  const hub = await start(t)
  let id = ''
  for (const endpoint of [
    ...[usersEndpoint, sessionEndpoint, userChangeEndpoint, keysEndpoint, keyRotationEndpoint, passwordEndpoint]
  ]) {
    const { takes, gives } = endpoint.post as ExtensionOperation
    const example = takes?.['application/json']?.examples?.body?.value as object
    const body = id !== '' && 'id' in example ? { ...example, id } : example
    const reply = await at(hub, 'POST', endpoint.path, body, endpoint === usersEndpoint ? {} : byAdmin)
    t.ok(Object.hasOwn(gives, reply.status), `${endpoint.path}: ${reply.text}`)
    id = reply.json?.id ?? id
  }
})
