/** Every endpoint beside the standard, as the router lists them, for callers of every kind. See access-matrix.test.ts. */
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { extensionEndpoints } from '../../src/app/extension-endpoints.ts'
import { rightsOf } from '../../src/security/rights.ts'
import { type ExtensionOperation, urlsOf } from '../../src/transports/http/extension-endpoint.ts'
import { manualClock } from '../manual-clock.ts'
import { property, submodel } from '../security/fixture.ts'
import { clientOf, startGuarded } from './access-fixture.ts'
import type { Reply, Running } from './harness.ts'
import { bearer, refusedCredentials } from './refused-credentials.ts'
import { type ServedRoute, servedRoutes } from './served-routes.ts'
import { StreamClient } from './stream-client.ts'

const named = ({ verb, path }: ServedRoute) => `${verb} ${path}`

/** With something in place of its parameters. */
const urlOf = (hub: Running, { path }: ServedRoute) => hub.url + path.replace(/:\w+|\*/g, 'x')

/** Their errors have the form that clients of InfluxDB know. */
const isInflux = ({ path }: ServedRoute) => /^\/(?:write|query|ping|health|api\/v2\/.*)$/.test(path)

/** Those of i3X have the form of that. */
const isI3x = ({ path }: ServedRoute) => path.startsWith('/i3x/')

/** How a key or token is shown. */
const forms: Readonly<Record<string, (credential: string) => Record<string, string>>> = {
  'as bearer': bearer,
  'as token of InfluxDB': (credential) => ({ authorization: `Token ${credential}` }),
  'as API key': (credential) => ({ 'x-api-key': credential }),
  'as subprotocol': (credential) => ({ 'sec-websocket-protocol': `aas-hub.v1.json, bearer.${credential}` })
}

const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
})

/** Without credentials the handshake is open, as a token may follow it; what is no handshake is none. */
const isStream = (route: ServedRoute) => route.path.endsWith('/stream') && !isI3x(route)

function isRefused(t: Test, route: ServedRoute, title: string, reply: Reply, secret: string): void {
  const { status, headers, text, json } = reply
  const isAsked = /^Bearer realm="[^"]+"/.test(headers.get('www-authenticate') ?? '')
  const isI3xFailure = json?.success === false && json.responseDetail?.status === 401
  const isError = isI3x(route) ? isI3xFailure : json?.messages?.[0]?.messageType === 'Error'
  const hasForm = route.verb === 'HEAD' || isInflux(route) || isError
  const isRepeated = secret !== '' && text.includes(secret)
  const expected = { status: 401, isAsked: true, hasForm: true, isRepeated: false }
  t.strictSame({ status, isAsked, hasForm, isRepeated }, expected, `${named(route)} with ${title}: ${text}`)
}

t.test('every endpoint is refused to credentials that are not valid, also a public one', async (t) => {
  const clock = manualClock(Date.now())
  const { hub, as, keys, refused, lasting } = await refusedCredentials(t, clock)
  const served = await servedRoutes(hub)
  for (const path of [
    '/stream',
    '/events',
    '/metrics',
    '/readyz',
    '/docs',
    '/openapi.json',
    '/',
    '/ingest',
    '/audit'
  ]) {
    t.ok(
      served.some((route) => route.path.endsWith(path)),
      path
    )
  }
  const shown = Object.entries(refused).flatMap(([name, credential]) =>
    Object.entries(forms).map(([form, headers]) => ({
      name: `${name} ${form}`,
      headers: headers(credential),
      credential
    }))
  )
  for (const name of ['an expired key', 'a revoked key', 'a key of another secret'] as const) {
    shown.push({ name: `${name} as password`, headers: basic('line', refused[name]), credential: refused[name] })
  }
  shown.push({ name: 'no known scheme', headers: { authorization: 'Digest S3CRET' }, credential: 'S3CRET' })
  // What is good comes after what is not: the first that is found counts.
  const both = { ...bearer(refused['a revoked key']), 'x-api-key': keys.admin }
  shown.push({ name: 'a good key behind a revoked one', headers: both, credential: refused['a revoked key'] })
  const before = await stateOf(hub)
  for (const route of served) {
    const withHead = route.verb === 'GET' ? [route, { ...route, verb: 'HEAD' }] : [route]
    for (const one of withHead) {
      const replies = shown.map(async ({ name, headers, credential }) =>
        isRefused(t, one, name, await hub.ask(one.verb, urlOf(hub, one), undefined, headers), credential)
      )
      await Promise.all(replies)
    }
    if (!isInflux(route)) continue
    for (const name of ['an expired key', 'a revoked key'] as const) {
      const query = `?u=line&p=${refused[name]}`
      const isRead = /^\/(?:write|query|ping|api\/v2\/write)$/.test(route.path)
      if (isRead)
        isRefused(t, route, `${name} in the query`, await hub.ask(route.verb, urlOf(hub, route) + query), refused[name])
    }
  }
  t.same(await stateOf(hub), before, 'nothing that was asked for has been done')
  for (const good of [keys.admin, lasting]) {
    t.equal((await clientOf(hub, bearer(good)).get(`${hub.url}/metrics`)).status, 200)
  }
  t.equal((await as.admin.get('/shells')).status, 200)
})

/** Number of the last commit that is not of the audit, and the stored credentials and rules. */
async function stateOf({ server: { store } }: Running) {
  const list = async (kind: 'Credential' | 'Submodel') =>
    (await store.documents(kind, [], { limit: 1000 })).items.map(({ id, revision }) => `${id} ${revision}`)
  return [await list('Credential'), await list('Submodel')]
}

t.test('wrong passwords, disabled users and ended sessions open no endpoint', async (t) => {
  const proxies = { TRUSTED_PROXIES: '127.0.0.1' }
  const { hub, as } = await startGuarded(t, { admin: { role: 'administrator' } }, undefined, proxies)
  const password = 'correct horse battery'
  const claims = { role: 'administrator' }
  for (const name of ['kim', 'lee', 'park']) {
    const made = await as.admin.ask('POST', `${hub.url}/security/users`, { name, password, claims })
    t.equal(made.status, 201, made.text)
  }
  const signIn = async (user: string) => {
    const { headers, json } = await hub.ask('POST', `${hub.url}/security/session`, { user, password })
    return { cookie: (headers.get('set-cookie') ?? '').split(';')[0] ?? '', 'x-csrf-token': json.csrfToken as string }
  }
  const [ended, disabled] = [await signIn('kim'), await signIn('lee')]
  t.equal((await hub.ask('DELETE', `${hub.url}/security/session`, undefined, ended)).status, 204)
  const change = { name: 'lee', disabled: true }
  const changed = await as.admin.ask('POST', `${hub.url}/security/users/change`, change)
  t.ok(changed.status < 300, changed.text)
  const served = await servedRoutes(hub)
  for (const route of served) {
    const isPublic = rightOf(route) === 'PUBLIC'
    for (const [name, headers] of Object.entries({ 'an ended session': ended, 'that of a disabled user': disabled })) {
      // Such a cookie counts as none; browsers keep it.
      if (isPublic || isStream(route) || /^\/page\/:|^\/docs/.test(route.path)) continue
      const reply = await hub.ask(route.verb, urlOf(hub, route), undefined, headers)
      isRefused(t, route, name, reply, headers.cookie.split('=')[1] ?? '')
    }
  }
  for (const [index, route] of served.entries()) {
    // Further attempts of the same user or address would be refused with 429.
    const users = index < 4 ? ['kim', 'lee'] : [`guessed-${index}`]
    for (const user of users) {
      const secret = user === 'lee' ? password : 'S3CRET horse battery'
      const headers = { ...basic(user, secret), 'x-forwarded-for': `192.0.2.${index}` }
      const reply = await hub.ask(route.verb, urlOf(hub, route), undefined, headers)
      isRefused(t, route, `the password of ${user}`, reply, secret)
    }
  }
})

/** The declaration behind a route; a page that a plugin or the page itself loads has none. */
function operationOf({ verb, path }: ServedRoute): ExtensionOperation | undefined {
  const method = verb.toLowerCase() as 'get' | 'post' | 'put' | 'delete'
  return extensionEndpoints.find(
    (endpoint) => urlsOf(endpoint, '/api/v3').includes(path) && endpoint[method] !== undefined
  )?.[method]
}

const rightOf = (route: ServedRoute) => operationOf(route)?.right

/** Routes that roles have beside what they may do with documents; said again without their rules. */
const ROUTES: Readonly<Record<string, RegExp>> = {
  engineer:
    /^\/(?:ingest|stream|events|timeseries|dataset|upload|validate|repair|(?:connections|certificates)(?:\/.+)?)$/,
  operator: /^\/(?:ingest|stream|events|timeseries|dataset)$/,
  gateway: /^\/(?:ingest|write|api\/v2\/write|stream)$/
}

function mayUse(role: string, route: ServedRoute, { right, kinds = [] }: ExtensionOperation): boolean {
  const path = route.path.replace(/^\/api\/v3/, '')
  const rights = rightsOf(right)
  const isRead = rights.includes('READ') || rights.includes('VIEW')
  if (right === 'PUBLIC' || role === 'administrator') return true
  if (role === 'auditor') return isRead || (path === '/compliance' && rights.includes('EXECUTE'))
  if (role === 'gateway') return ROUTES.gateway?.test(path) === true
  const isAbout = kinds.length > 0 || ROUTES[role]?.test(path) === true
  if (role === 'operator') return isAbout && isRead
  return isAbout
}

t.test('every endpoint is refused to callers without a right to it, and only to them', async (t) => {
  const roles = ['administrator', 'engineer', 'operator', 'gateway', 'auditor']
  const callers = Object.fromEntries([...roles.map((role) => [role, { role }]), ['stranger', { plant: '1' }]])
  const { hub, as, anonymous } = await startGuarded<string>(t, callers)
  const stored = await as.administrator?.ask(
    'POST',
    '/submodels',
    submodel('press', undefined, [property('speed', '1')])
  )
  t.equal(stored?.status, 201)
  for (const route of await servedRoutes(hub)) {
    const operation = operationOf(route)
    const url = urlOf(hub, route)
    const ask = (role: string) => (role === '' ? anonymous : as[role])?.ask(route.verb, url) as Promise<Reply>
    if (operation === undefined) {
      t.match(
        named(route),
        /^GET \/(?:docs[/*]|page\/:|upload)|^POST .*\/upload$/,
        'what is not declared is a file of a page'
      )
      continue
    }
    const without = await ask('')
    if (isStream(route)) t.equal(without.status, 426)
    else if (operation.right !== 'PUBLIC') isRefused(t, route, 'nothing', without, '')
    else t.not(without.status, 403, named(route))
    for (const role of ['stranger', ...roles]) {
      // It would wait for an event, or for what is examined. What is no handshake is answered with 426 for all.
      if (isStream(route) || (/\/events$|compliance/.test(route.path) && mayUse(role, route, operation))) continue
      const { status, text } = await ask(role)
      const isAllowed = operation.right === 'PUBLIC' || (role !== 'stranger' && mayUse(role, route, operation))
      if (isAllowed)
        t.ok(
          status !== 401 && status !== 403 && (status < 500 || status === 501),
          `${role} ${named(route)}: ${status} ${text}`
        )
      else t.equal(status, 403, `${role} ${named(route)}: ${status} ${text}`)
    }
  }
})

t.test('a WebSocket is refused by the handshake, or by its first message', async (t) => {
  const { hub, as, keys, refused, lasting } = await refusedCredentials(t, manualClock(Date.now()))
  const handshake = async (protocols: string[], headers: Record<string, string>) => {
    const socket = new WebSocket(`${hub.url.replace('http', 'ws')}/stream`, protocols, { headers })
    socket.on('error', () => {})
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }]
    socket.terminate()
    return response.statusCode
  }
  for (const [name, credential] of Object.entries(refused)) {
    t.equal(await handshake(['aas-hub.v1.json'], bearer(credential)), 401, `${name} in the header`)
    t.equal(await handshake(['aas-hub.v1.json', `bearer.${credential}`], {}), 401, `${name} as subprotocol`)
    const client = await StreamClient.open(hub, 'aas-hub.v1.json')
    client.send({ type: 'token', id: 1, token: credential })
    t.match(await client.next('refused'), { status: 401 }, `${name} as message`)
    client.send({ type: 'subscribe', id: 2 })
    t.match(await client.next('refused'), { status: 401 }, `${name}: nothing is open after it`)
    t.notMatch(client.text, credential)
    client.send({ type: 'token', id: 3, token: keys.admin })
    await client.next('accepted')
    // A good connection stays what it is.
    client.send({ type: 'token', id: 4, token: credential })
    t.match(await client.next('refused'), { status: 401 }, `${name} cannot renew`)
    client.socket.terminate()
  }
  const { json } = await as.admin.ask('POST', `${hub.url}/security/keys`, { name: 'x', claims: { plant: '1' } })
  t.equal(await handshake(['aas-hub.v1.json'], bearer(json.key)), 403, 'a caller that may do nothing here')
  const good = await StreamClient.open(hub, ['aas-hub.v1.json', `bearer.${lasting}`])
  await good.next('welcome')
  good.socket.terminate()
})
