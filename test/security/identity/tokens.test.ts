/** Tokens of a real identity provider, over HTTP. */
import { OAuth2Server } from 'oauth2-mock-server'
import t, { type Test } from 'tap'
import { systemClock } from '../../../src/clock.ts'
import type { Credentials } from '../../../src/security/identity/credentials.ts'
import { Identity } from '../../../src/security/identity/identity.ts'
import { parseTrustList } from '../../../src/security/identity/trust-list.ts'
import { openStored } from '../../e2e/harness.ts'
import { startProvider } from '../../identity-provider.ts'
import { testDirectory } from '../../test-directory.ts'

interface Trusting {
  readonly identity: Identity
  readonly reports: string[]
  identify(token: string): Promise<unknown>
}

async function trusting(t: Test, ...issuers: object[]): Promise<Trusting> {
  const store = await openStored(testDirectory(t))
  t.teardown(() => store.close())
  const reports: string[] = []
  const identity = new Identity({
    ...{ store, clock: systemClock, issuers: parseTrustList(JSON.stringify(issuers)) },
    report: (text) => reports.push(text)
  })
  await identity.load()
  const identify = async (token: string) => identity.identify({ is: 'token', token } satisfies Credentials)
  return { identity, reports, identify }
}

t.test('a token of a trusted issuer is a caller with its claims', async (t) => {
  const provider = await startProvider(t)
  const { identify, identity } = await trusting(t, { issuer: provider.url, audience: 'aas-hub' })
  t.equal(identity.isConfigured, true)
  const token = await provider.token({ role: 'engineer', email: 'kim@plant.example', scope: 'a b' })
  const caller = await identify(token)
  t.match(caller, {
    subject: { claims: { role: 'engineer', email: 'kim@plant.example', 'basyx.scopes': ['a', 'b'] } },
    name: `${provider.url}#4711`,
    authentication: 'token',
    expiresAt: Number
  })
  t.notOk(identity.identify({ is: 'token', token }) instanceof Promise, 'it is verified once')
})

t.test('a token that is expired, for others, of others, altered or not signed is refused', async (t) => {
  const provider = await startProvider(t)
  const stranger = await startProvider(t)
  const { identify } = await trusting(t, { issuer: provider.url, audience: ['aas-hub'], scopes: ['hub'] })
  const good = await provider.token({ scope: 'hub' })
  await identify(good)
  const [header = '', payload = '', signature = ''] = good.split('.')
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object
  const refused: Record<string, string> = {
    expired: await provider.token({ scope: 'hub' }, { expiresIn: -120 }),
    'for others': await provider.token({ scope: 'hub', aud: 'other' }),
    'without audience': await provider.token({ scope: 'hub', aud: undefined }),
    'without scope': await provider.token({}),
    'not valid yet': await provider.token({ scope: 'hub', nbf: Math.floor(Date.now() / 1000) + 600 }),
    'of a stranger': await stranger.token({ scope: 'hub' }),
    'of a stranger in the name of the issuer': await stranger.token({ scope: 'hub', iss: provider.url }),
    altered: [header, part({ ...claims, role: 'administrator' }), signature].join('.'),
    'not signed': [part({ alg: 'none' }), payload, ''].join('.'),
    'signed with the public key as secret': [part({ alg: 'HS256', kid: 'first' }), payload, signature].join('.'),
    'of an unknown key': [part({ alg: 'RS256', kid: 'other' }), payload, signature].join('.'),
    'with a reserved claim': await provider.token({ scope: 'hub', 'basyx.role': 'administrator' }),
    opaque: 'opaque'
  }
  for (const [name, token] of Object.entries(refused)) {
    const error = await identify(token).catch((error: Error) => error)
    t.match(error, { name: 'Unauthorized' }, name)
    t.notMatch((error as Error).message, token.split('.')[1] ?? token, `${name}: the token is not repeated`)
  }
})

t.test(
  'claims are taken from where the provider has them, and a token that brings the name itself is refused',
  async (t) => {
    const provider = await startProvider(t)
    const { identify } = await trusting(t, {
      issuer: provider.url,
      claims: { role: '/realm_access/roles', site: ['/none', '/address/a~1b'] },
      claimMappings: [
        { target: 'roles', mode: 'list', sources: ['/roles', '/realm_access/roles'] },
        { target: 'clear', mode: 'scalar', sources: ['/clearance'] }
      ]
    })
    const realm_access = { roles: ['engineer', 'auditor'] }
    const shape = { realm_access, address: { 'a/b': 'Ulsan' }, roles: ['x', 'auditor'], clearance: ['high'] }
    t.match(await identify(await provider.token(shape)), {
      subject: {
        claims: {
          role: ['engineer', 'auditor'],
          site: 'Ulsan',
          'basyx.roles': ['x', 'auditor', 'engineer'],
          'basyx.clear': 'high'
        }
      }
    })
    await t.rejects(provider.token({ ...shape, role: 'administrator' }).then(identify), { name: 'Unauthorized' })
    await t.rejects(provider.token({ ...shape, clearance: ['a', 'b'] }).then(identify), { name: 'Unauthorized' })
  }
)

t.test('keys are rotated in the middle of load, and no good token is refused', async (t) => {
  const provider = await startProvider(t, 'ES256')
  const { identify } = await trusting(t, { issuer: provider.url, audience: 'aas-hub' })
  let refused = 0
  let accepted = 0
  let kid = 'first'
  const until = Date.now() + 4000
  const client = async (name: string) => {
    for (let count = 0; Date.now() < until; count++) {
      const token = await provider.token({ jti: `${name} ${count}` }, { kid })
      await identify(token).then(
        () => accepted++,
        () => refused++
      )
    }
  }
  const rotate = async () => {
    // Longer than keys are kept without being asked for again.
    await systemClock.sleep(2500)
    await provider.server.issuer.keys.generate('ES256', { kid: 'second' })
    kid = 'second'
  }
  await Promise.all([client('a'), client('b'), client('c'), rotate()])
  t.equal(refused, 0)
  t.ok(accepted > 50, `${accepted} tokens`)
})

t.test('an issuer that cannot be reached is reported once, and used when it can be', async (t) => {
  const closed = new OAuth2Server()
  await closed.issuer.keys.generate('RS256', { kid: 'first' })
  await closed.start(0, '127.0.0.1')
  const { port } = closed.address()
  const url = closed.issuer.url ?? ''
  const token = await closed.issuer.buildToken({ kid: 'first', expiresIn: 600 })
  await closed.stop()
  const { identify, identity, reports } = await trusting(t, { issuer: url })
  t.teardown(identity.start())
  await t.rejects(identify(token), { name: 'Unavailable' })
  await t.rejects(identify(token), { name: 'Unavailable' })
  t.match(reports, [/cannot be reached/])
  await closed.start(port, '127.0.0.1')
  t.teardown(() => closed.stop())
  await systemClock.sleep(5100)
  t.match(await identify(token), { authentication: 'token' })
  t.match(reports, [/cannot be reached/, /again/])
})

t.test('a trust list of BaSyx Go works unchanged, and a wrong one names the place', async (t) => {
  const basyx = {
    issuer: 'https://issuer.example',
    audience: 'basyx-api',
    scopes: ['read'],
    discoveryUrl: 'https://issuer.example/custom/openid-configuration',
    scopeClaims: ['/scope', '/scp'],
    claimMappings: [{ target: 'roles', mode: 'list', sources: ['/roles', '/realm_access/roles'] }]
  }
  t.match(parseTrustList(JSON.stringify([basyx])), [
    { issuer: 'https://issuer.example', audiences: ['basyx-api'], discoveryUrl: basyx.discoveryUrl }
  ])
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    ['{', /^this is not JSON/],
    [{}, /list/],
    [[{}], /^\/0\/issuer: a URL/],
    [[{ issuer: 'https://a.example', audiences: 'x' }], /^\/0\/audiences: not known/],
    [[{ issuer: 'https://a.example', algorithms: ['HS256'] }], /^\/0\/algorithms: .*found HS256/],
    [[{ issuer: 'https://a.example', algorithms: ['none'] }], /found none/],
    [[{ issuer: 'https://a.example', claims: { role: 'roles' } }], /^\/0\/claims\/role: JSON pointers/],
    [[{ issuer: 'https://a.example' }, { issuer: 'https://a.example' }], /^\/1\/issuer: .* twice/],
    [[{ ...basyx, claimMappings: [{ target: 'x', mode: 'set', sources: ['/a'] }] }], /claimMappings\/0\/mode/]
  ]
  for (const [list, message] of wrong) {
    t.throws(() => parseTrustList(typeof list === 'string' ? list : JSON.stringify(list)), { message })
  }
})

t.test('an issuer that names a client for the page says where users sign in, while it can be reached', async (t) => {
  const provider = await startProvider(t)
  const page = { clientId: 'aas-hub-page' }
  const unreachable = { issuer: 'http://127.0.0.1:9/', page }
  const { identity } = await trusting(t, { issuer: provider.url, page }, unreachable, {
    issuer: 'http://127.0.0.1:9/b'
  })
  t.strictSame(identity.providers.known, [])
  t.match(await identity.providers.list(), [
    {
      ...{ issuer: provider.url, clientId: 'aas-hub-page', scope: 'openid profile' },
      ...{ authorizationEndpoint: `${provider.url}/authorize`, tokenEndpoint: `${provider.url}/token` }
    }
  ])
  t.equal(identity.providers.known.length, 1)
  identity.replaceIssuers([])
  t.strictSame(await identity.providers.list(), [])

  for (const [wrong, message] of [
    [{}, /\/0\/page: an object with "clientId"/],
    [{ clientId: 'a', scope: 7 }, /\/0\/page\/scope/],
    [{ clientId: 'a', secret: 'b' }, /\/0\/page\/secret: not known/]
  ] as const) {
    t.throws(() => parseTrustList(JSON.stringify([{ issuer: provider.url, page: wrong }])), { message })
  }
})
