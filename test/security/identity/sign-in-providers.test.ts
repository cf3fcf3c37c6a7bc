import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { SignInProviders } from '../../../src/security/identity/sign-in-providers.ts'
import { parseTrustList } from '../../../src/security/identity/trust-list.ts'
import { manualClock } from '../../manual-clock.ts'

t.test('an issuer that is removed while it is asked is not offered when it answers', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const trusted = parseTrustList(JSON.stringify([{ issuer: url, page: { clientId: 'page' } }]))
  const answer = (response: ServerResponse) => {
    const [authorization_endpoint, token_endpoint] = [`${url}/authorize`, `${url}/token`]
    response.end(JSON.stringify({ issuer: url, authorization_endpoint, token_endpoint }))
  }
  const asked = once(server, 'request')
  const providers = new SignInProviders(trusted, manualClock())
  const first = providers.list()
  const [, response] = (await asked) as [unknown, ServerResponse]
  providers.replace([])
  answer(response)
  t.strictSame(await first, [])
  t.strictSame([providers.known, await providers.list()], [[], []])

  providers.replace(trusted)
  const again = once(server, 'request')
  const second = providers.list()
  answer(((await again) as [unknown, ServerResponse])[1])
  t.match(await second, [{ issuer: url, clientId: 'page' }])
  t.equal(providers.known.length, 1)
})
