/** Tokens of an identity provider, and keys for single submodels, at a hub over HTTP. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { systemClock } from '../../src/clock.ts'
import { startProvider } from '../identity-provider.ts'
import { property, submodel } from '../store/fixtures.ts'
import { testDirectory } from '../test-directory.ts'
import { startGuarded } from './access-fixture.ts'
import { encode, start } from './harness.ts'

t.test('what a token may do is what the roles in it may, through the whole hub', async (t) => {
  const provider = await startProvider(t, 'ES256')
  const stranger = await startProvider(t, 'ES256')
  const file = join(testDirectory(t), 'issuers.json')
  const issuer = { issuer: provider.url, audience: 'aas-hub', claims: { role: '/realm_access/roles' } }
  writeFileSync(file, JSON.stringify([issuer]))
  const hub = await start(t, { ISSUERS: file, HOST: '0.0.0.0', PUBLIC_URL: 'http://127.0.0.1' })
  const { port } = hub.server.app.server.address() as { port: number }
  const api = `http://127.0.0.1:${port}/api/v3`
  const ask = async (method: string, path: string, token: string | undefined, body?: object) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    return (await hub.ask(method, `${api}${path}`, body, headers)).status
  }
  const as = (...roles: string[]) => provider.token({ realm_access: { roles } })
  const press = submodel('press', property('speed', '1'))
  t.equal(await ask('POST', '/submodels', await as('operator'), press), 403)
  t.equal(await ask('POST', '/submodels', await as('viewer', 'engineer'), press), 201)
  t.equal(await ask('GET', `/submodels/${encode('press')}`, await as('operator')), 200)
  t.equal(await ask('GET', `/submodels/${encode('press')}`, await as('viewer')), 403)
  t.equal(await ask('GET', `/submodels/${encode('press')}`, await stranger.token({ role: 'engineer' })), 401)
  t.equal(await ask('GET', `/submodels/${encode('press')}`, await as().then((token) => `${token}x`)), 401)
  t.equal(await ask('GET', `/submodels/${encode('press')}`, undefined), 401)

  let kid = 'first'
  const answered = new Map<number, number>()
  const end = performance.now() + 4000
  const client = async () => {
    while (performance.now() < end) {
      const token = await provider.token({ realm_access: { roles: ['operator'] }, jti: Math.random() }, { kid })
      const status = await ask('GET', `/submodels/${encode('press')}`, token)
      answered.set(status, (answered.get(status) ?? 0) + 1)
    }
  }
  const rotate = async () => {
    await systemClock.sleep(2500)
    await provider.server.issuer.keys.generate('ES256', { kid: 'second' })
    kid = 'second'
  }
  await Promise.all([client(), client(), rotate()])
  t.strictSame([...answered.keys()], [200], 'also while the keys of the provider are rotated')
})

t.test('a key for single submodels pushes to these and reads those, and nothing else', async (t) => {
  const { hub, as } = await startGuarded(t, {
    engineer: { role: 'engineer' },
    scoped: { 'hub.push': ['press'], 'hub.read': ['press', 'oven'] }
  })
  for (const id of ['press', 'oven', 'crane']) {
    t.equal((await as.engineer.ask('POST', '/submodels', submodel(id, property('speed', '1')))).status, 201)
  }
  const push = async (id: string) => {
    const sample = [{ submodel: id, path: 'speed', value: 2 }]
    return (await as.scoped.ask('POST', `${hub.url}/ingest`, sample)).status
  }
  t.equal(await push('press'), 200)
  t.not(await push('oven'), 200)
  t.not(await push('crane'), 200)
  const speed = (id: string) => `/submodels/${encode(id)}/submodel-elements/speed/$value`
  t.equal((await as.scoped.ask('PATCH', speed('press'), '"3"')).status, 204)
  t.equal((await as.scoped.ask('PATCH', speed('oven'), '"3"')).status, 403)
  t.equal((await as.scoped.ask('PATCH', speed('crane'), '"3"')).status, 404)
  t.equal((await as.scoped.get(speed('oven'))).status, 200)
  t.equal((await as.scoped.get(speed('crane'))).status, 404)
  const { result } = (await as.scoped.get('/submodels')).json
  t.strictSame(
    result.map(({ id }: { id: string }) => id),
    ['press', 'oven']
  )
  t.equal((await as.scoped.ask('DELETE', `/submodels/${encode('press')}`)).status, 403)
  const rows = (id: string) => as.scoped.get(`${hub.url}/timeseries?submodel=${id}&path=speed`)
  t.equal((await rows('press')).status, 200)
  t.equal((await rows('crane')).status, 404)
})
